//! One platform host, one plugin and one Microsoft, all in this process and talking over TLS.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use mock_graph::{Config, Consent, MockGraph, SignIn, contoso};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use url::Url;
use video_host::calls::CallPolicy;
use video_host::clock::{ShiftedClock, Waiter};
use video_host::egress::{Grant, StaticRoutes, Trust};
use video_host::provider::{Connection, Error, MeetingRequest, NextStep, Parameter};
use video_host::store::{Integration, Purpose};
use video_host::transport::BoxFuture;
use video_host::vault::ClientKeys;
use video_host::{CallError, Callback, Host, HostConfig, Manifest, Memory, Plugin, Provider};

/// The administrator's login at the platform.
pub const SESSION: &str = "session-of-the-administrator";

/// The integration of a world that is [connected](World::connected).
pub const INTEGRATION: &str = "contoso";

/// The names under which the plugin knows Microsoft.
const NAMES: [&str; 2] = ["login.microsoftonline.com", "graph.microsoft.com"];

/// A change to the manifest before the plugin is loaded.
pub type ManifestChange = Box<dyn FnOnce(&mut Manifest) + Send>;

/// What a [`World`] may have otherwise.
#[derive(Default)]
pub struct WorldOptions {
    /// Microsoft's side.
    pub microsoft: Config,
    /// Where guests' memories come from.
    pub memory: Memory,
    /// Nothing is compiled yet.
    pub cold: bool,
    /// Changes to the manifest.
    pub manifest: Option<ManifestChange>,
    /// How calls are made, with waits that move everybody's clock; none: once, so that a suite sees what
    /// the plugin says.
    pub calls: Option<CallPolicy>,
}

/// Waits for nobody: waiting moves everybody's clock.
#[derive(Debug)]
pub struct MovingClocks {
    /// The host's.
    pub clock: Arc<ShiftedClock>,
    /// And Microsoft's.
    pub microsoft: MockGraph,
}

impl Waiter for MovingClocks {
    fn wait(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.clock.advance(time);
        self.microsoft.clock().advance(time);
        Box::pin(std::future::ready(()))
    }
}

/// A host with the Teams plugin, and the stand-in it talks to.
pub struct World {
    /// The stand-in.
    pub microsoft: MockGraph,
    /// The host.
    pub host: Host,
    /// The compiled plugin.
    pub teams: Plugin,
    /// The host's clock; [`World::advance`] moves it together with Microsoft's.
    pub clock: Arc<ShiftedClock>,
    /// The host's data folder, removed at the end.
    pub data: TempDir,
}

/// Names of Microsoft's hosts, led to the stand-in.
pub fn routes(microsoft: std::net::SocketAddr) -> StaticRoutes {
    StaticRoutes::new(NAMES.map(|name| (name, microsoft)))
}

/// Certificate authorities, from PEM.
pub fn authorities(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    Ok(CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>()?)
}

/// What an operator would grant the Teams plugin.
pub fn manifest() -> Result<Manifest> {
    Ok(Manifest {
        grant: Grant {
            api: vec!["https://graph.microsoft.com".parse()?],
            identity: vec!["https://login.microsoftonline.com".parse()?],
        },
        settings: BTreeMap::from([("client-id".to_owned(), contoso::CLIENT_ID.to_owned())]),
        client: Arc::new(ClientKeys { secret: Some(contoso::CLIENT_SECRET.into()), ..ClientKeys::default() }),
        ..Manifest::default()
    })
}

/// What the administrator enters.
pub fn setup_values(tenant: &str) -> Vec<Parameter> {
    vec![Parameter { name: "tenant-id".to_owned(), value: tenant.to_owned() }]
}

/// A callback's parameters, from the URL that the browser was sent to.
pub fn parameters(redirect: &str) -> Result<Vec<Parameter>> {
    let url = Url::parse(redirect)?;
    Ok(url
        .query_pairs()
        .map(|(name, value)| Parameter { name: name.into_owned(), value: value.into_owned() })
        .collect())
}

/// An appointment to make a meeting for, with nobody in particular.
pub fn appointment(id: &str) -> MeetingRequest {
    MeetingRequest {
        appointment_id: id.to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: None,
        subject: "Mortgage advice".to_owned(),
        start: 1_900_000_000_000,
        end: 1_900_001_800_000,
        attendees: Vec::new(),
        options: Vec::new(),
    }
}

/// The contract's error that a call ended with.
pub fn contract_error<T: Debug>(ended: Result<T, CallError>) -> Result<Error> {
    match ended {
        Err(CallError::Provider(error)) => Ok(error),
        other => bail!("this is no error of the contract: {other:?}"),
    }
}

/// Copies what every host of this process can share: the compiled plugins, and the key that signed them.
/// Compiling them for each world would be most of what the suites do.
pub(crate) async fn lay_out(data: &Path) -> Result<()> {
    static SHARED: OnceCell<TempDir> = OnceCell::const_new();
    let shared = SHARED
        .get_or_try_init(|| async {
            let folder = TempDir::new()?;
            let host =
                Host::start(HostConfig { trust: Trust::Only(Vec::new()), ..HostConfig::new(folder.path()) })
                    .await?;
            for component in [plugin_artifacts::TEAMS, plugin_artifacts::JITSI, plugin_artifacts::EVIL] {
                host.load(component, &manifest()?).await?;
            }
            anyhow::Ok(folder)
        })
        .await?;
    std::fs::copy(shared.path().join("keys"), data.join("keys"))?;
    std::fs::create_dir(data.join("compiled"))?;
    for entry in std::fs::read_dir(shared.path().join("compiled"))? {
        let entry = entry?;
        std::fs::copy(entry.path(), data.join("compiled").join(entry.file_name()))?;
    }
    Ok(())
}

impl World {
    /// Contoso, and a host that is not connected yet.
    pub async fn start() -> Result<Self> {
        Self::with(WorldOptions::default()).await
    }

    /// The same, with something changed.
    pub async fn with(options: WorldOptions) -> Result<Self> {
        let microsoft = MockGraph::start(options.microsoft).await?;
        let data = TempDir::new()?;
        test_store::lay_out(data.path()).await?;
        if !options.cold {
            lay_out(data.path()).await?;
        }
        let clock = Arc::new(ShiftedClock::default());
        let mut config = Self::config(data.path(), &microsoft, clock.clone())?;
        config.memory = options.memory;
        if let Some(calls) = options.calls {
            config.calls = calls;
        }
        let host = Host::start(config).await?;
        let mut manifest = manifest()?;
        if let Some(change) = options.manifest {
            change(&mut manifest);
        }
        let teams = host.load(plugin_artifacts::TEAMS, &manifest).await?;
        Ok(Self { microsoft, host, teams, clock, data })
    }

    /// A host with the integration [`INTEGRATION`], connected, and the plugin at work for it. The
    /// stand-in's journal is empty.
    pub async fn connected(options: WorldOptions) -> Result<(Self, Provider)> {
        let world = Self::with(options).await?;
        world.connect(INTEGRATION).await?;
        let teams = world.teams_on(INTEGRATION)?;
        world.microsoft.journal().clear();
        Ok((world, teams))
    }

    /// What a host on a folder, in front of a stand-in, is made of. It makes every call once.
    pub fn config(data: &Path, microsoft: &MockGraph, clock: Arc<ShiftedClock>) -> Result<HostConfig> {
        let mut config = HostConfig::new(data);
        config.resolver = Arc::new(routes(microsoft.addr()));
        config.trust = Trust::Only(authorities(microsoft.ca_pem())?);
        config.waiter = Arc::new(MovingClocks { clock: clock.clone(), microsoft: microsoft.clone() });
        config.clock = clock;
        config.calls = CallPolicy::once();
        Ok(config)
    }

    /// Such a host.
    pub async fn host(
        data: &Path,
        microsoft: &MockGraph,
        clock: Arc<ShiftedClock>,
        memory: Memory,
    ) -> Result<Host> {
        Ok(Host::start(HostConfig { memory, ..Self::config(data, microsoft, clock)? }).await?)
    }

    /// Moves everybody's clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.microsoft.clock().advance(by);
    }

    /// The plugin, at work for an integration.
    pub fn teams_on(&self, integration: &str) -> Result<Provider> {
        Ok(self.teams.on(&integration.parse::<Integration>()?))
    }

    /// Begins connecting and gives the URL that the administrator is sent to.
    pub async fn begin(&self, integration: &str, purpose: Purpose, tenant: &str) -> Result<String> {
        let provider = self.teams_on(integration)?;
        let step =
            self.host.begin(&provider, purpose, SESSION, setup_values(tenant), contoso::REDIRECT_URI).await?;
        match step {
            NextStep::Visit(url) => Ok(url),
            NextStep::Connected(_) => bail!("Teams needs a sign-in"),
        }
    }

    /// Signs in at Microsoft as `user` and gives the callback's parameters.
    pub async fn sign_in(&self, url: &str, user: &str) -> Result<Vec<Parameter>> {
        let script = SignIn {
            username: user.to_owned(),
            password: contoso::PASSWORD.to_owned(),
            consent: Consent::Accept,
        };
        parameters(&self.microsoft.sign_in(url, script).await?)
    }

    /// The callback that the host accepts.
    pub async fn callback(&self, parameters: Vec<Parameter>) -> Result<Callback> {
        Ok(self.host.callback(SESSION, parameters).await?)
    }

    /// Connects an integration with the service account, as an administrator would.
    pub async fn connect(&self, integration: &str) -> Result<Connection> {
        let url = self.begin(integration, Purpose::Connect, contoso::TENANT_ID).await?;
        let parameters = self.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
        let callback = self.callback(parameters).await?;
        self.host.finish(&self.teams, callback).await.context("connecting")
    }
}
