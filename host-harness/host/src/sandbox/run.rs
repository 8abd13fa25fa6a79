//! One call: an instance of its own, under a deadline, and the store dropped behind it. Dropping the
//! store is also what ends a request that nobody waits for any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout_at};
use wasmtime::{Engine, Store, UpdateDeadline};

use super::failure::{CallError, Failure, classify};
use super::limits::Limits;
use super::pace::Pace;
use super::state::CallState;
use crate::bindings::exports::scheduling::video_provider::provider::Guest;
use crate::bindings::{VideoProvider, VideoProviderPre};
use crate::calls::Tenant;
use crate::lend::Lender;
use crate::provider::Description;
use crate::store::Integration;

/// Bytes that may cross into the host in one call of an import. The largest is a request body of
/// 1 MiB with its headers.
const LIFTED_BYTES: usize = 4 << 20;

/// The time of a call that is left when its requests have to be through: for the plugin to say what it has.
const SPARE: Duration = Duration::from_secs(1);

/// Of short calls a tenth.
fn spare(time: Duration) -> Duration {
    SPARE.min(time / 10)
}

/// What all plugins of a host share for running.
pub(crate) struct Runner {
    pub(crate) engine: Engine,
    pub(crate) places: Semaphore,
    pub(crate) pace: Arc<Pace>,
}

/// A plugin that is ready to run.
pub(crate) struct Sandboxed {
    pub(crate) runner: Arc<Runner>,
    pub(crate) pre: VideoProviderPre<CallState>,
    pub(crate) limits: Limits,
    pub(crate) lender: Arc<Lender>,
    pub(crate) name: Arc<str>,
    /// The plugin's own share of the places.
    pub(crate) places: Semaphore,
}

impl Sandboxed {
    /// Has the plugin say what it is, for no integration.
    pub(crate) async fn describe(&self) -> Result<Description, CallError> {
        let time = self.limits.deadline;
        self.run("describe", None, time, async |store, provider| provider.call_describe(store).await).await
    }

    /// Calls a function of the contract in a fresh instance, within `time`, for an integration with what it
    /// shares with others of its tenant. `call` makes the call; it is
    /// given the store and the provider's functions.
    pub(crate) async fn run<R>(
        &self,
        function: &'static str,
        whose: Option<(Integration, Arc<Tenant>)>,
        time: Duration,
        call: impl AsyncFnOnce(&mut Store<CallState>, &Guest) -> wasmtime::Result<R>,
    ) -> Result<R, CallError> {
        let deadline = Instant::now() + time;
        let fail = |failure| CallError::Failed { plugin: self.name.to_string(), function, failure };

        let places = timeout_at(deadline, async {
            let own = self.places.acquire().await;
            (own, self.runner.places.acquire().await)
        });
        let Ok((Ok(_own), Ok(_place))) = places.await else {
            return Err(fail(Failure::Busy));
        };
        let state = CallState::new(
            self.lender.clone(),
            self.name.clone(),
            whose,
            &self.limits,
            deadline - spare(time),
        );
        let stderr = state.stderr.clone();
        let mut store = Store::new(&self.runner.engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(LIFTED_BYTES);
        // Every tick hands the thread back, so that a guest that computes starves nobody, and takes a
        // tick off its processor time. Who computes for long takes turns.
        store.set_epoch_deadline(1);
        let pace = self.runner.pace.clone();
        store.epoch_deadline_callback(move |mut context| {
            let meter = &mut context.data_mut().meter;
            if !meter.tick() {
                return Ok(UpdateDeadline::Interrupt);
            }
            if !meter.computes_for_long() {
                return Ok(UpdateDeadline::Yield(1));
            }
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(sleep_until(pace.turn()))))
        });

        let outcome = timeout_at(deadline, async {
            let instance = self.pre.instantiate_async(&mut store).await.map_err(|error| (error, true))?;
            let provider: &VideoProvider = &instance;
            call(&mut store, provider.scheduling_video_provider_provider())
                .await
                .map_err(|error| (error, false))
        })
        .await;
        match outcome {
            Ok(Ok(result)) => Ok(result),
            Ok(Err((error, instantiating))) => {
                let failure = classify(&error, &store.data().meter, &stderr.contents(), &self.limits);
                let redactor = self.lender.redactor(store.data().integration.as_ref());
                let failure = match failure {
                    Failure::Trapped(text) if instantiating => {
                        Failure::Instance(redactor.text(&text).into_owned())
                    }
                    Failure::Trapped(text) => Failure::Trapped(redactor.text(&text).into_owned()),
                    other => other,
                };
                tracing::error!(plugin = &*self.name, function, %failure, "a plugin failed");
                Err(fail(failure))
            }
            Err(_elapsed) => {
                tracing::error!(plugin = &*self.name, function, "a plugin's call ran out of time");
                Err(fail(Failure::Deadline(time.as_millis())))
            }
        }
    }
}
