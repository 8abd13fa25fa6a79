//! The online meeting of an appointment, organised by the connected service account or, within an
//! application access policy, by the staff member.
//!
//! A meeting stays its organizer's. Where staff organise, `create` for another staff member makes
//! another meeting, and the one before is there until `cancel` is given its organizer; `update` with the
//! organizer keeps meeting and link, and makes the new staff member a co-organizer.
//!
//! Options never cost a meeting: what Microsoft does not take of them is told in its warnings, and the
//! next call for the appointment tries again.

mod invited;
mod look_up;
pub(crate) mod options;
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
use options::{Options, Settings};
use organizer::Organizer;
use wire::{Body, Given, Wish};

/// How long a meeting is that is made only to be deleted.
const HOUR: i64 = 3_600_000;

/// The appointment's meeting, made or brought up to the request.
pub(crate) fn create(host: &dyn Host, request: &MeetingRequest) -> Result<Meeting, Error> {
    let options = validate::request(request)?;
    let organizer = Organizer::of_new(&connection::require(host)?, request.staff.as_ref())?;
    let (wish, warnings) = wish(request, &organizer.id, &options);
    settle(host, &request.appointment_id, &wish, options.settings(), warnings, &organizer)
}

/// The appointment's meeting, moved or changed; found by its id, or else as in [`create`].
pub(crate) fn update(host: &dyn Host, request: &MeetingRequest) -> Result<Meeting, Error> {
    let options = validate::request(request)?;
    let known = request.organizer_id.as_deref();
    let organizer = Organizer::of_known(&connection::require(host)?, known, request.staff.as_ref())?;
    let (wish, mut warnings) = wish(request, &organizer.id, &options);
    let Some(id) = request.meeting_id.as_deref() else {
        let settings = options.settings();
        return settle(host, &request.appointment_id, &wish, settings, warnings, &organizer);
    };
    let mut given = change(host, &organizer, id, Some(&wish), options.settings(), &mut warnings)?;
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

fn wish<'a>(request: &'a MeetingRequest, organizer: &str, options: &Options) -> (Wish<'a>, Vec<String>) {
    let (attendees, warnings) = invited::list(request, organizer, options.staff_role());
    let wish = Wish { start: request.start, end: request.end, subject: &request.subject, attendees };
    (wish, warnings)
}

/// Creates or finds the meeting, and changes it if it is another than wished for: Graph ignores the
/// body of `createOrGet` for a meeting that exists, and takes no settings in it for any.
fn settle(
    host: &dyn Host,
    appointment_id: &str,
    wish: &Wish<'_>,
    settings: Settings,
    mut warnings: Vec<String>,
    organizer: &Organizer,
) -> Result<Meeting, Error> {
    let (mut given, created) = create_or_get(host, organizer, appointment_id, wish)?;
    let moves = !created && !given.fits(wish);
    let missing = settings.missing(&given.shown);
    if moves || !missing.is_empty() {
        let id = given.id.as_deref().ok_or_else(wire::without_id)?;
        // Where only settings differ only they are sent, so that a late repetition undoes no move.
        match change(host, organizer, id, moves.then_some(wish), missing, &mut warnings) {
            Ok(mut changed) if moves => {
                changed.complete(given.before_change());
                given = changed;
            }
            Ok(_) => {}
            // One that was just made is there, even where Graph does not find it yet.
            Err(failure) if !created && failure.status == Some(StatusCode::NOT_FOUND) => {
                return Err(failure::unavailable(
                    true,
                    None,
                    "The meeting was deleted while it was being changed. Ask again.",
                ));
            }
            Err(Failure { error: Error::Refused(refusal), .. }) if moves => {
                // A creation that is refused leaves no meeting, and here is one.
                return Err(failure::unavailable(
                    true,
                    None,
                    ["The meeting exists, and could not be changed. ", &refusal.message].concat(),
                ));
            }
            Err(failure) if moves => return Err(failure.error),
            Err(failure) => warnings.push(missing.not_set(failure::message(&failure.error))),
        }
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
    let settings = Settings::NONE;
    let body = Body { external_id: Some(appointment_id), wish: Some(wish), settings }.json()?;
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

/// Changes both times, the subject, the whole list of attendees, and settings: in one request, or
/// without the settings in another if Microsoft refuses that, so that no option stands in the way of a
/// move. What was refused for another reason is refused again. Without a wish it is the settings only.
fn change(
    host: &dyn Host,
    organizer: &Organizer,
    id: &str,
    wish: Option<&Wish<'_>>,
    settings: Settings,
    warnings: &mut Vec<String>,
) -> Result<Given, Failure> {
    let over_settings = |failure: &Failure| {
        let refused = matches!(failure.status, Some(StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN));
        refused && wish.is_some() && !settings.is_empty()
    };
    match patch(host, organizer, id, wish, settings) {
        Ok(given) => {
            // Microsoft may say yes and keep what its policy has.
            let ignored = settings.ignored(&given.shown);
            if !ignored.is_empty() {
                warnings.push(ignored.not_set("A Teams administrator can look at the policy."));
            }
            Ok(given)
        }
        Err(refused) if over_settings(&refused) => {
            let given = patch(host, organizer, id, wish, Settings::NONE)?;
            warnings.push(settings.not_set(failure::message(&refused.error)));
            Ok(given)
        }
        Err(failure) => Err(failure),
    }
}

/// Changes what the wish, if there is one, and the settings name.
fn patch(
    host: &dyn Host,
    organizer: &Organizer,
    id: &str,
    wish: Option<&Wish<'_>>,
    settings: Settings,
) -> Result<Given, Failure> {
    let body = Body { external_id: None, wish, settings }.json()?;
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
