//! The plugins that are loaded, by the ids that they give themselves, and how one takes the place of another.

mod follow;
mod swap;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use video_host::provider::{Connection, Description, NextStep, Parameter};
use video_host::store::{CallbackError, Integration as IntegrationId, Purpose, StoreError};
use video_host::{AuthorizationError, CallError, Callback, Host, Plugin, Provider};

use crate::provider::{Answered, VideoProviders};

pub use follow::{Manifests, RefusedManifest};
pub use swap::{SwapOptions, SwapRefused, Swapped};

/// The host with its plugins. Plugins can be added and replaced while calls are under way: those end
/// on the version that they began with.
pub struct Plugins {
    host: Host,
    loaded: RwLock<BTreeMap<String, Slot>>,
    /// Manifests that were not taken as they are now, by their files.
    refused: RwLock<BTreeMap<PathBuf, RefusedManifest>>,
    /// One swap at a time: what is compared with must not change meanwhile.
    swapping: tokio::sync::Mutex<()>,
}

struct Slot {
    plugin: Plugin,
    since: i64,
}

/// A plugin that is loaded, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedPlugin {
    /// The id that integrations know it by.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// SHA-256 of the component, in lower-case hex.
    pub digest: String,
    /// Since when calls go to it: milliseconds since 1970 UTC, by the host's clock.
    pub since: i64,
}

impl LoadedPlugin {
    fn of(slot: &Slot) -> Self {
        let description = slot.plugin.description();
        Self {
            id: description.id.clone(),
            name: description.name.clone(),
            version: description.version.clone(),
            digest: slot.plugin.digest().to_owned(),
            since: slot.since,
        }
    }
}

impl Plugins {
    /// A host without plugins.
    pub fn new(host: Host) -> Self {
        let (loaded, refused) = (RwLock::default(), RwLock::default());
        Self { host, loaded, refused, swapping: tokio::sync::Mutex::default() }
    }

    /// Adds a plugin, or puts another version in place of the one with the same id, which is given
    /// back. Nothing is asked of the new one: [`Plugins::swap`] does.
    pub fn install(&self, plugin: Plugin) -> Option<Plugin> {
        let (_, before) = self.put(plugin);
        before.map(|before| before.plugin)
    }

    /// What is loaded now, and what was before.
    fn put(&self, plugin: Plugin) -> (LoadedPlugin, Option<Slot>) {
        let slot = Slot { plugin, since: self.host.clock().now_ms() };
        let now = LoadedPlugin::of(&slot);
        let before = self.loaded.write().unwrap_or_else(PoisonError::into_inner).insert(now.id.clone(), slot);
        let (provider, version, digest) = (&*now.id, &*now.version, &*now.digest);
        let replaces = before.as_ref().map(|before| before.plugin.digest());
        tracing::info!(provider, version, digest, replaces, "a plugin is loaded");
        (now, before)
    }

    /// Takes a plugin out. Its integrations stay, and cannot be used until it is installed again.
    pub fn remove(&self, id: &str) -> Option<Plugin> {
        let slot = self.loaded.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        slot.map(|slot| slot.plugin)
    }

    /// The plugin of this id.
    pub fn get(&self, id: &str) -> Option<Plugin> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.get(id).map(|slot| slot.plugin.clone())
    }

    /// All plugins, in the order of their ids.
    pub fn all(&self) -> Vec<Plugin> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.values().map(|slot| slot.plugin.clone()).collect()
    }

    /// What is loaded, and since when, in the order of their ids.
    pub fn loaded(&self) -> Vec<LoadedPlugin> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.values().map(LoadedPlugin::of).collect()
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
