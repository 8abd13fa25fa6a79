//! What an operator writes into the file of `serve --config`.

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
use video_host::store::KeyFile;
use video_platform::{Manifests, Platform, Role};

use super::Ending;
use super::raw::{Raw, RawLog, RawSessions, RawStop, RawTraces};
use crate::configured::{self, CLIENT_ID, CLIENT_SECRET, ConfiguredOptions};
use crate::watching::{LogFormat, Logs, Traces, check_filter};

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
    file: File,
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
    let text = fs::read_to_string(name).with_context(|| format!("cannot read {}", name.display()))?;
    let file = File { name: name.to_owned(), text };
    let raw: Raw = match toml::from_str(&file.text) {
        Ok(raw) => raw,
        // Its own words would show the line.
        Err(error) => bail!(
            "{}: {}",
            error.span().map_or_else(|| name.display().to_string(), |span| file.at(&span)),
            error.message()
        ),
    };
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
    let mut platform = ConfiguredOptions {
        data: file.beside(&raw.data),
        database_url_file: file.named(raw.database_url_file.as_ref())?,
        manifest: file.named(raw.manifest.as_ref())?,
        manifests: file.manifests(raw.manifests.as_ref())?,
        plugin: file.named(raw.plugin.as_ref())?,
        keys: raw.keys.as_ref().map(|keys| file.beside(keys.get_ref())),
        client_id: raw.client_id,
        client_secret_file: file.named(raw.client_secret_file.as_ref())?,
        grant_api: raw.grant_api,
        grant_identity: raw.grant_identity,
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
    Ok(Configuration {
        settings,
        listen: raw.listen.as_ref().map(|address| file.socket(address)).transpose()?,
        ending: ending(&file, &raw.stop)?,
        operator,
        logs: logs(&file, raw.log)?,
        traces: raw.traces.as_ref().map(|raw| traces(&file, raw)).transpose()?,
        staff: file.named(raw.staff.as_ref())?,
        staff_at: raw.staff.as_ref().map(Spanned::span).unwrap_or_default(),
        administrator_at: raw.administrator.span(),
        administrator: raw.administrator.into_inner(),
        platform,
        file,
    })
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

fn logs(file: &File, raw: RawLog) -> Result<Logs> {
    let format = match raw.format.as_ref().map(|format| (format.get_ref().as_str(), format.span())) {
        None | Some(("text", _)) => LogFormat::Text,
        Some(("json", _)) => LogFormat::Json,
        Some((other, at)) => bail!("{}: {other} is no format of log lines: text or json", file.at(&at)),
    };
    if let Some(filter) = &raw.filter {
        check_filter(filter.get_ref()).with_context(|| file.at(&filter.span()))?;
    }
    Ok(Logs { format, filter: raw.filter.map(Spanned::into_inner) })
}

fn traces(file: &File, raw: &RawTraces) -> Result<Traces> {
    let endpoint = raw.endpoint.get_ref();
    let usable =
        Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    ensure!(
        usable,
        "{}: {endpoint} is no collector's endpoint. Write it as http://127.0.0.1:4318/v1/traces",
        file.at(&raw.endpoint.span())
    );
    let sample = raw.sample.as_ref().map_or(1.0, |sample| *sample.get_ref());
    if let Some(written) = &raw.sample {
        ensure!(
            (0.0..=1.0).contains(&sample),
            "{}: {sample} has to be from 0.0, for no trace, to 1.0, for all",
            file.at(&written.span())
        );
    }
    Ok(Traces { endpoint: endpoint.clone(), sample })
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
        self.open_on(&self.platform).await
    }

    /// Tries all of it without touching what is stored: the plugins are compiled and loaded under their
    /// manifests, and the staff list is imported, in a folder that is removed again.
    pub(super) async fn check(&self) -> Result<()> {
        let data = &self.platform.data;
        ensure!(
            data.is_dir() || (!data.exists() && data.parent().is_some_and(Path::is_dir)),
            "{} cannot be the data folder: it is no folder, and there is none to make it in",
            data.display()
        );
        if let Some(keys) = self.platform.keys.as_ref().filter(|keys| keys.exists()) {
            KeyFile::new(keys).load()?;
        }
        let folder = TempDir::with_prefix("host-harness-check-")?;
        let elsewhere =
            ConfiguredOptions { data: folder.path().to_owned(), keys: None, ..self.platform.clone() };
        self.open_on(&elsewhere).await.map(drop)
    }

    async fn open_on(&self, options: &ConfiguredOptions) -> Result<(Platform, Option<Manifests>)> {
        let (platform, manifests) = configured::start(options).await?;
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
