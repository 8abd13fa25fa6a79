//! The plugins that are loaded, by the ids that they give themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use video_host::provider::{Connection, Description, NextStep, Parameter};
use video_host::store::{CallbackError, Integration as IntegrationId, Purpose, StoreError};
use video_host::{AuthorizationError, CallError, Callback, Host, Plugin, Provider};

use crate::provider::{Answered, VideoProviders};

/// The host with its plugins. Plugins can be added and replaced while calls are under way: those end
/// on the version that they began with.
pub struct Plugins {
    host: Host,
    loaded: RwLock<BTreeMap<String, Plugin>>,
}

impl Plugins {
    /// A host without plugins.
    pub fn new(host: Host) -> Self {
        Self { host, loaded: RwLock::default() }
    }

    /// Adds a plugin, or puts another version in place of the one with the same id, which is given
    /// back.
    pub fn install(&self, plugin: Plugin) -> Option<Plugin> {
        let id = plugin.description().id.clone();
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).insert(id, plugin)
    }

    /// Takes a plugin out. Its integrations stay, and cannot be used until it is installed again.
    pub fn remove(&self, id: &str) -> Option<Plugin> {
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).remove(id)
    }

    /// The plugin of this id.
    pub fn get(&self, id: &str) -> Option<Plugin> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// All plugins, in the order of their ids.
    pub fn all(&self) -> Vec<Plugin> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The host that runs them.
    pub fn host(&self) -> &Host {
        &self.host
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugins").field("loaded", &self.all()).finish_non_exhaustive()
    }
}

impl VideoProviders for Plugins {
    type Provider = Provider;
    type Callback = Callback;

    fn description(&self, provider: &str) -> Option<Description> {
        self.get(provider).map(|plugin| plugin.description().clone())
    }

    fn on(&self, provider: &str, integration: &IntegrationId) -> Option<Provider> {
        self.get(provider).map(|plugin| plugin.on(integration))
    }

    async fn begin(
        &self,
        provider: &Provider,
        purpose: Purpose,
        session: &str,
        values: &[Parameter],
        redirect_uri: &str,
    ) -> Result<NextStep, AuthorizationError> {
        self.host.begin(provider, purpose, session, values.to_vec(), redirect_uri).await
    }

    async fn callback(
        &self,
        session: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Answered<Callback>, CallbackError> {
        let callback = self.host.callback(session, parameters).await?;
        Ok(Answered {
            integration: callback.integration().clone(),
            purpose: callback.purpose(),
            values: callback.values().to_vec(),
            callback,
        })
    }

    async fn finish(&self, provider: &Provider, callback: Callback) -> Result<Connection, CallError> {
        self.host.finish(provider.plugin(), callback).await
    }

    async fn forget(&self, integration: &IntegrationId) -> Result<(), StoreError> {
        self.host.forget(integration).await
    }
}
