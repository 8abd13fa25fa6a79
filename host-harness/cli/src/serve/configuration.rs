//! What an operator writes into the file of `serve --config`.

use std::fs;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use toml::Spanned;
use url::Url;
use video_console::Settings;
use video_platform::{Platform, Role};

use crate::configured::{self, CLIENT_ID, CLIENT_SECRET, ConfiguredOptions};

/// The file as it is written: TOML. Names of other files are relative to where it is.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Raw {
    /// Where browsers find the pages: https, or http on this machine. The redirect URI to register is this
    /// with `/integrations/callback`.
    address: Spanned<String>,
    /// Folder of all that is stored.
    data: PathBuf,
    /// File that holds the address of the PostgreSQL database, for several hosts on one store.
    database_url_file: Option<Spanned<PathBuf>>,
    /// Staff list, CSV with the columns id, name, email, `user_name`, role; read at each start.
    staff: Option<Spanned<PathBuf>>,
    /// Id of the staff member for whom a sign-in link is printed: an administrator.
    administrator: Spanned<String>,
    /// The application that is registered with Microsoft.
    client_id: Option<String>,
    /// File that holds its secret.
    client_secret_file: Option<Spanned<PathBuf>>,
    /// Manifest of the plugin to use, in the place of the plugin, the client and the grants.
    manifest: Option<Spanned<PathBuf>>,
    /// Plugin to use instead of the one that is built in.
    plugin: Option<Spanned<PathBuf>>,
    /// Further origins that the plugin may send requests to.
    #[serde(default)]
    grant_api: Vec<String>,
    /// Further origins to sign in at.
    #[serde(default)]
    grant_identity: Vec<String>,
    /// A stand-in that answers for Microsoft.
    stand_in: Option<RawStandIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct RawStandIn {
    address: Spanned<String>,
    /// File of its certificate authority, PEM.
    ca: Spanned<PathBuf>,
}

/// What the file says, held against what there is.
pub(super) struct Configuration {
    pub(super) address: Url,
    pub(super) administrator: String,
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

    /// A file that it names, if it can be read.
    fn named(&self, path: Option<&Spanned<PathBuf>>) -> Result<Option<PathBuf>> {
        let Some(path) = path else { return Ok(None) };
        let found = self.name.parent().unwrap_or(Path::new("")).join(path.get_ref());
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
    let address = address(&file, &raw.address)?;
    let others = raw.plugin.is_some()
        || raw.client_id.is_some()
        || raw.client_secret_file.is_some()
        || !raw.grant_api.is_empty()
        || !raw.grant_identity.is_empty();
    if let Some(manifest) = &raw.manifest {
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
        data: name.parent().unwrap_or(Path::new("")).join(&raw.data),
        database_url_file: file.named(raw.database_url_file.as_ref())?,
        manifest: file.named(raw.manifest.as_ref())?,
        plugin: file.named(raw.plugin.as_ref())?,
        client_id: raw.client_id,
        client_secret_file: file.named(raw.client_secret_file.as_ref())?,
        grant_api: raw.grant_api,
        grant_identity: raw.grant_identity,
        ..ConfiguredOptions::default()
    };
    if let Some(stand_in) = &raw.stand_in {
        let text = stand_in.address.get_ref();
        let parsed = text.parse::<SocketAddr>().with_context(|| {
            format!(
                "{}: {text} has to be an address and a port, such as 127.0.0.1:8443",
                file.at(&stand_in.address.span())
            )
        })?;
        platform.microsoft = Some(parsed);
        platform.ca = file.named(Some(&stand_in.ca))?;
    }
    Ok(Configuration {
        address,
        staff: file.named(raw.staff.as_ref())?,
        staff_at: raw.staff.as_ref().map(Spanned::span).unwrap_or_default(),
        administrator_at: raw.administrator.span(),
        administrator: raw.administrator.into_inner(),
        platform,
        file,
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
    pub(super) async fn open(&self) -> Result<Platform> {
        let platform = configured::start(&self.platform).await?;
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
        Ok(platform)
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
