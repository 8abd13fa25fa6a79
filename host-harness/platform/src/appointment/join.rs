//! Joining: the address that people have for an appointment, and what is behind it when they open it.
//!
//! Where a provider makes links for one participant each, nobody is given one before they come: it would be a
//! credential in mails and databases. What they are given is an address of the platform's own, one for the client
//! and one for the staff member, which stays. Each opening asks the provider for a link that is good for minutes.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;
use video_host::provider::{Error, JoinableMeeting, Participant, ParticipantRole};
use video_host::{CallError, JoinLink};

use super::{Appointment, Status, store};
use crate::database::{Connection, DatabaseError};
use crate::integration::{self, Question};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::staff;

/// How long before its start an appointment can be joined: half an hour. Rooms are there earlier, and what opens
/// early stands open for whoever has the address.
pub(crate) const BEFORE: Duration = Duration::from_mins(30);
/// How long after its end: two hours, as meetings run late, and who loses the connection comes back.
pub(crate) const AFTER: Duration = Duration::from_hours(2);

/// The part of an address that nobody guesses: 32 characters of `a-f` and `0-9`, 122 bits. Whoever has it can join
/// as the one whose it is, so its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinCode(String);

impl JoinCode {
    /// The code, for an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it could be one: whatever else comes is not looked for.
    fn is_one(text: &str) -> bool {
        text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }

    fn new() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }
}

impl From<String> for JoinCode {
    fn from(code: String) -> Self {
        Self(code)
    }
}

impl fmt::Debug for JoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinCode(…)")
    }
}

/// The addresses at which an appointment is joined. They stay for as long as it exists, but the staff member's is
/// another one after it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinCodes {
    /// The client's.
    pub client: JoinCode,
    /// The staff member's, who runs the meeting.
    pub staff: JoinCode,
}

/// Somebody with a good address, at a time at which they can join.
#[derive(Debug, Clone)]
pub struct Arrival {
    appointment: Appointment,
    role: ParticipantRole,
}

impl Arrival {
    /// Which appointment.
    pub fn appointment(&self) -> &Appointment {
        &self.appointment
    }

    /// As whom.
    pub fn role(&self) -> ParticipantRole {
        self.role
    }
}

/// Why an appointment cannot be joined. The texts are for whoever opened the address.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Nobody has this address.
    #[error(
        "This address leads to no appointment. Copy the whole link from your confirmation, or ask whoever you have \
         the appointment with for a new one."
    )]
    Unknown,
    /// It does not take place.
    #[error("This appointment was cancelled, so there is no meeting to join.")]
    Cancelled,
    /// The provider has not made its meeting yet, or would not.
    #[error(
        "The meeting of this appointment is not ready yet. Try again in a minute; if it stays so, ask whoever you \
         have the appointment with."
    )]
    NotReady,
    /// It is too early.
    #[error("It is too early to join this appointment.")]
    TooEarly {
        /// When it can be joined: milliseconds since 1970.
        opens: i64,
        /// When it starts: milliseconds since 1970.
        start: i64,
    },
    /// It is over.
    #[error("This appointment is over, so it cannot be joined any more.")]
    Over,
    /// The provider gave no link, and may give one soon.
    #[error(
        "The video service gives no answer at the moment. Your appointment stands: try again in a minute, and if it \
         stays so, call whoever you have it with."
    )]
    Unavailable(#[source] Box<CallError>),
    /// The provider gives no link until somebody mends something.
    #[error(
        "The video service cannot be used at the moment. Your appointment stands: call whoever you have it with, and \
         agree on how you meet."
    )]
    Broken,
    /// The platform's database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Whose link is asked for, for logs.
fn word(role: ParticipantRole) -> &'static str {
    match role {
        ParticipantRole::Host => "host",
        ParticipantRole::Guest => "guest",
    }
}

/// Gives an appointment its addresses, unless it has them.
pub(super) async fn give_codes(connection: &mut Connection, id: &str) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET client_code = COALESCE(client_code, $2), \
         staff_code = COALESCE(staff_code, $3) WHERE id = $1",
    )
    .bind(id)
    .bind(JoinCode::new().as_str())
    .bind(JoinCode::new().as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Another staff member has the appointment: who had it before has no address of it any more.
pub(super) async fn renew_staff_code(connection: &mut Connection, id: &str) -> Result<(), DatabaseError> {
    sqlx::query("UPDATE appointment SET staff_code = $2 WHERE id = $1 AND staff_code IS NOT NULL")
        .bind(id)
        .bind(JoinCode::new().as_str())
        .execute(connection)
        .await?;
    Ok(())
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

impl Appointment {
    /// Whether it can be joined at a time, in milliseconds since 1970.
    fn joinable(&self, now: i64) -> Result<(), JoinError> {
        match self.status {
            Status::Cancelling | Status::Cancelled => return Err(JoinError::Cancelled),
            Status::Requested | Status::Failed => return Err(JoinError::NotReady),
            Status::Booked | Status::Moving | Status::Reassigning => {}
        }
        let opens = self.start.saturating_sub(ms(BEFORE));
        if now < opens {
            return Err(JoinError::TooEarly { opens, start: self.start });
        }
        if now >= self.end.saturating_add(ms(AFTER)) {
            return Err(JoinError::Over);
        }
        Ok(())
    }
}

impl<V: VideoProviders> Platform<V> {
    /// Who comes with a [`JoinCode`], if they can join now: from half an hour before the appointment's start to two
    /// hours after its end, at the times that it has by now. Nobody is asked.
    pub async fn arrive(&self, code: &str) -> Result<Arrival, JoinError> {
        if !JoinCode::is_one(code) {
            return Err(JoinError::Unknown);
        }
        let mut connection = self.connection().await?;
        let (appointment, role) = match store::of_client_code(&mut connection, code).await? {
            Some(appointment) => (appointment, ParticipantRole::Guest),
            None => match store::of_staff_code(&mut connection, code).await? {
                Some(appointment) => (appointment, ParticipantRole::Host),
                None => return Err(JoinError::Unknown),
            },
        };
        appointment.joinable(self.now())?;
        Ok(Arrival { appointment, role })
    }

    /// The link for who has arrived, which is good for a few minutes and for them. The integration is asked however
    /// it stands, as appointments outlive it: that it is disconnected is no hindrance for a plugin that needs no
    /// connection for this. What an error says of the integration is noted with it.
    pub async fn join(&self, arrival: &Arrival) -> Result<JoinLink, JoinError> {
        let Arrival { appointment, role } = arrival;
        let (Some(id), Some(join_url), Some(meeting_id)) =
            (&appointment.integration, &appointment.link, &appointment.meeting_id)
        else {
            return Err(JoinError::NotReady);
        };
        let mut connection = self.connection().await?;
        let integration = integration::store::load(&mut connection, id).await?;
        let display_name = match role {
            ParticipantRole::Guest => appointment.client_name.clone(),
            ParticipantRole::Host => {
                let staff = staff::store::load(&mut connection, &appointment.staff).await?;
                staff.map(|staff| staff.label().to_owned()).unwrap_or_default()
            }
        };
        drop(connection);
        let (appointment_id, who) = (appointment.id.as_str(), word(*role));
        let provider = integration.and_then(|it| self.providers().on(&it.provider, &it.id));
        let Some(provider) = provider else {
            tracing::warn!(appointment = appointment_id, who, "the plugin is not loaded, so nobody can join");
            return Err(JoinError::Broken);
        };
        let meeting = JoinableMeeting {
            appointment_id: appointment.id.clone(),
            meeting_id: meeting_id.clone(),
            join_url: join_url.clone(),
            organizer_id: appointment.organizer_id.clone(),
            start: appointment.start,
            end: appointment.end,
        };
        let participant = Participant { role: *role, display_name };
        match provider.join_link(&meeting, &participant).await {
            Ok(link) => {
                tracing::info!(appointment = appointment_id, who, "somebody joins");
                // Another version of the plugin may have had such links.
                Ok(link.unwrap_or_else(|| join_url.clone().into()))
            }
            Err(error) => {
                tracing::warn!(appointment = appointment_id, who, %error, "there is no link to join with");
                self.note(id, Question::OneUser, Err(&error)).await?;
                Err(match error {
                    CallError::Provider(Error::Unavailable(_) | Error::Throttled(_))
                    | CallError::Failed { .. } => JoinError::Unavailable(Box::new(error)),
                    CallError::Provider(_) => JoinError::Broken,
                })
            }
        }
    }
}
