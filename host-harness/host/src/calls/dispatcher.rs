//! The one place that all calls of a host go through.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::backoff::Chance;
use super::circuit::CircuitState;
use super::counts::{CallCounts, Counters};
use super::tenant::{CircuitStatus, HeldBack, Key, Tenant, Whose};
use super::{CallPolicy, Work};
use crate::clock::{Clock, Waiter};
use crate::sandbox::CONCURRENT_CALLS;
use crate::store::{Integration, Store};

/// What is to be done, for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Errand<'a> {
    /// The plugin's id.
    pub(crate) provider: &'a Arc<str>,
    /// What people call the provider.
    pub(crate) name: &'a str,
    /// The function of the contract.
    pub(crate) function: &'static str,
    pub(crate) integration: &'a Integration,
    pub(crate) work: Work,
    /// The caller's deadline, if it named one.
    pub(crate) within: Option<Duration>,
    /// The plugin's own deadline of one attempt.
    pub(crate) attempt: Duration,
}

pub(crate) struct Dispatcher {
    pub(super) policy: CallPolicy,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) waiter: Arc<dyn Waiter>,
    pub(super) chance: Arc<dyn Chance>,
    pub(super) counters: Counters,
    /// The part of the host's places that bulk work of all tenants may have.
    pub(super) bulk: Semaphore,
    store: Store,
    tenants: Mutex<HashMap<Key, Arc<Tenant>>>,
    /// The tenants of integrations, as far as they were asked for; none: not known to anybody.
    known: Mutex<HashMap<Integration, Option<Arc<str>>>>,
}

/// What is guarded is whole at every moment.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dispatcher {
    pub(crate) fn new(
        policy: CallPolicy,
        store: Store,
        clock: Arc<dyn Clock>,
        waiter: Arc<dyn Waiter>,
        chance: Arc<dyn Chance>,
    ) -> Self {
        Self {
            policy,
            clock,
            waiter,
            chance,
            counters: Counters::default(),
            bulk: Semaphore::new(CONCURRENT_CALLS / 2),
            store,
            tenants: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// What the integration shares with others of its tenant.
    pub(crate) async fn tenant(&self, provider: &Arc<str>, integration: &Integration) -> Arc<Tenant> {
        let whose = self
            .known(integration)
            .await
            .map_or_else(|| Whose::Integration(integration.clone()), Whose::Tenant);
        let key = Key { provider: provider.clone(), whose };
        let mut tenants = locked(&self.tenants);
        match tenants.get(&key) {
            Some(tenant) => tenant.clone(),
            None => tenants.entry(key).or_insert(Arc::new(Tenant::new(&self.policy))).clone(),
        }
    }

    async fn known(&self, integration: &Integration) -> Option<Arc<str>> {
        let known = locked(&self.known).get(integration).cloned();
        match known {
            Some(tenant) => tenant,
            None => self.stored(integration).await,
        }
    }

    async fn stored(&self, integration: &Integration) -> Option<Arc<str>> {
        match self.store.tenant(integration).await {
            Ok(stored) => {
                let stored: Option<Arc<str>> = stored.map(Into::into);
                // What was learned meanwhile is newer.
                locked(&self.known).entry(integration.clone()).or_insert(stored).clone()
            }
            Err(error) => {
                tracing::warn!(%error, %integration, "an integration's tenant cannot be looked up: it stands for itself");
                None
            }
        }
    }

    /// Remembers whose integration it is, as its provider said when somebody signed in.
    pub(crate) async fn learn(&self, integration: &Integration, tenant: &str) {
        let told: Arc<str> = tenant.into();
        let before = locked(&self.known).insert(integration.clone(), Some(told));
        if before.flatten().as_deref() == Some(tenant) {
            return;
        }
        self.prune();
        if let Err(error) = self.store.put_tenant(integration, tenant).await {
            tracing::warn!(%error, %integration, "an integration's tenant could not be kept: it is asked for after the next start");
        }
    }

    /// Remembers whose integration it is if nobody has said so yet. A plugin answers without an administrator
    /// here: with another tenant each time it would never be the one whose calls are held back.
    pub(crate) async fn learn_first(&self, integration: &Integration, tenant: &str) {
        match self.known(integration).await {
            None => self.learn(integration, tenant).await,
            Some(known) if *known == *tenant => {}
            Some(_) => tracing::warn!(
                %integration,
                "a plugin's check names another tenant than the sign-in did, which counts: only a sign-in changes it"
            ),
        }
    }

    /// Forgets whose integration it was.
    pub(crate) fn forget(&self, integration: &Integration) {
        locked(&self.known).remove(integration);
        self.prune();
    }

    /// Drops what was shared by integrations that are gone, or belong to another tenant now.
    fn prune(&self) {
        let known = locked(&self.known);
        let theirs: HashSet<&Arc<str>> = known.values().flatten().collect();
        locked(&self.tenants).retain(|key, _| match &key.whose {
            Whose::Integration(integration) => known.get(integration).is_some_and(Option::is_none),
            Whose::Tenant(tenant) => theirs.contains(tenant),
        });
    }

    pub(crate) fn counts(&self) -> CallCounts {
        self.counters.snapshot()
    }

    /// All circuits that are not closed.
    pub(crate) fn circuits(&self) -> Vec<CircuitStatus> {
        let (now, now_ms) = (self.clock.elapsed(), self.clock.now_ms());
        let open: BTreeMap<Key, CircuitState> = locked(&self.tenants)
            .iter()
            .map(|(key, tenant)| (key.clone(), tenant.circuit.state(now, now_ms)))
            .filter(|(_, state)| *state != CircuitState::Closed)
            .collect();
        let known = locked(&self.known);
        let status = |(key, state): (Key, CircuitState)| {
            let (tenant, integrations) = concerned(&known, &key.whose);
            CircuitStatus { provider: key.provider.as_ref().to_owned(), tenant, integrations, state }
        };
        open.into_iter().map(status).collect()
    }

    /// Whose calls of which plugin are held back.
    pub(crate) fn held_back(&self) -> Vec<HeldBack> {
        let (now, now_ms) = (self.clock.elapsed(), self.clock.now_ms());
        let held: BTreeMap<Key, Duration> = locked(&self.tenants)
            .iter()
            .filter_map(|(key, tenant)| Some((key.clone(), tenant.conduct.held_back_for(now)?)))
            .collect();
        let known = locked(&self.known);
        let status = |(key, left): (Key, Duration)| {
            let (tenant, integrations) = concerned(&known, &key.whose);
            let until_ms = now_ms.saturating_add(i64::try_from(left.as_millis()).unwrap_or(i64::MAX));
            HeldBack { provider: key.provider.as_ref().to_owned(), tenant, integrations, until_ms }
        };
        held.into_iter().map(status).collect()
    }
}

/// The tenant, if it is known, and its integrations.
fn concerned(
    known: &HashMap<Integration, Option<Arc<str>>>,
    whose: &Whose,
) -> (Option<String>, Vec<Integration>) {
    match whose {
        Whose::Integration(integration) => (None, vec![integration.clone()]),
        Whose::Tenant(tenant) => {
            let of = known.iter().filter(|(_, its)| its.as_ref() == Some(tenant));
            let mut integrations: Vec<_> = of.map(|(integration, _)| integration.clone()).collect();
            integrations.sort();
            (Some(tenant.as_ref().to_owned()), integrations)
        }
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher").field("policy", &self.policy).finish_non_exhaustive()
    }
}
