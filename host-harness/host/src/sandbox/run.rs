//! One call: an instance of its own, under a deadline, and the store dropped behind it. Dropping the
//! store is also what ends a request that nobody waits for any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower};
use wasmtime::{Engine, Store, UpdateDeadline};

use super::failure::{CallError, Failure, classify, is_the_guests};
use super::limits::Limits;
use super::pace::{Line, Pace, Queue, queue};
use super::places::{Places, PluginPlaces};
use super::state::{CallState, Joining};
use super::usage::Usage;
use crate::bindings::exports::scheduling::video_provider::{joining, provider};
use crate::calls::Tenant;
use crate::lend::Lender;
use crate::provider::{Description, Error, JoinableMeeting, Participant};
use crate::signing::Signed;
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
    pub(crate) places: Arc<Places>,
    pub(crate) pace: Arc<Pace>,
}

/// A plugin that is ready to run.
pub(crate) struct Sandboxed {
    pub(crate) runner: Arc<Runner>,
    pub(crate) pre: InstancePre<CallState>,
    /// The contract's interface among its exports.
    pub(crate) interface: ComponentExportIndex,
    /// The one for who joins, if it is among them.
    pub(crate) joining: Option<ComponentExportIndex>,
    pub(crate) limits: Limits,
    pub(crate) lender: Arc<Lender>,
    pub(crate) name: Arc<str>,
    pub(crate) places: PluginPlaces,
    /// Where its calls that compute for long wait for each other.
    pub(crate) queue: Queue,
    /// The most linear memory that one of its instances took so far, in bytes.
    pub(crate) most_memory: AtomicUsize,
}

impl Sandboxed {
    /// Has the plugin say what it is, for no integration. The types of all functions are checked, which is
    /// why it is the first thing that is done with a plugin.
    pub(crate) async fn describe(&self) -> Result<Description, CallError> {
        let describe = async |store: &mut Store<CallState>, instance: &Instance| {
            let pre = instance.instance_pre(&*store);
            let provider = provider::GuestIndices::new(&pre)?.load(&mut *store, instance)?;
            if self.joining.is_some() {
                joining::GuestIndices::new(&pre)?.load(&mut *store, instance)?;
            }
            provider.call_describe(store).await
        };
        self.run("describe", None, self.limits.deadline, describe).await
    }

    /// Calls one function of the contract's interface. Only its own types are checked: those of all sixteen
    /// took a twentieth of a create-meeting.
    pub(crate) async fn function<P, R>(
        &self,
        function: &'static str,
        whose: (Integration, Arc<Tenant>),
        time: Duration,
        arguments: P,
    ) -> Result<R, CallError>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: Send + Sync + 'static,
        (R,): ComponentNamedList + Lift,
    {
        let call = async |store: &mut Store<CallState>, instance: &Instance| {
            answer(store, instance, &self.interface, function, arguments).await
        };
        self.run(function, Some(whose), time, call).await
    }

    /// Asks for the link of who joins, and tells what was signed for it. A component without the interface gives
    /// none.
    pub(crate) async fn join_link(
        &self,
        whose: (Integration, Arc<Tenant>),
        time: Duration,
        meeting: &JoinableMeeting,
        participant: &Participant,
    ) -> Result<Option<(Result<String, Error>, Vec<Signed>)>, CallError> {
        const FUNCTION: &str = "join-link";
        let Some(interface) = &self.joining else { return Ok(None) };
        let call = async |store: &mut Store<CallState>, instance: &Instance| {
            store.data_mut().joining = Some(Joining::new(&meeting.join_url));
            let link = answer(store, instance, interface, FUNCTION, (meeting, participant)).await?;
            Ok((link, store.data_mut().joining.take().map(|joining| joining.signed).unwrap_or_default()))
        };
        self.run(FUNCTION, Some(whose), time, call).await.map(Some)
    }

    /// Makes a call in a fresh instance, within `time`, for an integration with what it shares with others of
    /// its tenant.
    async fn run<R>(
        &self,
        function: &'static str,
        whose: Option<(Integration, Arc<Tenant>)>,
        time: Duration,
        call: impl AsyncFnOnce(&mut Store<CallState>, &Instance) -> wasmtime::Result<R>,
    ) -> Result<R, CallError> {
        let tenant = whose.as_ref().map_or_else(queue, |(_, tenant)| tenant.queue.clone());
        let line = Line { tenant, plugin: self.queue.clone() };
        let usage = Usage::new(self.runner.pace.clone(), line, &self.limits);
        // Boxed, or it would be copied into every future that awaits a call.
        usage.of(Box::pin(self.attempt(function, whose, time, &usage, call))).await
    }

    async fn attempt<R>(
        &self,
        function: &'static str,
        whose: Option<(Integration, Arc<Tenant>)>,
        time: Duration,
        usage: &Arc<Usage>,
        call: impl AsyncFnOnce(&mut Store<CallState>, &Instance) -> wasmtime::Result<R>,
    ) -> Result<R, CallError> {
        let deadline = Instant::now() + time;
        let fail = |failure| CallError::Failed { plugin: self.name.to_string(), function, failure };
        let tenant = whose.as_ref().map(|(_, tenant)| tenant.clone());

        // Before it has a place: who is held back keeps none from others.
        let held_back = tenant.as_ref().is_some_and(|it| it.is_held_back(self.lender.clock.elapsed()));
        if held_back && timeout_at(deadline, usage.clone().turn()).await.is_err() {
            return Err(fail(Failure::HeldBack));
        }
        let Ok(Ok(_place)) = timeout_at(deadline, self.places.take()).await else {
            return Err(fail(Failure::Busy));
        };
        let state = CallState::new(
            self.lender.clone(),
            self.name.clone(),
            whose,
            &self.limits,
            usage.clone(),
            deadline - spare(time),
        );
        let stderr = state.stderr.clone();
        let mut store = Store::new(&self.runner.engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(LIFTED_BYTES);
        // Every tick hands the thread back, so that a guest that computes starves nobody. Who computes for
        // long takes turns.
        store.set_epoch_deadline(1);
        let most = self.limits.processor_time;
        store.epoch_deadline_callback(move |context| {
            let usage = &context.data().usage;
            if usage.spent() >= most {
                return Ok(UpdateDeadline::Interrupt);
            }
            if !usage.takes_turns() {
                return Ok(UpdateDeadline::Yield(1));
            }
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(usage.clone().turn())))
        });

        let outcome = timeout_at(deadline, async {
            let instance = self.pre.instantiate_async(&mut store).await.map_err(|error| (error, true))?;
            call(&mut store, &instance).await.map_err(|error| (error, false))
        })
        .await;
        if let Some(tenant) = tenant.filter(|_| store.data().misbehaved) {
            tenant.misbehaved(&self.name, function, self.lender.clock.elapsed());
        }
        self.most_memory.fetch_max(store.data().meter.memory(), Ordering::Relaxed);
        match outcome {
            Ok(Ok(result)) => Ok(result),
            Ok(Err((error, instantiating))) => {
                let failure = classify(&error, &store.data().meter, &stderr.contents(), &self.limits);
                let redactor = store.data().redactor();
                let failure = match failure {
                    Failure::Trapped(text) if instantiating && !is_the_guests(&error) => {
                        Failure::Instance(redactor.text(&text).into_owned())
                    }
                    Failure::Trapped(text) => Failure::Trapped(redactor.text(&text).into_owned()),
                    other => other,
                };
                // In one line, whatever it said.
                let told = failure.to_string().replace('\n', " | ");
                tracing::error!(plugin = &*self.name, function, failure = told, "a plugin failed");
                Err(fail(failure))
            }
            Err(_elapsed) => {
                let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                let (used, deadline) = (millis(usage.spent()), millis(time));
                let failure = if usage.was_computing() {
                    Failure::Computing { used, deadline }
                } else {
                    Failure::Deadline(deadline.into())
                };
                tracing::error!(plugin = &*self.name, function, used, "a plugin's call ran out of time");
                Err(fail(failure))
            }
        }
    }
}

/// What a function of one of its interfaces answers.
async fn answer<P, R>(
    store: &mut Store<CallState>,
    instance: &Instance,
    interface: &ComponentExportIndex,
    function: &'static str,
    arguments: P,
) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower + Send + Sync,
    R: Send + Sync + 'static,
    (R,): ComponentNamedList + Lift,
{
    let index = instance
        .get_export_index(&mut *store, Some(interface), function)
        .ok_or_else(|| wasmtime::format_err!("it exports no {function}"))?;
    let typed = instance.get_typed_func::<P, (R,)>(&mut *store, index)?;
    let (answer,) = typed.call_async(store, arguments).await?;
    Ok(answer)
}
