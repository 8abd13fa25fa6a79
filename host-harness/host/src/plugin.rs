//! A loaded plugin, and its functions as typed calls.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::Instrument as _;

use crate::calls::{Attempts, Dispatcher, Errand, Next, Work};
use crate::egress::Grant;
use crate::provider::{
    AuthorizationRequest, AuthorizationResponse, Cancellation, Connection, Description, DirectoryPage, Error,
    Look, LookUpOutcome, MatchOutcome, Meeting, MeetingReference, MeetingRequest, NextStep, User,
};
use crate::sandbox::{CallError, Failure, Sandboxed, Surface, check};
use crate::signing::Links;
use crate::store::Integration;
use crate::wants::Wants;
use crate::watch;

/// A plugin that is ready to be called. Cheap to clone; the code lives until the last clone is gone,
/// so calls in flight finish on it when another version takes over.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) loaded: Arc<Loaded>,
}

pub(crate) struct Loaded {
    pub(crate) sandboxed: Sandboxed,
    pub(crate) description: Description,
    pub(crate) digest: String,
    pub(crate) surface: Surface,
    pub(crate) wants: Option<Wants>,
    pub(crate) size: usize,
    pub(crate) from_cache: bool,
    pub(crate) grant: Arc<Grant>,
    pub(crate) links: Vec<Links>,
    pub(crate) dispatcher: Arc<Dispatcher>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.loaded.description.id)
            .field("digest", &self.loaded.digest)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// What the plugin says of itself.
    pub fn description(&self) -> &Description {
        &self.loaded.description
    }

    /// SHA-256 of the component, in lower-case hex.
    pub fn digest(&self) -> &str {
        &self.loaded.digest
    }

    /// Has it describe itself again, in an instance of its own and outside of the policy for calls: what the
    /// sandbox costs by itself.
    pub async fn describe(&self) -> Result<Description, CallError> {
        self.loaded.sandboxed.describe().await
    }

    /// What it imports and exports.
    pub fn surface(&self) -> &Surface {
        &self.loaded.surface
    }

    /// What it says that it wants, beside its code; none if it says nothing there.
    pub fn wants(&self) -> Option<&Wants> {
        self.loaded.wants.as_ref()
    }

    /// Whether its links can be asked for each time somebody joins.
    pub fn joins(&self) -> bool {
        self.loaded.sandboxed.joining.is_some()
    }

    /// Size of the component, in bytes.
    pub fn size(&self) -> usize {
        self.loaded.size
    }

    /// Whether its compiled code came from the cache.
    pub fn from_cache(&self) -> bool {
        self.loaded.from_cache
    }

    /// The most linear memory that one of its instances took since it was loaded, in bytes; an instance may
    /// take [`Limits::memory`](crate::Limits::memory).
    pub fn most_memory(&self) -> usize {
        self.loaded.sandboxed.most_memory.load(Ordering::Relaxed)
    }

    /// How many of its calls run now.
    pub fn calls_running(&self) -> usize {
        self.loaded.sandboxed.places.calls()
    }

    /// How many of its calls can run at the same time; the next ones wait. It is half of what the host has room
    /// for ([`Host::calls_at_once`](crate::Host::calls_at_once)), or less if its instances have several memories.
    pub fn calls_at_once(&self) -> usize {
        self.loaded.sandboxed.places.calls_at_once()
    }

    /// The plugin at work for one integration.
    pub fn on(&self, integration: &Integration) -> Provider {
        Provider { plugin: self.clone(), integration: integration.clone(), within: None }
    }
}

/// A plugin's functions for one integration. Every call runs in an instance of its own, with a
/// deadline; see `wit/provider.wit` for what each promises. What passes is tried again, as the host's
/// [`CallPolicy`](crate::calls::CallPolicy) has it. Errors are [`CallError`]: the contract's own, or
/// that the plugin failed.
#[derive(Debug, Clone)]
pub struct Provider {
    pub(crate) plugin: Plugin,
    pub(crate) integration: Integration,
    pub(crate) within: Option<Duration>,
}

/// Calls one function of the contract, as often as it is worth it, and checks what it returned.
macro_rules! call {
    ($self:ident, $name:literal, $work:expr, ($($argument:expr),*), $check:expr) => {{
        let Loaded { sandboxed, dispatcher, description, .. } = &*$self.plugin.loaded;
        let tenant = dispatcher.tenant(&sandboxed.name, &$self.integration).await;
        let mut attempts = Attempts::new(dispatcher, &tenant, Errand {
            provider: &sandboxed.name,
            name: &description.name,
            function: $name,
            integration: &$self.integration,
            work: $work,
            within: $self.within,
            attempt: sandboxed.limits.deadline,
        });
        let watched = watch::Call::begin(&sandboxed.name, $name);
        let outcome = async {
            loop {
                let turn = attempts.begin().await?;
                let answer = sandboxed
                    .function($name, ($self.integration.clone(), tenant.clone()), turn.time, ($($argument,)*))
                    .await
                    .and_then(|answer| $self.checked($name, answer, $check));
                match attempts.settle(turn, answer).await {
                    Next::Again => {}
                    Next::Done(outcome) => break outcome,
                }
            }
        }
        .instrument(watched.span.clone())
        .await;
        watched.ended(&outcome);
        outcome
    }};
}

impl Provider {
    /// The integration that the calls are for.
    pub fn integration(&self) -> &Integration {
        &self.integration
    }

    /// The same, with a deadline of the caller's: a call takes no longer than `time`, with all its
    /// repetitions and waits. The end of a sign-in alone is finished once it has begun.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self { within: Some(time), ..self }
    }

    /// What is called.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    pub(crate) async fn begin_connect(&self, request: &AuthorizationRequest) -> Result<NextStep, CallError> {
        let grant = &self.plugin.loaded.grant;
        call!(self, "begin-connect", Work::Prompt, (request), |step| check::next_step(step, grant))
    }

    pub(crate) async fn begin_reauthorize(
        &self,
        request: &AuthorizationRequest,
    ) -> Result<NextStep, CallError> {
        let grant = &self.plugin.loaded.grant;
        call!(self, "begin-reauthorize", Work::Prompt, (request), |step| { check::next_step(step, grant) })
    }

    pub(crate) async fn finish_connect(
        &self,
        response: &AuthorizationResponse,
    ) -> Result<Connection, CallError> {
        let finished = call!(self, "finish-connect", Work::Redeem, (response), check::connection);
        self.learned(finished).await
    }

    pub(crate) async fn finish_reauthorize(
        &self,
        response: &AuthorizationResponse,
    ) -> Result<Connection, CallError> {
        let finished = call!(self, "finish-reauthorize", Work::Redeem, (response), check::connection);
        self.learned(finished).await
    }

    /// Asks the provider whether the connection works, and for whom.
    pub async fn check(&self) -> Result<Connection, CallError> {
        let checked = call!(self, "check", Work::Prompt, (), check::connection)?;
        self.plugin.loaded.dispatcher.learn_first(&self.integration, &checked.account.tenant_id).await;
        Ok(checked)
    }

    /// Whether a meeting could be made for a user: what may be in the way, or `refused`.
    pub async fn check_user(&self, user: &User) -> Result<Vec<String>, CallError> {
        call!(self, "check-user", Work::Prompt, (user), |warnings: &Vec<_>| check::warnings(warnings))
    }

    /// One outcome for each key, in their order. At most `description().best_batch` keys.
    pub async fn match_users(&self, keys: &[String], look: Look) -> Result<Vec<MatchOutcome>, CallError> {
        // By address there are two questions for each that there is by key.
        let weight = if look == Look::Addresses { 2 * keys.len() } else { keys.len() };
        call!(self, "match-users", Work::Bulk(weight), (keys, look), |outcomes: &Vec<_>| {
            check::outcomes(outcomes, keys.len())
        })
    }

    /// One page of all users; the first without a cursor, the others with the `next` of the one before.
    pub async fn list_users(&self, cursor: Option<&str>) -> Result<DirectoryPage, CallError> {
        call!(self, "list-users", Work::Bulk(1), (cursor), check::directory_page)
    }

    /// How many users there are, about; none if the provider does not tell.
    pub async fn directory_size(&self) -> Result<Option<u64>, CallError> {
        call!(self, "directory-size", Work::Prompt, (), |_| Ok(()))
    }

    /// The appointment's meeting; asking twice gives the same.
    pub async fn create_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        let links = &self.plugin.loaded.links;
        call!(self, "create-meeting", Work::Prompt, (request), |made| check::meeting(made, links))
    }

    /// Moves or changes the appointment's meeting; its link stays.
    pub async fn update_meeting(&self, request: &MeetingRequest) -> Result<Meeting, CallError> {
        let links = &self.plugin.loaded.links;
        call!(self, "update-meeting", Work::Prompt, (request), |made| check::meeting(made, links))
    }

    /// Ends the appointment's meeting; ending what is gone succeeds.
    pub async fn cancel_meeting(&self, cancellation: &Cancellation) -> Result<(), CallError> {
        call!(self, "cancel-meeting", Work::Prompt, (cancellation), |()| Ok(()))
    }

    /// How meetings are at the provider, one outcome for each reference, in their order. At most 20;
    /// nothing is changed.
    pub async fn look_up_meetings(
        &self,
        references: &[MeetingReference],
    ) -> Result<Vec<LookUpOutcome>, CallError> {
        let links = &self.plugin.loaded.links;
        call!(self, "look-up-meetings", Work::Bulk(references.len()), (references), |outcomes: &Vec<_>| {
            check::look_ups(outcomes, references.len(), links)
        })
    }

    /// Forgets credentials and state; works when the grant is dead, and twice.
    pub async fn disconnect(&self) -> Result<(), CallError> {
        call!(self, "disconnect", Work::Local, (), |()| Ok(()))
    }

    /// Remembers the tenant that somebody signed in to: what its integrations share is found by it.
    async fn learned(&self, answer: Result<Connection, CallError>) -> Result<Connection, CallError> {
        if let Ok(connection) = &answer {
            self.plugin.loaded.dispatcher.learn(&self.integration, &connection.account.tenant_id).await;
        }
        answer
    }

    /// An answer that breaks the contract is the plugin's failure, not the caller's problem.
    pub(crate) fn checked<T>(
        &self,
        function: &'static str,
        answer: Result<T, Error>,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> Result<T, CallError> {
        let broken = match &answer {
            Ok(value) => check(value),
            Err(error) => check::error(error),
        };
        match (broken, answer) {
            (Err(rule), _) => Err(CallError::Failed {
                plugin: self.plugin.loaded.description.id.clone(),
                function,
                failure: Failure::BrokeContract(rule),
            }),
            (Ok(()), Ok(value)) => Ok(value),
            (Ok(()), Err(error)) => Err(CallError::Provider(error)),
        }
    }
}
