//! `serve` with a folder of manifests: several providers, and new versions while it runs.
#![cfg(unix)]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mock_graph::{Config, MockGraph, contoso};
use serde_json::Value;
use video_host::sha256;

use crate::serve::{Running, Scene, Visitor};

const TEAMS: &str = "microsoft-teams";
const JITSI: &str = "jitsi-meet";

/// More than the seconds that it takes.
const SECONDS: Duration = Duration::from_mins(1);

/// The Teams plugin with a section that says nothing: other bytes, which do the same.
fn next_version() -> Vec<u8> {
    [plugin_artifacts::TEAMS, b"\0\x05\x04next"].concat()
}

fn teams(file: &str, component: &[u8]) -> String {
    format!(
        "plugin = \"{file}\"\nsha256 = \"{}\"\nprovider = \"{TEAMS}\"\n[grants]\n\
         api = [\"https://graph.microsoft.com\"]\nidentity = [\"https://login.microsoftonline.com\"]\n\
         [settings]\nclient-id = \"{}\"\n[secrets]\nclient-secret = {{ file = \"secret\" }}\n",
        sha256(component),
        contoso::CLIENT_ID
    )
}

/// A folder with the manifests of Teams and Jitsi Meet, and what they name.
fn fill(plugins: &Path) -> Result<()> {
    fs::create_dir(plugins)?;
    fs::write(plugins.join("secret"), contoso::CLIENT_SECRET)?;
    fs::write(plugins.join("teams.wasm"), plugin_artifacts::TEAMS)?;
    fs::write(plugins.join("teams.toml"), teams("teams.wasm", plugin_artifacts::TEAMS))?;
    fs::write(plugins.join("jitsi.wasm"), plugin_artifacts::JITSI)?;
    let digest = sha256(plugin_artifacts::JITSI);
    let jitsi = format!("plugin = \"jitsi.wasm\"\nsha256 = \"{digest}\"\nprovider = \"{JITSI}\"\n");
    Ok(fs::write(plugins.join("jitsi.toml"), jitsi)?)
}

/// The scene's configuration with a folder of manifests in place of a client.
fn configuration(scene: &Scene, stand_in: &str, manifests: &str) -> String {
    let client = format!("client-id = \"{}\"\nclient-secret-file = \"secret\"\n", contoso::CLIENT_ID);
    scene.configuration(stand_in).replace(&client, &format!("{manifests}\n"))
}

/// One of the hosts.
struct OnShared {
    running: Running,
    operator: Visitor,
    _scene: Scene,
}

impl OnShared {
    /// A host of its own configuration on data and manifests that it shares.
    fn start(shared: &Path, microsoft: &MockGraph) -> Result<(Self, Visitor, String)> {
        let scene = Scene::set()?;
        fs::write(scene.folder.path().join("ca.pem"), microsoft.ca_pem())?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = shared.display();
        let manifests = format!("manifests = \"{folder}/plugins\"");
        let text = configuration(&scene, &microsoft.addr().to_string(), &manifests)
            .replace("data = \"data\"", &format!("data = \"{folder}/data\""));
        let text = format!("{text}[operator]\nlisten = \"127.0.0.1:{port}\"\n");
        let (running, token) = scene.start(&text)?;
        let visitor = Visitor { port: scene.port, cookie: String::new() };
        let operator = Visitor { port, cookie: String::new() };
        Ok((Self { running, operator, _scene: scene }, visitor, token))
    }

    fn health(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.operator.get("/ready")?.1)?)
    }

    /// Waits until its health is so.
    async fn until(&self, is: impl Fn(&Value) -> bool) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let health = self.health()?;
            if is(&health) {
                return Ok(health);
            }
            ensure!(begun.elapsed() < SECONDS, "it stays as it is: {health}");
            tokio::task::yield_now().await;
        }
    }
}

/// The digest of a plugin that is loaded.
fn digest<'a>(health: &'a Value, provider: &str) -> &'a str {
    let plugins = health["plugins"].as_array().into_iter().flatten();
    let found = plugins.into_iter().find(|plugin| plugin["id"] == provider);
    found.and_then(|plugin| plugin["digest"].as_str()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_put_into_the_folder_reaches_every_host_and_one_that_is_refused_is_shown() -> Result<()> {
    let shared = tempfile::tempdir()?;
    let (plugins, data) = (shared.path().join("plugins"), shared.path().join("data"));
    fs::create_dir(&data)?;
    test_store::lay_out(&data).await?;
    fill(&plugins)?;
    let microsoft = MockGraph::start(Config::default()).await?;
    let (first, mut administrator, token) = OnShared::start(shared.path(), &microsoft)?;
    let (second, ..) = OnShared::start(shared.path(), &microsoft)?;
    administrator.sign_in(&token)?;
    let (_, page) = administrator.get("/settings/video-calls/new")?;
    assert!(page.contains("Microsoft Teams") && page.contains("Jitsi Meet"), "both are offered: {page}");
    for host in [&first, &second] {
        let health = host.health()?;
        assert_eq!(digest(&health, TEAMS), sha256(plugin_artifacts::TEAMS), "{health}");
        assert_eq!(digest(&health, JITSI), sha256(plugin_artifacts::JITSI), "{health}");
    }

    fs::write(plugins.join("teams-next.wasm"), next_version())?;
    let next = teams("teams-next.wasm", &next_version());
    fs::write(plugins.join("teams.toml"), &next)?;
    for host in [&first, &second] {
        let health = host.until(|health| digest(health, TEAMS) == sha256(&next_version())).await?;
        assert!(health["refused"].as_array().is_some_and(Vec::is_empty), "{health}");
    }

    // It does not ask for the origins that it is granted no more.
    fs::write(
        plugins.join("teams.toml"),
        next.replace("https://graph.microsoft.com", "https://elsewhere.example"),
    )?;
    for host in [&first, &second] {
        let health = host.until(|health| health["refused"][0].is_string()).await?;
        assert!(health["ready"] == true && digest(&health, TEAMS) == sha256(&next_version()), "{health}");
        let (_, page) = host.operator.get("/")?;
        assert!(page.contains("A manifest is not taken.") && page.contains("teams.toml, line 1"), "{page}");
        let (_, metrics) = host.operator.get("/metrics")?;
        assert!(metrics.contains("video_plugin_refused{provider=\"microsoft-teams\"} 1"), "{metrics}");
    }
    first.running.stop()?;
    second.running.stop()?;
    microsoft.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_folder_of_manifests_is_told_before_the_start() -> Result<()> {
    let scene = Scene::set()?;
    let folder = scene.folder.path();
    let plugins = folder.join("plugins");
    fill(&plugins)?;
    fs::create_dir(folder.join("empty"))?;
    let microsoft = MockGraph::start(Config::default()).await?;
    let address = microsoft.addr().to_string();
    fs::write(folder.join("ca.pem"), microsoft.ca_pem())?;
    let check = |manifests: &str| -> Result<(bool, String)> {
        let output = scene.command(&configuration(&scene, &address, manifests))?.arg("--check").output()?;
        Ok((output.status.success(), crate::text(&output.stderr).to_owned()))
    };
    let (good, told) = check("manifests = \"plugins\"")?;
    ensure!(good, "{told}");
    for (manifests, expected) in [
        ("manifests = \"plugin\"", "serve.toml, line 6: "),
        ("manifests = \"plugin\"", "cannot be read. Name a folder relative to the configuration's folder"),
        ("manifests = \"empty\"", "serve.toml, line 6: there is no manifest in "),
        (
            "manifest = \"plugins/teams.toml\"\nmanifests = \"plugins\"",
            "serve.toml, line 7: the folder has the manifests of all plugins",
        ),
        (
            "manifests = \"plugins\"\nplugin = \"plugins/teams.wasm\"",
            "serve.toml, line 6: the manifest says which plugin",
        ),
    ] {
        let (good, told) = check(manifests)?;
        assert!(!good && told.contains(expected), "{manifests} is told so: {told}");
    }
    let again = teams("teams.wasm", plugin_artifacts::TEAMS);
    let half = again.get(..again.len() / 2).context("half of it")?;
    for (text, expected) in [
        (half, "third.toml, line "),
        (&*again, "third.toml: the plugin microsoft-teams has a manifest already"),
    ] {
        fs::write(plugins.join("third.toml"), text)?;
        let (good, told) = check("manifests = \"plugins\"")?;
        assert!(!good && told.contains(expected), "{told}");
        assert!(!told.contains(contoso::CLIENT_SECRET), "{told}");
    }
    microsoft.shutdown().await;
    Ok(())
}
