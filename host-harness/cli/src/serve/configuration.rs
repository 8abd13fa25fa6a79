//! What an operator writes into the file of `serve --config`.

mod kept;
mod keys;
mod watched;

use std::fs;
use std::net::SocketAddr;
use std::ops::Range;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use toml::Spanned;
use url::Url;
use video_console::Settings;
use video_host::HostConfig;
use video_host::egress::Origin;
use video_host::store::{self, KeyFile, Location};
use video_platform::{Manifests, Platform, Role};

use super::Ending;
use super::raw::{Raw, RawSessions, RawStop};
use crate::configured::{self, CLIENT_ID, CLIENT_SECRET, ConfiguredOptions, DATABASE_URL};
use crate::watching::{Logs, Traces};

pub(crate) use kept::kept;

/// Where the operator's port is, unless something else is said: where OpenTelemetry has its metrics.
const OPERATOR: &str = "127.0.0.1:9464";

/// What the file says, held against what there is.
pub(super) struct Configuration {
    pub(super) settings: Settings,
    pub(super) listen: Option<SocketAddr>,
    pub(super) administrator: String,
    pub(super) ending: Ending,
    pub(super) operator: Option<SocketAddr>,
    pub(super) logs: Logs,
    pub(super) traces: Option<Traces>,
    staff: Option<PathBuf>,
    platform: ConfiguredOptions,
    store: Location,
    file: File,
    store_at: String,
    administrator_at: Range<usize>,
    staff_at: Range<usize>,
}

/// The file, for telling where something stands.
struct File {
    name: PathBuf,
    text: String,
}

impl File {
    fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..at.start).unwrap_or_default();
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    /// Where something stands, to begin a sentence with.
    fn at(&self, at: &Range<usize>) -> String {
        format!("{}, line {}", self.name.display(), self.line(at))
    }

    /// A name that it has in it, from where it is.
    fn beside(&self, path: &Path) -> PathBuf {
        self.name.parent().unwrap_or(Path::new("")).join(path)
    }

    /// A file that it names, if it can be read.
    fn named(&self, path: Option<&Spanned<PathBuf>>) -> Result<Option<PathBuf>> {
        let Some(path) = path else { return Ok(None) };
        let found = self.beside(path.get_ref());
        fs::File::open(&found)
            .and_then(|file| file.metadata())
            .map_err(anyhow::Error::from)
            .and_then(|it| {
                ensure!(it.is_file(), "it is no file");
                Ok(())
            })
            .with_context(|| {
                format!(
                    "{}: {} cannot be read. Name a file relative to the configuration's folder",
                    self.at(&path.span()),
                    found.display()
                )
            })?;
        Ok(Some(found))
    }

    /// A folder that it names, if there is a manifest in it.
    fn manifests(&self, path: Option<&Spanned<PathBuf>>) -> Result<Option<PathBuf>> {
        let Some(path) = path else { return Ok(None) };
        let (at, folder) = (self.at(&path.span()), self.beside(path.get_ref()));
        let files = Manifests::folder(&folder).files().with_context(|| {
            format!(
                "{at}: {} cannot be read. Name a folder relative to the configuration's folder",
                folder.display()
            )
        })?;
        ensure!(
            !files.is_empty(),
            "{at}: there is no manifest in {}. Put one there for each plugin, in a file whose name ends with \
             .toml",
            folder.display()
        );
        Ok(Some(folder))
    }

    /// The data folder, if there is one or can be.
    fn data(&self, written: &Spanned<PathBuf>) -> Result<PathBuf> {
        let data = self.beside(written.get_ref());
        ensure!(
            data.is_dir() || (!data.exists() && keys::has_a_folder(&data)),
            "{}: {} cannot be the data folder: it is no folder, and there is none to make it in",
            self.at(&written.span()),
            data.display()
        );
        Ok(data)
    }

    /// Origins that are granted.
    fn origins(&self, written: Vec<Spanned<String>>) -> Result<Vec<String>> {
        let origin = |written: Spanned<String>| {
            let parsed: Result<Origin, _> = written.get_ref().parse();
            parsed.with_context(|| {
                format!("{}: cannot grant {}", self.at(&written.span()), written.get_ref())
            })?;
            Ok(written.into_inner())
        };
        written.into_iter().map(origin).collect()
    }

    /// An address to listen on.
    fn socket(&self, written: &Spanned<String>) -> Result<SocketAddr> {
        let text = written.get_ref();
        text.parse().with_context(|| {
            format!(
                "{}: {text} has to be an address and a port, such as 127.0.0.1:8443",
                self.at(&written.span())
            )
        })
    }

    /// A number, or what there is without one.
    fn number(
        &self,
        written: Option<&Spanned<u64>>,
        usual: u64,
        allowed: RangeInclusive<u64>,
    ) -> Result<u64> {
        let Some(written) = written else { return Ok(usual) };
        let number = *written.get_ref();
        ensure!(
            allowed.contains(&number),
            "{}: {number} has to be from {} to {}",
            self.at(&written.span()),
            allowed.start(),
            allowed.end()
        );
        Ok(number)
    }
}

/// Reads the file. Whatever can be wrong with it is told here, with its line.
pub(super) fn read(name: &Path) -> Result<Configuration> {
    let (file, raw) = open(name)?;
    let settings = sessions(&file, &raw.sessions, address(&file, &raw.address)?)?;
    let others = raw.plugin.is_some()
        || raw.client_id.is_some()
        || raw.client_secret_file.is_some()
        || !raw.grant_api.is_empty()
        || !raw.grant_identity.is_empty();
    if let (Some(_), Some(folder)) = (&raw.manifest, &raw.manifests) {
        bail!(
            "{}: the folder has the manifests of all plugins. Put the one of manifest in it, and leave manifest \
             out",
            file.at(&folder.span())
        );
    }
    if let Some(manifest) = raw.manifest.as_ref().or(raw.manifests.as_ref()) {
        ensure!(
            !others,
            "{}: the manifest says which plugin and client there are and what is granted. Leave out plugin, \
             client-id, client-secret-file, grant-api and grant-identity",
            file.at(&manifest.span())
        );
    } else {
        let set = |name| std::env::var_os(name).is_some();
        for (given, key, variable) in [
            (raw.client_id.is_some(), "client-id, the application's id", CLIENT_ID),
            (raw.client_secret_file.is_some(), "client-secret-file, the file of its secret", CLIENT_SECRET),
        ] {
            ensure!(
                given || set(variable),
                "{}: {key}, is missing. Write it, set the variable {variable}, or name a manifest",
                name.display()
            );
        }
    }
    let (data, store) = (file.data(&raw.data)?, location(&file, &raw)?);
    let mut platform = ConfiguredOptions {
        data,
        manifest: file.named(raw.manifest.as_ref())?,
        manifests: file.manifests(raw.manifests.as_ref())?,
        plugin: file.named(raw.plugin.as_ref())?,
        keys: keys::keys(&file, raw.keys.as_ref(), &store)?,
        client_id: raw.client_id,
        client_secret_file: file.named(raw.client_secret_file.as_ref())?,
        grant_api: file.origins(raw.grant_api)?,
        grant_identity: file.origins(raw.grant_identity)?,
        ..ConfiguredOptions::default()
    };
    if let Some(stand_in) = &raw.stand_in {
        platform.microsoft = Some(file.socket(&stand_in.address)?);
        platform.ca = file.named(Some(&stand_in.ca))?;
    }
    let operator = match &raw.operator {
        Some(operator) => Some(match &operator.listen {
            Some(address) => file.socket(address)?,
            None => OPERATOR.parse()?,
        }),
        None => None,
    };
    let store_at = match &raw.database_url_file {
        None if std::env::var_os(DATABASE_URL).is_some() => format!("the variable {DATABASE_URL}"),
        None => file.at(&raw.data.span()),
        Some(written) => file.at(&written.span()),
    };
    Ok(Configuration {
        settings,
        store,
        store_at,
        listen: raw.listen.as_ref().map(|address| file.socket(address)).transpose()?,
        ending: ending(&file, &raw.stop)?,
        operator,
        logs: watched::logs(&file, raw.log)?,
        traces: raw.traces.as_ref().map(|raw| watched::traces(&file, raw)).transpose()?,
        staff: file.named(raw.staff.as_ref())?,
        staff_at: raw.staff.as_ref().map(Spanned::span).unwrap_or_default(),
        administrator_at: raw.administrator.span(),
        administrator: raw.administrator.into_inner(),
        platform,
        file,
    })
}

/// The file, as it is written.
fn open(name: &Path) -> Result<(File, Raw)> {
    let text = fs::read_to_string(name).with_context(|| format!("cannot read {}", name.display()))?;
    let file = File { name: name.to_owned(), text };
    match toml::from_str(&file.text) {
        Ok(raw) => Ok((file, raw)),
        // Its own words would show the line.
        Err(error) => bail!(
            "{}: {}",
            error.span().map_or_else(|| name.display().to_string(), |span| file.at(&span)),
            error.message()
        ),
    }
}

/// Where the store is, by the file, the environment or the data folder.
fn location(file: &File, raw: &Raw) -> Result<Location> {
    let named = file.named(raw.database_url_file.as_ref())?;
    let found = configured::store(&file.beside(raw.data.get_ref()), named.as_deref());
    // What is wrong with the environment is in no line; what the data folder says names its own file.
    match &raw.database_url_file {
        Some(written) => found.with_context(|| file.at(&written.span())),
        None => found,
    }
}

fn sessions(file: &File, raw: &RawSessions, address: Url) -> Result<Settings> {
    let usual = Settings::new(address);
    let minutes = |written: &Option<Spanned<u64>>, usual: Duration, most: u64| {
        let usual = usual.as_secs() / 60;
        anyhow::Ok(Duration::from_mins(file.number(written.as_ref(), usual, 1..=most)?))
    };
    let sign_ins = u64::from(usual.sign_ins_per_minute);
    let sign_ins = file.number(raw.sign_ins_per_minute.as_ref(), sign_ins, 1..=10_000)?;
    Ok(Settings {
        idle: minutes(&raw.idle_minutes, usual.idle, 24 * 60)?,
        longest: minutes(&raw.longest_minutes, usual.longest, 7 * 24 * 60)?,
        link_lifetime: minutes(&raw.sign_in_link_minutes, usual.link_lifetime, 24 * 60)?,
        sign_ins_per_minute: u32::try_from(sign_ins)?,
        ..usual
    })
}

fn ending(file: &File, raw: &RawStop) -> Result<Ending> {
    let usual = Ending::default();
    let seconds = |written: &Option<Spanned<u64>>, usual: Duration| {
        anyhow::Ok(Duration::from_secs(file.number(written.as_ref(), usual.as_secs(), 0..=3_600)?))
    };
    Ok(Ending {
        notice: seconds(&raw.notice_seconds, usual.notice)?,
        within: seconds(&raw.within_seconds, usual.within)?,
    })
}

fn address(file: &File, written: &Spanned<String>) -> Result<Url> {
    let text = written.get_ref();
    let parsed = Url::parse(text).with_context(|| {
        format!("{}: {text} is no address. Write it as https://video.example.com", file.at(&written.span()))
    })?;
    Settings::new(parsed.clone()).check().with_context(|| file.at(&written.span()))?;
    Ok(parsed)
}

impl Configuration {
    /// Opens the platform on its data folder; the manifests are to be followed.
    pub(super) async fn open(&self) -> Result<(Platform, Option<Manifests>)> {
        self.open_on(&self.platform, self.store.clone()).await
    }

    /// Tries all of it without touching what is stored: the plugins are compiled and loaded under their
    /// manifests, and the staff list is imported, in a folder that is removed again. Says what of the real
    /// store was looked at.
    pub(super) async fn check(&self) -> Result<Option<String>> {
        let folder = TempDir::with_prefix("host-harness-check-")?;
        // A first start makes the keys; so does this, elsewhere.
        let real = self.platform.keys.clone().unwrap_or_else(|| self.platform.data.join(HostConfig::KEYS));
        let made = KeyFile::new(folder.path().join(HostConfig::KEYS)).load_or_create()?;
        let keys = if real.exists() { KeyFile::new(real).load()? } else { made };
        store::look(&self.store, &keys)
            .await
            .with_context(|| format!("{}: the store {} cannot be used", self.store_at, self.store))?;
        let elsewhere =
            ConfiguredOptions { data: folder.path().to_owned(), keys: None, ..self.platform.clone() };
        self.open_on(&elsewhere, Location::file(folder.path().join(Location::FILE))).await?;
        let is_server = self.store.path().is_none();
        Ok(is_server.then(|| {
            format!(
                "{} answers, and these encryption keys open what is in it. It was only read: its tables are \
                 brought up to date at the start.",
                self.store
            )
        }))
    }

    async fn open_on(
        &self,
        options: &ConfiguredOptions,
        store: Location,
    ) -> Result<(Platform, Option<Manifests>)> {
        let (platform, manifests) = configured::start(options, store).await?;
        if let Some(file) = &self.staff {
            let list = fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
            let import = platform.import_staff(list).await;
            let report = import.with_context(|| {
                format!("{}: {} is no staff list", self.file.at(&self.staff_at), file.display())
            })?;
            for row in &report.rejected {
                tracing::warn!("{}: {row}", file.display());
            }
        }
        let administrator = platform.staff_member(&self.administrator).await?;
        ensure!(
            administrator.is_some_and(|member| member.role == Role::Administrator),
            "{}: {} is no administrator of the staff list. Give them the role administrator there, or name \
             another",
            self.file.at(&self.administrator_at),
            self.administrator
        );
        Ok((platform, manifests))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_for_beside_the_configuration() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (file, secret) = (folder.path().join("serve.toml"), folder.path().join("secret"));
        fs::write(folder.path().join("staff.csv"), "id,name,email,user_name\n")?;
        fs::write(&secret, "a secret")?;
        fs::write(
            &file,
            format!(
                "address = 'https://video.example.com'\ndata = 'data'\nadministrator = 'A-1'\n\
                 staff = 'staff.csv'\nclient-id = 'an id'\nclient-secret-file = '{}'\n",
                secret.display()
            ),
        )?;
        let read = read(&file)?;
        assert_eq!(read.platform.data, folder.path().join("data"));
        assert_eq!(read.staff, Some(folder.path().join("staff.csv")));
        assert_eq!(read.platform.client_secret_file, Some(secret));
        Ok(())
    }
}
