//! What an operator writes into the file of `serve --config`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;
use video_platform::{Platform, Role};

use crate::configured::{self, ConfiguredOptions};

/// The file. Names of other files are relative to where it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Configuration {
    /// Where browsers find the pages: https, or http on this machine. The redirect URI to register is this
    /// with `/integrations/callback`.
    #[serde(deserialize_with = "url")]
    pub(super) address: Url,
    /// Folder of all that is stored.
    data: PathBuf,
    /// Staff list, CSV with the columns id, name, email, `user_name`, role; read at each start.
    staff: Option<PathBuf>,
    /// Id of the staff member for whom a sign-in link is printed: an administrator.
    pub(super) administrator: String,
    /// The application that is registered with Microsoft.
    client_id: Option<String>,
    /// File that holds its secret.
    client_secret_file: Option<PathBuf>,
    /// Manifest of the plugin to use, TOML, in the place of the plugin, the client and the grants.
    manifest: Option<PathBuf>,
    /// Plugin to use instead of the one that is built in.
    plugin: Option<PathBuf>,
    /// Further origins that the plugin may send requests to.
    #[serde(default)]
    grant_api: Vec<String>,
    /// Further origins to sign in at.
    #[serde(default)]
    grant_identity: Vec<String>,
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(|error| D::Error::custom(format!("{text} is no address: {error}")))
}

pub(super) fn read(file: &Path) -> Result<Configuration> {
    let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut configuration: Configuration = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no configuration of `serve`", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    configuration.data = folder.join(&configuration.data);
    let Configuration { staff, client_secret_file, plugin, manifest, .. } = &mut configuration;
    for path in [staff, client_secret_file, plugin, manifest] {
        *path = path.take().map(|path| folder.join(path));
    }
    let Configuration { manifest, plugin, client_id, client_secret_file, grant_api, grant_identity, .. } =
        &configuration;
    ensure!(
        manifest.is_none()
            || plugin.is_none()
                && client_id.is_none()
                && client_secret_file.is_none()
                && grant_api.is_empty()
                && grant_identity.is_empty(),
        "{}: the manifest says which plugin and client there are and what is granted; leave the others out",
        file.display()
    );
    Ok(configuration)
}

impl Configuration {
    pub(super) async fn open(&self) -> Result<Platform> {
        let platform = configured::start(&ConfiguredOptions {
            data: self.data.clone(),
            manifest: self.manifest.clone(),
            plugin: self.plugin.clone(),
            client_id: self.client_id.clone(),
            client_secret_file: self.client_secret_file.clone(),
            grant_api: self.grant_api.clone(),
            grant_identity: self.grant_identity.clone(),
            ..ConfiguredOptions::default()
        })
        .await?;
        if let Some(file) = &self.staff {
            let list = fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
            let report = platform.import_staff(list).await?;
            for row in &report.rejected {
                tracing::warn!("{}: {row}", file.display());
            }
        }
        let administrator = platform.staff_member(&self.administrator).await?;
        ensure!(
            administrator.is_some_and(|member| member.role == Role::Administrator),
            "{} is no administrator of the staff list: give them that role there, or name another",
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
        let file = folder.path().join("serve.json");
        fs::write(
            &file,
            r#"{"address": "https://video.example.com", "data": "data", "administrator": "A-1",
                "staff": "staff.csv", "client-id": "an id", "client-secret-file": "/run/secret"}"#,
        )?;
        let read = read(&file)?;
        assert_eq!(read.data, folder.path().join("data"));
        assert_eq!(read.staff, Some(folder.path().join("staff.csv")));
        assert_eq!(read.client_secret_file, Some(PathBuf::from("/run/secret")));
        Ok(())
    }

    #[test]
    fn a_word_that_means_nothing_is_named() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("serve.json");
        fs::write(&file, r#"{"adress": "https://video.example.com"}"#)?;
        let error = read(&file).err().context("it was taken")?;
        assert!(format!("{error:#}").contains("adress"), "{error:#}");
        Ok(())
    }
}
