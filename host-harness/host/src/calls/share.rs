//! What one tenant may use of a host and of a provider at a time, and what of it is kept for those whom
//! somebody waits for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Work;
use crate::clock::{Clock, Waiter};

/// What one tenant may use at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Calls in flight, of all integrations of the tenant together. 128.
    pub calls: usize,
    /// Those of them that may be bulk work. 8.
    pub bulk: usize,
    /// What the provider allows in a time; none: anything.
    pub rate: Option<Rate>,
}

/// What a provider allows one application in one tenant: units in a time. A call costs one, a bulk call
/// one for so many keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Units that may be used in any stretch of time of this length. 3,500: Graph's resource units for a
    /// tenant of the smallest size ("Microsoft Graph service-specific throttling limits", identity and
    /// access).
    pub units: u32,
    /// The length. 10 s.
    pub window: Duration,
    /// Keys of a bulk call that cost one unit. 15: as many as one filter of Graph takes, which with
    /// `$select` and a small `$top` costs one. What a second look costs comes out of what is kept back.
    pub keys_per_unit: usize,
}

impl Default for Share {
    fn default() -> Self {
        Self { calls: 128, bulk: 8, rate: Some(Rate::default()) }
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self { units: 3_500, window: Duration::from_secs(10), keys_per_unit: 15 }
    }
}

impl Rate {
    fn cost(&self, work: Work) -> u32 {
        match work {
            Work::Local => 0,
            Work::Bulk(keys) => {
                u32::try_from(keys.div_ceil(self.keys_per_unit.max(1))).unwrap_or(u32::MAX).max(1)
            }
            Work::Prompt | Work::Redeem => 1,
        }
    }
}

/// A tenant's share, in use.
#[derive(Debug)]
pub(super) struct Places {
    calls: Semaphore,
    bulk: Semaphore,
    units: Option<Units>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    _bulk: Option<[SemaphorePermit<'a>; 2]>,
    _call: SemaphorePermit<'a>,
}

impl Places {
    pub(super) fn new(share: &Share) -> Self {
        Self {
            calls: Semaphore::new(share.calls.max(1)),
            bulk: Semaphore::new(share.bulk.clamp(1, share.calls.max(1))),
            units: share.rate.as_ref().map(Units::new),
        }
    }

    /// Waits for a place. Who does bulk work waits among its own kind first, for the tenant's part and
    /// then for that of the host, `all_bulk`: there is never more of it in the queue behind than that.
    pub(super) async fn take<'a>(&'a self, work: Work, all_bulk: &'a Semaphore) -> Place<'a> {
        let bulk = match work {
            Work::Bulk(_) => Some([entered(&self.bulk).await, entered(all_bulk).await]),
            Work::Prompt | Work::Redeem | Work::Local => None,
        };
        Place { _bulk: bulk, _call: entered(&self.calls).await }
    }

    /// Waits until the call's units may be used. An error is a wait that would not end within `left`.
    pub(super) async fn spend(
        &self,
        work: Work,
        clock: &dyn Clock,
        waiter: &dyn Waiter,
        left: impl Fn() -> Duration,
    ) -> Result<(), Duration> {
        let Some(units) = &self.units else { return Ok(()) };
        let cost = units.rate.cost(work);
        if matches!(work, Work::Bulk(_)) {
            units.bulk.take(cost, clock, waiter, &left).await?;
        }
        units.all.take(cost, clock, waiter, &left).await
    }
}

async fn entered(semaphore: &Semaphore) -> SemaphorePermit<'_> {
    semaphore.acquire().await.expect("nobody closes it")
}

/// The units that may be used now.
#[derive(Debug)]
struct Units {
    rate: Rate,
    all: Meter,
    bulk: Meter,
}

impl Units {
    /// A tenth of the units is there at once, nine tenths come evenly over the time: together never more
    /// than all in any such stretch. Bulk work gets nine tenths of that, so that a booking finds some.
    fn new(rate: &Rate) -> Self {
        let (at_once, evenly) = (rate.units / 10, rate.units - rate.units / 10);
        let kept = |units: u32| units - units / 10;
        Self {
            rate: rate.clone(),
            all: Meter::new(at_once, evenly, rate.window),
            bulk: Meter::new(kept(at_once), kept(evenly), rate.window),
        }
    }
}

/// Units as they come, by the generic cell rate algorithm (ITU-T I.371): one number says until when all that
/// was taken would last, if it were used up evenly.
#[derive(Debug)]
struct Meter {
    /// One unit comes in this time.
    period: Duration,
    at_once: u32,
    /// By [`Clock::elapsed`].
    used_until: Mutex<Duration>,
}

impl Meter {
    fn new(at_once: u32, evenly: u32, window: Duration) -> Self {
        Self { period: window / evenly.max(1), at_once: at_once.max(1), used_until: Mutex::default() }
    }

    /// Takes units now, no more than can be there at once; else tells the time until they are there.
    fn try_take(&self, units: u32, now: Duration) -> Result<(), Duration> {
        let mut used_until = self.used_until.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*used_until).max(now) + self.period * units;
        match next.checked_sub(self.period * self.at_once + now) {
            Some(wait) if wait > Duration::ZERO => Err(wait),
            _ => {
                *used_until = next;
                Ok(())
            }
        }
    }

    async fn take(
        &self,
        units: u32,
        clock: &dyn Clock,
        waiter: &dyn Waiter,
        left: &impl Fn() -> Duration,
    ) -> Result<(), Duration> {
        let mut owed = units;
        while owed > 0 {
            let now = owed.min(self.at_once);
            match self.try_take(now, clock.elapsed()) {
                Ok(()) => owed -= now,
                Err(wait) if wait >= left() => return Err(wait),
                Err(wait) => waiter.wait(wait).await,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::transport::BoxFuture;

    /// A clock that stands still but for who waits.
    #[derive(Debug, Default)]
    struct Still(Mutex<Duration>);

    impl Clock for Still {
        fn now_ms(&self) -> i64 {
            0
        }

        fn elapsed(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    #[derive(Debug)]
    struct Moving(Arc<Still>);

    impl Waiter for Moving {
        fn wait(&self, time: Duration) -> BoxFuture<'_, ()> {
            *self.0.0.lock().unwrap() += time;
            Box::pin(std::future::ready(()))
        }
    }

    fn stage(share: &Share) -> (Arc<Still>, Places, Moving) {
        let clock = Arc::<Still>::default();
        let places = Places::new(share);
        (clock.clone(), places, Moving(clock))
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    const PATIENT: fn() -> Duration = || Duration::from_hours(1);

    proptest! {
        #[test]
        fn no_stretch_of_time_sees_more_units_than_are_allowed(
            units in 20_u32..4_000,
            calls in prop::collection::vec((any::<bool>(), 1_usize..600, 0_u64..400), 1..200),
        ) {
            let rate = Rate { units, ..Rate::default() };
            let (clock, places, waiter) = stage(&Share { rate: Some(rate.clone()), ..Share::default() });
            let mut used = Vec::new();
            for (bulk, keys, pause) in calls {
                let work = if bulk { Work::Bulk(keys) } else { Work::Prompt };
                let before = clock.elapsed();
                run(places.spend(work, &*clock, &waiter, PATIENT)).unwrap();
                // A call that is paid for bit by bit is made at the end, when all is there.
                let cost = rate.cost(work);
                prop_assume!(clock.elapsed().saturating_sub(before) < rate.window);
                used.push((clock.elapsed(), cost));
                *clock.0.lock().unwrap() += Duration::from_millis(pause);
            }
            // What is paid for over several steps weighs at its end: by at most one call more.
            let largest = used.iter().map(|(_, cost)| *cost).max().unwrap_or(0);
            for (end, _) in &used {
                let within = used.iter().filter(|(at, _)| at <= end && *at + rate.window > *end);
                let sum: u32 = within.map(|(_, cost)| cost).sum();
                prop_assert!(sum <= units + largest, "{sum} of {units}, by calls of up to {largest}");
                if largest <= units / 20 {
                    prop_assert!(sum <= units, "{sum} of {units}");
                }
            }
        }
    }

    #[test]
    fn bulk_work_leaves_units_for_a_booking() {
        let (clock, places, waiter) = stage(&Share::default());
        for _ in 0..400 {
            run(places.spend(Work::Bulk(300), &*clock, &waiter, PATIENT)).unwrap();
        }
        let taken = clock.elapsed();
        run(places.spend(Work::Prompt, &*clock, &waiter, Duration::default)).unwrap();
        assert_eq!(clock.elapsed(), taken, "the booking waited");
        // 8,000 units, of which 3,500 in 10 s are allowed: 22.9 s.
        let alone = 8_000.0 / 350.0;
        assert!(taken.as_secs_f64() / alone < 1.3, "{taken:?}");
    }

    #[test]
    fn a_wait_that_is_too_long_is_not_begun() {
        let (clock, places, waiter) = stage(&Share::default());
        let refused = (0..2_000)
            .find_map(|_| run(places.spend(Work::Prompt, &*clock, &waiter, Duration::default)).err());
        assert!(refused.is_some_and(|wait| wait > Duration::ZERO && wait < Duration::from_secs(1)));
        assert_eq!(clock.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_booking_stands_behind_no_bulk_work() {
        let (_, places, _) = stage(&Share { calls: 3, bulk: 2, rate: None });
        let all_bulk = Semaphore::new(10);
        let held = [places.take(Work::Bulk(1), &all_bulk).await, places.take(Work::Bulk(1), &all_bulk).await];
        let mut queued: Vec<_> = (0..100).map(|_| Box::pin(places.take(Work::Bulk(1), &all_bulk))).collect();
        for waiting in &mut queued {
            assert!(is_pending(waiting).await);
        }
        drop(places.take(Work::Prompt, &all_bulk).await);
        drop(held);
        for waiting in queued {
            drop(waiting.await);
        }
    }

    async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }
}
