//! What providers are given, good and bad.

use video_host::Provider;
use video_host::provider::{
    Attendee, AttendeeRole, Capabilities, Error, InputProblem, Look, LookUpOutcome, MatchOutcome,
    MeetingRequest, Parameter,
};

use super::{Outcome, Stop, holds, refused, succeeded};
use crate::backend::Keys;
use crate::bench::{Bench, reference};

/// The most meetings that are looked up at once.
const LOOK_UPS: usize = 20;

fn attendee(name: String) -> Attendee {
    Attendee { name, address: None, user_id: None, role: AttendeeRole::Attendee }
}

pub(super) async fn matching(bench: &Bench<'_>) -> Outcome {
    bench.needs(Capabilities::MATCHING, "matching")?;
    let Some(keys) = bench.backend.keys() else {
        return Err(Stop::NotApplicable("the backend names no keys".to_owned()));
    };
    let provider = bench.connected().await?;
    let did = "matched a key, another that nobody has, and the first again";
    let asked = [keys.known.clone(), keys.unknown, keys.known];
    let found = succeeded(provider.match_users(&asked, Look::Everywhere).await, did)?;
    let right = matches!(&found[..], [MatchOutcome::Matched(first), MatchOutcome::NotFound, MatchOutcome::Matched(third)]
        if first.id == third.id);
    holds(right, did, format!("{found:?}"))?;
    let did = "matched no keys";
    let found = succeeded(provider.match_users(&[], Look::Everywhere).await, did)?;
    holds(found.is_empty(), did, format!("{found:?}"))
}

pub(super) async fn full_batch(bench: &Bench<'_>) -> Outcome {
    let keys = bench.backend.keys().filter(|_| bench.has(Capabilities::MATCHING));
    let looks_up = bench.has(Capabilities::LOOK_UP);
    if keys.is_none() && !looks_up {
        let why = "the description does not have the capability `look-up`, and there are no keys to match";
        return Err(Stop::NotApplicable(why.to_owned()));
    }
    let provider = bench.connected().await?;
    if let Some(keys) = keys {
        full_match(bench, &provider, keys).await?;
    }
    if looks_up {
        full_look_up(bench, &provider).await?;
    }
    Ok(())
}

async fn full_match(bench: &Bench<'_>, provider: &Provider, keys: Keys) -> Outcome {
    let most = bench.description().best_batch;
    // No two alike, or whoever asks for each once had fewer to ask for.
    let mut asked: Vec<_> = (1..most).map(|number| format!("{number}{}", keys.unknown)).collect();
    asked.push(keys.known);
    let did = format!("matched {most} keys at once, as many as `best-batch` says");
    // Another number of outcomes than of keys is no answer: the host refuses it.
    let found = succeeded(provider.match_users(&asked, Look::Everywhere).await, &did)?;
    let last = found.last();
    let right = matches!(last, Some(MatchOutcome::Matched(_)));
    holds(right, did, format!("{last:?} for the last of them, which is a user's"))
}

async fn full_look_up(bench: &Bench<'_>, provider: &Provider) -> Outcome {
    let (mut asked, mut made) = (Vec::new(), Vec::new());
    for _ in 0..LOOK_UPS {
        let (request, meeting) = bench.made(provider).await?;
        asked.push(reference(&request, &meeting));
        made.push(meeting);
    }
    let did = format!("looked up {LOOK_UPS} meetings at once");
    let found = succeeded(provider.look_up_meetings(&asked).await, &did)?;
    for (meeting, outcome) in made.iter().zip(&found) {
        let another = matches!(outcome, LookUpOutcome::Found(state) if state.id != meeting.id);
        holds(!another, did.as_str(), format!("{outcome:?}, for the meeting {meeting:?}"))?;
    }
    Ok(())
}

pub(super) async fn malformed(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    let good = bench.request(&provider).await?;
    let unknown = Parameter { name: "an-option-of-nobodys".to_owned(), value: "x".to_owned() };
    let (malformed, unsupported) = (InputProblem::Malformed, InputProblem::Unsupported);
    let of = |id: String| MeetingRequest { appointment_id: id, ..good.clone() };
    let cases = [
        ("an empty appointment id", "appointment-id", malformed, of(String::new())),
        ("an appointment id of 129 characters", "appointment-id", malformed, of("x".repeat(129))),
        ("an appointment id with a line break", "appointment-id", malformed, of("a\nb".to_owned())),
        (
            "a subject of 257 characters",
            "subject",
            malformed,
            MeetingRequest { subject: "ä".repeat(257), ..good.clone() },
        ),
        ("an end before the start", "end", malformed, MeetingRequest { end: good.start - 1, ..good.clone() }),
        (
            "101 attendees",
            "attendees",
            malformed,
            MeetingRequest { attendees: vec![attendee("A".to_owned()); 101], ..good.clone() },
        ),
        (
            "an attendee's name of 257 characters",
            "attendees",
            malformed,
            MeetingRequest { attendees: vec![attendee("ä".repeat(257))], ..good.clone() },
        ),
        (
            "an option that the description does not have",
            "an-option-of-nobodys",
            unsupported,
            MeetingRequest { options: vec![unknown], ..good.clone() },
        ),
    ];
    let (requests, keys) = (bench.backend.requests(), bench.keys(&provider).await?);
    for (what, field, problem, request) in cases {
        let fits = |error: &Error| matches!(error, Error::InvalidInput(it) if it.field == field && it.problem == problem);
        let did = |call: &str| format!("called {call} with {what}, for which `{field}` is {problem:?}");
        refused(&provider.create_meeting(&request).await, fits, &did("create-meeting"))?;
        if bench.has(Capabilities::RESCHEDULE) {
            refused(&provider.update_meeting(&request).await, fits, &did("update-meeting"))?;
        }
    }
    let sent = bench.backend.requests() - requests;
    holds(sent == 0, "called create-meeting with malformed input", format!("{sent} requests were sent"))?;
    let kept = bench.keys(&provider).await?;
    holds(kept == keys, "called create-meeting with malformed input", format!("{kept:?} is stored"))
}

pub(super) async fn allowed(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    let good = bench.request(&provider).await?;
    // Every printable character, with one of the suite's own names behind.
    let printable: String = (' '..='~').collect();
    let id = format!("{printable}{:>33}", good.appointment_id);
    let request = MeetingRequest {
        appointment_id: id,
        subject: "ä".repeat(256),
        attendees: vec![attendee("東".repeat(256)); 100],
        ..good
    };
    let did = "made a meeting with everything as long as it may be";
    let made = succeeded(provider.create_meeting(&request).await, did)?;
    if bench.has(Capabilities::CANCEL) {
        succeeded(provider.cancel_meeting(&reference(&request, &made)).await, "cancelled such a meeting")?;
    }
    Ok(())
}
