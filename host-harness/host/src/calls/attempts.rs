//! One call, as often as it is worth it.

use std::time::Duration;

use super::Work;
use super::circuit::Pass;
use super::counts::count;
use super::dispatcher::{Dispatcher, Errand};
use super::share::Place;
use super::tenant::Tenant;
use super::verdict::{self, Health};
use crate::provider::{Error, Outage};
use crate::sandbox::{CallError, Failure};

/// The attempts of one call.
pub(crate) struct Attempts<'a> {
    dispatcher: &'a Dispatcher,
    tenant: &'a Tenant,
    errand: Errand<'a>,
    /// The caller's deadline, by [`Clock::elapsed`](crate::clock::Clock::elapsed).
    deadline: Duration,
    /// Attempts so far, and turns that the circuit took away from it after the first.
    made: u32,
    /// An attempt before may have taken effect.
    doubtful: bool,
}

/// Leave to make one attempt, and the place for it.
pub(crate) struct Turn<'a> {
    pass: Option<Pass<'a>>,
    /// How long the attempt may take.
    pub(crate) time: Duration,
    place: Option<Place<'a>>,
}

/// What is next after an attempt.
pub(crate) enum Next<T> {
    /// Another one; the wait is over.
    Again,
    /// This is what the call came to.
    Done(Result<T, CallError>),
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(dispatcher: &'a Dispatcher, tenant: &'a Tenant, errand: Errand<'a>) -> Self {
        let usual = match errand.work {
            Work::Bulk(_) => dispatcher.policy.bulk_patience,
            Work::Prompt | Work::Redeem | Work::Local => dispatcher.policy.patience,
        };
        let patience = errand.within.unwrap_or(usual.max(errand.attempt));
        count(&dispatcher.counters.calls);
        let deadline = dispatcher.clock.elapsed().saturating_add(patience);
        Self { dispatcher, tenant, errand, deadline, made: 0, doubtful: false }
    }

    /// Waits for a turn to make an attempt. An error is what the call comes to without one.
    pub(crate) async fn begin(&mut self) -> Result<Turn<'a>, CallError> {
        loop {
            match self.turn().await? {
                Ok(turn) => {
                    count(&self.dispatcher.counters.attempts);
                    return Ok(turn);
                }
                Err(open) => {
                    let patient = self.made > 0 || self.errand.work == Work::Redeem;
                    self.made += 1;
                    if !(patient && self.pause(Some(open), "circuit").await) {
                        count(&self.dispatcher.counters.refused);
                        return Err(self.told(self.left_alone(open)));
                    }
                }
            }
        }
    }

    /// A turn, or the time for which the circuit is open.
    async fn turn(&self) -> Result<Result<Turn<'a>, Duration>, CallError> {
        let Dispatcher { clock, waiter, bulk, .. } = self.dispatcher;
        let Tenant { circuit, places, .. } = self.tenant;
        let work = self.errand.work;
        if work == Work::Local {
            return Ok(Ok(Turn { pass: None, time: self.time(), place: None }));
        }
        // Who would be turned away does not stand in the queue for it.
        if let Err(open) = circuit.look(clock.elapsed()) {
            return Ok(Err(open));
        }
        let Ok(place) = tokio::time::timeout(self.left(), places.take(work, bulk)).await else {
            let (plugin, function) = (self.errand.provider.to_string(), self.errand.function);
            return Err(CallError::Failed { plugin, function, failure: Failure::Busy });
        };
        if let Err(wait) = places.spend(work, &**clock, &**waiter, || self.left()).await {
            return Err(self.told(CallError::Provider(Error::Throttled(Some(ms(wait))))));
        }
        let pass = match circuit.enter(clock.elapsed()) {
            Ok(pass) => pass,
            Err(open) => return Ok(Err(open)),
        };
        Ok(Ok(Turn { pass: Some(pass), time: self.time(), place: Some(place) }))
    }

    /// Tells what came of an attempt, and waits if there is another one.
    pub(crate) async fn settle<T>(&mut self, turn: Turn<'a>, outcome: Result<T, CallError>) -> Next<T> {
        let verdict = verdict::of(&outcome);
        self.made += 1;
        tracing::Span::current().record("attempts", self.made);
        if let Some(pass) = turn.pass
            && pass.settle(verdict.health, self.dispatcher.clock.elapsed())
        {
            count(&self.dispatcher.counters.circuits_opened);
            let Errand { provider, function, integration, .. } = self.errand;
            tracing::warn!(provider = &**provider, function, %integration, health = ?verdict.health, "a provider is left alone");
        }
        let error = match outcome {
            Ok(value) => return Next::Done(Ok(value)),
            Err(error) => error,
        };
        if let CallError::Failed { failure, function, .. } = &error
            && failure.is_misconduct()
        {
            self.tenant.misbehaved(self.errand.provider, function, self.dispatcher.clock.elapsed());
        }
        let may_have_taken_effect = error.may_have_taken_effect();
        let error = self.told(error);
        let Some(reason) = verdict.again else { return Next::Done(Err(error)) };
        self.doubtful |= may_have_taken_effect;
        let asked = match verdict.health {
            Health::Asks(time) => Some(time),
            Health::Answers | Health::Down | Health::Unsaid => None,
        };
        // Somebody else may use the place meanwhile.
        drop(turn.place);
        if self.errand.work != Work::Redeem && self.pause(asked, reason).await {
            return Next::Again;
        }
        count(&self.dispatcher.counters.given_up);
        Next::Done(Err(error))
    }

    /// Waits before the next attempt. False, at once, if there is none.
    async fn pause(&self, asked: Option<Duration>, reason: &'static str) -> bool {
        let Dispatcher { policy, chance, counters, waiter, .. } = self.dispatcher;
        let Some(wait) = policy.backoff.wait(self.made, asked, self.left(), &**chance) else { return false };
        let Errand { provider, function, integration, .. } = self.errand;
        let (attempt, wait_ms) = (self.made, ms(wait));
        tracing::info!(provider = &**provider, function, %integration, attempt, wait_ms, reason, "a call is tried again");
        count(&counters.retries);
        counters.waited(wait);
        waiter.wait(wait).await;
        true
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.dispatcher.clock.elapsed())
    }

    /// How long an attempt may take: no longer than the caller waits. What redeems a code is not cut
    /// short, as its answer would be lost with it.
    fn time(&self) -> Duration {
        match self.errand.work {
            Work::Redeem => self.errand.attempt,
            Work::Prompt | Work::Bulk(_) | Work::Local => self.errand.attempt.min(self.left()),
        }
    }

    fn told(&self, error: CallError) -> CallError {
        if self.doubtful { verdict::in_doubt(error) } else { error }
    }

    fn left_alone(&self, time: Duration) -> CallError {
        CallError::Provider(Error::Unavailable(Outage {
            may_have_taken_effect: false,
            retry_after: Some(ms(time)),
            message: format!(
                "{} did not answer or asked for a pause, so it is not asked for the moment.",
                self.errand.name
            ),
        }))
    }
}

/// Whole milliseconds, rounded up.
fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
