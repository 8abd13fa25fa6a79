//! The platform on a data folder, as its operator configures it: the plugin, what it is granted, and the
//! application that is registered with Microsoft.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::Url;
use video_host::egress::{Grant, StaticRoutes, Trust};
use video_host::store::{KeyFile, Location};
use video_host::vault::ClientKeys;
use video_host::{Host, HostConfig, Manifest, ManifestFile};
use video_platform::{Manifests, Platform};

/// Microsoft's hosts in the worldwide cloud: where people sign in, and where requests go.
pub(crate) const LOGIN: &str = "login.microsoftonline.com";
const GRAPH: &str = "graph.microsoft.com";

/// Variables of the environment, for what is not given as an argument.
pub(crate) const CLIENT_ID: &str = "VIDEO_CLIENT_ID";
pub(crate) const CLIENT_SECRET: &str = "VIDEO_CLIENT_SECRET";
/// The address of the store's database, which holds its password.
pub(crate) const DATABASE_URL: &str = "VIDEO_DATABASE_URL";

const CLIENT_ID_HELP: &str =
    "Application (client) id that is registered with Microsoft [default: the variable VIDEO_CLIENT_ID]";
const CLIENT_SECRET_HELP: &str =
    "File that holds the client secret [default: the variable VIDEO_CLIENT_SECRET]";

/// For `--database-url-file`.
pub(crate) const DATABASE_HELP: &str = "File that holds the address of the PostgreSQL database, where that is the store \
     [default: the variable VIDEO_DATABASE_URL, or what the data folder says]";

/// What a manifest decides, and arguments need not.
const DECIDED: [&str; 5] = ["plugin", "client_id", "client_secret_file", "grant_api", "grant_identity"];

/// What it takes to open a platform that exists.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfiguredOptions {
    /// Folder of all that the platform stores
    #[arg(long, value_name = "FOLDER")]
    pub data: PathBuf,
    /// File of the encryption keys [default: `keys` in the data folder]
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// File that holds the address of the PostgreSQL database, where that is the store.
    #[arg(long, value_name = "FILE", help = DATABASE_HELP)]
    pub database_url_file: Option<PathBuf>,
    /// Manifest of the plugin to use, TOML, which says all that is decided for it
    #[arg(long, value_name = "FILE", conflicts_with_all = DECIDED)]
    pub manifest: Option<PathBuf>,
    /// Folder of manifests, one for each plugin to use: all its files whose names end with .toml
    #[arg(long, value_name = "FOLDER", conflicts_with_all = DECIDED, conflicts_with = "manifest")]
    pub manifests: Option<PathBuf>,
    /// Plugin to use [default: the Microsoft Teams plugin, built in]
    #[arg(long, value_name = "WASM")]
    pub plugin: Option<PathBuf>,
    /// Application (client) id that is registered with Microsoft.
    #[arg(long, value_name = "ID", help = CLIENT_ID_HELP)]
    pub client_id: Option<String>,
    /// File that holds the client secret.
    #[arg(long, value_name = "FILE", help = CLIENT_SECRET_HELP)]
    pub client_secret_file: Option<PathBuf>,
    /// Origin that the plugin may send requests to, besides Graph's of the worldwide cloud; repeatable
    #[arg(long, value_name = "ORIGIN")]
    pub grant_api: Vec<String>,
    /// Origin to sign in at, besides that of the worldwide cloud; repeatable
    #[arg(long, value_name = "ORIGIN")]
    pub grant_identity: Vec<String>,
    /// Address of a stand-in for Microsoft
    #[arg(long, value_name = "ADDRESS:PORT", requires = "ca")]
    pub microsoft: Option<SocketAddr>,
    /// File of the stand-in's certificate authority, PEM
    #[arg(long, value_name = "FILE", requires = "microsoft")]
    pub ca: Option<PathBuf>,
}

/// Opens the platform on a folder that holds one.
pub async fn open(options: &ConfiguredOptions) -> Result<Platform> {
    let location = store(&options.data, options.database_url_file.as_deref())?;
    ensure!(
        location.path().is_none_or(Path::is_file),
        "{} holds no platform's data: there is no video.db in it",
        options.data.display()
    );
    Ok(start(options, location).await?.0)
}

/// The same, on a store that may be new; and the manifests to follow, if its plugins have some.
///
/// The store is handed in, and not found here: what only tries a configuration has one of its own, whatever the
/// options and the environment say.
pub async fn start(options: &ConfiguredOptions, location: Location) -> Result<(Platform, Option<Manifests>)> {
    let mut manifests = match (&options.manifests, &options.manifest) {
        (Some(folder), _) => Some(Manifests::folder(folder)),
        (None, Some(file)) => Some(Manifests::file(file)),
        (None, None) => None,
    };
    // Without a manifest nobody has pinned the plugin's file: another one in its place is not followed.
    let fixed = if manifests.is_none() { Some(arguments(options)?) } else { None };
    let mut config = HostConfig::new(&options.data);
    config.keys = options.keys.as_ref().map(|file| KeyFile::new(file).into());
    config.store = Some(location);
    if let (Some(address), Some(ca)) = (options.microsoft, &options.ca) {
        let mut grants: Vec<_> = fixed.iter().map(|(_, manifest)| manifest.grant.clone()).collect();
        if let Some(manifests) = &manifests {
            for file in manifests.files()? {
                grants.push(ManifestFile::read(&file)?.manifest.grant);
            }
        }
        let origins = grants.iter().flat_map(|Grant { api, identity }| api.iter().chain(identity));
        let granted: Vec<_> = origins.map(ToString::to_string).collect();
        lead_to(&mut config, address, &text(ca)?, &granted)?;
    }
    let platform = Platform::open(Host::start(config).await?).await?;
    let plugins = platform.providers();
    if let Some((component, manifest)) = &fixed {
        let plugin = plugins.host().load(component, manifest).await;
        plugins.install(plugin.context("the plugin cannot be loaded")?);
    }
    if let Some(manifests) = &mut manifests {
        manifests.look(plugins).await;
        // While the host runs, one that is refused leaves what was loaded before. Here nothing was, and whoever
        // starts the host is there to read it.
        let refused: Vec<_> = plugins.refused().into_iter().map(|refused| refused.problem).collect();
        ensure!(refused.is_empty(), "{}", refused.join("\n"));
        ensure!(!plugins.loaded().is_empty(), "there is no manifest of a plugin");
    }
    Ok((platform, manifests))
}

/// Where a host's store is: in the database whose address is in a file or in the environment, or where its data
/// folder says.
pub(crate) fn store(data: &Path, file: Option<&Path>) -> Result<Location> {
    match server(file)? {
        Some(location) => Ok(location),
        None => Location::of_folder(data).with_context(|| data.join(Location::ADDRESS).display().to_string()),
    }
}

/// The database whose address is in a file or in the environment, if there is either.
pub(crate) fn server(file: Option<&Path>) -> Result<Option<Location>> {
    if let Some(file) = file {
        let location = Location::postgres(&text(file)?).with_context(|| file.display().to_string())?;
        return Ok(Some(location));
    }
    let Some(address) = env::var_os(DATABASE_URL) else { return Ok(None) };
    // Whoever sets it means a server: a file instead, because something has left it blank, would be another store.
    let address = address.to_str().filter(|address| !address.trim().is_empty()).with_context(|| {
        format!(
            "the variable {DATABASE_URL} is set, and holds no address. Set it to the database's, or take it out \
             of the environment if the store is no PostgreSQL database"
        )
    })?;
    Ok(Some(Location::postgres(address).with_context(|| format!("the variable {DATABASE_URL}"))?))
}

/// The plugin, and what is decided for it, without a manifest.
fn arguments(options: &ConfiguredOptions) -> Result<(Vec<u8>, Manifest)> {
    let component = match &options.plugin {
        Some(file) => fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => plugin_artifacts::TEAMS.to_vec(),
    };
    let client_id = match &options.client_id {
        Some(id) => id.clone(),
        None => variable(CLIENT_ID, "the application's id: name it with --client-id, or set")?,
    };
    let secret = match &options.client_secret_file {
        Some(file) => text(file)?,
        None => {
            variable(CLIENT_SECRET, "the client secret: name its file with --client-secret-file, or set")?
        }
    };
    let mut grant = worldwide()?;
    let parse = |origin: &String| origin.parse().with_context(|| format!("cannot grant {origin}"));
    for origin in &options.grant_api {
        grant.api.push(parse(origin)?);
    }
    for origin in &options.grant_identity {
        grant.identity.push(parse(origin)?);
    }
    Ok((component, manifest(&client_id, &secret, grant)))
}

/// What the Teams plugin needs in the worldwide cloud.
pub fn worldwide() -> Result<Grant> {
    Ok(Grant {
        api: vec![format!("https://{GRAPH}").parse()?],
        identity: vec![format!("https://{LOGIN}").parse()?],
    })
}

/// What an operator decides for the Teams plugin: the registered application, and what is granted.
pub fn manifest(client_id: &str, secret: &str, grant: Grant) -> Manifest {
    Manifest {
        grant,
        settings: BTreeMap::from([("client-id".to_owned(), client_id.to_owned())]),
        client: Arc::new(ClientKeys { secret: Some(secret.into()), ..ClientKeys::default() }),
        ..Manifest::default()
    }
}

/// Leads Microsoft's names, and those of further origins, to a stand-in with a certificate authority of
/// its own, which alone is believed.
pub fn lead_to(config: &mut HostConfig, address: SocketAddr, ca_pem: &str, origins: &[String]) -> Result<()> {
    let mut names = vec![LOGIN.to_owned(), GRAPH.to_owned()];
    for origin in origins {
        let url = Url::parse(origin)?;
        names.push(url.host_str().with_context(|| format!("{origin} names no host"))?.to_owned());
    }
    config.resolver = Arc::new(StaticRoutes::new(names.iter().map(|name| (name.as_str(), address))));
    let authority = CertificateDer::pem_slice_iter(ca_pem.as_bytes());
    config.trust = Trust::Only(authority.collect::<Result<_, _>>()?);
    Ok(())
}

fn text(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = text.trim();
    ensure!(!text.is_empty(), "{} is empty", file.display());
    Ok(text.to_owned())
}

fn variable(name: &str, what: &str) -> Result<String> {
    match env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
        _ => bail!("{what} the variable {name}"),
    }
}
