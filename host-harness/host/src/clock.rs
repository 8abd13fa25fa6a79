//! What time it is, and waiting, as things that can be handed in: expiry is tested by moving a clock,
//! not by waiting.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::transport::BoxFuture;

/// What [`Clock::elapsed`] counts from.
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time.
pub trait Clock: Send + Sync + 'static {
    /// Wall-clock time: milliseconds since 1970-01-01T00:00:00Z, as the contract's `instant`.
    fn now_ms(&self) -> i64;

    /// Time since a moment of this process that stays the same. It never goes back, whatever is done to
    /// the wall clock: what waits are measured with.
    fn elapsed(&self) -> Duration {
        BEGUN.elapsed()
    }
}

/// Waits until a provider may be asked again.
pub trait Waiter: fmt::Debug + Send + Sync + 'static {
    /// Returns when `time` has passed, as far as the caller is concerned, and never earlier.
    fn wait(&self, time: Duration) -> BoxFuture<'_, ()>;
}

/// Waits by the machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sleep;

impl Waiter for Sleep {
    fn wait(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The machine's clock, moved by an amount that can grow: for tests and demonstrations.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    shift_ms: AtomicI64,
}

impl ShiftedClock {
    /// Moves the clock forward, by whole milliseconds, rounded up: who waited for `by` has waited enough.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX);
        self.shift_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms().saturating_add(self.shift_ms.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        let shift = u64::try_from(self.shift_ms.load(Ordering::SeqCst)).unwrap_or(0);
        SystemClock.elapsed() + Duration::from_millis(shift)
    }
}
