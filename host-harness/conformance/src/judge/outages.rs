//! What goes wrong between a provider and its service.

use std::sync::atomic::Ordering;

use video_host::Provider;
use video_host::provider::{Error, Meeting, MeetingRequest};

use super::{Outcome, Stop, holds, refused, succeeded};
use crate::backend::Fault;
use crate::bench::{Bench, came};

/// A connected provider, and a request whose staff member is matched already.
async fn ready(bench: &Bench<'_>) -> Result<(Provider, MeetingRequest), Stop> {
    bench.needs_service()?;
    let provider = bench.connected().await?;
    let request = bench.request(&provider).await?;
    Ok((provider, request))
}

/// Makes a meeting, whose request meets a fault; not judged if the provider sent none.
async fn faulty(
    bench: &Bench<'_>,
    provider: &Provider,
    request: &MeetingRequest,
    fault: Fault,
) -> Result<Result<Meeting, video_host::CallError>, Stop> {
    bench.backend.inject(fault);
    Ok(provider.create_meeting(request).await)
}

pub(super) async fn unreachable(bench: &Bench<'_>) -> Outcome {
    let (provider, request) = ready(bench).await?;
    // Connections that are open would still lead there.
    let (_, plugin) = bench.another_host().await.map_err(Stop::suite)?;
    bench.unreachable.store(true, Ordering::SeqCst);
    let ended = plugin.on(provider.integration()).create_meeting(&request).await;
    bench.unreachable.store(false, Ordering::SeqCst);
    let fits = |error: &Error| matches!(error, Error::Unavailable(it) if !it.may_have_taken_effect);
    refused(&ended, fits, "made a meeting while the service's name could not be resolved")
}

pub(super) async fn may_have_happened(bench: &Bench<'_>) -> Outcome {
    let (provider, request) = ready(bench).await?;
    let ended = faulty(bench, &provider, &request, Fault::LostAnswer).await?;
    let fits = |error: &Error| matches!(error, Error::Unavailable(it) if it.may_have_taken_effect);
    refused(&ended, fits, "made a meeting, and the service's answer was lost on the way")
}

pub(super) async fn lost_answer(bench: &Bench<'_>) -> Outcome {
    let (provider, request) = ready(bench).await?;
    let before = bench.backend.meetings();
    let _ = faulty(bench, &provider, &request, Fault::LostAnswer).await?;
    let did = "made a meeting whose answer was lost, and made it again";
    let made = succeeded(provider.create_meeting(&request).await, did)?;
    let now = bench.backend.meetings();
    holds(now == before + 1, did, format!("the service had {before} meetings before, and has {now}"))?;
    let again = succeeded(provider.create_meeting(&request).await, did)?;
    holds(made.join_url == again.join_url, did, format!("{}, and then {}", made.join_url, again.join_url))
}

pub(super) async fn throttled(bench: &Bench<'_>) -> Outcome {
    const SECONDS: u32 = 7;
    let (provider, request) = ready(bench).await?;
    let ended = faulty(bench, &provider, &request, Fault::Throttled(SECONDS)).await?;
    let enough = u64::from(SECONDS) * 1_000;
    let fits = |error: &Error| matches!(error, Error::Throttled(Some(ms)) if *ms >= enough);
    refused(
        &ended,
        fits,
        &format!("made a meeting, and the service answered 429 with Retry-After: {SECONDS}"),
    )
}

pub(super) async fn down(bench: &Bench<'_>) -> Outcome {
    let (provider, request) = ready(bench).await?;
    let ended = faulty(bench, &provider, &request, Fault::Down).await?;
    let did = "made a meeting, and the service answered 503";
    refused(&ended, |error| matches!(error, Error::Unavailable(_)), did)?;
    let did = "called check after the service had answered 503 to another request";
    succeeded(provider.check().await, did).map(drop)
}

pub(super) async fn dead_grant(bench: &Bench<'_>) -> Outcome {
    let (provider, request) = ready(bench).await?;
    bench.backend.kill_grants(&bench.clock).map_err(Stop::suite)?;
    let says = |error: &Error| matches!(error, Error::NeedsReauthorization(_));
    let ended = provider.create_meeting(&request).await;
    refused(&ended, says, "made a meeting after the service had ended the grant")?;
    let checked = provider.check().await;
    holds(
        matches!(&checked, Err(video_host::CallError::Provider(error)) if says(error)),
        "called check after the service had ended the grant",
        came(&checked),
    )
}
