//! A manifest that is wrong is told, with its line, before anything is compiled.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use end_to_end::{World, WorldOptions};
use tempfile::TempDir;
use video_host::manifest::asked_by;
use video_host::wants::{Wants, WantsError};
use video_host::{Host, LoadError, Manifest, ManifestError, ManifestFile, sha256};

const SECRET: &str = "the-client-secret-of-a-bank";

/// A folder with the Teams plugin, a secret, and a manifest.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Result<Self> {
        let folder = TempDir::new()?;
        std::fs::write(folder.path().join("teams.wasm"), plugin_artifacts::TEAMS)?;
        std::fs::write(folder.path().join("client-secret"), format!("{SECRET}\n"))?;
        std::fs::write(folder.path().join("empty"), "\n")?;
        Ok(Self { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, manifest: &str) -> Result<PathBuf> {
        let file = self.path("teams.toml");
        std::fs::write(&file, manifest)?;
        Ok(file)
    }

    /// Reads a manifest of this text.
    fn read(&self, manifest: &str) -> Result<Result<ManifestFile, ManifestError>> {
        let environment = |name: &str| (name == "SECRET").then(|| SECRET.to_owned());
        Ok(ManifestFile::read_with(&self.write(manifest)?, &environment))
    }
}

/// What an operator would have written.
fn good() -> String {
    format!(
        r#"plugin = "teams.wasm"
sha256 = "{}"
provider = "microsoft-teams"

[wants]
api = ["https://graph.microsoft.com"]
identity = ["https://login.microsoftonline.com"]

[grants]
api = ["https://graph.microsoft.com"]
identity = ["https://login.microsoftonline.com"]

[settings]
client-id = "00001111-aaaa-2222-bbbb-3333cccc4444"

[secrets]
client-secret = {{ file = "client-secret" }}

[limits]
memory-mib = 16
requests = 10
"#,
        sha256(plugin_artifacts::TEAMS)
    )
}

fn compiled(data: &Path) -> Result<usize> {
    Ok(std::fs::read_dir(data.join("compiled"))?.count())
}

/// As a program does it: reads the manifest, and loads what it names.
async fn load(host: &Host, file: &Path) -> Result<()> {
    let ManifestFile { component, manifest } = ManifestFile::read(file)?;
    host.load(&component, &manifest).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_manifest_is_told_with_its_line_before_anything_is_compiled() -> Result<()> {
    // A world of its own compiles the Teams plugin once, so this host is another one.
    let data = TempDir::new()?;
    let world = World::start().await?;
    let config = World::config(data.path(), &world.microsoft, world.clock.clone())?;
    let host = Host::start(config).await?;
    let desk = Desk::new()?;
    let good = good();
    let digest = sha256(plugin_artifacts::TEAMS);
    let other = sha256(b"another plugin");
    for (line, from, to, says) in [
        (2, digest.as_str(), other.as_str(), "was reviewed"),
        (2, digest.as_str(), "abc", "64 hexadecimal digits"),
        (1, "teams.wasm", "other.wasm", "cannot be read"),
        (3, "\"microsoft-teams\"", "\"Microsoft Teams\"", "a-z, 0-9 and -"),
        (
            6,
            "api = [\"https://graph.microsoft.com\"]\nidentity = [\"https://login.microsoftonline.com\"]\n\n[settings]",
            "identity = [\"https://login.microsoftonline.com\"]\n\n[settings]",
            "needs https://graph.microsoft.com, which [grants] api does not have",
        ),
        (
            11,
            "identity = [\"https://login.microsoftonline.com\"]\n\n[settings]",
            "identity = [\"http://login.microsoftonline.com\"]\n\n[settings]",
            "is not an origin",
        ),
        (9, "[grants]", "[grant]", "unknown field `grant`"),
        (20, "memory-mib", "memory", "unknown field `memory`"),
        (20, "memory-mib = 16", "memory-mib = 100000", "from 1 to 256"),
        (21, "requests = 10", "requests = 0", "from 1 to 10000"),
        (21, "requests = 10", "requests = ", "string"),
        (17, "{ file = \"client-secret\" }", "{ file = \"missing\" }", "Put the secret there"),
        (17, "{ file = \"client-secret\" }", "{ file = \"empty\" }", "it is empty"),
        (17, "{ file = \"client-secret\" }", "{ variable = \"NOT_SET\" }", "NOT_SET is not set"),
        (17, "{ file = \"client-secret\" }", "\"swordfish\"", "must not stand in the manifest"),
        (17, "{ file = \"client-secret\" }", "{ value = \"swordfish\" }", "must not stand in the manifest"),
        (17, "client-secret =", "clientsecret =", "there is no secret clientsecret"),
        (17, "client-secret =", "client-certificate =", "of no use without client-key"),
        (14, "client-id", "client-secret", "under [secrets]"),
    ] {
        assert!(good.contains(from), "{from}");
        let wrong = good.replacen(from, to, 1);
        let error = desk.read(&wrong)?.err().context(wrong)?;
        assert!(error.to_string().contains(says), "{to}: {error}");
        assert_eq!(error.line, Some(line), "{to}: {error}");
        assert!(error.to_string().contains("teams.toml"), "{error}");
        assert!(!error.to_string().contains("swordfish"), "no secret in an error: {error}");
        assert!(load(&host, &desk.path("teams.toml")).await.is_err());
        assert_eq!(compiled(data.path())?, 0, "{to}: something was compiled");
    }
    let none = ManifestFile::read(&desk.path("none.toml")).err().context("there is none")?;
    assert!(none.to_string().contains("cannot be read"), "{none}");

    load(&host, &desk.write(&good)?).await?;
    assert_eq!(compiled(data.path())?, 1, "and the right one is");
    Ok(())
}

#[tokio::test]
async fn a_manifest_says_all_that_is_decided_for_a_plugin() -> Result<()> {
    let desk = Desk::new()?;
    for secret in ["{ file = \"client-secret\" }", "{ variable = \"SECRET\" }"] {
        let text = good().replace("{ file = \"client-secret\" }", secret);
        let read = desk.read(&text)??;
        assert_eq!(read.component, plugin_artifacts::TEAMS);
        let manifest = &read.manifest;
        assert_eq!((manifest.limits.memory, manifest.limits.requests), (16 << 20, 10));
        assert_eq!(manifest.settings["client-id"], "00001111-aaaa-2222-bbbb-3333cccc4444");
        assert_eq!(manifest.grant.api.len(), 1);
        let kept = manifest.client.secret.as_ref().context("a secret")?;
        let shown = format!("{kept:?}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
    Ok(())
}

#[tokio::test]
async fn a_plugin_that_calls_itself_otherwise_is_refused() -> Result<()> {
    let world = World::start().await?;
    let desk = Desk::new()?;
    let mut read = desk.read(&good())??;
    read.manifest.provider = Some("jitsi".to_owned());
    let error = world.host.load(&read.component, &read.manifest).await.err().context("it was loaded")?;
    assert!(
        matches!(&error, LoadError::OtherProvider { found, .. } if found == "microsoft-teams"),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn wishes_that_were_left_out_of_the_manifest_are_read_from_the_component_before_it_is_compiled()
-> Result<()> {
    let data = TempDir::new()?;
    let world = World::start().await?;
    let config = World::config(data.path(), &world.microsoft, world.clock.clone())?;
    let host = Host::start(config).await?;
    let desk = Desk::new()?;
    for origin in ["https://graph.microsoft.com", "https://login.microsoftonline.com"] {
        let text = good().replace(origin, "https://elsewhere.example");
        let error = desk.read(&text)?.err().context("nothing was missed")?;
        assert!(error.to_string().contains(&format!("needs {origin}")), "{error}");
        assert_eq!(error.line, Some(1), "the plugin's own line: {error}");
    }
    // A host that is handed a manifest which nobody read from a file.
    let granted = Manifest::default();
    let error = host.load(plugin_artifacts::TEAMS, &granted).await.err().context("it was loaded")?;
    assert!(matches!(&error, LoadError::NotGranted(missing) if missing.len() == 2), "{error}");
    assert_eq!(compiled(data.path())?, 0);
    Ok(())
}

#[tokio::test]
async fn a_plugin_without_the_section_is_asked_and_one_whose_section_lies_is_refused() -> Result<()> {
    let world = World::start().await?;
    let evil = plugin_artifacts::EVIL;
    assert_eq!(Wants::of_component(evil)?, None);
    let error = world.host.load(evil, &Manifest::default()).await.err().context("it was loaded")?;
    assert!(matches!(error, LoadError::NotGranted(_)), "{error}");

    let manifest = end_to_end::manifest()?;
    let asked = world.host.load(evil, &manifest).await?;
    let honest = Wants::of_description(asked.description()).embedded_in(evil);
    world.host.load(&honest, &manifest).await.context("it says the same twice")?;
    let lying = Wants::of_description(world.teams.description()).embedded_in(evil);
    let error = world.host.load(&lying, &manifest).await.err().context("it was loaded")?;
    assert!(matches!(error, LoadError::Wants(WantsError::Differs)), "{error}");
    Ok(())
}

#[tokio::test]
async fn the_manifest_that_a_plugin_asks_for_loads_it() -> Result<()> {
    let world = World::with(WorldOptions::default()).await?;
    let desk = Desk::new()?;
    let asked = asked_by(&world.teams, "teams.wasm");
    let read = desk.read(&asked)??;
    let again = world.host.load(&read.component, &read.manifest).await?;
    assert_eq!(again.digest(), world.teams.digest());
    assert_eq!(read.manifest.limits, video_host::Limits::default());
    assert!(read.manifest.client.secret.is_none(), "secrets are for the operator to name");
    for origin in &again.description().optional_api_origins {
        assert!(asked.contains(origin), "what is optional is shown: {origin}");
        assert!(!read.manifest.grant.api.contains(&origin.parse()?), "and not granted: {origin}");
    }
    Ok(())
}
