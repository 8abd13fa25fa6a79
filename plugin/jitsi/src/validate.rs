//! What the contract asks of a request, checked before anything is written.

use crate::bindings::joining::Participant;
use crate::bindings::provider::{Error, InputProblem, MeetingRequest};
use crate::failure;

/// The most attendees, and the most characters of a subject or a name.
const ATTENDEES: usize = 100;
const TEXT: usize = 256;

/// Checks a whole request.
pub(crate) fn request(request: &MeetingRequest) -> Result<(), Error> {
    appointment(&request.appointment_id)?;
    let wrong = |field, problem, message: &str| Err(failure::invalid_input(field, problem, message));
    if too_long(&request.subject) {
        return wrong("subject", InputProblem::Malformed, "The subject is longer than 256 characters.");
    }
    if request.end <= request.start {
        return wrong("end", InputProblem::Malformed, "The meeting must end after it starts.");
    }
    if request.attendees.len() > ATTENDEES {
        return wrong("attendees", InputProblem::Malformed, "A meeting has at most 100 attendees.");
    }
    if request.attendees.iter().any(|attendee| too_long(&attendee.name)) {
        return wrong("attendees", InputProblem::Malformed, "A name is longer than 256 characters.");
    }
    match request.options.first() {
        Some(option) => {
            wrong(&option.name, InputProblem::Unsupported, "Jitsi Meet has no such option for meetings.")
        }
        None => Ok(()),
    }
}

fn too_long(text: &str) -> bool {
    text.chars().count() > TEXT
}

/// Checks who joins.
pub(crate) fn participant(participant: &Participant) -> Result<(), Error> {
    if too_long(&participant.display_name) {
        let message = "A name is longer than 256 characters.";
        return Err(failure::invalid_input("display-name", InputProblem::Malformed, message));
    }
    Ok(())
}

/// Checks the platform's id of an appointment.
pub(crate) fn appointment(id: &str) -> Result<(), Error> {
    let printable = id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if (1..=128).contains(&id.len()) && printable {
        return Ok(());
    }
    Err(failure::invalid_input(
        "appointment-id",
        InputProblem::Malformed,
        "The appointment's id must be 1 to 128 printable ASCII characters.",
    ))
}
