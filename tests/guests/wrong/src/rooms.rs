//! Rooms of appointments. The service finds them by the appointment's id, in hexadecimal.

use crate::account::Connected;
use crate::bindings::provider::{
    Cancellation, Error, InputProblem, LookUpOutcome, Meeting, MeetingReference, MeetingRequest, MeetingState,
};
use crate::bindings::{http, storage};
use crate::service::{self, Answer, ORIGIN};
use crate::{account, breaks, invalid, random, stored};

struct Room {
    id: String,
    start: i64,
    end: i64,
}

impl Room {
    fn read(answer: &Answer) -> Result<Self, Error> {
        let mut words = answer.body.split(' ');
        let (id, start, end) = (words.next(), words.next(), words.next());
        let times = start.zip(end).and_then(|(start, end)| Some((start.parse().ok()?, end.parse().ok()?)));
        match (id, times) {
            (Some(id), Some((start, end))) => Ok(Self { id: id.to_owned(), start, end }),
            _ => Err(Error::Internal("The service answered something else.".to_owned())),
        }
    }

    fn link(&self) -> String {
        let scheme = if breaks("links-are-https") { "http" } else { "https" };
        match () {
            () if breaks("appointments-have-their-own-meetings") => format!("{ORIGIN}/join/the-room"),
            () => format!("{scheme}://rooms.example/join/{}", self.id),
        }
    }

    fn meeting(self, organizer: &Connected, created: bool) -> Meeting {
        Meeting {
            join_url: self.link(),
            organizer_id: organizer.id.clone(),
            start: self.start,
            end: self.end,
            id: self.id,
            created,
            warnings: Vec::new(),
        }
    }
}

fn path(appointment: &str) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let hex = appointment.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    "/rooms/".chars().chain(hex).collect()
}

fn check(request: &MeetingRequest) -> Result<(), Error> {
    check_id(&request.appointment_id)?;
    let longest = if breaks("takes-what-is-allowed") { 255 } else { 256 };
    let malformed = |field| Err(invalid(field, InputProblem::Malformed));
    if request.subject.chars().count() > longest {
        return malformed("subject");
    }
    if request.end <= request.start {
        return malformed("end");
    }
    let too_long = request.attendees.iter().any(|attendee| attendee.name.chars().count() > 256);
    let too_many = request.attendees.len() > 100 && !breaks("refuses-malformed-input");
    if too_many || too_long {
        return malformed("attendees");
    }
    match request.options.first() {
        Some(option) => Err(invalid(&option.name, InputProblem::Unsupported)),
        None => Ok(()),
    }
}

fn check_id(id: &str) -> Result<(), Error> {
    if (1..=128).contains(&id.len()) && id.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    Err(invalid("appointment-id", InputProblem::Malformed))
}

fn times(request: &MeetingRequest) -> String {
    format!("{} {}", request.start, request.end)
}

pub(crate) fn create(request: &MeetingRequest) -> Result<Meeting, Error> {
    check(request)?;
    let account = account::require()?;
    let mut path = path(&request.appointment_id);
    if breaks("creating-after-a-restart-is-one-meeting") {
        path.push_str(&random());
    }
    if breaks("a-lost-answer-makes-no-second-meeting") {
        path = remembered(&path)?;
    }
    let answer = service::call(http::Method::Put, &path, &times(request))?;
    if breaks("a-lost-answer-makes-no-second-meeting") {
        storage::set(&key(&request.appointment_id), path.as_bytes()).map_err(stored)?;
    }
    let mut room = Room::read(&answer)?;
    if breaks("creating-at-once-is-one-meeting") && answer.status == 200 {
        room.id.push_str("-of-another");
    }
    if breaks("gives-what-was-asked-for") {
        room.start += 60_000;
    }
    Ok(room.meeting(&account, answer.status == 201 || breaks("creating-twice-is-one-meeting")))
}

fn key(appointment: &str) -> String {
    format!("room{}", path(appointment))
}

/// A path of its own for the appointment, which is found again in storage if the service's answer was kept.
fn remembered(path: &str) -> Result<String, Error> {
    match storage::get(&format!("room{path}")).map_err(stored)? {
        Some(entry) => Ok(String::from_utf8_lossy(&entry.value).into_owned()),
        None => Ok(format!("{path}{}", random())),
    }
}

pub(crate) fn update(request: &MeetingRequest) -> Result<Meeting, Error> {
    check(request)?;
    let account = account::require()?;
    let path = path(&request.appointment_id);
    let answer = service::call(http::Method::Patch, &path, &times(request))?;
    if answer.status == 404 {
        if breaks("moving-what-is-gone-is-not-found") {
            return create(request);
        }
        return Err(Error::NotFound("There is no such room any more.".to_owned()));
    }
    let mut meeting = Room::read(&answer)?.meeting(&account, false);
    if breaks("moving-keeps-the-link") {
        meeting.join_url.push_str("-moved");
    }
    Ok(meeting)
}

pub(crate) fn cancel(cancellation: &Cancellation) -> Result<(), Error> {
    check_id(&cancellation.appointment_id)?;
    account::require()?;
    let answer = service::call(http::Method::Delete, &path(&cancellation.appointment_id), "")?;
    if answer.status == 404 && breaks("cancelling-what-is-gone-succeeds") {
        return Err(Error::NotFound("There is no such room any more.".to_owned()));
    }
    Ok(())
}

pub(crate) fn look_up(references: &[MeetingReference]) -> Result<Vec<LookUpOutcome>, Error> {
    let account = account::require()?;
    let outcomes = references.iter().map(|reference| look_up_one(&account, reference));
    let mut outcomes = outcomes.collect::<Result<Vec<_>, _>>()?;
    if breaks("looks-up-how-it-is") {
        outcomes.reverse();
    }
    if breaks("shortens-a-full-look-up") {
        outcomes.truncate(10);
    }
    Ok(outcomes)
}

fn look_up_one(account: &Connected, reference: &MeetingReference) -> Result<LookUpOutcome, Error> {
    let path = path(&reference.appointment_id);
    let answer = if breaks("looking-up-changes-nothing") {
        service::call(http::Method::Put, &path, "0 1")?
    } else {
        service::call(http::Method::Get, &path, "")?
    };
    if answer.status == 404 {
        return Ok(LookUpOutcome::Gone);
    }
    let room = Room::read(&answer)?;
    Ok(LookUpOutcome::Found(MeetingState {
        join_url: room.link(),
        organizer_id: account.id.clone(),
        start: room.start,
        end: room.end,
        id: room.id,
        subject: None,
    }))
}
