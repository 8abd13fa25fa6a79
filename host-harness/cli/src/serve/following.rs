//! Following the manifests while the pages are served.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use video_platform::{Manifests, Platform};

/// How often they are looked at. A change is taken at the second look that sees it: within four seconds.
const LOOK: Duration = Duration::from_secs(2);

/// Swaps in what changes there. Runs until `stop`.
pub(super) async fn run(platform: Platform, mut manifests: Manifests, stop: CancellationToken) {
    let mut looks = interval(LOOK);
    // One that took long is not caught up with: what there is to see then is seen at the next one.
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // A version that is being compiled may be dropped: calls go to the one before it until it is ready.
        tokio::select! {
            () = stop.cancelled() => return,
            () = async {
                looks.tick().await;
                manifests.look(platform.providers()).await;
            } => {}
        }
    }
}
