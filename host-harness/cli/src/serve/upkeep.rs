//! What has to be done now and then while the pages are served.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use video_platform::{Platform, StateKind};

/// How often what waits is tried again.
const ROUND: Duration = Duration::from_mins(1);
/// After how many rounds an integration that works is asked whether it still does.
const CHECKED_EVERY: u32 = 15;

/// Finishes appointments that wait, removes sign-ins that nobody finishes, and asks integrations how they
/// are: one whose grant is dead heals only if somebody asks. Runs until `stop`.
pub(super) async fn run(platform: Platform, stop: CancellationToken) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = 0_u32;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = rounds.tick() => {}
        }
        // What is under way may be dropped at any point: everything that lasts is written first.
        tokio::select! {
            () = stop.cancelled() => return,
            () = once(&platform, round.is_multiple_of(CHECKED_EVERY)) => {}
        }
        round = round.wrapping_add(1);
    }
}

async fn once(platform: &Platform, all: bool) {
    match platform.resume().await {
        Ok(report) if report.unfinished.is_empty() => {}
        Ok(report) => {
            tracing::info!(waiting = report.unfinished.len(), "appointments wait for their provider");
        }
        Err(error) => tracing::warn!(%error, "what waits could not be tried again"),
    }
    if let Err(error) = platform.discard_abandoned().await {
        tracing::warn!(%error, "sign-ins that nobody finishes could not be removed");
    }
    let integrations = match platform.integrations().await {
        Ok(integrations) => integrations,
        Err(error) => return tracing::warn!(%error, "the integrations cannot be read"),
    };
    for integration in integrations {
        let kind = integration.state.kind();
        let asked = !matches!(kind, StateKind::Pending | StateKind::Disconnected);
        let troubled = kind != StateKind::Connected || integration.unavailable.is_some();
        if asked
            && (all || troubled)
            && let Err(error) = platform.check(&integration.id).await
        {
            tracing::info!(integration = %integration.id, %error, "the integration does not work");
        }
    }
}
