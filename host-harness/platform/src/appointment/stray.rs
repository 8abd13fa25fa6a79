//! Meetings at the provider that no appointment has any more. They are written down in the transaction
//! that parts them from their appointment, so that a crash forgets none, and ended after it.

use sqlx::{FromRow, Row as _};
use uuid::Uuid;
use video_host::CallError;
use video_host::provider::{Capabilities, Error, Meeting, MeetingReference};

use super::{Appointment, BookingError, store};
use crate::IntegrationId;
use crate::database::{self, Connection, DatabaseError, Row};
use crate::integration::{self, IntegrationState, News, Question};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::word;

/// A meeting that has to be ended.
struct Stray {
    id: String,
    integration: IntegrationId,
    reference: MeetingReference,
}

impl FromRow<'_, Row> for Stray {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let integration: String = row.try_get("integration")?;
        Ok(Self {
            id: row.try_get("id")?,
            integration: integration.parse().map_err(|_| word::unknown("integration", &integration))?,
            reference: MeetingReference {
                appointment_id: row.try_get("appointment")?,
                meeting_id: row.try_get("meeting_id")?,
                organizer_id: row.try_get("organizer_id")?,
                staff: store::user(row, ["user_id", "user_key", "user_name"])?,
            },
        })
    }
}

/// Writes down a meeting that has to be ended.
pub(super) async fn leave(
    connection: &mut Connection,
    integration: &IntegrationId,
    reference: &MeetingReference,
    now: i64,
) -> Result<(), DatabaseError> {
    let user = reference.staff.as_ref();
    sqlx::query(
        "INSERT INTO stray_meeting (id, appointment, integration, meeting_id, organizer_id, user_id, \
         user_key, user_name, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(Uuid::new_v4().to_string())
    .bind(&reference.appointment_id)
    .bind(integration.as_str())
    .bind(&reference.meeting_id)
    .bind(&reference.organizer_id)
    .bind(user.map(|user| &user.id))
    .bind(user.map(|user| &user.key))
    .bind(user.map(|user| &user.display_name))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down the meeting that the provider answered with, if the appointment has another one: the
/// appointment keeps its own, and its link. That happens if the organizer was changed in between, as by
/// reauthorizing in another way. Tells whether it was so.
pub(super) async fn unless_kept(
    connection: &mut Connection,
    appointment: &str,
    answered: &Meeting,
    now: i64,
) -> Result<bool, DatabaseError> {
    let Some(kept) = store::load(connection, appointment).await? else {
        return Ok(false);
    };
    let same =
        kept.meeting_id.as_ref() == Some(&answered.id) || kept.link.as_ref() == Some(&answered.join_url);
    if same || kept.meeting_id.is_none() {
        return Ok(false);
    }
    tracing::warn!(
        appointment,
        organizer = kept.organizer_id,
        answered = answered.organizer_id,
        "the provider answered with a meeting of another organizer; the appointment keeps its own"
    );
    let Some(integration) = &kept.integration else { return Ok(false) };
    leave(connection, integration, &of_answer(&kept, answered), now).await?;
    let note = "The provider made a second meeting, of another organizer. The appointment keeps its \
                meeting and its link.";
    store::add_note(connection, appointment, note).await?;
    Ok(true)
}

/// The meeting that the provider answered with.
pub(super) fn of_answer(appointment: &Appointment, answered: &Meeting) -> MeetingReference {
    MeetingReference {
        meeting_id: Some(answered.id.clone()),
        organizer_id: Some(answered.organizer_id.clone()).filter(|id| !id.is_empty()),
        ..appointment.reference()
    }
}

impl<V: VideoProviders> Platform<V> {
    /// Ends the stray meetings of an appointment as far as that goes now; the rest is left to
    /// [`Self::resume`]. Gives the appointment as it is then. The caller has its turn.
    pub(super) async fn without_strays(&self, appointment: &str) -> Result<Appointment, BookingError> {
        match self.end_strays(appointment).await {
            // What the caller wanted is done.
            Ok(())
            | Err(
                BookingError::Waiting { .. }
                | BookingError::NotUsable { .. }
                | BookingError::NotLoaded { .. },
            ) => {}
            Err(error) => return Err(error),
        }
        self.reread(appointment).await
    }

    /// Has the provider end the stray meetings of an appointment. One that it will not end is given up,
    /// and the appointment's note says so: only its organizer can end it.
    pub(super) async fn end_strays(&self, appointment: &str) -> Result<(), BookingError> {
        let query =
            sqlx::query_as("SELECT * FROM stray_meeting WHERE appointment = $1 ORDER BY created_at, id");
        let mut connection = self.connection().await?;
        let strays: Vec<Stray> =
            query.bind(appointment).fetch_all(&mut *connection).await.map_err(DatabaseError::from)?;
        drop(connection);
        for stray in strays {
            self.end_stray(stray).await?;
        }
        Ok(())
    }

    async fn end_stray(&self, stray: Stray) -> Result<(), BookingError> {
        let appointment = stray.reference.appointment_id.clone();
        let integration =
            integration::store::load(&mut *self.connection().await?, &stray.integration).await?;
        // Its row is referred to, so it is there.
        let integration = integration.ok_or_else(|| BookingError::Unknown(appointment.clone()))?;
        if integration.state == IntegrationState::Disconnected {
            let why = format!("{} is disconnected.", integration.display_name);
            return Ok(self.forget_stray(&stray, Some(&why)).await?);
        }
        let place = self.usable_for(integration, format!("the appointment {appointment}"))?;
        if !place.provider.description().capabilities.contains(Capabilities::CANCEL) {
            let why = format!("{} cannot end meetings.", place.integration.display_name);
            return Ok(self.forget_stray(&stray, Some(&why)).await?);
        }
        match place.provider.cancel_meeting(&stray.reference).await {
            Ok(()) | Err(CallError::Provider(Error::NotFound(_))) => {
                Ok(self.forget_stray(&stray, None).await?)
            }
            Err(CallError::Provider(error @ (Error::Refused(_) | Error::InvalidInput(_)))) => {
                let why = CallError::Provider(error).to_string();
                Ok(self.forget_stray(&stray, Some(&why)).await?)
            }
            Err(error) => {
                let question = Question::OldMeeting(stray.reference.organizer_id.as_deref());
                self.note(&place.integration.id, question, Err(&error)).await?;
                Err(BookingError::call(appointment, place.integration.display_name, error))
            }
        }
    }

    /// Strikes a stray meeting off, and notes with its appointment why it could not be ended.
    async fn forget_stray(&self, stray: &Stray, why: Option<&str>) -> Result<(), DatabaseError> {
        let appointment = &stray.reference.appointment_id;
        let mut transaction = database::begin(self.pool()).await?;
        let query = sqlx::query("DELETE FROM stray_meeting WHERE id = $1").bind(&stray.id);
        let struck = query.execute(&mut *transaction).await?.rows_affected() > 0;
        let mut news = News::default();
        match why {
            Some(why) if struck => {
                tracing::warn!(appointment, why, "a meeting without an appointment could not be ended");
                let note = format!("Another meeting of this appointment could not be ended: {why}");
                store::add_note(&mut transaction, appointment, &note).await?;
            }
            Some(_) => {}
            None => {
                let (id, now) = (&stray.integration, self.now());
                let question = Question::OldMeeting(stray.reference.organizer_id.as_deref());
                news = integration::store::note(&mut transaction, id, question, Ok(()), now).await?;
            }
        }
        self.commit(transaction, "appointment.stray-ended", news).await
    }
}
