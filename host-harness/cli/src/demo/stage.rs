//! Everything the story needs, in one process: the host with the plugin, the platform with its staff,
//! and the stand-in for Microsoft, talking over TLS.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mock_graph::{Config, MockGraph, Operation, SignIn, StoredMeeting, contoso as registered};
use serde::Serialize;
use tempfile::TempDir;
use url::Url;
use video_host::provider::Parameter;
use video_host::{Host, HostConfig, LoadError, Manifest, ManifestFile, Plugin};
use video_platform::{Appointment, Platform};

use super::promise::Kept;
use super::teller::Tell;
use crate::arguments::DemoOptions;
use crate::configured;
use crate::contoso;
use crate::screen::{Screen, bytes, took};

/// The administrator's login at the platform.
pub(super) const SESSION: &str = "the-administrator-of-the-demonstration";

/// Whose story it is.
const TEAMS: &str = "microsoft-teams";

/// Where whoever has written a plugin can try it.
const FOR_OTHERS: &str =
    "for other plugins there are `host-harness check PLUGIN` and `host-harness serve --config FILE`";

/// Requests that come from the administrator's browser.
const PAGES: [Operation; 4] =
    [Operation::Authorize, Operation::SignIn, Operation::Consent, Operation::AdminConsent];

pub(super) struct Stage {
    pub(super) microsoft: MockGraph,
    pub(super) host: Host,
    pub(super) platform: Platform,
    pub(super) plugin: Plugin,
    pub(super) folder: PathBuf,
    /// Removes the folder at the end, if nobody wants to keep it.
    _temporary: Option<TempDir>,
}

/// What the story begins with.
#[derive(Debug, Serialize)]
pub(super) struct Setting {
    plugin: String,
    version: String,
    digest: String,
    pub(super) component_bytes: u64,
    /// Loading on a fresh folder: checked, compiled, linked, described.
    #[serde(serialize_with = "milliseconds")]
    pub(super) load_cold_milliseconds: Duration,
    /// Loading again, from the code that was compiled.
    #[serde(serialize_with = "milliseconds")]
    pub(super) load_cached_milliseconds: Duration,
    pub(super) staff: usize,
    staff_list: String,
    pub(super) rejected_rows: Vec<String>,
    directory_users: usize,
    microsoft: String,
    kept: Kept,
}

fn milliseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64() * 1e3)
}

impl Stage {
    pub(super) async fn open(options: &DemoOptions) -> Result<(Self, Setting)> {
        let (component, manifest) = component(options)?;
        let (folder, temporary) = folder(options.data.as_deref())?;
        let organisations = vec![contoso::organisation()?];
        let microsoft = MockGraph::start(Config { organisations, ..Config::default() }).await?;

        let mut config = HostConfig::new(&folder);
        configured::lead_to(&mut config, microsoft.addr(), microsoft.ca_pem(), &[])?;
        let host = Host::start(config).await?;

        let begun = Instant::now();
        let plugin = the_teams_plugin(host.load(&component, &manifest).await)?;
        let cold = begun.elapsed();
        let begun = Instant::now();
        let again = host.load(&component, &manifest).await?;
        let cached = begun.elapsed();
        let mut kept = Kept::default();
        kept.check(
            !plugin.from_cache() && again.from_cache(),
            "Its code was compiled here, once, and the second time came from the cache.",
            format_args!("from the cache at first {}, then {}.", plugin.from_cache(), again.from_cache()),
        )?;

        let platform = Platform::open(host.clone()).await?;
        platform.providers().install(plugin.clone());
        let (staff_list, list) = staff_list(options.staff.as_deref())?;
        let imported = platform.import_staff(list.as_slice()).await?;
        let description = plugin.description();
        let setting = Setting {
            plugin: format!("{} ({})", description.name, description.id),
            version: description.version.clone(),
            digest: plugin.digest().to_owned(),
            component_bytes: plugin.size() as u64,
            load_cold_milliseconds: cold,
            load_cached_milliseconds: cached,
            staff: platform.staff_count().await?,
            staff_list,
            rejected_rows: imported.rejected.iter().map(ToString::to_string).collect(),
            directory_users: microsoft.directory().user_count(registered::TENANT_ID),
            microsoft: microsoft.addr().to_string(),
            kept,
        };
        let stage = Self { microsoft, host, platform, plugin, folder, _temporary: temporary };
        Ok((stage, setting))
    }

    /// Requests to Microsoft so far, without those of the administrator's browser.
    pub(super) fn calls(&self) -> u64 {
        let journal = self.microsoft.journal();
        journal.count(Operation::Any) - PAGES.map(|page| journal.count(page)).iter().sum::<u64>()
    }

    /// Pages that the administrator's browser asked Microsoft for.
    pub(super) fn pages(&self) -> u64 {
        PAGES.map(|page| self.microsoft.journal().count(page)).iter().sum()
    }

    /// Signs in on Microsoft's pages, and gives the parameters that come back.
    pub(super) async fn sign_in(&self, url: &str, user: &str) -> Result<Vec<Parameter>> {
        let back = self.microsoft.sign_in(url, SignIn::accepting(user)).await?;
        let pairs = Url::parse(&back)?;
        let parameter = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| Parameter {
            name: name.into_owned(),
            value: value.into_owned(),
        };
        Ok(pairs.query_pairs().map(parameter).collect())
    }

    /// An appointment, as the platform has it now.
    pub(super) async fn appointment(&self, id: &str) -> Result<Appointment> {
        self.platform.appointment(id).await?.with_context(|| format!("the appointment {id} is gone"))
    }

    /// The meetings that Microsoft has under a link.
    pub(super) fn meetings_at(&self, link: &str) -> Vec<StoredMeeting> {
        self.microsoft.meetings().into_iter().filter(|meeting| meeting.join_web_url == link).collect()
    }
}

/// The plugin of the manifest, or a plugin as the stand-in has its application registered.
fn component(options: &DemoOptions) -> Result<(Vec<u8>, Manifest)> {
    if let Some(file) = &options.manifest {
        let ManifestFile { component, manifest } = ManifestFile::read(file)?;
        return Ok((component, manifest));
    }
    let component = match &options.plugin {
        Some(file) => fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => plugin_artifacts::TEAMS.to_vec(),
    };
    let grant = configured::worldwide()?;
    Ok((component, configured::manifest(registered::CLIENT_ID, registered::CLIENT_SECRET, grant)))
}

/// The plugin that was loaded, if it is the one of the story.
fn the_teams_plugin(loaded: Result<Plugin, LoadError>) -> Result<Plugin> {
    let needs_more = matches!(&loaded, Err(LoadError::NotGranted(_) | LoadError::NoKey(_)));
    let plugin = loaded.with_context(|| {
        if needs_more {
            format!("the demonstration is the story of {TEAMS} at Microsoft; {FOR_OTHERS}")
        } else {
            "the plugin cannot be loaded".to_owned()
        }
    })?;
    let id = &plugin.description().id;
    ensure!(id == TEAMS, "the demonstration is the story of {TEAMS}, and this plugin is {id}; {FOR_OTHERS}");
    Ok(plugin)
}

fn folder(chosen: Option<&Path>) -> Result<(PathBuf, Option<TempDir>)> {
    let Some(folder) = chosen else {
        let temporary = TempDir::with_prefix("host-harness-")?;
        return Ok((temporary.path().to_owned(), Some(temporary)));
    };
    let empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(|| format!("cannot use {}", folder.display())),
    };
    ensure!(empty, "{} is not empty; the story begins with nothing, so name a new folder", folder.display());
    Ok((folder.to_owned(), None))
}

fn staff_list(chosen: Option<&Path>) -> Result<(String, Vec<u8>)> {
    match chosen {
        Some(file) => {
            let list = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            Ok((file.display().to_string(), list))
        }
        None => Ok(("data/staff.csv".to_owned(), contoso::STAFF.as_bytes().to_vec())),
    }
}

impl Tell for Setting {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        let digest: String = self.digest.chars().take(12).collect();
        let size = bytes(self.component_bytes);
        screen.fact("Plugin", &format!("{} {}, {size}, SHA-256 {digest}…", self.plugin, self.version))?;
        screen.fact(
            "Loaded",
            &format!(
                "in {}; again, from the cache, in {}",
                took(self.load_cold_milliseconds),
                took(self.load_cached_milliseconds)
            ),
        )?;
        screen.fact("Staff", &format!("{} imported from {}", self.staff, self.staff_list))?;
        for row in &self.rejected_rows {
            screen.fact("Left out", row)?;
        }
        let microsoft =
            format!("Contoso with {} users, a stand-in at {}", self.directory_users, self.microsoft);
        screen.fact("Microsoft", &microsoft)
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
