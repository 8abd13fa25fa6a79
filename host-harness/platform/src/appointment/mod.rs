//! Appointments, and the meetings behind those that take place by video.
//!
//! The row is written before the provider is asked, and what the provider answers after. So a crash at
//! any point leaves a row that tells what was under way, and asking again, which the contract makes
//! harmless, finishes it.

mod book;
mod cancel;
mod check_staff;
mod eligible;
mod error;
mod join;
mod meeting;
mod otherwise;
mod reassign;
mod reconcile;
mod reschedule;
mod resume;
mod schedule;
mod store;
mod stray;

pub use check_staff::{Obstacle, StaffCheck};
pub use error::{BookingError, WrongInput};
pub use join::{Arrival, JoinCode, JoinCodes, JoinError};
pub use reassign::Reassigned;
pub use reconcile::{
    Difference, Discrepancy, Mending, ReconcileError, ReconcileMode, ReconcileOptions, ReconcileProgress,
    Reconciliation, Skipped,
};
pub use resume::{ResumeReport, Unfinished};
pub use schedule::ScheduleQuery;
use video_host::provider::User;

use crate::IntegrationId;
use crate::database::DatabaseError;
use crate::options::MeetingOptions;
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::service::MeetingMethod;
use crate::word::{Word as _, words};

/// Through which of the platform's doors an appointment was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// By the client, on the page for clients.
    ClientView,
    /// By staff, in the schedule.
    Schedule,
    /// By the contact center, for a client on the phone.
    ContactCenter,
}

words!(Channel { ClientView = "client_view", Schedule = "schedule", ContactCenter = "contact_center" });

/// How an appointment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Saved, and the provider has not answered yet: no link.
    Requested,
    /// It takes place: a video call has its link.
    Booked,
    /// It has its link and a new time, which the provider has not confirmed yet.
    Moving,
    /// Another staff member takes it over, which the provider has not confirmed yet. It has the link of
    /// before.
    Reassigning,
    /// It does not take place, which the provider has not confirmed yet.
    Cancelling,
    /// It does not take place.
    Cancelled,
    /// The provider refused: there is no meeting. [`Appointment::note`] tells why.
    Failed,
}

words!(Status {
    Requested = "requested",
    Booked = "booked",
    Moving = "moving",
    Reassigning = "reassigning",
    Cancelling = "cancelling",
    Cancelled = "cancelled",
    Failed = "failed",
});

impl Status {
    /// What people call it.
    pub fn label(self) -> &'static str {
        self.word()
    }
}

/// What to book. It is the id that makes it the same appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingRequest {
    /// The platform's id of the appointment: 1 to 128 printable ASCII characters.
    pub id: String,
    /// Id of the service.
    pub service: String,
    /// How it takes place: one of the service's methods. Only a video call gets a meeting and a link.
    pub method: MeetingMethod,
    /// Id of the staff member, who gives the service.
    pub staff: String,
    /// 1 to 256 characters.
    pub client_name: String,
    /// An e-mail address of at most 256 characters, or empty if there is none.
    pub client_email: String,
    /// At most 256 characters.
    pub subject: String,
    /// Milliseconds since 1970.
    pub start: i64,
    /// Milliseconds since 1970, after `start`.
    pub end: i64,
    /// Through which door.
    pub channel: Channel,
    /// What is chosen for this meeting otherwise than for the others of its integration.
    pub options: MeetingOptions,
}

/// An appointment.
#[derive(Debug, Clone, PartialEq)]
pub struct Appointment {
    /// The platform's id of it.
    pub id: String,
    /// Id of the service.
    pub service: String,
    /// How it takes place.
    pub method: MeetingMethod,
    /// Id of the staff member.
    pub staff: String,
    /// The client's name.
    pub client_name: String,
    /// The client's e-mail address; empty if there is none.
    pub client_email: String,
    /// What it is about.
    pub subject: String,
    /// Milliseconds since 1970.
    pub start: i64,
    /// Milliseconds since 1970.
    pub end: i64,
    /// Through which door it was made.
    pub channel: Channel,
    /// How it stands.
    pub status: Status,
    /// Where its meeting is; none for what takes place otherwise than by video.
    pub integration: Option<IntegrationId>,
    /// The staff member at the provider, as matched when it was booked or handed over; none for a provider without
    /// matching.
    pub user: Option<User>,
    /// The provider's id of the meeting, once it is known.
    pub meeting_id: Option<String>,
    /// Whose meeting it is at the provider, once that is known: only there it can be changed and ended.
    pub organizer_id: Option<String>,
    /// The meeting's own link, which stays what the provider gave. Where there are [`Self::codes`] people are given
    /// those instead: a provider that looks at who comes would not take them by this one. Once it is there it changes in two cases only, which [`Self::note`] then tells:
    /// another staff member takes the appointment over and organises a meeting of their own
    /// ([`Platform::reassign`]), or somebody chooses to have a meeting made again that the provider lost
    /// ([`ReconcileMode::Mend`]).
    pub link: Option<String>,
    /// For the addresses at which people join; none for a provider whose link is the same for everybody, and for
    /// what was booked before its plugin made others.
    pub codes: Option<JoinCodes>,
    /// What could not be done, or why it waits; a sentence for staff.
    pub note: Option<String>,
}

impl Appointment {
    fn is_at_the_times_of(&self, other: &Self) -> bool {
        (self.start, self.end) == (other.start, other.end)
    }
}

impl<V: VideoProviders> Platform<V> {
    /// One appointment, if there is one of this id, whatever became of its integration.
    pub async fn appointment(&self, id: &str) -> Result<Option<Appointment>, DatabaseError> {
        store::load(&mut *self.connection().await?, id).await
    }

    /// A staff member's appointments, also those that were cancelled, by their starts: those that
    /// start in `from..until`, in milliseconds since 1970.
    pub async fn appointments_of(
        &self,
        staff: &str,
        from: i64,
        until: i64,
    ) -> Result<Vec<Appointment>, DatabaseError> {
        store::of_staff(&mut *self.connection().await?, staff, from, until).await
    }
}
