//! Whether a staff member could be given a meeting, without making one.

use video_host::CallError;
use video_host::provider::{Error, RefusalProblem};

use super::BookingError;
use crate::IntegrationId;
use crate::database::DatabaseError;
use crate::integration::Question;
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::service::MeetingMethod;

/// Whether a staff member could be given a meeting now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaffCheck {
    /// As far as the provider tells, yes.
    Ready {
        /// Where; none for what takes place otherwise than by video.
        integration: Option<IntegrationId>,
        /// Sentences about what may be in the way, or is not known.
        warnings: Vec<String>,
    },
    /// No.
    NotReady {
        /// What is in the way.
        obstacle: Obstacle,
        /// The same as a sentence, with what to do.
        message: String,
    },
    /// The provider was asked and gave no answer. Ask again later.
    Unknown {
        /// What happened, as a sentence.
        message: String,
    },
}

/// What is in the way of a staff member's meetings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// There is no such staff member.
    UnknownStaff,
    /// There is no such service.
    UnknownService,
    /// The service does not take place in this way.
    NoSuchMethod,
    /// They do not give the service.
    NotAssigned,
    /// Video is switched off for them.
    VideoOff,
    /// They have no integration, and there is no default.
    NoIntegration,
    /// Their integration cannot be used, or its plugin is not loaded.
    Integration,
    /// They are not matched to a user of the provider.
    NotMatched,
    /// The provider would make no meeting for this user.
    Refused(RefusalProblem),
}

impl<V: VideoProviders> Platform<V> {
    /// Whether an appointment of a service could be booked with a staff member in this way, and if not what
    /// is in the way. Nothing is booked; for a video call it is what [`Self::check_staff`] tells.
    pub async fn check_booking(
        &self,
        service: &str,
        staff: &str,
        method: MeetingMethod,
    ) -> Result<StaffCheck, DatabaseError> {
        match self.offered(service, method, staff).await {
            Ok(()) if method == MeetingMethod::VideoCall => self.check_staff(staff).await,
            Ok(()) => Ok(StaffCheck::Ready { integration: None, warnings: Vec::new() }),
            Err(error) => not_eligible(error),
        }
    }

    /// Whether a staff member could be given a meeting now, and if not why: video switched off, not
    /// matched, the state of the integration, or what the provider says of the user. No meeting is made.
    /// What the answer tells about the integration is noted with it; a refusal concerns the one user.
    pub async fn check_staff(&self, staff: &str) -> Result<StaffCheck, DatabaseError> {
        let purpose = format!("meetings of {staff}");
        let (place, user) = match self.eligible(staff, purpose).await {
            Ok(found) => found,
            Err(error) => return not_eligible(error),
        };
        let integration = place.integration.id;
        // A provider that knows no users can be asked about none.
        let Some(user) = user else {
            return Ok(StaffCheck::Ready { integration: Some(integration), warnings: Vec::new() });
        };
        let answer = place.provider.check_user(&user).await;
        self.note(&integration, Question::OneUser, answer.as_ref().map(|_| ())).await?;
        Ok(match answer {
            Ok(warnings) => StaffCheck::Ready { integration: Some(integration), warnings },
            Err(error) => {
                let message = error.to_string();
                match obstacle(&error) {
                    Some(obstacle) => StaffCheck::NotReady { obstacle, message },
                    None => StaffCheck::Unknown { message },
                }
            }
        })
    }
}

fn not_eligible(error: BookingError) -> Result<StaffCheck, DatabaseError> {
    let message = error.to_string();
    let obstacle = match error {
        BookingError::UnknownStaff(_) => Obstacle::UnknownStaff,
        BookingError::UnknownService(_) => Obstacle::UnknownService,
        BookingError::NoSuchMethod { .. } => Obstacle::NoSuchMethod,
        BookingError::NotAssigned { .. } => Obstacle::NotAssigned,
        BookingError::VideoOff(_) => Obstacle::VideoOff,
        BookingError::NoIntegration(_) => Obstacle::NoIntegration,
        BookingError::NotMatched { .. } => Obstacle::NotMatched,
        BookingError::Database(error) => return Err(error),
        _ => Obstacle::Integration,
    };
    Ok(StaffCheck::NotReady { obstacle, message })
}

/// What an answer says for certain; none if it may be another one the next time.
fn obstacle(error: &CallError) -> Option<Obstacle> {
    let CallError::Provider(error) = error else { return None };
    match error {
        Error::Refused(refusal) => Some(Obstacle::Refused(refusal.problem)),
        // The id that was matched is one that the provider does not take any more.
        Error::InvalidInput(_) | Error::NotFound(_) => Some(Obstacle::NotMatched),
        Error::NotConnected | Error::NeedsReauthorization(_) | Error::Misconfigured(_) => {
            Some(Obstacle::Integration)
        }
        Error::SignInFailed(_)
        | Error::AccountMismatch(_)
        | Error::Throttled(_)
        | Error::Unavailable(_)
        | Error::Internal(_) => None,
    }
}
