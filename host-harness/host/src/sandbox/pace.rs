//! Guests that compute for long, and those of plugins that misbehave, do so one at a time and slowly, all of
//! them together. The others, which compute for moments between two requests, would wait for each of them in
//! turn otherwise.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// They get one part in so many of one processor.
const PARTS: u32 = 8;

/// Where some wait one behind the other: who has its permit is the first of them.
pub(crate) type Queue = Arc<Semaphore>;

/// A queue in which nobody waits.
pub(crate) fn queue() -> Queue {
    Arc::new(Semaphore::new(1))
}

/// Where a call waits: behind the others of its tenant, of which one waits among its plugin's, of which one waits
/// among all. So plugins and tenants go round, and who has many calls waits longer, and nobody else.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) tenant: Queue,
    pub(crate) plugin: Queue,
}

/// Whose turn it is to compute until the next tick.
#[derive(Debug)]
pub(crate) struct Pace {
    turns: Queue,
    /// Until when the processor is the others'.
    paid_until: Mutex<Instant>,
}

/// Leave to compute; the next one waits until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Given back in this order: among all, among its plugin's, among its tenant's.
    _permits: [OwnedSemaphorePermit; 3],
}

impl Default for Pace {
    fn default() -> Self {
        Self { turns: queue(), paid_until: Mutex::new(Instant::now()) }
    }
}

impl Pace {
    /// Waits for a turn: in a line in the order in which they are asked for. Who gives up waiting takes nobody's.
    pub(crate) async fn turn(&self, line: &Line) -> Turn {
        let first = async |queue: &Queue| queue.clone().acquire_owned().await.expect("nobody closes it");
        let tenant = first(&line.tenant).await;
        let plugin = first(&line.plugin).await;
        let permits = [first(&self.turns).await, plugin, tenant];
        // Others that are held back go on with short work between two turns, and that is paid for too.
        loop {
            let paid_until = *self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
            if paid_until <= Instant::now() {
                return Turn { _permits: permits };
            }
            sleep_until(paid_until).await;
        }
    }

    /// One of those that are held back used so much processor time.
    pub(crate) fn charge(&self, used: Duration) {
        let mut paid_until = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paid_until = paid(*paid_until, Instant::now(), used);
    }
}

/// Until when the processor is the others', for what was used. Time that nobody used is not saved up.
fn paid(until: Instant, now: Instant, used: Duration) -> Instant {
    until.max(now) + used * (PARTS - 1)
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};

    use super::*;

    impl Default for Line {
        fn default() -> Self {
            Self { tenant: queue(), plugin: queue() }
        }
    }

    async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
        std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_pending()))
            .await
    }

    #[test]
    fn seven_times_what_was_used_is_the_others_and_what_nobody_used_is_not_saved_up() {
        let (now, tick) = (Instant::now(), Duration::from_millis(10));
        let first = paid(now, now, tick);
        assert_eq!(first, now + 7 * tick);
        assert_eq!(paid(first, now, tick), now + 14 * tick, "whoever of them used it");
        let later = now + Duration::from_hours(1);
        assert_eq!(paid(first, later, tick), later + 7 * tick);
    }

    #[tokio::test]
    async fn nobody_has_a_turn_before_the_last_one_is_paid() {
        let (pace, line) = (Pace::default(), Line::default());
        drop(pace.turn(&line).await);
        pace.charge(Duration::from_hours(1));
        assert!(is_pending(pin!(pace.turn(&line))).await);
    }

    #[tokio::test]
    async fn they_go_one_at_a_time_in_their_order_and_who_gives_up_takes_nobodys_turn() {
        let (pace, line) = (Pace::default(), Line::default());
        let first = pace.turn(&line).await;
        let mut second = Box::pin(pace.turn(&line));
        let mut third = pin!(pace.turn(&line));
        let mut fourth = pin!(pace.turn(&line));
        assert!(is_pending(second.as_mut()).await && is_pending(third.as_mut()).await);
        assert!(is_pending(fourth.as_mut()).await, "the first one computes");
        drop(second);
        drop(first);
        assert!(is_pending(fourth.as_mut()).await, "it is the third one's turn");
        drop(third.await);
        drop(fourth.await);
    }

    #[tokio::test]
    async fn plugins_go_round_and_so_do_the_tenants_of_each() {
        let pace = Pace::default();
        let (evil, good) = (queue(), queue());
        let many = Line { tenant: queue(), plugin: evil.clone() };
        let few = Line { tenant: queue(), plugin: evil };
        let other = Line { tenant: queue(), plugin: good };
        let first = pace.turn(&many).await;
        let (mut second, mut third) = (Box::pin(pace.turn(&many)), Box::pin(pace.turn(&many)));
        assert!(is_pending(second.as_mut()).await && is_pending(third.as_mut()).await);
        let (mut of_few, mut of_other) = (Box::pin(pace.turn(&few)), Box::pin(pace.turn(&other)));
        assert!(is_pending(of_few.as_mut()).await && is_pending(of_other.as_mut()).await);
        drop(first);
        assert!(is_pending(second.as_mut()).await && is_pending(of_few.as_mut()).await);
        drop(of_other.await);
        assert!(is_pending(second.as_mut()).await, "its plugin's other tenant has waited");
        drop(of_few.await);
        drop(second.await);
        drop(third.await);
    }
}
