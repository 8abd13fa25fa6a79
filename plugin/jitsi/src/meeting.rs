//! The room of an appointment, and when it is wanted.
//!
//! The link needs nothing but the key and the appointment's id. What is stored besides is when the
//! meeting is, because `look-up-meetings`, `not-found` and `created` are about that; what was lost of it
//! costs no link. Every change is a `swap`, so that of two processes one goes first and the other
//! sees what it did.

use crate::bindings::provider::{
    Cancellation, Error, LookUpOutcome, Meeting, MeetingReference, MeetingRequest, MeetingState,
};
use crate::bindings::storage::{self, Entry, SwapError};
use crate::bindings::types::Instant;
use crate::connection;
use crate::failure;
use crate::record::{Connected, Times};
use crate::room::{self, Use};
use crate::validate;

/// What the storage keys of meetings begin with.
const MEETINGS: &str = "meeting/";

/// How often a change is tried when others change the same at the same time: each of them got on.
const TRIES: usize = 16;

/// How long the times of a meeting are remembered after its end when room is needed: 90 days, in
/// milliseconds. Whoever asks later is told that there is no meeting, and gets the same link by making it.
const KEPT: Instant = 90 * 24 * 3_600_000;

/// Characters of a storage key by which room is made: one of 1,024 parts is looked through.
const PART: usize = MEETINGS.len() + 2;

/// One appointment's room and record.
struct Place {
    /// The room's name, which is also the meeting's id.
    room: String,
    /// https.
    link: String,
    /// Where its times are stored.
    key: String,
    organizer: String,
}

impl Place {
    fn of(connected: &Connected, appointment: &str) -> Self {
        let name = room::characters(&connected.key, Use::Room, appointment);
        let room = match connected.prefix.as_str() {
            "" => name,
            prefix => [prefix, "-", &name].concat(),
        };
        Self {
            link: ["https://", &connected.domain, "/", &room].concat(),
            key: [MEETINGS, &room::characters(&connected.key, Use::Record, appointment)].concat(),
            organizer: connected.account(),
            room,
        }
    }

    /// Whether the caller means this room, as far as they say: another one would be of a connection that
    /// was here before.
    fn is_meant(&self, meeting_id: Option<&str>) -> bool {
        meeting_id.is_none_or(|id| id == self.room)
    }

    fn meeting(self, times: Times, created: bool) -> Meeting {
        Meeting {
            id: self.room,
            join_url: self.link,
            organizer_id: self.organizer,
            start: times.start,
            end: times.end,
            created,
            warnings: Vec::new(),
        }
    }
}

fn asked_for(request: &MeetingRequest) -> Times {
    Times { start: request.start, end: request.end }
}

/// The appointment's meeting, made or brought up to the request.
pub(crate) fn create(request: &MeetingRequest) -> Result<Meeting, Error> {
    validate::request(request)?;
    let place = Place::of(&connection::require()?, &request.appointment_id);
    let times = asked_for(request);
    let mut stored = None;
    for _ in 0..TRIES {
        match write(&place, stored.as_ref(), times)? {
            Written::Done => return Ok(place.meeting(times, stored.is_none())),
            Written::Overtaken(current) => stored = current,
        }
    }
    Err(overtaken())
}

/// The appointment's meeting at other times, in the same room.
pub(crate) fn update(request: &MeetingRequest) -> Result<Meeting, Error> {
    validate::request(request)?;
    let place = Place::of(&connection::require()?, &request.appointment_id);
    if !place.is_meant(request.meeting_id.as_deref()) {
        return Err(failure::gone());
    }
    let times = asked_for(request);
    let mut stored = storage::get(&place.key).map_err(failure::storage)?;
    for _ in 0..TRIES {
        let Some(entry) = stored else {
            return Err(failure::gone());
        };
        match write(&place, Some(&entry), times)? {
            Written::Done => return Ok(place.meeting(times, false)),
            Written::Overtaken(current) => stored = current,
        }
    }
    Err(overtaken())
}

/// Forgets when the appointment's meeting is. Nobody can close a room that nobody is in.
pub(crate) fn cancel(cancellation: &Cancellation) -> Result<(), Error> {
    validate::appointment(&cancellation.appointment_id)?;
    let place = Place::of(&connection::require()?, &cancellation.appointment_id);
    if !place.is_meant(cancellation.meeting_id.as_deref()) {
        return Ok(());
    }
    storage::delete(&place.key).map_err(failure::storage)
}

/// When meetings are.
pub(crate) fn look_up(references: &[MeetingReference]) -> Result<Vec<LookUpOutcome>, Error> {
    let connected = connection::require()?;
    references.iter().map(|reference| look_up_one(&connected, reference)).collect()
}

fn look_up_one(connected: &Connected, reference: &MeetingReference) -> Result<LookUpOutcome, Error> {
    validate::appointment(&reference.appointment_id)?;
    let place = Place::of(connected, &reference.appointment_id);
    if !place.is_meant(reference.meeting_id.as_deref()) {
        return Ok(LookUpOutcome::Gone);
    }
    let Some(entry) = storage::get(&place.key).map_err(failure::storage)? else {
        return Ok(LookUpOutcome::Gone);
    };
    Ok(match Times::read(&entry.value) {
        Some(Times { start, end }) => LookUpOutcome::Found(MeetingState {
            id: place.room,
            join_url: place.link,
            organizer_id: place.organizer,
            start,
            end,
            // It is the platform's alone.
            subject: None,
        }),
        None => LookUpOutcome::Unknown(
            "Another version of the Jitsi provider wrote when this meeting is.".to_owned(),
        ),
    })
}

/// Forgets all that is remembered of meetings.
pub(crate) fn forget_all() -> Result<(), Error> {
    // Without a cursor, as what was listed is deleted.
    loop {
        let page = storage::list(MEETINGS, None).map_err(failure::storage)?;
        for key in &page.keys {
            storage::delete(key).map_err(failure::storage)?;
        }
        if page.next.is_none() {
            return Ok(());
        }
    }
}

/// How a write ended.
enum Written {
    /// The times are stored.
    Done,
    /// Nothing was written: this is there now.
    Overtaken(Option<Entry>),
}

/// Writes times in the place of what is stored.
fn write(place: &Place, stored: Option<&Entry>, times: Times) -> Result<Written, Error> {
    let value = times.write();
    if let Some(entry) = stored
        && entry.value == value
    {
        // Repeating costs no write.
        return Ok(Written::Done);
    }
    let expected = stored.map(|entry| entry.version.as_str());
    let swapped = match storage::swap(&place.key, expected, &value) {
        Err(SwapError::Failed(full @ storage::Error::QuotaExceeded(_))) => {
            if make_room(place)? == 0 {
                return Err(failure::storage(full));
            }
            storage::swap(&place.key, expected, &value)
        }
        swapped => swapped,
    };
    match swapped {
        Ok(_) => Ok(Written::Done),
        Err(SwapError::Stale(current)) => Ok(Written::Overtaken(current)),
        Err(SwapError::Failed(error)) => Err(failure::storage(error)),
    }
}

/// Forgets meetings that ended long ago, a thousandth of them each time; tells how many. Which part it
/// is goes by the appointment, and so by chance.
fn make_room(place: &Place) -> Result<usize, Error> {
    let now = wasi::clocks::wall_clock::now().seconds;
    let oldest = Instant::try_from(now).unwrap_or(Instant::MAX / 1_000) * 1_000 - KEPT;
    let part = place.key.get(..PART).unwrap_or(MEETINGS);
    let mut forgotten = 0;
    for key in storage::list(part, None).map_err(failure::storage)?.keys {
        let entry = storage::get(&key).map_err(failure::storage)?;
        let times = entry.and_then(|entry| Times::read(&entry.value));
        if times.is_some_and(|times| times.end < oldest) {
            storage::delete(&key).map_err(failure::storage)?;
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

fn overtaken() -> Error {
    failure::unavailable("Others are changing the same appointment at the same time. Ask again.")
}
