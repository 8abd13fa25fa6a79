#![doc = include_str!("../README.md")]

mod appointment;
mod database;
mod integration;
mod matching;
mod platform;
mod plugins;
mod provider;
mod staff;
mod turns;
mod video;
mod waiter;
mod word;

pub use appointment::{
    Appointment, BookingError, BookingRequest, Channel, ResumeReport, Status, Unfinished, WrongInput,
};
pub use database::DatabaseError;
pub use integration::{ConnectError, Finished, Integration, IntegrationState, MatchField, Setup};
pub use matching::{
    JobId, JobProgress, JobState, MatchError, MatchPlan, MatchReport, MatchState, Progress, StaffMatch, Way,
};
pub use platform::Platform;
pub use plugins::Plugins;
pub use provider::{Answered, VideoProvider, VideoProviders};
pub use staff::{ImportError, ImportReport, RejectedRow, Role, RowProblem, StaffError, StaffMember};
pub use video::{VideoError, VideoSettings};
pub use video_host::store::Integration as IntegrationId;
pub use waiter::{Sleep, Waiter};
