//! Why an appointment could not be booked, moved or cancelled.

use video_host::CallError;
use video_host::provider::Error;

use crate::database::DatabaseError;
use crate::options::WrongOption;

/// What is wrong with a request. Nothing was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongInput {
    /// The appointment's id.
    #[error("The appointment's id has to have 1 to 128 printable ASCII characters.")]
    Id,
    /// The client's name.
    #[error("The client's name has to have 1 to 256 characters.")]
    ClientName,
    /// The client's e-mail.
    #[error(
        "The client's e-mail address is not one, or has more than 256 characters. Mend it, or leave it empty."
    )]
    ClientEmail,
    /// The subject.
    #[error("The subject has more than 256 characters. Shorten it.")]
    Subject,
    /// The times.
    #[error("The appointment ends before it has begun. Choose a later end.")]
    Times,
}

/// Why an appointment could not be booked, moved or cancelled. The texts are for staff.
#[derive(Debug, thiserror::Error)]
pub enum BookingError {
    /// The request cannot be used.
    #[error(transparent)]
    Input(#[from] WrongInput),
    /// A choice for its meeting that the provider does not offer.
    #[error(transparent)]
    Options(#[from] WrongOption),
    /// There is no such staff member.
    #[error(
        "There is no staff member with the id {0}, so nothing was booked. Choose another, or import the staff."
    )]
    UnknownStaff(String),
    /// There is no such service.
    #[error("There is no service with the id {0}, so nothing was booked. Choose one that is listed.")]
    UnknownService(String),
    /// The service does not take place in this way.
    #[error(
        "{service} does not take place as {method}. Choose another meeting method, or have an administrator \
         add it to the service."
    )]
    NoSuchMethod {
        /// What the service is called for people.
        service: String,
        /// What the method is called for people.
        method: &'static str,
    },
    /// The staff member does not give the service.
    #[error(
        "{staff} does not give {service}. Choose somebody who does, or have an administrator assign them to it."
    )]
    NotAssigned {
        /// The staff member's name.
        staff: String,
        /// What the service is called for people.
        service: String,
    },
    /// Video is switched off for the staff member.
    #[error(
        "{0} has no video appointments: video is switched off for them. An administrator can switch it on."
    )]
    VideoOff(String),
    /// Nothing was chosen for the staff member, and there is no default.
    #[error(
        "{0} has no video provider. An administrator has to connect one, or choose one that is connected."
    )]
    NoIntegration(String),
    /// The integration cannot be used now.
    #[error("{integration} cannot be used for {purpose} now: {problem}.")]
    NotUsable {
        /// What it is called for people.
        integration: String,
        /// For what: "the appointment 4711".
        purpose: String,
        /// How it is, and what to do.
        problem: String,
    },
    /// Its plugin is not loaded.
    #[error(
        "The provider `{provider}` is not loaded, so it cannot be used for {purpose}. The operator has \
         to install its plugin."
    )]
    NotLoaded {
        /// The provider's id.
        provider: String,
        /// For what: "the appointment 4711".
        purpose: String,
    },
    /// The staff member is no user of the provider, as far as is known.
    #[error("{staff} cannot be booked for video on {integration}: {reason}.")]
    NotMatched {
        /// The staff member's name.
        staff: String,
        /// What the integration is called for people.
        integration: String,
        /// Why, and what to mend.
        reason: String,
    },
    /// The id belongs to another staff member's appointment.
    #[error(
        "The id {0} belongs to another staff member's appointment already. Book this one under an id of its own."
    )]
    OtherStaff(String),
    /// Another staff member uses another integration than the one that the appointment is on.
    #[error(
        "{staff} has video on {theirs}, and the appointment {appointment} is on {here}. No appointment changes \
         its provider in silence: choose {here} for them, or cancel the appointment and book another with them."
    )]
    OtherIntegration {
        /// The staff member's name.
        staff: String,
        /// What their integration is called for people.
        theirs: String,
        /// What the appointment's integration is called for people.
        here: String,
        /// Which appointment.
        appointment: String,
    },
    /// What was wanted before is not done yet, so that this was not begun.
    #[error(
        "Nothing was changed: an earlier change of the appointment {appointment} waits for {integration}. {error} Try again later."
    )]
    EarlierChange {
        /// Which.
        appointment: String,
        /// What the integration is called for people.
        integration: String,
        /// What it said.
        #[source]
        error: Box<CallError>,
    },
    /// Another process changes it at this moment.
    #[error("Somebody else is changing the appointment {0} at this moment. Look at it, and try again.")]
    Busy(String),
    /// It takes place otherwise than by video.
    #[error("The appointment {0} is no video call, so it has no meeting.")]
    NoMeeting(String),
    /// There is no such appointment.
    #[error("There is no appointment with the id {0}.")]
    Unknown(String),
    /// It was cancelled.
    #[error("The appointment {0} was cancelled. Book another under a new id.")]
    Cancelled(String),
    /// It has no meeting to move.
    #[error(
        "The appointment {0} was never booked, because the provider refused. Book it again, with the new time."
    )]
    NeverBooked(String),
    /// It is saved, and the provider could not be asked or did not answer. Nobody has to do it again:
    /// [`Platform::resume`](crate::Platform::resume) does, and so does asking again.
    #[error(
        "What you want with the appointment {appointment} is saved, but {integration} has not done it yet: {error} It will be tried again."
    )]
    Waiting {
        /// Which.
        appointment: String,
        /// What the integration is called for people.
        integration: String,
        /// What it said.
        #[source]
        error: Box<CallError>,
    },
    /// The provider refused. A booking has no meeting; a move or a new staff member was taken back; what is cancelled is
    /// tried again.
    #[error("{integration} refused what you want with the appointment {appointment}: {error}")]
    Refused {
        /// Which.
        appointment: String,
        /// What the integration is called for people.
        integration: String,
        /// What it said.
        #[source]
        error: Box<CallError>,
    },
    /// The platform's database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl BookingError {
    /// A word for it, for those who count.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input(_) | Self::Options(_) => "wrong_input",
            Self::UnknownStaff(_) | Self::UnknownService(_) | Self::Unknown(_) => "unknown",
            Self::NoSuchMethod { .. } | Self::NotAssigned { .. } | Self::VideoOff(_) => "not_offered",
            Self::NoIntegration(_) | Self::NotMatched { .. } => "not_set_up",
            Self::NotUsable { .. } => "not_usable",
            Self::NotLoaded { .. } => "not_loaded",
            Self::OtherStaff(_)
            | Self::OtherIntegration { .. }
            | Self::NoMeeting(_)
            | Self::Cancelled(_)
            | Self::NeverBooked(_) => "conflict",
            Self::EarlierChange { .. } | Self::Busy(_) => "busy",
            Self::Waiting { .. } => "waiting",
            Self::Refused { .. } => "refused",
            Self::Database(_) => "store",
        }
    }

    /// How a call ended, for people.
    pub(super) fn call(appointment: String, integration: String, error: CallError) -> Self {
        let error = Box::new(error);
        if is_refusal(&error) {
            Self::Refused { appointment, integration, error }
        } else {
            Self::Waiting { appointment, integration, error }
        }
    }

    /// The same, of what had to be done before what was asked for.
    pub(super) fn earlier(self) -> Self {
        match self {
            Self::Waiting { appointment, integration, error } => {
                Self::EarlierChange { appointment, integration, error }
            }
            other => other,
        }
    }

    /// Whether other appointments of the same integration would fare the same now.
    pub(super) fn concerns_integration(&self) -> bool {
        match self {
            Self::NotUsable { .. } | Self::NotLoaded { .. } => true,
            // A plugin that fails may do so over this one appointment: the others are tried.
            Self::Waiting { error, .. } => {
                matches!(&**error, CallError::Provider(error) if !matches!(error, Error::Internal(_)))
            }
            _ => false,
        }
    }
}

/// Whether asking the same again is of no use: the provider understood, and nothing happened.
pub(super) fn is_refusal(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Provider(
            Error::InvalidInput(_)
                | Error::Refused(_)
                | Error::NotFound(_)
                | Error::SignInFailed(_)
                | Error::AccountMismatch(_)
        )
    )
}
