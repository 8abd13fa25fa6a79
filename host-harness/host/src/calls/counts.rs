//! What was done, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How calls went since the host started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Calls that were asked for.
    pub calls: u64,
    /// Attempts that were made in the sandbox.
    pub attempts: u64,
    /// Calls that were put off to be tried once more, each time.
    pub retries: u64,
    /// Calls that failed with an error that is worth repeating, with no attempts or no time left.
    pub given_up: u64,
    /// Calls that failed at once because the circuit was open.
    pub refused: u64,
    /// How often a circuit was opened, or opened for longer.
    pub circuits_opened: u64,
    /// Milliseconds that calls waited between attempts, all together.
    pub waited_ms: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) calls: AtomicU64,
    pub(super) attempts: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) given_up: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) circuits_opened: AtomicU64,
    waited_ms: AtomicU64,
}

// Relaxed throughout: these are sums for people to look at, and nothing is ordered by them.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    pub(super) fn waited(&self, time: Duration) {
        self.waited_ms.fetch_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> CallCounts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CallCounts {
            calls: load(&self.calls),
            attempts: load(&self.attempts),
            retries: load(&self.retries),
            given_up: load(&self.given_up),
            refused: load(&self.refused),
            circuits_opened: load(&self.circuits_opened),
            waited_ms: load(&self.waited_ms),
        }
    }
}
