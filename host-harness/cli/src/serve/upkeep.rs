//! What has to be done now and then while the pages are served.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use video_platform::{Integration, Platform, StateKind};

/// How often what waits is tried again, and what is in trouble is asked whether it still is: that long after the
/// last time has ended, where it takes longer.
const ROUND: Duration = Duration::from_mins(1);
/// How often it is looked whether the store is still this one.
const LOOK: Duration = Duration::from_secs(2);
/// After how many rounds an integration that works is asked whether it still does.
const CHECKED_EVERY: u32 = 15;
/// How many integrations are asked at once. Each may take its whole deadline to say nothing, and bookings need
/// room beside them.
const ASKED_AT_ONCE: usize = 16;

/// Finishes appointments that wait, removes sign-ins that nobody finishes, and asks integrations how they
/// are: one whose grant is dead heals only if somebody asks. Runs until `stop`, and then until what it has asked
/// is answered.
pub(super) async fn run(platform: Platform, stop: CancellationToken) {
    // Who has many integrations in trouble does not wait longer for bookings.
    tokio::join!(
        each_round(&stop, |_| finish(&platform, &stop)),
        each_round(&stop, |round| ask(&platform, &stop, round.is_multiple_of(CHECKED_EVERY))),
    );
}

/// Waits until the store's file is marked as copied to a server, which its hosts should have been stopped for, or
/// until `stop`. Tells whether it is: what was written since is in the old file only.
pub(super) async fn store_is_moved(platform: &Platform, stop: &CancellationToken) -> bool {
    let store = platform.providers().host().store();
    let mut looks = interval(LOOK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return false,
            _ = looks.tick() => {}
        }
        if let Err(error) = store.moved() {
            tracing::error!(%error, "the host stops: its store is another one now");
            return true;
        }
    }
}

async fn each_round<F: Future<Output = ()>>(stop: &CancellationToken, work: impl Fn(u32) -> F) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = 0_u32;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = rounds.tick() => {}
        }
        work(round).await;
        round = round.wrapping_add(1);
    }
}

async fn finish(platform: &Platform, stop: &CancellationToken) {
    match platform.resume_while(|| !stop.is_cancelled()).await {
        Ok(report) if report.unfinished.is_empty() => {}
        Ok(report) => {
            tracing::info!(waiting = report.unfinished.len(), "appointments wait for their provider");
        }
        Err(error) => tracing::warn!(%error, "what waits could not be tried again"),
    }
    if let Err(error) = platform.discard_abandoned().await {
        tracing::warn!(%error, "sign-ins that nobody finishes could not be removed");
    }
}

async fn ask(platform: &Platform, stop: &CancellationToken, all: bool) {
    let integrations = match platform.integrations().await {
        Ok(integrations) => integrations,
        Err(error) => return tracing::warn!(%error, "the integrations cannot be read"),
    };
    let asked = integrations.into_iter().filter(|integration| {
        let kind = integration.state.kind();
        let troubled = kind != StateKind::Connected || integration.unavailable.is_some();
        !matches!(kind, StateKind::Pending | StateKind::Disconnected) && (all || troubled)
    });
    let ask = |integration: Integration| async move {
        if let Err(error) = platform.check(&integration.id).await {
            tracing::info!(integration = %integration.id, %error, "the integration does not work");
        }
    };
    iter(asked).take_until(stop.cancelled()).for_each_concurrent(ASKED_AT_ONCE, ask).await;
}
