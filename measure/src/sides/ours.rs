//! Our plugin in the host, as in production: but for what one tenant may use, which is raised above what is
//! measured, as everything here is one tenant's.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use end_to_end::process::variable;
use end_to_end::{INTEGRATION, authorities, manifest, routes};
use mock_graph::contoso;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use video_host::calls::{CallPolicy, Rate, Share};
use video_host::egress::Trust;
use video_host::provider::{Cancellation, Error, MeetingRequest, User};
use video_host::store::Integration;
use video_host::{CallError, Host, HostConfig, Plugin, Provider};
use video_platform::{MeetingMethod, Platform};

use super::Work;
use crate::growth::booking;
use crate::stage::{ADDRESS, CA, DATA};

const START: i64 = 1_900_000_000_000;
const HALF_AN_HOUR: i64 = 1_800_000;

struct Ours {
    host: Host,
    /// For [`Work::Book`] only.
    platform: OnceCell<Platform>,
    plugin: Plugin,
    integration: Integration,
    teams: Provider,
    evil: Provider,
}

pub(super) fn serve() -> Result<()> {
    let runtime = Runtime::new()?;
    let ours = Arc::new(runtime.block_on(Ours::start())?);
    measure_driver::serve(&runtime, move |work, id| {
        let ours = ours.clone();
        async move { ours.call(Work::of(&work)?, &id).await }
    })?;
    Ok(())
}

/// Production's choices but for the tenant's share.
pub(crate) fn policy() -> CallPolicy {
    let rate = Some(Rate { units: u32::MAX, ..Rate::default() });
    CallPolicy { share: Share { rate, calls: 1_000, ..Share::default() }, ..CallPolicy::default() }
}

impl Ours {
    async fn start() -> Result<Self> {
        let mut config = HostConfig::new(variable(DATA)?);
        config.resolver = Arc::new(routes(variable(ADDRESS)?.parse()?));
        config.trust = Trust::Only(authorities(&std::fs::read_to_string(variable(CA)?)?)?);
        config.calls = policy();
        let host = Host::start(config).await?;
        let plugin = host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
        let evil = host.load(plugin_artifacts::EVIL, &manifest()?).await?;
        let integration = INTEGRATION.parse()?;
        let (teams, evil) = (plugin.on(&integration), evil.on(&integration));
        Ok(Self { host, platform: OnceCell::new(), plugin, integration, teams, evil })
    }

    async fn call(&self, work: Work, id: &str) -> Result<()> {
        match work {
            Work::CreateMeeting => {
                let meeting = self.teams.create_meeting(&request(id)).await?;
                ensure!(meeting.join_url.starts_with("https://"), "no link");
            }
            Work::Sandbox => {
                self.plugin.describe().await?;
            }
            Work::Refusal => match self.teams.create_meeting(&request("")).await {
                Err(CallError::Provider(Error::InvalidInput(_))) => {}
                other => bail!("not refused: {other:?}"),
            },
            Work::Nothing => self.evil.cancel_meeting(&nothing()).await?,
            Work::Answer => self.evil_does("nothing").await?,
            Work::Reads => self.evil_does(&format!("read:{}", super::READS)).await?,
            Work::Exchange => self.evil_does(super::NOBODY).await?,
            Work::TwoExchanges => self.evil_does(&format!("twice:{}", super::NOBODY)).await?,
            Work::Query => {
                let found = self.host.store().get(&self.integration, "connection").await?;
                ensure!(found.is_some(), "no record of the connection");
            }
            Work::Book => {
                let number = id.rsplit('-').next().unwrap_or_default().parse()?;
                let booking = booking(id.to_owned(), number, MeetingMethod::VideoCall);
                let booked = self.platform().await?.book(&booking).await?;
                ensure!(booked.link.is_some(), "{booked:?}");
            }
        }
        Ok(())
    }

    async fn platform(&self) -> Result<&Platform> {
        let open = || async {
            let platform = Platform::open(self.host.clone()).await?;
            platform.providers().install(self.plugin.clone());
            anyhow::Ok(platform)
        };
        self.platform.get_or_try_init(open).await
    }

    /// The guest does what the appointment's name says.
    async fn evil_does(&self, what: &str) -> Result<()> {
        self.evil.create_meeting(&request(what)).await?;
        Ok(())
    }
}

fn nothing() -> Cancellation {
    Cancellation { appointment_id: "nothing".to_owned(), meeting_id: None, organizer_id: None, staff: None }
}

/// An appointment of the adviser's.
pub(crate) fn request(id: &str) -> MeetingRequest {
    MeetingRequest {
        appointment_id: id.to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: Some(User {
            id: contoso::ADVISER_ID.to_owned(),
            key: contoso::ADVISER.to_owned(),
            display_name: "Adele Vance".to_owned(),
        }),
        subject: "Mortgage advice".to_owned(),
        start: START,
        end: START + HALF_AN_HOUR,
        attendees: Vec::new(),
        options: Vec::new(),
    }
}
