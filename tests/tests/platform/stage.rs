//! A platform over the host of a world, which waits for nobody: waiting moves everybody's clock.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
pub(crate) use end_to_end::HOUR;
use end_to_end::{MovingClocks, SESSION, World, WorldOptions, setup_values};
use mock_graph::{Config, Operation, contoso};
use video_host::provider::{NextStep, Parameter};
use video_host::{Host, Memory};
use video_platform::{
    Appointment, BookingRequest, Finished, Integration, IntegrationId, IntegrationState, MatchField,
    MeetingMethod, Platform, Plugins, Service, Setup,
};

/// The id of the Teams plugin.
pub(crate) const TEAMS: &str = "microsoft-teams";
/// 2026-12-01T09:00:00Z.
pub(crate) const START: i64 = 1_796_115_600_000;
/// Longer than an access token lives.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_mins(61);

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) platform: Platform,
}

/// What the administrator answers, with a choice of who organises or without.
fn by_method(method: Option<&str>) -> Vec<Parameter> {
    let method = method.map(|value| Parameter { name: "method".to_owned(), value: value.to_owned() });
    setup_values(contoso::TENANT_ID).into_iter().chain(method).collect()
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
        stage.import_and_match(&id).await?;
        stage.world.microsoft.journal().clear();
        Ok((stage, id))
    }

    /// The adviser and the administrator as staff, matched on an integration.
    pub(crate) async fn import_and_match(&self, id: &IntegrationId) -> Result<()> {
        let csv = format!(
            "id,name,email,user_name\nadele,Adele Vance,{},\nmod,The Administrator,{},\n",
            contoso::ADVISER,
            contoso::ADMINISTRATOR
        );
        self.platform.import_staff(csv.as_bytes()).await?;
        self.offer(&["adele", "mod"]).await?;
        let report = self.platform.rematch(id, |_| {}).await?;
        assert_eq!(report.matched(), 2, "{report:?}");
        Ok(())
    }

    /// These give the service that is booked.
    pub(crate) async fn offer(&self, staff: &[&str]) -> Result<()> {
        let (id, name) = ("advice".to_owned(), "Advice".to_owned());
        self.platform.put_service(&Service { id, name, methods: MeetingMethod::ALL.to_vec() }).await?;
        for staff in staff {
            self.platform.assign("advice", staff, true).await?;
        }
        Ok(())
    }

    pub(crate) async fn connect(&self) -> Result<IntegrationId> {
        self.connect_by(None, contoso::SERVICE_ACCOUNT).await
    }

    /// Connects by a method, and signs in or consents as `user`.
    pub(crate) async fn connect_by(&self, method: Option<&str>, user: &str) -> Result<IntegrationId> {
        let setup = Setup { match_field: MatchField::Email, values: by_method(method) };
        let begun = self.platform.start_connect(TEAMS, setup, SESSION, contoso::REDIRECT_URI).await?;
        let (id, NextStep::Visit(url)) = begun else { bail!("Teams needs a sign-in: {begun:?}") };
        match self.finish(&url, user).await? {
            Finished::Connected { integration, .. } if integration == id => Ok(id),
            other => bail!("{other:?}"),
        }
    }

    pub(crate) async fn reauthorize(&self, id: &IntegrationId) -> Result<()> {
        self.reauthorize_by(id, None, contoso::SERVICE_ACCOUNT).await
    }

    /// Reauthorizes by a method, or as it is connected, and signs in or consents as `user`.
    pub(crate) async fn reauthorize_by(
        &self,
        id: &IntegrationId,
        method: Option<&str>,
        user: &str,
    ) -> Result<()> {
        let begun =
            self.platform.start_reauthorize(id, by_method(method), SESSION, contoso::REDIRECT_URI).await?;
        let NextStep::Visit(url) = begun else { bail!("Teams needs a sign-in: {begun:?}") };
        match self.finish(&url, user).await? {
            Finished::Reauthorized { integration, .. } if integration == *id => Ok(()),
            other => bail!("{other:?}"),
        }
    }

    async fn finish(&self, url: &str, user: &str) -> Result<Finished> {
        let parameters = self.world.sign_in(url, user).await?;
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
    end_to_end::booking(id, staff, START)
}
