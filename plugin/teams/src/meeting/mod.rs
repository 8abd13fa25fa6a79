//! The online meeting of an appointment, organised by the connected service account or, within an
//! application access policy, by the staff member.
//!
//! A meeting stays its organizer's. Where staff organise, `create` for another staff member makes
//! another meeting, and the one before is there until `cancel` is given its organizer; `update` with the
//! organizer keeps meeting and link, and makes the new staff member a co-organizer.

mod invited;
mod look_up;
mod organizer;
mod validate;
mod wire;

use http::{Method, StatusCode};

use crate::bindings::provider::{Cancellation, Error, Meeting, MeetingRequest, RefusalProblem};
use crate::connection;
use crate::failure;
use crate::graph::{Answer, Failure, Request};
use crate::host::Host;
pub(crate) use look_up::look_up;
use organizer::Organizer;
use wire::{Given, Wish};

/// How long a meeting is that is made only to be deleted.
const HOUR: i64 = 3_600_000;

/// The appointment's meeting, made or brought up to the request.
pub(crate) fn create(host: &dyn Host, request: &MeetingRequest) -> Result<Meeting, Error> {
    validate::request(request)?;
    let organizer = Organizer::of_new(&connection::require(host)?, request.staff.as_ref())?;
    let (wish, warnings) = wish(request, &organizer.id);
    settle(host, &request.appointment_id, &wish, warnings, &organizer)
}

/// The appointment's meeting, moved or changed; found by its id, or else as in [`create`].
pub(crate) fn update(host: &dyn Host, request: &MeetingRequest) -> Result<Meeting, Error> {
    validate::request(request)?;
    let known = request.organizer_id.as_deref();
    let organizer = Organizer::of_known(&connection::require(host)?, known, request.staff.as_ref())?;
    let (wish, warnings) = wish(request, &organizer.id);
    let Some(id) = request.meeting_id.as_deref() else {
        return settle(host, &request.appointment_id, &wish, warnings, &organizer);
    };
    let mut given = patch(host, &organizer, id, &wish)?;
    if given.link().is_none() {
        let answer = Request::get(organizer.meeting(id), organizer.credential).succeed(host)?;
        given.complete(Given::read(&answer.json()?));
    }
    given.id.get_or_insert_with(|| id.to_owned());
    given.meeting(&wish, false, &organizer.id, warnings)
}

/// Ends the appointment's meeting; what is gone is ended (a 404 to `DELETE`, Graph).
pub(crate) fn cancel(host: &dyn Host, cancellation: &Cancellation) -> Result<(), Error> {
    let Cancellation { appointment_id, meeting_id, organizer_id, staff } = cancellation;
    validate::appointment(appointment_id)?;
    if let Some(id) = meeting_id {
        validate::meeting(id)?;
    }
    let record = connection::require(host)?;
    let organizer = Organizer::of_known(&record, organizer_id.as_deref(), staff.as_ref())?;
    if let Some(id) = meeting_id {
        return delete(host, &organizer, id);
    }
    // Graph finds a meeting by its `externalId` only through `createOrGet`: one that was never made
    // is made, and deleted at once.
    let start = host.now();
    let wish = Wish { start, end: start.saturating_add(HOUR), subject: "", attendees: Vec::new() };
    let (given, created) = create_or_get(host, &organizer, appointment_id, &wish)?;
    let id = given.id.as_deref().ok_or_else(wire::without_id)?;
    delete(host, &organizer, id).map_err(|error| match error {
        // A throttled request had no effect, but the one before it had.
        Error::Throttled(retry_after) if created => failure::unavailable(
            true,
            retry_after,
            "Microsoft Graph wants fewer requests. The meeting is still to be deleted.",
        ),
        error => error,
    })
}

fn wish<'a>(request: &'a MeetingRequest, organizer: &str) -> (Wish<'a>, Vec<String>) {
    let (attendees, warnings) = invited::list(request, organizer);
    let wish = Wish { start: request.start, end: request.end, subject: &request.subject, attendees };
    (wish, warnings)
}

/// Creates or finds the meeting, and changes it if it is another than wished for: Graph ignores the
/// body of `createOrGet` for a meeting that exists.
fn settle(
    host: &dyn Host,
    appointment_id: &str,
    wish: &Wish<'_>,
    warnings: Vec<String>,
    organizer: &Organizer,
) -> Result<Meeting, Error> {
    let (mut given, created) = create_or_get(host, organizer, appointment_id, wish)?;
    if !created && !given.fits(wish) {
        let id = given.id.as_deref().ok_or_else(wire::without_id)?;
        let mut changed = patch(host, organizer, id, wish).map_err(|failure| match failure.status {
            Some(StatusCode::NOT_FOUND) => failure::unavailable(
                true,
                None,
                "The meeting was deleted while it was being changed. Ask again.",
            ),
            _ => failure.error,
        })?;
        changed.complete(given.before_change());
        given = changed;
    }
    given.meeting(wish, created, &organizer.id, warnings)
}

/// `POST …/onlineMeetings/createOrGet`: 201 for a new meeting, 200 for one that exists. Its key is
/// the tenant, the organizer and `externalId`, so that a repetition gives the same meeting.
fn create_or_get(
    host: &dyn Host,
    organizer: &Organizer,
    appointment_id: &str,
    wish: &Wish<'_>,
) -> Result<(Given, bool), Error> {
    let url = organizer.create_or_get();
    let body = wish.body(Some(appointment_id))?;
    let answer = Request::write(Method::POST, url, Some(body), organizer.credential).succeed(host).map_err(
        |failure| {
            match failure.error {
                // There is no meeting to be missing here: it is the account that Teams does not have.
                Error::NotFound(message) => failure::refused(RefusalProblem::Other, message),
                error => error,
            }
        },
    )?;
    let given = Given::read(&answer.json()?);
    Ok((given, answer.status == StatusCode::CREATED))
}

/// Changes both times, the subject and the whole list of attendees.
fn patch(host: &dyn Host, organizer: &Organizer, id: &str, wish: &Wish<'_>) -> Result<Given, Failure> {
    let body = wish.body(None)?;
    let url = organizer.meeting(id);
    let answer = Request::write(Method::PATCH, url, Some(body), organizer.credential).succeed(host)?;
    if answer.status == StatusCode::NO_CONTENT {
        return Ok(Given::default());
    }
    Ok(Given::read(&answer.json()?))
}

fn delete(host: &dyn Host, organizer: &Organizer, id: &str) -> Result<(), Error> {
    let request = Request::write(Method::DELETE, organizer.meeting(id), None, organizer.credential);
    let answer: Answer = request.send(host)?;
    if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND {
        return Ok(());
    }
    Err(answer.refused().error)
}

#[cfg(test)]
mod tests;
