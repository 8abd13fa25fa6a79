//! The stand-in's own time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use jiff::{SignedDuration, Timestamp};

/// The clock everything in the stand-in follows: `Date` headers, `iat` and `exp`, expiry of codes
/// and tokens, throttling windows and the delay of application access policies.
///
/// It runs with real time and can be moved forward, so that a test sees a token expire without
/// sleeping. Cloning gives another handle on the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    origin: Timestamp,
    started: Instant,
    advanced_ms: AtomicU64,
}

impl Clock {
    pub(crate) fn starting_now() -> Self {
        let origin = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
        Self(Arc::new(Inner { origin, started: Instant::now(), advanced_ms: AtomicU64::new(0) }))
    }

    /// The time the stand-in believes it is.
    pub fn now(&self) -> Timestamp {
        let passed = self
            .0
            .started
            .elapsed()
            .saturating_add(Duration::from_millis(self.0.advanced_ms.load(Ordering::Relaxed)));
        later(self.0.origin, passed)
    }

    /// Moves the clock forward by `by` (whole milliseconds).
    pub fn advance(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.advanced_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

/// `at` moved forward by `by`, stopping at the end of time instead of failing.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// How long from `from` until `until`; zero when `until` has passed.
pub(crate) fn until(from: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(from.duration_until(until)).unwrap_or(Duration::ZERO)
}

/// Seven fractional digits and `Z`: how Graph writes a `DateTimeOffset`.
pub(crate) fn graph_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()
}

/// The `Date` header's form (RFC 9110).
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `innerError.date`: no zone and no fraction.
pub(crate) fn inner_error_date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The form in an AADSTS description and in `timestamp`.
pub(crate) fn login_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
