//! What a plugin's file is: its identity, what it wants of a host, and whether this host takes it.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use tempfile::TempDir;
use video_host::egress::{Grant, StaticRoutes, Trust};
use video_host::manifest::asked_by;
use video_host::provider::{CONTRACT, Choice, MeetingOption, SetupKind, capability_words};
use video_host::signing::SigningKeys;
use video_host::wants::Wants;
use video_host::{Host, HostConfig, Limits, LoadError, Manifest, Plugin, sha256};

use crate::screen::{Screen, Tone, bytes, count};

/// All that can be said of a plugin's file.
#[derive(Debug, Serialize)]
pub struct Inspection {
    file: String,
    size: u64,
    sha256: String,
    /// Nothing if it cannot be loaded.
    identity: Option<Identity>,
    imports: Vec<String>,
    exports: Vec<String>,
    /// Why this host does not load it; nothing if it does.
    pub refusal: Option<String>,
    /// The manifest that it asks for, TOML; nothing if it cannot be loaded.
    #[serde(skip)]
    pub manifest: Option<String>,
    /// What it says that it wants; nothing if it cannot be loaded.
    #[serde(skip)]
    wants: Option<Wants>,
}

/// What the plugin says of itself.
#[derive(Debug, Serialize)]
struct Identity {
    id: String,
    name: String,
    version: String,
    contract: &'static str,
    capabilities: Vec<&'static str>,
    match_key: String,
    best_batch: u32,
    /// What the provider documents for one organizer; none without a limit.
    meetings_per_month: Option<u32>,
    setup: Vec<Field>,
    /// What can be chosen about meetings.
    meeting_options: Vec<Offered>,
    /// Keys for tokens of who joins, without which it is of no use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signs_with: Vec<String>,
    /// Such keys that an operator may leave out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    may_sign_with: Vec<String>,
    /// Origins that requests go to.
    requests_to: Vec<String>,
    /// Origins that administrators sign in at.
    sign_in_at: Vec<String>,
    /// Origins that an operator need not grant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    may_request: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    may_sign_in_at: Vec<String>,
}

/// A field of the setup.
#[derive(Debug, Serialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    label: String,
    kind: String,
    pub(crate) required: bool,
    asked_again: bool,
    /// Whether the platform answers it, and tells no plugin.
    #[serde(skip)]
    pub(crate) of_staff: bool,
}

#[derive(Debug, Serialize)]
struct Offered {
    name: String,
    label: String,
    kind: String,
    /// The label of the choice that holds when nobody chose.
    default: String,
}

/// The usual limits, with what an operator would grant a plugin of another language: both in MiB.
pub fn limits(memory: Option<usize>, size: Option<usize>) -> Limits {
    let usual = Limits::default();
    Limits {
        memory: memory.map_or(usual.memory, |mib| mib << 20),
        component: size.map_or(usual.component, |mib| mib << 20),
        ..usual
    }
}

/// Looks at a file on a host of its own, which reaches nobody.
pub async fn inspect(file: &Path, limits: &Limits) -> Result<Inspection> {
    let component = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let folder = TempDir::with_prefix("host-harness-")?;
    let mut config = HostConfig::new(folder.path());
    config.resolver = Arc::new(StaticRoutes::default());
    config.trust = Trust::Only(Vec::new());
    let host = Host::start(config).await?;
    let loaded = load(&host, &component, limits).await;
    // A file that is no component has no surface either, for the reason that loading gave.
    let surface = host.inspect(&component, limits).await.ok();
    let (imports, exports) = surface.map(|surface| (surface.imports, surface.exports)).unwrap_or_default();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(Inspection {
        wants: loaded.as_ref().ok().map(|plugin| Wants::of_description(plugin.description())),
        manifest: loaded.as_ref().ok().map(|plugin| asked_by(plugin, &name)),
        file: file.display().to_string(),
        size: component.len() as u64,
        sha256: sha256(&component),
        identity: loaded.as_ref().ok().map(Identity::of),
        imports,
        exports,
        refusal: loaded.err().map(|error| error.to_string()),
    })
}

/// Loads it, granting what it asks for: nothing is called but its description.
async fn load(host: &Host, component: &[u8], limits: &Limits) -> Result<Plugin, LoadError> {
    let mut manifest = Manifest { limits: limits.clone(), ..Manifest::default() };
    // Nothing is signed here: the keys only have to be there.
    if let Ok(Some(wants)) = Wants::of_component(component)
        && let Ok(nowhere) = "https://nowhere.invalid".parse()
        && let Ok((keys, _)) = SigningKeys::drawn(wants.keys(false), &nowhere)
    {
        manifest.signing = Arc::new(keys);
    }
    match host.load(component, &manifest).await {
        Err(LoadError::NotGranted(wanted)) => {
            let grant = Grant { api: wanted.clone(), identity: wanted };
            host.load(component, &Manifest { grant, ..manifest }).await
        }
        loaded => loaded,
    }
}

impl Inspection {
    /// Writes the plugin's file again, with what it wants in a section.
    pub fn embed(&self, plugin: &Path, file: &Path) -> Result<()> {
        let wants =
            self.wants.as_ref().context("a plugin that cannot be loaded does not say what it wants")?;
        let component = fs::read(plugin).with_context(|| format!("cannot read {}", plugin.display()))?;
        ensure!(Wants::of_component(&component)?.is_none(), "{} has its section already", plugin.display());
        fs::write(file, wants.embedded_in(&component))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Identity {
    fn of(plugin: &Plugin) -> Self {
        let description = plugin.description();
        let keys = |optional| {
            plugin.wants().map(|wants| wants.keys(optional).map(str::to_owned).collect()).unwrap_or_default()
        };
        Self {
            id: description.id.clone(),
            name: description.name.clone(),
            version: description.version.clone(),
            contract: CONTRACT,
            capabilities: capability_words(description.capabilities).collect(),
            match_key: description.match_key.clone(),
            best_batch: description.best_batch,
            meetings_per_month: description.meetings_per_month,
            setup: description
                .setup
                .iter()
                .map(|field| Field {
                    name: field.name.clone(),
                    label: field.label.clone(),
                    kind: kind(&field.kind),
                    required: field.required,
                    asked_again: field.asked_again,
                    of_staff: matches!(field.kind, SetupKind::StaffField),
                })
                .collect(),
            meeting_options: description.meeting_options.iter().map(Offered::of).collect(),
            signs_with: keys(false),
            may_sign_with: keys(true),
            requests_to: description.api_origins.clone(),
            sign_in_at: description.identity_origins.clone(),
            may_request: description.optional_api_origins.clone(),
            may_sign_in_at: description.optional_identity_origins.clone(),
        }
    }

    fn show(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact("Id", &self.id)?;
        screen.fact("Name", &self.name)?;
        screen.fact("Version", &self.version)?;
        screen.fact("Contract", self.contract)?;
        screen.fact("Can", &listed(&self.capabilities.join(", ")))?;
        screen.fact("Match key", &listed(&self.match_key))?;
        screen.fact("Best batch", &self.best_batch.to_string())?;
        let limit = self.meetings_per_month.map_or("no limit".to_owned(), |most| most.to_string());
        screen.fact("Meetings", &format!("{limit} a month for one organizer"))?;
        screen.title("Asks the administrator for", "")?;
        for field in &self.setup {
            let required = if field.required { "required" } else { "optional" };
            let again = if field.asked_again { ", also to reauthorize" } else { "" };
            let said = format!("{} ({}, {required}{again})", field.label, field.kind);
            screen.fact(&field.name, &said)?;
        }
        if !self.meeting_options.is_empty() {
            screen.title("Lets the platform choose for meetings", "")?;
        }
        for option in &self.meeting_options {
            let said = format!("{} ({}; by default {})", option.label, option.kind, option.default);
            screen.fact(&option.name, &said)?;
        }
        screen.title("Asks the operator for", "")?;
        screen.fact("Requests", &listed(&self.requests_to.join(", ")))?;
        screen.fact("Sign-in", &listed(&self.sign_in_at.join(", ")))?;
        let optional = [self.may_request.as_slice(), &self.may_sign_in_at].concat();
        if !optional.is_empty() {
            screen.fact("If granted", &optional.join(", "))?;
        }
        for (what, keys) in [("Key", &self.signs_with), ("Optional key", &self.may_sign_with)] {
            for name in keys {
                screen.fact(what, &format!("{name}, for tokens of those who join"))?;
            }
        }
        Ok(())
    }
}

impl Offered {
    fn of(option: &MeetingOption) -> Self {
        let default = option.choices.iter().find(|choice| choice.value == option.default);
        Self {
            name: option.name.clone(),
            label: option.label.clone(),
            kind: one_of(&option.choices),
            default: default.map(|choice| choice.label.clone()).unwrap_or_default(),
        }
    }
}

fn listed(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}

fn one_of(choices: &[Choice]) -> String {
    let labels: Vec<_> = choices.iter().map(|choice| choice.label.as_str()).collect();
    format!("one of {}", labels.join(", "))
}

fn kind(kind: &SetupKind) -> String {
    match kind {
        SetupKind::Text(most) => format!("text of at most {most} characters"),
        SetupKind::Choice(choices) => one_of(choices),
        SetupKind::StaffField => "a field of the staff records".to_owned(),
    }
}

impl Inspection {
    /// Whether it asks to send requests to an origin.
    pub fn sends_to(&self, origin: &str) -> bool {
        self.identity.as_ref().is_some_and(|identity| identity.requests_to.iter().any(|one| one == origin))
    }

    /// The fields of the setup; none if it cannot be loaded.
    pub(crate) fn setup(&self) -> Option<&[Field]> {
        Some(&self.identity.as_ref()?.setup)
    }

    /// For people.
    pub fn show(&self, screen: &mut Screen) -> io::Result<()> {
        let name = Path::new(&self.file).file_name().unwrap_or_default().to_string_lossy();
        screen.title(&name, "")?;
        screen.fact("Size", &format!("{} ({})", bytes(self.size), count(self.size, "byte")))?;
        screen.fact("SHA-256", &self.sha256)?;
        if let Some(identity) = &self.identity {
            identity.show(screen)?;
        }
        for (title, names) in [("Imports", &self.imports), ("Exports", &self.exports)] {
            if names.is_empty() && self.refusal.is_some() {
                continue;
            }
            screen.title(title, &names.len().to_string())?;
            names.iter().try_for_each(|name| screen.text(name))?;
        }
        screen.gap()?;
        match &self.refusal {
            Some(refusal) => {
                screen.marked("✗", Tone::Bad, &format!("This host does not load it: {refusal}."))
            }
            None => screen.marked(
                "✓",
                Tone::Good,
                "This host loads it, once the operator grants what it asks for.",
            ),
        }
    }
}
