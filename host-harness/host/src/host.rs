//! The host: one engine, one store, one way out, and the plugins that use them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::calls::{CallCounts, CallPolicy, Chance, CircuitStatus, Dispatcher, HeldBack, Random};
use crate::clock::{Clock, Sleep, SystemClock, Waiter};
use crate::egress::{Client, ClientError, ClientOptions, Resolver, SystemResolver, Traffic, Trust};
use crate::lend::{Lender, Recent};
use crate::load::{LoadError, Loader};
use crate::manifest::Manifest;
use crate::plugin::{Plugin, Provider};
use crate::provider::{AuthorizationRequest, AuthorizationResponse, Connection, NextStep, Parameter};
use crate::sandbox::{
    CONCURRENT_CALLS, CallError, CodeCache, Limits, Memory, Places, Pool, Runner, Surface, engine, linker,
};
use crate::store::{CallbackError, Integration, KeyFile, KeySource, Location, Purpose, Store, StoreError};
use crate::vault::Vault;
use crate::watch::Watched;

/// How long an administrator has for signing in.
const SIGN_IN: Duration = Duration::from_mins(15);

/// What a host is made of. [`HostConfig::new`] gives production's choices; tests and demonstrations
/// hand in another resolver, trust, clock or memory.
pub struct HostConfig {
    /// Folder of the database, the encryption key and the compiled code. Made on first use.
    pub data: PathBuf,
    /// Where the store is; none: where the data folder says, which is in the folder unless it names another
    /// ([`Location::of_folder`]).
    pub store: Option<Location>,
    /// Keys of what is encrypted at rest; none: from [`HostConfig::KEYS`] in the data folder, made on first
    /// use.
    pub keys: Option<KeySource>,
    /// How names become addresses.
    pub resolver: Arc<dyn Resolver>,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How waiting is done, between attempts of a call.
    pub waiter: Arc<dyn Waiter>,
    /// Where the jitter of these waits comes from.
    pub chance: Arc<dyn Chance>,
    /// Where guests' memories come from.
    pub memory: Memory,
    /// What is repeated, who is left alone, and who goes first.
    pub calls: CallPolicy,
}

impl HostConfig {
    /// Name of the database in the data folder.
    pub const DATABASE: &str = Location::FILE;
    /// Name of the file of encryption keys in the data folder.
    pub const KEYS: &str = "keys";

    /// Production's choices: the system's resolver, trust and clock.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            store: None,
            keys: None,
            resolver: Arc::new(SystemResolver),
            trust: Trust::System,
            clock: Arc::new(SystemClock),
            waiter: Arc::new(Sleep),
            chance: Arc::new(Random),
            memory: Memory::Pooled,
            calls: CallPolicy::default(),
        }
    }
}

/// Why a host cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("the data folder {folder} cannot be used: {source}")]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The engine cannot run here.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    /// The database or the encryption keys cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Why connecting or reauthorizing did not get to its end.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizationError {
    /// The callback is not one that can be accepted.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The plugin or the provider said no.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A callback whose `state` was found to be this host's, alive, unused and of this session. It can be
/// finished once.
#[derive(Debug)]
pub struct Callback {
    integration: Integration,
    purpose: Purpose,
    values: Vec<Parameter>,
    response: AuthorizationResponse,
}

impl Callback {
    /// The integration that the sign-in was begun for.
    pub fn integration(&self) -> &Integration {
        &self.integration
    }

    /// What was begun.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The setup values with which it was begun.
    pub fn values(&self) -> &[Parameter] {
        &self.values
    }
}

/// Runs plugins. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    loader: Loader,
    store: Store,
    vault: Vault,
    client: Arc<Client>,
    clock: Arc<dyn Clock>,
    recent: Arc<Recent>,
    dispatcher: Arc<Dispatcher>,
}

impl Host {
    /// Opens the store, starts the engine and its ticker.
    pub async fn start(config: HostConfig) -> Result<Self, StartError> {
        let folder = |source| StartError::Folder { folder: config.data.clone(), source };
        std::fs::create_dir_all(&config.data).map_err(folder)?;
        let keys = config.keys.unwrap_or_else(|| KeyFile::new(config.data.join(HostConfig::KEYS)).into());
        let location = match config.store {
            Some(location) => location,
            None => Location::of_folder(&config.data)?,
        };
        let store = Store::open(location, keys, config.clock.clone()).await?;
        let cache = CodeCache::new(config.data.join("compiled"), store.signing_key("compiled code"))
            .map_err(folder)?;
        let options = ClientOptions { trust: config.trust, ..ClientOptions::default() };
        let client = Arc::new(Client::new(config.resolver, options)?);
        let vault = Vault::new(store.clone(), Arc::new(Watched::vault(client.clone())), config.clock.clone());
        let fail = |error: wasmtime::Error| StartError::Engine(format!("{error:#}"));
        let engine = engine(&config.memory).map_err(fail)?;
        let linker = linker(&engine).map_err(fail)?;
        let runner = Arc::new(Runner { engine, places: Places::new(), pace: Arc::default() });
        let dispatcher = Arc::new(Dispatcher::new(
            config.calls,
            store.clone(),
            config.clock.clone(),
            config.waiter,
            config.chance,
        ));
        let compiling = Semaphore::new(1);
        let cache = Arc::new(cache);
        let loader = Loader { runner, linker, cache, compiling, dispatcher: dispatcher.clone() };
        Ok(Self {
            inner: Arc::new(Inner {
                loader,
                store,
                vault,
                client,
                clock: config.clock,
                recent: Arc::default(),
                dispatcher,
            }),
        })
    }

    /// Checks and loads a component under the operator's manifest.
    pub async fn load(&self, component: &[u8], manifest: &Manifest) -> Result<Plugin, LoadError> {
        let inner = &self.inner;
        let lender = || {
            Lender::new(
                manifest,
                Arc::new(Watched::plugins(inner.client.clone(), Arc::new(manifest.grant.clone()))),
                inner.store.clone(),
                inner.vault.clone(),
                inner.clock.clone(),
                inner.recent.clone(),
            )
        };
        inner.loader.load(component, manifest, lender).await
    }

    /// What a component imports and exports, also of one that cannot be loaded; but for one that is larger than
    /// these limits let it be, which is not looked at.
    pub async fn inspect(&self, component: &[u8], limits: &Limits) -> Result<Surface, LoadError> {
        self.inner.loader.inspect(component, limits).await
    }

    /// Begins connecting or reauthorizing: makes the `state`, bound to `session`, and asks the plugin
    /// where to send the administrator. `session` is whatever identifies the administrator's login;
    /// only its digest is kept.
    pub async fn begin(
        &self,
        provider: &Provider,
        purpose: Purpose,
        session: &str,
        values: Vec<Parameter>,
        redirect_uri: &str,
    ) -> Result<NextStep, AuthorizationError> {
        let integration = provider.integration();
        let state =
            self.inner.store.begin_authorization(integration, session, purpose, &values, SIGN_IN).await?;
        let request = AuthorizationRequest { values, redirect_uri: redirect_uri.to_owned(), state };
        Ok(match purpose {
            Purpose::Connect => provider.begin_connect(&request).await?,
            Purpose::Reauthorize => provider.begin_reauthorize(&request).await?,
        })
    }

    /// Finds what a callback belongs to. Its `state` is used up by it, whatever comes after.
    pub async fn callback(
        &self,
        session: &str,
        parameters: Vec<Parameter>,
    ) -> Result<Callback, CallbackError> {
        let mut states = parameters.iter().filter(|parameter| parameter.name == "state");
        // A second `state` would leave open which of them the plugin goes by.
        let (Some(state), None) = (states.next(), states.next()) else {
            return Err(CallbackError::Unknown);
        };
        let state = state.value.clone();
        let begun = self.inner.store.claim_authorization(&state, session).await?;
        Ok(Callback {
            integration: begun.integration,
            purpose: begun.purpose,
            values: begun.values,
            response: AuthorizationResponse { state, parameters },
        })
    }

    /// Ends what [`Host::begin`] began.
    pub async fn finish(&self, plugin: &Plugin, callback: Callback) -> Result<Connection, CallError> {
        let provider = plugin.on(&callback.integration);
        match callback.purpose {
            Purpose::Connect => provider.finish_connect(&callback.response).await,
            Purpose::Reauthorize => provider.finish_reauthorize(&callback.response).await,
        }
    }

    /// Wipes everything that is kept for an integration: state, credentials, sign-ins under way.
    pub async fn forget(&self, integration: &Integration) -> Result<(), StoreError> {
        let forgotten = self.inner.store.forget(integration).await;
        self.inner.vault.forget(integration);
        self.inner.recent.written(integration);
        self.inner.dispatcher.forget(integration);
        forgotten
    }

    /// Takes over what the operator wrote into the file of encryption keys, without a restart. On an error
    /// all stays as it was.
    pub async fn reload_keys(&self) -> Result<(), StoreError> {
        self.inner.store.reload_keys().await
    }

    /// The store, for the platform's own tables beside the host's.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The host's clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The circuits that are not closed: which providers are left alone, for whom and until when.
    pub fn circuits(&self) -> Vec<CircuitStatus> {
        self.inner.dispatcher.circuits()
    }

    /// Plugins that misbehaved, for whom, and until when their calls are held back.
    pub fn held_back(&self) -> Vec<HeldBack> {
        self.inner.dispatcher.held_back()
    }

    /// How calls went since the start.
    pub fn call_counts(&self) -> CallCounts {
        self.inner.dispatcher.counts()
    }

    /// Places for calls that are taken in this moment. A call takes one for each memory of its instance.
    pub fn calls_running(&self) -> usize {
        self.inner.loader.running()
    }

    /// What calls hold of the engine's pool in this moment; none if memories are not pooled.
    pub fn pool(&self) -> Option<Pool> {
        Pool::of(&self.inner.loader.runner.engine)
    }

    /// How many calls can run in one moment. Each plugin has a few of these places for itself.
    pub fn calls_at_once(&self) -> usize {
        CONCURRENT_CALLS
    }

    /// Waits until no access token is being renewed. Renewals go on without their callers, and an answer that
    /// is lost with the process may be the only copy of a refresh token: wait for this before it ends.
    pub async fn settled(&self) {
        self.inner.vault.settled().await;
    }

    /// Connections and bytes since the start.
    pub fn traffic(&self) -> Traffic {
        self.inner.client.traffic()
    }
}
