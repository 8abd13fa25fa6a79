//! The stand-in, in this process, and what the sides need to find it. A side is a process of its own, so that
//! this one's processor time, while a side works, is the stand-in's.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use end_to_end::{INTEGRATION, SESSION, World, authorities, manifest, parameters, setup_values};
use mock_graph::{Config, MockGraph, SignIn, contoso};
use tempfile::TempDir;
use tokio::process::Command;
use video_host::clock::ShiftedClock;
use video_host::provider::{NextStep, Parameter};
use video_host::store::Purpose;
use video_host::{Host, Memory};

use crate::sides::plain::Plain;

/// Requests that are remembered: counts are kept regardless, and nobody reads them.
const JOURNAL: usize = 100;

/// What a token is for that makes meetings.
const MEETINGS: &str = "openid https://graph.microsoft.com/OnlineMeetings.ReadWrite";

/// What every side is told in its environment.
pub(crate) const STAND_IN: &str = "STAND_IN";
pub(crate) const ADDRESS: &str = "STAND_IN_ADDRESS";
pub(crate) const CA: &str = "STAND_IN_CA";
pub(crate) const TOKEN: &str = "TOKEN";
pub(crate) const DATA: &str = "DATA";

pub(crate) struct Stage {
    pub(crate) microsoft: MockGraph,
    token: String,
    files: TempDir,
}

impl Stage {
    pub(crate) async fn set() -> Result<Self> {
        Self::with(Config { journal_capacity: JOURNAL, ..Config::default() }).await
    }

    pub(crate) async fn with(config: Config) -> Result<Self> {
        let microsoft = MockGraph::start(config).await?;
        let files = TempDir::new()?;
        std::fs::write(files.path().join("ca.pem"), microsoft.ca_pem())?;
        let token = token(&microsoft, MEETINGS).await?;
        let stage = Self { microsoft, token, files };
        stage.connect().await?;
        Ok(stage)
    }

    pub(crate) fn latency(&self, milliseconds: u64) {
        self.microsoft.set_latency(Duration::from_millis(milliseconds));
    }

    /// The folder of a host that is connected as [`INTEGRATION`], with its plugins compiled.
    pub(crate) fn data(&self) -> PathBuf {
        self.files.path().join("host")
    }

    /// A command that finds the stand-in, and the folder of a host's, and nothing else by itself.
    pub(crate) fn prepare(&self, command: &mut Command, data: &Path) {
        let address = self.microsoft.addr();
        let ca = self.files.path().join("ca.pem");
        command
            .env(STAND_IN, format!("https://localhost:{}", address.port()))
            .env(ADDRESS, address.to_string())
            .env(CA, &ca)
            // What OpenSSL's users and Python go by, and what Node does.
            .env("SSL_CERT_FILE", &ca)
            .env("NODE_EXTRA_CA_CERTS", &ca)
            .env(TOKEN, &self.token)
            .env("STAFF", contoso::ADVISER)
            .env("STAFF_ID", contoso::ADVISER_ID)
            .env(DATA, data)
            // Nothing of this machine's may lead the requests elsewhere.
            .env("NO_PROXY", "localhost,127.0.0.1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("REQUESTS_CA_BUNDLE");
    }

    /// Connects, as an administrator would, and has the plugins compiled.
    async fn connect(&self) -> Result<()> {
        let folder = self.data();
        let host: Host =
            World::host(&folder, &self.microsoft, Arc::new(ShiftedClock::default()), Memory::Pooled).await?;
        let teams = host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
        host.load(plugin_artifacts::EVIL, &manifest()?).await?;
        let provider = teams.on(&INTEGRATION.parse()?);
        let values = setup_values(contoso::TENANT_ID);
        let step = host.begin(&provider, Purpose::Connect, SESSION, values, contoso::REDIRECT_URI).await?;
        let NextStep::Visit(url) = step else { bail!("Teams needs a sign-in") };
        let back = self.microsoft.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
        let callback = host.callback(SESSION, parameters(&back)?).await?;
        host.finish(&teams, callback).await.context("connecting")?;
        Ok(())
    }
}

/// An access token of the service account, by the authorization-code flow: what the others are given, as none of
/// them is asked to get or refresh one.
pub(crate) async fn token(microsoft: &MockGraph, scope: &str) -> Result<String> {
    let encoded = |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let scope = encoded(scope);
    let (client, redirect) = (contoso::CLIENT_ID, encoded(contoso::REDIRECT_URI));
    let base = format!("https://login.microsoftonline.com/{}/oauth2/v2.0", contoso::TENANT_ID);
    let url = format!(
        "{base}/authorize?client_id={client}&response_type=code&redirect_uri={redirect}&scope={scope}&state=x&nonce=y"
    );
    let back = microsoft.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
    let code = |Parameter { name, value }: Parameter| (name == "code").then_some(value);
    let code = parameters(&back)?.into_iter().find_map(code).context("no code")?;
    let secret = encoded(contoso::CLIENT_SECRET);
    let form = format!(
        "grant_type=authorization_code&client_id={client}&client_secret={secret}&code={code}&redirect_uri={redirect}"
    );
    let address: SocketAddr = microsoft.addr();
    let plain = Plain::new(address, authorities(microsoft.ca_pem())?, "")?;
    let answer =
        plain.post(&format!("{base}/token"), "application/x-www-form-urlencoded", form.into()).await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer.into_body())?;
    Ok(answer["access_token"].as_str().context("no token")?.to_owned())
}
