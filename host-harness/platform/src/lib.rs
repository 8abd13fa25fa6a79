#![doc = include_str!("../README.md")]

mod appointment;
mod database;
mod integration;
mod matching;
mod options;
mod patience;
mod platform;
mod plugins;
mod provider;
mod staff;
mod turns;
mod video;
mod word;

pub use appointment::{
    Appointment, BookingError, BookingRequest, Channel, Difference, Discrepancy, Mending, Obstacle,
    Reassigned, ReconcileError, ReconcileMode, ReconcileOptions, ReconcileProgress, Reconciliation,
    ResumeReport, Skipped, StaffCheck, Status, Unfinished, WrongInput,
};
pub use database::DatabaseError;
pub use integration::{
    Advice, Asked, Cause, Checked, ConnectError, Finished, Integration, IntegrationChange, IntegrationEvent,
    IntegrationState, MatchField, OrganizerMeetings, QuotaLevel, Remedy, Setup, SetupChoice, StateKind,
    Unavailable,
};
pub use matching::{
    JobId, JobProgress, JobState, MatchError, MatchPlan, MatchReport, MatchState, Progress, StaffMatch, Way,
};
pub use options::{MeetingOptions, WrongOption};
pub use platform::Platform;
pub use plugins::{LoadedPlugin, Plugins, SwapOptions, SwapRefused, Swapped};
pub use provider::{Answered, VideoProvider, VideoProviders};
pub use staff::{ImportError, ImportReport, RejectedRow, Role, RowProblem, StaffError, StaffMember};
pub use video::{VideoError, VideoSettings};
pub use video_host::clock::{Sleep, Waiter};
pub use video_host::store::Integration as IntegrationId;
