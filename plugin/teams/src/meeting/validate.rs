//! What the contract asks of a meeting request, checked before anything is sent.

use super::options::Options;
use crate::bindings::provider::{Error, InputProblem, MeetingRequest};
use crate::failure;
use crate::time;

/// The most attendees, and the most characters of a subject or a name.
const ATTENDEES: usize = 100;
const TEXT: usize = 256;

/// Checks a whole request, and gives the options that were chosen.
pub(crate) fn request(request: &MeetingRequest) -> Result<Options, Error> {
    appointment(&request.appointment_id)?;
    if let Some(id) = &request.meeting_id {
        meeting(id)?;
    }
    let fits = |text: &str| text.chars().count() <= TEXT;
    if !fits(&request.subject) {
        return malformed("subject", "The subject is longer than 256 characters.");
    }
    if request.end <= request.start {
        return malformed("end", "The meeting must end after it starts.");
    }
    if !time::can_be_written(request.start) || !time::can_be_written(request.end) {
        return malformed("start", "The times must lie in the years 1 to 9999.");
    }
    if request.attendees.len() > ATTENDEES {
        return malformed("attendees", "A meeting has at most 100 attendees.");
    }
    if !request.attendees.iter().all(|attendee| fits(&attendee.name)) {
        return malformed("attendees", "A name is longer than 256 characters.");
    }
    Options::read(&request.options)
}

/// Checks the platform's id of an appointment.
pub(crate) fn appointment(id: &str) -> Result<(), Error> {
    let printable = id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if (1..=128).contains(&id.len()) && printable {
        return Ok(());
    }
    malformed("appointment-id", "The appointment's id must be 1 to 128 printable ASCII characters.")
}

/// Checks the provider's id of a meeting. A path segment of dots alone would leave `/onlineMeetings`.
pub(crate) fn meeting(id: &str) -> Result<(), Error> {
    if (1..=1024).contains(&id.len()) && id.bytes().any(|byte| byte != b'.') {
        return Ok(());
    }
    malformed("meeting-id", "This is not the id of a meeting.")
}

fn malformed<T>(field: &str, message: &str) -> Result<T, Error> {
    Err(failure::invalid_input(field, InputProblem::Malformed, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appointment_has_an_id_of_printable_ascii() {
        assert!(appointment("a").is_ok());
        assert!(appointment(&"~".repeat(128)).is_ok());
        for id in ["", "\n", "é", &"x".repeat(129)] {
            assert!(appointment(id).is_err(), "{id}");
        }
    }

    #[test]
    fn a_meeting_id_cannot_be_a_step_up() {
        assert!(meeting("MSpk*x").is_ok());
        for id in ["", ".", ".."] {
            assert!(meeting(id).is_err(), "{id}");
        }
    }

    #[test]
    fn a_meeting_ends_after_it_starts() {
        let mut wish = MeetingRequest {
            appointment_id: "a".to_owned(),
            meeting_id: None,
            organizer_id: None,
            staff: None,
            subject: String::new(),
            start: 1,
            end: 2,
            attendees: Vec::new(),
            options: Vec::new(),
        };
        assert!(request(&wish).is_ok());
        wish.end = 1;
        assert!(request(&wish).is_err());
        wish.end = i64::MAX;
        assert!(request(&wish).is_err());
    }
}
