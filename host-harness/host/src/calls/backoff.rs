//! How long to wait before the next attempt, and whether there is one.
//!
//! Exponential backoff with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015):
//! any wait between nothing and a bound that doubles. After a `Retry-After` the same jitter comes on top
//! of it, so that all who were turned away do not come back at the same moment.

use std::fmt;
use std::time::Duration;

use crate::store::random;

/// What an attempt is given at least: one that begins with less time would be cut off, and nobody would
/// know what it did.
pub(super) const ROOM: Duration = Duration::from_secs(1);

/// How often a call is repeated, and what is waited between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    /// Attempts of one call, the first one counted. 5.
    pub attempts: u32,
    /// The bound of the first wait; each further one is twice as long. 500 ms.
    pub first: Duration,
    /// The longest bound. 20 s. A wait that the provider asks for may be longer.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { attempts: 5, first: Duration::from_millis(500), longest: Duration::from_secs(20) }
    }
}

/// Where jitter comes from.
pub trait Chance: fmt::Debug + Send + Sync + 'static {
    /// From 0 up to, but not including, 1.
    fn share(&self) -> f64;
}

/// Jitter from random numbers.
#[derive(Debug, Default, Clone, Copy)]
pub struct Random;

impl Chance for Random {
    fn share(&self) -> f64 {
        let bits = u32::from_ne_bytes(random::bytes());
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}

impl Backoff {
    /// The wait before the next attempt after `made` of them, with `left` until the caller's deadline;
    /// none if there is no further attempt. The wait is not shorter than `asked`, and ends at least
    /// a second before the deadline.
    pub(super) fn wait(
        &self,
        made: u32,
        asked: Option<Duration>,
        left: Duration,
        chance: &dyn Chance,
    ) -> Option<Duration> {
        let asked = asked.unwrap_or(Duration::ZERO);
        let room = left.checked_sub(ROOM)?.checked_sub(asked)?;
        if made >= self.attempts {
            return None;
        }
        let doubled = 2_u32.saturating_pow(made.saturating_sub(1));
        let bound = self.first.saturating_mul(doubled).min(self.longest).min(room);
        Some(asked + bound.mul_f64(chance.share().clamp(0.0, 1.0)).min(room))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug)]
    struct Fixed(f64);

    impl Chance for Fixed {
        fn share(&self) -> f64 {
            self.0
        }
    }

    fn time(most_ms: u64) -> impl Strategy<Value = Duration> {
        (0..most_ms).prop_map(Duration::from_millis)
    }

    proptest! {
        #[test]
        fn a_schedule_is_bounded_never_early_and_never_late(
            attempts in 1_u32..12,
            first in time(5_000),
            longest in time(60_000),
            patience in time(300_000),
            share in 0.0..1.0,
            answers in prop::collection::vec((time(20_000), prop::option::of(time(120_000))), 12),
        ) {
            let backoff = Backoff { attempts, first, longest };
            let (mut passed, mut made) = (Duration::ZERO, 0);
            for (taken, asked) in answers {
                made += 1;
                passed += taken;
                let left = patience.saturating_sub(passed);
                let Some(wait) = backoff.wait(made, asked, left, &Fixed(share)) else { break };
                let asked = asked.unwrap_or_default();
                prop_assert!(wait >= asked, "early: {wait:?} after {asked:?}");
                prop_assert!(wait.saturating_sub(asked) <= longest, "longer than any bound: {wait:?}");
                passed += wait;
                prop_assert!(passed + ROOM <= patience, "{passed:?} of {patience:?}");
            }
            prop_assert!(made <= attempts);
        }

        #[test]
        fn a_wait_is_begun_whenever_it_fits(
            asked in time(10_000), more in time(10_000), share in 0.0..1.0,
        ) {
            let left = asked + ROOM + more;
            prop_assert!(Backoff::default().wait(1, Some(asked), left, &Fixed(share)).is_some());
            let short = (asked + ROOM).checked_sub(Duration::from_millis(1)).unwrap();
            prop_assert_eq!(Backoff::default().wait(1, Some(asked), short, &Fixed(share)), None);
        }
    }

    #[test]
    fn the_bounds_double_up_to_the_longest() {
        let long = Duration::from_hours(1);
        let backoff = Backoff { attempts: 40, ..Backoff::default() };
        let wait = |made, share| backoff.wait(made, None, long, &Fixed(share)).unwrap().as_millis();
        assert_eq!(
            [1, 2, 3, 4, 5, 6, 7, 39].map(|made| wait(made, 0.5)),
            [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]
        );
        assert_eq!(wait(3, 0.0), 0, "full jitter");
    }

    #[test]
    fn random_jitter_is_spread_and_below_one() {
        let shares: Vec<_> = (0..1_000).map(|_| Random.share()).collect();
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
        assert!(shares.iter().any(|share| *share < 0.1) && shares.iter().any(|share| *share > 0.9));
    }
}
