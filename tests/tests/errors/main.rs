//! What fails after connecting: grants that died, faults of the operator's, outages of the token
//! endpoint, and Graph saying no.

mod grants;
mod operator;
mod refusals;
mod renewal;
mod token_endpoint;

use video_host::provider::MeetingRequest;

/// An appointment to make a meeting for.
fn appointment(id: &str) -> MeetingRequest {
    MeetingRequest {
        appointment_id: id.to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: None,
        subject: "Mortgage advice".to_owned(),
        start: 1_900_000_000_000,
        end: 1_900_001_800_000,
        attendees: Vec::new(),
    }
}
