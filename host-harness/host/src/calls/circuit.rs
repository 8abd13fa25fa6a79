//! A circuit for each provider and tenant: open, nobody asks; then one asks for all; then everybody does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::verdict::Health;

/// The longest wish to be left alone that is followed. A tenant's bookings do not stop for days over a
/// header: after an hour one request asks whether it was meant.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// What is told to who comes while another one asks.
const WHILE_PROBING: Duration = Duration::from_secs(1);

/// When a provider that does not answer is left alone. Without any of this it is as soon as it asks for it
/// with a `Retry-After`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitPolicy {
    /// Outages in a row, of any calls of the tenant, that open it. 5.
    pub outages: u32,
    /// For how long it is open at first; each further time in a row twice as long. 5 s.
    pub first: Duration,
    /// The longest of these times. 2 min.
    pub longest: Duration,
}

impl Default for CircuitPolicy {
    fn default() -> Self {
        Self { outages: 5, first: Duration::from_secs(5), longest: Duration::from_mins(2) }
    }
}

/// How a circuit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitState {
    /// Calls are made.
    Closed,
    /// None is made before this time, in milliseconds since 1970 by the host's clock.
    Open {
        /// Until when.
        until_ms: i64,
    },
    /// The next call, or one that is under way, finds out for all.
    HalfOpen,
}

#[derive(Debug)]
pub(super) struct Circuit {
    policy: Option<CircuitPolicy>,
    inner: Mutex<Inner>,
}

/// Times are of [`Clock::elapsed`](crate::clock::Clock::elapsed).
#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// Openings since it was closed.
    openings: u32,
    /// Counts openings, all of them: what was let in before one says nothing about the time after it.
    epoch: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Closed { outages: u32 },
    Open { until: Duration },
    Probing,
}

/// Leave to make one call. Dropped without [`Pass::settle`], it says nothing, and another one may ask.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    circuit: &'a Circuit,
    epoch: u64,
    probe: bool,
}

impl Circuit {
    pub(super) fn new(policy: Option<CircuitPolicy>) -> Self {
        let inner = Inner { phase: Phase::Closed { outages: 0 }, openings: 0, epoch: 0 };
        Self { policy, inner: Mutex::new(inner) }
    }

    /// Whether a call could be made now; if not, the time until it may be.
    pub(super) fn look(&self, now: Duration) -> Result<(), Duration> {
        match self.lock().phase {
            Phase::Open { until } if until > now => Err(until.saturating_sub(now)),
            Phase::Probing => Err(WHILE_PROBING),
            Phase::Open { .. } | Phase::Closed { .. } => Ok(()),
        }
    }

    /// For how long nobody may ask anything any more, also those who had leave before it opened.
    pub(super) fn open_for(&self, now: Duration) -> Option<Duration> {
        match self.lock().phase {
            Phase::Open { until } if until > now => Some(until.saturating_sub(now)),
            Phase::Open { .. } | Phase::Closed { .. } | Phase::Probing => None,
        }
    }

    /// Leave to make a call now; if there is none, the time until there may be.
    pub(super) fn enter(&self, now: Duration) -> Result<Pass<'_>, Duration> {
        let mut inner = self.lock();
        let probe = match inner.phase {
            Phase::Closed { .. } => false,
            Phase::Open { until } if until > now => return Err(until.saturating_sub(now)),
            Phase::Open { .. } => {
                inner.phase = Phase::Probing;
                true
            }
            Phase::Probing => return Err(WHILE_PROBING),
        };
        Ok(Pass { circuit: self, epoch: inner.epoch, probe })
    }

    /// How it is, and until when, if it is open.
    pub(super) fn state(&self, now: Duration, now_ms: i64) -> CircuitState {
        match self.lock().phase {
            Phase::Closed { .. } => CircuitState::Closed,
            Phase::Open { until } if until > now => {
                let left = i64::try_from(until.saturating_sub(now).as_nanos().div_ceil(1_000_000))
                    .unwrap_or(i64::MAX);
                CircuitState::Open { until_ms: now_ms.saturating_add(left) }
            }
            Phase::Open { .. } | Phase::Probing => CircuitState::HalfOpen,
        }
    }

    // What is guarded is whole at every moment.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// Tells what came of the call. True if that opened the circuit, or opened it for longer.
    pub(super) fn settle(self, health: Health, now: Duration) -> bool {
        let Some(policy) = &self.circuit.policy else { return false };
        let mut inner = self.circuit.lock();
        let current = inner.epoch == self.epoch;
        match (health, inner.phase) {
            (Health::Asks(time), phase) => {
                let until = now.saturating_add(time.min(LONGEST_ASKED));
                if matches!(phase, Phase::Open { until: longer } if longer >= until) {
                    return false;
                }
                inner.open(until);
                true
            }
            (Health::Answers, _) if current => {
                inner.phase = Phase::Closed { outages: 0 };
                inner.openings = 0;
                false
            }
            (Health::Down, Phase::Closed { outages }) if current && outages + 1 < policy.outages => {
                inner.phase = Phase::Closed { outages: outages + 1 };
                false
            }
            (Health::Down, _) if current => {
                let doubled = 2_u32.saturating_pow(inner.openings);
                let time = policy.first.saturating_mul(doubled).min(policy.longest);
                inner.open(now.saturating_add(time));
                inner.openings = inner.openings.saturating_add(1);
                true
            }
            // Dropping gives the probe back.
            _ => false,
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.probe {
            return;
        }
        let mut inner = self.circuit.lock();
        if inner.epoch == self.epoch && inner.phase == Phase::Probing {
            inner.phase = Phase::Open { until: Duration::ZERO };
        }
    }
}

impl Inner {
    fn open(&mut self, until: Duration) {
        self.phase = Phase::Open { until };
        self.epoch += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn circuit() -> Circuit {
        Circuit::new(Some(CircuitPolicy { outages: 3, first: s(5), longest: s(12) }))
    }

    fn call(circuit: &Circuit, at: Duration, health: Health) {
        circuit.enter(at).unwrap().settle(health, at);
    }

    #[test]
    fn outages_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let circuit = circuit();
        for health in
            [Health::Down, Health::Down, Health::Answers, Health::Down, Health::Unsaid, Health::Down]
        {
            call(&circuit, s(1), health);
        }
        assert_eq!(circuit.state(s(1), 1_000), CircuitState::Closed);
        call(&circuit, s(1), Health::Down);
        assert_eq!(circuit.state(s(1), 1_000), CircuitState::Open { until_ms: 6_000 });
        assert_eq!(circuit.look(s(4)).unwrap_err(), s(2));
    }

    #[test]
    fn one_asks_for_all_and_its_answer_closes_it() {
        let circuit = circuit();
        call(&circuit, s(0), Health::Asks(s(7)));
        assert_eq!(circuit.enter(s(6)).unwrap_err(), s(1));
        let probe = circuit.enter(s(7)).unwrap();
        assert_eq!(circuit.enter(s(7)).unwrap_err(), WHILE_PROBING);
        assert_eq!(circuit.state(s(7), 0), CircuitState::HalfOpen);
        probe.settle(Health::Answers, s(8));
        assert_eq!(circuit.state(s(8), 0), CircuitState::Closed);
    }

    #[test]
    fn a_probe_that_fails_opens_it_for_twice_as_long_up_to_the_longest() {
        let circuit = circuit();
        for _ in 0..3 {
            call(&circuit, s(0), Health::Down);
        }
        let mut now = s(5);
        for left in [10, 12, 12] {
            call(&circuit, now, Health::Down);
            assert_eq!(circuit.look(now).unwrap_err(), s(left));
            now += s(left);
        }
        call(&circuit, now, Health::Answers);
        for _ in 0..3 {
            call(&circuit, now, Health::Down);
        }
        assert_eq!(circuit.look(now).unwrap_err(), s(5), "it begins anew");
    }

    #[test]
    fn a_probe_that_was_given_up_leaves_the_asking_to_another() {
        let circuit = circuit();
        call(&circuit, s(0), Health::Asks(s(1)));
        drop(circuit.enter(s(1)).unwrap());
        circuit.enter(s(1)).unwrap().settle(Health::Unsaid, s(1));
        assert!(circuit.enter(s(1)).unwrap().probe);
    }

    #[test]
    fn who_was_let_in_before_it_opened_does_not_close_it() {
        let circuit = circuit();
        let (early, late) = (circuit.enter(s(0)).unwrap(), circuit.enter(s(0)).unwrap());
        call(&circuit, s(0), Health::Asks(s(9)));
        early.settle(Health::Answers, s(1));
        assert_eq!(circuit.look(s(1)).unwrap_err(), s(8));
        late.settle(Health::Asks(s(3)), s(1));
        assert_eq!(circuit.look(s(1)).unwrap_err(), s(8), "the longest wish counts");
    }

    #[test]
    fn an_absurd_wish_is_followed_for_an_hour() {
        let circuit = circuit();
        call(&circuit, s(0), Health::Asks(Duration::from_millis(u64::MAX)));
        assert_eq!(circuit.look(s(0)).unwrap_err(), LONGEST_ASKED);
    }
}
