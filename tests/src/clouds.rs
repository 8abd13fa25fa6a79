//! Two Microsofts: the worldwide cloud and that of the US government, each with its own names, its own
//! certificate authority and its own organisation. GCC High and `DoD` share a login and have a Graph each.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use mock_graph::{Config, MockGraph, SignIn, contoso};
use tempfile::TempDir;
use video_host::clock::ShiftedClock;
use video_host::egress::{StaticRoutes, Trust};
use video_host::provider::{Connection, NextStep, Parameter};
use video_host::store::Purpose;
use video_host::{Host, HostConfig, Manifest};

use crate::world::lay_out;
use crate::{SESSION, World, authorities, manifest, parameters, setup_values};

const WORLDWIDE: [&str; 2] = ["login.microsoftonline.com", "graph.microsoft.com"];
const GOVERNMENT: [&str; 3] = ["login.microsoftonline.us", "graph.microsoft.us", "dod-graph.microsoft.us"];

/// A world whose host can reach the clouds of the US government too.
pub struct Clouds {
    /// The host, with the worldwide cloud as its Microsoft.
    pub world: World,
    /// The stand-in for the clouds of the US government.
    pub government: MockGraph,
}

/// What an operator grants who serves the US government as well.
pub fn national_manifest() -> Result<Manifest> {
    let mut manifest = manifest()?;
    manifest.grant.identity.push("https://login.microsoftonline.us".parse()?);
    for graph in ["https://graph.microsoft.us", "https://dod-graph.microsoft.us"] {
        manifest.grant.api.push(graph.parse()?);
    }
    Ok(manifest)
}

impl Clouds {
    /// Both clouds, and a host with what `manifest` grants.
    pub async fn with(manifest: &Manifest) -> Result<Self> {
        let microsoft = MockGraph::start(Config::default()).await?;
        let government = MockGraph::start(Config { seed: 2, ..Config::default() }).await?;
        let data = TempDir::new()?;
        test_store::lay_out(data.path()).await?;
        lay_out(data.path()).await?;
        let clock = Arc::new(ShiftedClock::default());
        let led =
            |names: &[&'static str], to: SocketAddr| names.iter().map(|name| (*name, to)).collect::<Vec<_>>();
        let mut routes = led(&WORLDWIDE, microsoft.addr());
        routes.extend(led(&GOVERNMENT, government.addr()));
        let mut trusted = authorities(microsoft.ca_pem())?;
        trusted.extend(authorities(government.ca_pem())?);
        let mut config = HostConfig::new(data.path());
        config.resolver = Arc::new(StaticRoutes::new(routes));
        config.trust = Trust::Only(trusted);
        config.clock = clock.clone();
        let host = Host::start(config).await?;
        let teams = host.load(plugin_artifacts::TEAMS, manifest).await?;
        Ok(Self { world: World { microsoft, host, teams, clock, data }, government })
    }

    /// Begins connecting in a cloud, and gives the URL that the administrator is sent to.
    pub async fn begin(&self, integration: &str, cloud: &str) -> Result<String> {
        let provider = self.world.teams_on(integration)?;
        let mut values = setup_values(contoso::TENANT_ID);
        values.push(Parameter { name: "cloud".to_owned(), value: cloud.to_owned() });
        let host = &self.world.host;
        match host.begin(&provider, Purpose::Connect, SESSION, values, contoso::REDIRECT_URI).await? {
            NextStep::Visit(url) => Ok(url),
            NextStep::Connected(_) => bail!("Teams needs a sign-in"),
        }
    }

    /// Connects an integration in a cloud with the service account.
    pub async fn connect(&self, integration: &str, cloud: &str) -> Result<Connection> {
        let url = self.begin(integration, cloud).await?;
        let microsoft = if cloud == "global" { &self.world.microsoft } else { &self.government };
        let back = microsoft.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
        Ok(self.world.finish(parameters(&back)?).await?)
    }

    /// Moves everybody's clock.
    pub fn advance(&self, by: Duration) {
        self.world.advance(by);
        self.government.clock().advance(by);
    }

    /// Forgets what was asked so far.
    pub fn forget(&self) {
        self.world.microsoft.journal().clear();
        self.government.journal().clear();
    }

    /// The hosts that were asked anything, in either cloud.
    pub fn asked(&self) -> BTreeSet<String> {
        let clouds = [&self.world.microsoft, &self.government];
        clouds.into_iter().flat_map(|cloud| cloud.journal().requests()).map(|request| request.host).collect()
    }
}
