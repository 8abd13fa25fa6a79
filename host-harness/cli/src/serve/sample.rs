//! Contoso, a bank, with its staff and services, in front of the stand-in.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use mock_graph::{Application, Config, MockGraph, RedirectUri, contoso as registered};
use tempfile::TempDir;
use url::Url;
use video_console::{CALLBACK, Console, Detour, Settings};
use video_host::{Host, HostConfig};
use video_platform::{Entitlement, MeetingMethod, Platform, Service};

use crate::{configured, contoso};

/// Who can sign in, by their roles; the last one is of the bank's staff list.
pub(super) const PEOPLE: [(&str, &str); 3] =
    [("Administrator", "ADMIN-1"), ("Scheduler", "SCHEDULER-1"), ("Staff", "CB-1009")];

/// Those who are not in the bank's staff list.
const OFFICE: &str = "id,name,email,user_name,role\n\
    ADMIN-1,Alex Hartmann,other.admin@contoso.com,other.admin@contoso.com,administrator\n\
    SCHEDULER-1,Robin Okafor,robin.okafor@contoso.com,rokafor,scheduler\n";

/// The bank's services by id, with how many of the staff give each.
const SERVICES: [(&str, &str, &[MeetingMethod], u32); 3] = [
    ("mortgage", "Mortgage advice", &MeetingMethod::ALL, 40),
    ("investment", "Investment review", &[MeetingMethod::Phone, MeetingMethod::VideoCall], 25),
    ("account", "Opening an account", &[MeetingMethod::InPerson], 15),
];

pub(super) struct Sample {
    pub(super) microsoft: MockGraph,
    pub(super) platform: Platform,
    pub(super) console: Console,
    pub(super) address: String,
    /// Removed at the end.
    _data: TempDir,
}

impl Sample {
    /// Everything, with pages under `address` and the stand-in on `microsoft`.
    pub(super) async fn open(address: Url, microsoft: SocketAddr) -> Result<Self> {
        let mut settings = Settings::new(address.clone());
        let redirect = format!("{}{CALLBACK}", address.origin().ascii_serialization());
        let mut application: Application = registered::application();
        application.redirect_uris.push(RedirectUri::web(&redirect));
        let microsoft = MockGraph::start(Config {
            listen: microsoft,
            organisations: vec![contoso::organisation()?],
            applications: vec![application],
            ..Config::default()
        })
        .await?;
        // The browser does not know Microsoft's names as the stand-in's.
        settings
            .detours
            .push(Detour { from: format!("https://{}", configured::LOGIN), to: super::stand_in(&microsoft) });

        let data = TempDir::with_prefix("host-harness-")?;
        let mut config = HostConfig::new(data.path());
        configured::lead_to(&mut config, microsoft.addr(), microsoft.ca_pem(), &[])?;
        let host = Host::start(config).await?;
        let manifest =
            configured::manifest(registered::CLIENT_ID, registered::CLIENT_SECRET, configured::worldwide()?);
        let plugin =
            host.load(plugin_artifacts::TEAMS, &manifest).await.context("the plugin cannot be loaded")?;
        let platform = Platform::open(host).await?;
        platform.providers().install(plugin);
        fill(&platform).await?;
        let console = Console::open(platform.clone(), settings).await?;
        Ok(Self { microsoft, platform, console, address: address.to_string(), _data: data })
    }
}

async fn fill(platform: &Platform) -> Result<()> {
    platform.import_staff(contoso::STAFF.as_bytes()).await?;
    platform.import_staff(OFFICE.as_bytes()).await?;
    platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    for (id, name, methods, staff) in SERVICES {
        let service = Service { id: id.to_owned(), name: name.to_owned(), methods: methods.to_vec() };
        platform.put_service(&service).await?;
        // Those behind the office, which gives no services.
        for member in platform.staff(Some("CB-"), staff).await? {
            if member.id.starts_with("CB-") {
                platform.assign(id, &member.id, true).await?;
            }
        }
    }
    Ok(())
}
