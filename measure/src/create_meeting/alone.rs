//! What a side takes besides time: looked at right after its start, with more callers each time.

use std::time::Duration;

use anyhow::Result;

use super::IN_FLIGHT;
use crate::sides::{Side, SideName, Work, count};
use crate::stage::Stage;

/// Long enough for all callers to be under way at once.
const LATENCY: u64 = 20;

/// One side by itself.
pub(super) struct Apart {
    pub(super) side: SideName,
    /// Memory after the stretch with one caller, in KiB.
    pub(super) resident: u64,
    /// For each number of callers: the peak of memory, in KiB, the connections that the stand-in has accepted
    /// so far, and requests for each call.
    pub(super) stretches: Vec<(usize, u64, u64, f64)>,
}

impl Apart {
    /// KiB for each caller, over what there is with one.
    pub(super) fn memory_each(&self, in_flight: usize) -> Option<f64> {
        let (_, peak, ..) = self.stretches.iter().find(|(callers, ..)| *callers == in_flight)?;
        #[allow(clippy::cast_precision_loss)]
        Some(peak.saturating_sub(self.resident) as f64 / count(in_flight))
    }
}

/// Looks at a side that was just started.
pub(super) async fn look(side: &mut Side, stage: &Stage, time: Duration) -> Result<Apart> {
    stage.latency(LATENCY);
    let before = stage.microsoft.connections_opened();
    let mut apart = Apart { side: side.name, resident: 0, stretches: Vec::new() };
    for in_flight in IN_FLIGHT {
        let stretch = side.run(stage, Work::CreateMeeting, in_flight, time).await?;
        let connections = stage.microsoft.connections_opened() - before;
        #[allow(clippy::cast_precision_loss)]
        let requests = stretch.requests as f64 / count(stretch.calls);
        apart.stretches.push((in_flight, stretch.peak, connections, requests));
        if in_flight == 1 {
            apart.resident = side.process.resident()?;
        }
    }
    Ok(apart)
}
