//! What differs between an appointment and what the provider told of its meeting.

use video_host::provider::LookUpOutcome;

use super::super::{Appointment, Status};
use super::Discrepancy;
use super::store::Candidate;

/// What differs; nothing if both sides agree.
pub(super) fn compare(candidate: &Candidate, outcome: Option<LookUpOutcome>) -> Vec<Discrepancy> {
    let appointment = &candidate.appointment;
    let mut found = match appointment.status {
        Status::Requested => vec![Discrepancy::Unlinked],
        Status::Moving | Status::Reassigning | Status::Cancelling => vec![Discrepancy::Unconfirmed],
        Status::Booked => outcome.map_or_else(Vec::new, |outcome| booked(appointment, outcome)),
        Status::Cancelled => outcome.map_or_else(Vec::new, cancelled),
        Status::Failed => Vec::new(),
    };
    // Whoever finishes what is under way ends them too.
    if candidate.strays > 0 && !found.contains(&Discrepancy::Unconfirmed) {
        found.push(Discrepancy::Stray);
    }
    found
}

fn booked(appointment: &Appointment, outcome: LookUpOutcome) -> Vec<Discrepancy> {
    let state = match outcome {
        LookUpOutcome::Found(state) => state,
        LookUpOutcome::Gone => return vec![Discrepancy::Missing],
        LookUpOutcome::Unknown(reason) => return vec![Discrepancy::Unknown { reason }],
        LookUpOutcome::RetryLater(_) => return vec![put_off()],
    };
    let mut found = Vec::new();
    if appointment.link.as_ref() != Some(&state.join_url) {
        found.push(Discrepancy::OtherLink { link: state.join_url });
    }
    if (state.start, state.end) != (appointment.start, appointment.end) {
        found.push(Discrepancy::Moved { start: state.start, end: state.end });
    }
    found
}

fn cancelled(outcome: LookUpOutcome) -> Vec<Discrepancy> {
    match outcome {
        LookUpOutcome::Found(_) => vec![Discrepancy::Alive],
        LookUpOutcome::Gone => Vec::new(),
        LookUpOutcome::Unknown(reason) => vec![Discrepancy::Unknown { reason }],
        LookUpOutcome::RetryLater(_) => vec![put_off()],
    }
}

fn put_off() -> Discrepancy {
    let reason = "The provider put it off again and again. Reconcile once more later.";
    Discrepancy::Unknown { reason: reason.to_owned() }
}
