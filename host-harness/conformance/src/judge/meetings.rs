//! Making, moving, ending and looking up.

use video_host::provider::{Capabilities, Error, LookUpOutcome, Meeting, MeetingRequest};
use video_host::{CallError, Failure};

use super::{Outcome, Stop, holds, refused, succeeded};
use crate::bench::{Bench, HOUR, came, reference};

/// The same appointment, a day later.
fn later(request: &MeetingRequest) -> MeetingRequest {
    MeetingRequest { start: request.start + 24 * HOUR, end: request.end + 24 * HOUR, ..request.clone() }
}

/// Broken if they are two meetings.
fn same(first: &Meeting, second: &Meeting, did: &str) -> Outcome {
    let told = |meeting: &Meeting| format!("{} with id {}", meeting.join_url, meeting.id);
    let same = first.id == second.id && first.join_url == second.join_url;
    holds(same, did, format!("two meetings: {}, and then {}", told(first), told(second)))
}

pub(super) async fn links(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    let ended = provider.create_meeting(&bench.request(&provider).await?).await;
    match &ended {
        Ok(_) => Ok(()),
        Err(CallError::Failed { failure: Failure::BrokeContract(rule), .. }) => {
            holds(false, "made a meeting", format!("the host does not hand it on: {rule}"))
        }
        Err(_) => Err(Stop::NotJudged(format!("no meeting could be made: {}", came(&ended)))),
    }
}

pub(super) async fn as_asked(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    let request = bench.request(&provider).await?;
    let did = "made a meeting for an appointment that had none";
    let made = succeeded(provider.create_meeting(&request).await, did)?;
    let times = (made.start, made.end) == (request.start, request.end);
    let asked = format!("{} to {}", request.start, request.end);
    holds(times, did, format!("{} to {}, and {asked} was asked for", made.start, made.end))?;
    holds(made.created, did, "`created` is false")
}

pub(super) async fn twice(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    let before = bench.backend.meetings();
    let (request, first) = bench.made(&provider).await?;
    let did = "made the meeting of one appointment twice";
    let second = succeeded(provider.create_meeting(&request).await, did)?;
    same(&first, &second, did)?;
    holds(!second.created, did, "the second time `created` is true as well")?;
    holds_one(bench, before, did)
}

/// Broken if the service has another number of meetings than one more.
fn holds_one(bench: &Bench<'_>, before: usize, did: &str) -> Outcome {
    if bench.needs_service().is_err() {
        return Ok(());
    }
    let now = bench.backend.meetings();
    holds(now == before + 1, did, format!("the service had {before} meetings before, and has {now}"))
}

pub(super) async fn after_a_restart(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    let (request, first) = bench.made(&provider).await?;
    let (_, plugin) = bench.another_host().await.map_err(Stop::suite)?;
    let did = "made a meeting, started the host again, and made the meeting of the same appointment";
    let second = succeeded(plugin.on(provider.integration()).create_meeting(&request).await, did)?;
    same(&first, &second, did)
}

pub(super) async fn at_once(bench: &Bench<'_>) -> Outcome {
    const AT_ONCE: usize = 8;
    let provider = bench.connected().await?;
    let before = bench.backend.meetings();
    let request = bench.request(&provider).await?;
    let did = format!("made the meeting of one appointment {AT_ONCE} times at once");
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (provider, request) = (provider.clone(), request.clone());
        calls.spawn(async move { provider.create_meeting(&request).await });
    }
    let mut first = None;
    for ended in calls.join_all().await {
        let meeting = succeeded(ended, &did)?;
        same(first.get_or_insert_with(|| meeting.clone()), &meeting, &did)?;
    }
    holds_one(bench, before, &did)
}

pub(super) async fn their_own(bench: &Bench<'_>) -> Outcome {
    let provider = bench.connected().await?;
    let (_, first) = bench.made(&provider).await?;
    let (_, second) = bench.made(&provider).await?;
    let distinct = first.join_url != second.join_url && first.id != second.id;
    holds(distinct, "made the meetings of two appointments", format!("{} for both", first.join_url))
}

pub(super) async fn moving(bench: &Bench<'_>) -> Outcome {
    bench.needs(Capabilities::RESCHEDULE, "reschedule")?;
    let provider = bench.connected().await?;
    let (request, made) = bench.made(&provider).await?;
    let mut wanted = later(&request);
    for (what, id, organizer) in
        [("with", Some(made.id.clone()), Some(made.organizer_id.clone())), ("without", None, None)]
    {
        wanted = MeetingRequest { meeting_id: id, organizer_id: organizer, ..later(&wanted) };
        let did = format!("moved a meeting, {what} its `meeting-id`");
        let moved = succeeded(provider.update_meeting(&wanted).await, &did)?;
        same(&made, &moved, &did)?;
        let times = (moved.start, moved.end) == (wanted.start, wanted.end);
        let asked = format!("{} to {}", wanted.start, wanted.end);
        holds(times, did, format!("{} to {}, and {asked} was asked for", moved.start, moved.end))?;
    }
    Ok(())
}

pub(super) async fn moving_what_is_gone(bench: &Bench<'_>) -> Outcome {
    bench.needs(Capabilities::RESCHEDULE, "reschedule")?;
    bench.needs(Capabilities::CANCEL, "cancel")?;
    let provider = bench.connected().await?;
    let (request, made) = bench.made(&provider).await?;
    let ended = provider.cancel_meeting(&reference(&request, &made)).await;
    ended.map_err(|error| Stop::NotJudged(format!("cancelling does not work: {error}")))?;
    let moved = MeetingRequest {
        meeting_id: Some(made.id),
        organizer_id: Some(made.organizer_id),
        ..later(&request)
    };
    let did = "cancelled a meeting, and moved it by its `meeting-id`";
    refused(&provider.update_meeting(&moved).await, |error| matches!(error, Error::NotFound(_)), did)
}

pub(super) async fn cancelling_what_is_gone(bench: &Bench<'_>) -> Outcome {
    bench.needs(Capabilities::CANCEL, "cancel")?;
    let provider = bench.connected().await?;
    let (request, made) = bench.made(&provider).await?;
    let before = bench.backend.meetings();
    let mut reference = reference(&request, &made);
    succeeded(provider.cancel_meeting(&reference).await, "cancelled a meeting")?;
    let now = bench.backend.meetings();
    let ended = bench.needs_service().is_err() || now + 1 == before;
    holds(ended, "cancelled a meeting", format!("the service had {before} meetings, and has {now}"))?;
    succeeded(provider.cancel_meeting(&reference).await, "cancelled a meeting twice")?;
    (reference.meeting_id, reference.organizer_id) = (None, None);
    let did = "cancelled what is gone, without its `meeting-id`";
    succeeded(provider.cancel_meeting(&reference).await, did)?;
    let left = bench.backend.meetings();
    holds(left == now, did, format!("the service had {now} meetings, and has {left}"))
}

pub(super) async fn looks_up(bench: &Bench<'_>) -> Outcome {
    bench.needs(Capabilities::LOOK_UP, "look-up")?;
    let provider = bench.connected().await?;
    let mut references = Vec::new();
    let mut made = Vec::new();
    for _ in 0..2 {
        let (request, meeting) = bench.made(&provider).await?;
        references.push(reference(&request, &meeting));
        made.push((request, meeting));
    }
    let did = "looked up two meetings";
    let found = succeeded(provider.look_up_meetings(&references).await, did)?;
    for ((request, meeting), outcome) in made.iter().zip(&found) {
        let right = matches!(outcome, LookUpOutcome::Found(state) if state.id == meeting.id
            && state.join_url == meeting.join_url && (state.start, state.end) == (request.start, request.end));
        holds(right, did, format!("{outcome:?}, for the meeting {meeting:?}"))?;
    }
    if !bench.has(Capabilities::CANCEL) {
        return Ok(());
    }
    let did = "cancelled the first of two meetings, and looked both up";
    let Some(first) = references.first() else { return Ok(()) };
    let ended = provider.cancel_meeting(first).await;
    ended.map_err(|error| Stop::NotJudged(format!("cancelling does not work: {error}")))?;
    let found = succeeded(provider.look_up_meetings(&references).await, did)?;
    let right = matches!(&found[..], [LookUpOutcome::Gone, LookUpOutcome::Found(_)]);
    holds(right, did, format!("{found:?}, and not gone and found"))
}

pub(super) async fn only_reads(bench: &Bench<'_>) -> Outcome {
    bench.needs(Capabilities::LOOK_UP, "look-up")?;
    let provider = bench.connected().await?;
    let (request, made) = bench.made(&provider).await?;
    let never = reference(&bench.request(&provider).await?, &made);
    let never = video_host::provider::MeetingReference { meeting_id: None, organizer_id: None, ..never };
    let asked = [reference(&request, &made), never];
    let before = (bench.backend.meetings(), bench.keys(&provider).await?);
    let did = "looked up a meeting and an appointment that never had one, twice";
    let first = succeeded(provider.look_up_meetings(&asked).await, did)?;
    let second = succeeded(provider.look_up_meetings(&asked).await, did)?;
    holds(first == second, did, format!("{first:?}, and then {second:?}"))?;
    let after = (bench.backend.meetings(), bench.keys(&provider).await?);
    holds(before == after, did, format!("meetings and storage keys were {before:?}, and are {after:?}"))
}
