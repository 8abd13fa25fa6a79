#![doc = include_str!("../README.md")]

mod acting;
mod appointment;
mod audit;
mod dashboard;
mod database;
mod entitlement;
pub mod figures;
mod integration;
mod matching;
mod options;
mod patience;
mod platform;
mod plugins;
mod provider;
mod search;
mod service;
mod staff;
mod turns;
mod video;
pub mod watch;
mod word;

pub use acting::{Acting, ActingError, Actor, ActorKind, NotAllowed};
pub use appointment::{
    Appointment, Arrival, BookingError, BookingRequest, Channel, Difference, Discrepancy, JoinCode,
    JoinCodes, JoinError, Mending, Obstacle, Reassigned, ReconcileError, ReconcileMode, ReconcileOptions,
    ReconcileProgress, Reconciliation, ResumeReport, ScheduleQuery, Skipped, StaffCheck, Status, Unfinished,
    WrongInput,
};
pub use audit::{Action, AuditEntry, AuditFilter, AuditOutcome, AuditPage};
pub use dashboard::{
    Cursor, DashboardQuery, DashboardRow, DashboardSort, Page, Selection, StaffFilter, StaffQuery,
    VideoChange,
};
pub use database::{DatabaseError, migrations};
pub use entitlement::Entitlement;
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
pub use plugins::{LoadedPlugin, Manifests, Plugins, RefusedManifest, SwapOptions, SwapRefused, Swapped};
pub use provider::{Answered, VideoProvider, VideoProviders};
pub use service::{MeetingMethod, Service, ServiceError};
pub use staff::{ImportError, ImportReport, RejectedRow, Role, RowProblem, StaffError, StaffMember};
pub use video::{VideoError, VideoSettings};
pub use video_host::JoinLink;
pub use video_host::clock::{Sleep, Waiter};
pub use video_host::provider::ParticipantRole;
pub use video_host::store::Integration as IntegrationId;
