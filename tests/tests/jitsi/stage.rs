//! A host with the Jitsi plugin, which is granted nothing.

use std::sync::Arc;

use anyhow::{Result, bail};
use end_to_end::{SESSION, World};
use mock_graph::contoso;
use video_host::clock::ShiftedClock;
use video_host::provider::{Connection, MeetingReference, NextStep, Parameter};
use video_host::signing::SigningKeys;
use video_host::store::Purpose;
use video_host::{AuthorizationError, Host, Manifest, Memory, Plugin, Provider};

pub(crate) const SERVER: &str = "meet.bank.example";

/// The world, with the plugin that the tests here are about.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) jitsi: Plugin,
}

pub(crate) async fn load(host: &Host) -> Result<Plugin> {
    load_with(host, SigningKeys::default()).await
}

/// The same, with keys for tokens of those who join.
pub(crate) async fn load_with(host: &Host, keys: SigningKeys) -> Result<Plugin> {
    let manifest = Manifest { signing: Arc::new(keys), ..Manifest::default() };
    Ok(host.load(plugin_artifacts::JITSI, &manifest).await?)
}

pub(crate) fn values(values: &[(&str, &str)]) -> Vec<Parameter> {
    let parameter =
        |(name, value): &(&str, &str)| Parameter { name: (*name).to_owned(), value: (*value).to_owned() };
    values.iter().map(parameter).collect()
}

/// Connects or reauthorizes, and gives what the administrator is told at once.
pub(crate) async fn begin(
    host: &Host,
    rooms: &Provider,
    purpose: Purpose,
    answers: &[(&str, &str)],
) -> Result<Connection, AuthorizationError> {
    match host.begin(rooms, purpose, SESSION, values(answers), contoso::REDIRECT_URI).await? {
        NextStep::Connected(connection) => Ok(connection),
        NextStep::Visit(url) => panic!("there is nowhere to go, and this is {url}"),
    }
}

impl Stage {
    pub(crate) async fn start() -> Result<Self> {
        let world = World::start().await?;
        let jitsi = load(&world.host).await?;
        Ok(Self { world, jitsi })
    }

    /// The plugin at work for an integration that is connected to [`SERVER`].
    pub(crate) async fn connected(&self, integration: &str) -> Result<Provider> {
        let rooms = self.on(integration)?;
        begin(&self.world.host, &rooms, Purpose::Connect, &[("domain", SERVER)]).await?;
        Ok(rooms)
    }

    pub(crate) fn on(&self, integration: &str) -> Result<Provider> {
        Ok(self.jitsi.on(&integration.parse()?))
    }

    /// Another process on the same data.
    pub(crate) async fn other_process(&self) -> Result<(Host, Plugin)> {
        let clock: Arc<ShiftedClock> = self.world.clock.clone();
        let host =
            World::host(self.world.data.path(), &self.world.microsoft, clock, Memory::default()).await?;
        let jitsi = load(&host).await?;
        Ok((host, jitsi))
    }

    /// Fails if anything left the process.
    pub(crate) fn nothing_was_sent(&self) -> Result<()> {
        let traffic = self.world.host.traffic();
        if traffic.connections != 0 {
            bail!("something was sent: {traffic:?}");
        }
        Ok(())
    }
}

/// What the platform would ask for an appointment by.
pub(crate) fn reference(id: &str) -> MeetingReference {
    MeetingReference { appointment_id: id.to_owned(), meeting_id: None, organizer_id: None, staff: None }
}
