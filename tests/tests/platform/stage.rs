//! A platform over the host of a world, which waits for nobody: waiting moves everybody's clock.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use end_to_end::{SESSION, World, WorldOptions, setup_values};
use mock_graph::{Config, MockGraph, Operation, contoso};
use video_host::clock::ShiftedClock;
use video_host::provider::NextStep;
use video_host::{Host, Memory};
use video_platform::{
    Appointment, BookingRequest, Channel, Finished, Integration, IntegrationId, IntegrationState, MatchField,
    Platform, Plugins, Setup, Waiter,
};

/// The id of the Teams plugin.
pub(crate) const TEAMS: &str = "microsoft-teams";
/// 2026-12-01T09:00:00Z.
pub(crate) const START: i64 = 1_796_115_600_000;
pub(crate) const HOUR: i64 = 3_600_000;
/// Longer than an access token lives.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_mins(61);

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) platform: Platform,
}

#[derive(Debug)]
struct MovingClocks {
    clock: Arc<ShiftedClock>,
    microsoft: MockGraph,
}

impl Waiter for MovingClocks {
    fn wait(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.clock.advance(time);
        self.microsoft.clock().advance(time);
        Box::pin(std::future::ready(()))
    }
}

/// The platform over a host, with the plugin of the world installed.
async fn platform(world: &World, host: Host) -> Result<Platform> {
    let waiter = MovingClocks { clock: world.clock.clone(), microsoft: world.microsoft.clone() };
    let (store, clock) = (host.store().clone(), host.clock().clone());
    let platform = Platform::over(Plugins::new(host), &store, clock, Arc::new(waiter)).await?;
    Ok(platform)
}

impl Stage {
    /// No integration, no staff.
    pub(crate) async fn start() -> Result<Self> {
        Self::in_front_of(Config::default()).await
    }

    /// The same, with another Microsoft.
    pub(crate) async fn in_front_of(microsoft: Config) -> Result<Self> {
        let world = World::with(WorldOptions { microsoft, ..WorldOptions::default() }).await?;
        let platform = platform(&world, world.host.clone()).await?;
        platform.providers().install(world.teams.clone());
        Ok(Self { world, platform })
    }

    /// An integration, and the adviser and the administrator matched on it.
    pub(crate) async fn ready() -> Result<(Self, IntegrationId)> {
        let stage = Self::start().await?;
        let id = stage.connect().await?;
        let csv = format!(
            "id,name,email,user_name\nadele,Adele Vance,{},\nmod,The Administrator,{},\n",
            contoso::ADVISER,
            contoso::ADMINISTRATOR
        );
        stage.platform.import_staff(csv.as_bytes()).await?;
        let report = stage.platform.rematch(&id, |_| {}).await?;
        assert_eq!(report.matched(), 2, "{report:?}");
        stage.world.microsoft.journal().clear();
        Ok((stage, id))
    }

    pub(crate) async fn connect(&self) -> Result<IntegrationId> {
        let setup = Setup { match_field: MatchField::Email, values: setup_values(contoso::TENANT_ID) };
        let begun = self.platform.start_connect(TEAMS, setup, SESSION, contoso::REDIRECT_URI).await?;
        let (id, NextStep::Visit(url)) = begun else { bail!("Teams needs a sign-in: {begun:?}") };
        match self.finish(&url).await? {
            Finished::Connected { integration, .. } if integration == id => Ok(id),
            other => bail!("{other:?}"),
        }
    }

    pub(crate) async fn reauthorize(&self, id: &IntegrationId) -> Result<()> {
        let values = setup_values(contoso::TENANT_ID);
        let begun = self.platform.start_reauthorize(id, values, SESSION, contoso::REDIRECT_URI).await?;
        let NextStep::Visit(url) = begun else { bail!("Teams needs a sign-in: {begun:?}") };
        match self.finish(&url).await? {
            Finished::Reauthorized { integration, .. } if integration == *id => Ok(()),
            other => bail!("{other:?}"),
        }
    }

    async fn finish(&self, url: &str) -> Result<Finished> {
        let parameters = self.world.sign_in(url, contoso::SERVICE_ACCOUNT).await?;
        Ok(self.platform.finish_callback(SESSION, parameters).await?)
    }

    /// The platform as another process would find it, on the same data.
    pub(crate) async fn restarted(&self) -> Result<Platform> {
        let world = &self.world;
        let memory = Memory::default();
        let host = World::host(world.data.path(), &world.microsoft, world.clock.clone(), memory).await?;
        let teams = host.load(plugin_artifacts::TEAMS, &end_to_end::manifest()?).await?;
        let platform = platform(world, host).await?;
        platform.providers().install(teams);
        Ok(platform)
    }

    pub(crate) async fn integration(&self, id: &IntegrationId) -> Result<Integration> {
        self.platform.integration(id).await?.context("the integration is listed")
    }

    pub(crate) async fn state(&self, id: &IntegrationId) -> Result<IntegrationState> {
        Ok(self.integration(id).await?.state)
    }

    pub(crate) async fn appointment(&self, id: &str) -> Result<Appointment> {
        self.platform.appointment(id).await?.context("the appointment is saved")
    }

    /// How many requests of any kind the stand-in received since this was asked last.
    pub(crate) fn requests(&self) -> u64 {
        let journal = self.world.microsoft.journal();
        let count = journal.count(Operation::Any);
        journal.clear();
        count
    }
}

pub(crate) fn booking(id: &str, staff: &str) -> BookingRequest {
    BookingRequest {
        id: id.to_owned(),
        staff: staff.to_owned(),
        client_name: "A Customer".to_owned(),
        client_email: "customer@example.com".to_owned(),
        subject: "Mortgage advice".to_owned(),
        start: START,
        end: START + HOUR,
        channel: Channel::Schedule,
    }
}
