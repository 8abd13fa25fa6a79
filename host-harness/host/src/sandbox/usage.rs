//! The processor time of one call: of its guest, and of the host's own work for it, as the thread's clock
//! counts it. Waiting is free, and so is what other threads and programs do meanwhile.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::limits::Limits;
use super::pace::{Line, Pace, Turn};

/// What one call used, and what it does.
///
/// Relaxed throughout: one task polls the call, whichever thread runs it, and handing a task to another
/// thread orders what the threads see.
#[derive(Debug)]
pub(crate) struct Usage {
    pace: Arc<Pace>,
    line: Line,
    at_once: Duration,
    /// Nanoseconds of all polls that have ended.
    spent: AtomicU64,
    /// The thread's clock at the begin of the poll that runs, in nanoseconds.
    poll_began: AtomicU64,
    /// It takes turns with others of its kind.
    held_back: AtomicBool,
    /// It waits for its turn, or has handed the thread back in the middle of computing.
    computing: AtomicBool,
    /// It waits for an answer of the provider's.
    asking: AtomicBool,
    /// For the poll that runs.
    turn: Mutex<Option<Turn>>,
}

impl Usage {
    pub(crate) fn new(pace: Arc<Pace>, line: Line, limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            pace,
            line,
            at_once: limits.at_once,
            spent: AtomicU64::default(),
            poll_began: AtomicU64::default(),
            held_back: AtomicBool::default(),
            computing: AtomicBool::default(),
            asking: AtomicBool::default(),
            turn: Mutex::default(),
        })
    }

    /// Does the call's work, and counts what it takes.
    pub(crate) async fn of<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.poll_began.store(nanos(thread_time()), Ordering::Relaxed);
            let polled = work.as_mut().poll(context);
            self.poll_ended();
            polled
        })
        .await
    }

    fn poll_ended(&self) {
        let used = self.in_this_poll();
        self.spent.fetch_add(nanos(used), Ordering::Relaxed);
        if self.held_back.load(Ordering::Relaxed) {
            self.pace.charge(used);
        }
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn in_this_poll(&self) -> Duration {
        thread_time().saturating_sub(Duration::from_nanos(self.poll_began.load(Ordering::Relaxed)))
    }

    /// Processor time until now. Only for who runs within [`Usage::of`].
    pub(crate) fn spent(&self) -> Duration {
        self.spent_before() + self.in_this_poll()
    }

    /// Processor time until the end of the last poll.
    fn spent_before(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed))
    }

    /// Whether it has to take turns: it has computed for long, or was told to.
    pub(crate) fn takes_turns(&self) -> bool {
        self.held_back.load(Ordering::Relaxed) || self.spent() >= self.at_once
    }

    /// Waits for a turn, which lasts until the poll that got it ends.
    pub(crate) async fn turn(self: Arc<Self>) {
        self.held_back.store(true, Ordering::Relaxed);
        self.computing.store(true, Ordering::Relaxed);
        let turn = self.pace.turn(&self.line).await;
        self.computing.store(false, Ordering::Relaxed);
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
    }

    /// The provider is asked; what the guest says next is not computing.
    pub(crate) fn asks(&self) {
        self.asking.store(true, Ordering::Relaxed);
    }

    /// The provider has answered.
    pub(crate) fn was_answered(&self) {
        self.asking.store(false, Ordering::Relaxed);
    }

    /// Whether a call that came to its deadline did so by computing, and not by waiting for its provider.
    pub(crate) fn was_computing(&self) -> bool {
        let computing = self.computing.load(Ordering::Relaxed) || self.held_back.load(Ordering::Relaxed);
        computing && !self.asking.load(Ordering::Relaxed)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Processor time of this thread since it began.
#[cfg(unix)]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let whole = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or_default());
    whole + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}

/// Where threads have no clock that is known here, the wall's: a busy machine counts as a busy guest.
#[cfg(not(unix))]
fn thread_time() -> Duration {
    static BEGUN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGUN.elapsed()
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(3);

    fn usage(at_once: Duration) -> Arc<Usage> {
        Usage::new(Arc::default(), Line::default(), &Limits { at_once, ..Limits::default() })
    }

    fn compute(time: Duration) {
        let begun = thread_time();
        while thread_time().saturating_sub(begun) < time {
            std::hint::spin_loop();
        }
    }

    #[tokio::test]
    async fn computing_is_counted_and_waiting_is_not() {
        const LONG: Duration = Duration::from_millis(40);
        let usage = usage(Duration::from_hours(1));
        usage
            .of(async {
                compute(MOMENT);
                tokio::task::spawn_blocking(|| compute(LONG)).await.expect("it computes");
                compute(MOMENT);
                assert!(usage.spent() >= 2 * MOMENT);
            })
            .await;
        assert!((2 * MOMENT..LONG).contains(&usage.spent_before()), "{:?}", usage.spent_before());
        assert!(!usage.was_computing());
    }

    #[tokio::test]
    async fn who_has_computed_for_long_takes_turns_and_a_turn_lasts_as_long_as_a_poll() {
        let one = usage(MOMENT);
        let other = Usage::new(one.pace.clone(), Line::default(), &Limits::default());
        one.of(async {
            assert!(!one.takes_turns());
            compute(MOMENT);
            assert!(one.takes_turns());
            one.clone().turn().await;
            let mut waiting = pin!(other.of(other.clone().turn()));
            let pending = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending())).await;
            assert!(pending && other.was_computing(), "the turn is the other one's");
        })
        .await;
        other.of(other.clone().turn()).await;
    }

    #[tokio::test]
    async fn who_waits_for_a_provider_is_not_computing_however_long_it_did_before() {
        let usage = usage(Duration::ZERO);
        usage.of(usage.clone().turn()).await;
        assert!(usage.was_computing());
        usage.asks();
        assert!(!usage.was_computing());
        usage.was_answered();
        assert!(usage.was_computing());
    }
}
