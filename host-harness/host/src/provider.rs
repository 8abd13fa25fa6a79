//! The contract's words, as Rust types: `scheduling:video-provider/provider@0.1.0`. Their meaning is
//! documented in `wit/provider.wit`, and in `wit/joining.wit` for who joins.

pub use crate::bindings::exports::scheduling::video_provider::joining::{
    JoinableMeeting, Participant, Role as ParticipantRole,
};
pub use crate::bindings::exports::scheduling::video_provider::provider::{
    Account, AccountMismatch, Attendee, AttendeeRole, AuthorizationRequest, AuthorizationResponse,
    Cancellation, Capabilities, Choice, Connection, DeadGrant, Description, DirectoryEntry, DirectoryPage,
    Error, GrantProblem, InputError, InputProblem, Look, LookUpOutcome, MatchOutcome, Meeting, MeetingOption,
    MeetingReference, MeetingRequest, MeetingState, Misconfiguration, MisconfigurationProblem, Mismatch,
    NextStep, Outage, Refusal, RefusalProblem, SetupField, SetupKind, SignInError, SignInProblem, Standing,
    User,
};
pub use crate::bindings::scheduling::video_provider::types::Parameter;

/// The contract's words for what a provider can do.
pub fn capability_words(capabilities: Capabilities) -> impl Iterator<Item = &'static str> {
    let all = [
        (Capabilities::MATCHING, "matching"),
        (Capabilities::RESCHEDULE, "reschedule"),
        (Capabilities::CANCEL, "cancel"),
        (Capabilities::DIRECTORY, "directory"),
        (Capabilities::LOOK_UP, "look-up"),
    ];
    all.into_iter().filter_map(move |(capability, word)| capabilities.contains(capability).then_some(word))
}

/// The contract that this host speaks.
pub const CONTRACT: &str = "scheduling:video-provider@0.1.0";
