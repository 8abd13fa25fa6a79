//! Hosts that follow their manifests: three of them on one store, given one folder.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::body::Body;
use axum::http::Request;
use end_to_end::{World, appointment};
use host_harness::operator::{self, Operator, samples};
use http_body_util::BodyExt as _;
use mock_graph::{Operation, contoso};
use serde_json::Value;
use tempfile::TempDir;
use tower_service::Service as _;
use url::Url;
use video_console::{Console, Settings};
use video_host::{Memory, sha256};
use video_platform::{LoadedPlugin, Manifests, Platform, Swapped, VideoProviders as _};

use crate::swapping::next_version;

const TEAMS: &str = "microsoft-teams";

/// Hosts on one store, which follow one folder.
struct Hosts {
    world: World,
    folder: TempDir,
    each: Vec<(Platform, Manifests)>,
}

/// A manifest that grants what all plugins here ask for.
fn manifest(provider: &str, file: &str, component: &[u8], settings: &str) -> String {
    let origins =
        "api = [\"https://graph.microsoft.com\"]\nidentity = [\"https://login.microsoftonline.com\"]";
    format!(
        "plugin = \"{file}\"\nsha256 = \"{}\"\nprovider = \"{provider}\"\n\n[grants]\n{origins}\n\n\
         [settings]\nclient-id = \"{}\"\n{settings}\n[secrets]\nclient-secret = {{ file = \"secret\" }}\n",
        sha256(component),
        contoso::CLIENT_ID
    )
}

fn teams(file: &str, component: &[u8]) -> String {
    manifest(TEAMS, file, component, "")
}

fn evil(settings: &str) -> String {
    manifest("evil", "evil.wasm", plugin_artifacts::EVIL, settings)
}

/// So many hosts, started with these files in their folder.
async fn hosts(count: usize, files: &[(&str, &[u8])]) -> Result<Hosts> {
    let (world, folder) = (World::start().await?, TempDir::new()?);
    world.connect("contoso").await?;
    fs::write(folder.path().join("secret"), contoso::CLIENT_SECRET)?;
    for (name, content) in files {
        fs::write(folder.path().join(name), content)?;
    }
    let mut hosts = Hosts { world, folder, each: Vec::new() };
    for _ in 0..count {
        let (data, microsoft) = (hosts.world.data.path(), &hosts.world.microsoft);
        let host = World::host(data, microsoft, hosts.world.clock.clone(), Memory::default()).await?;
        let manifests = Manifests::folder(hosts.folder.path());
        hosts.each.push((Platform::open(host).await?, manifests));
    }
    hosts.look().await;
    Ok(hosts)
}

impl Hosts {
    /// Three hosts that have the Teams plugin from the folder.
    async fn three() -> Result<Self> {
        let text = teams("teams.wasm", plugin_artifacts::TEAMS);
        hosts(3, &[("teams.wasm", plugin_artifacts::TEAMS), ("teams.toml", text.as_bytes())]).await
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        Ok(fs::write(self.path().join(name), content)?)
    }

    /// Every host looks once; what each swapped.
    async fn look(&mut self) -> Vec<Vec<Swapped>> {
        let mut swapped = Vec::new();
        for (platform, manifests) in &mut self.each {
            swapped.push(manifests.look(platform.providers()).await);
        }
        swapped
    }

    /// The same, for who expects nothing new on any of them.
    async fn look_in_vain(&mut self) {
        let swapped = self.look().await;
        assert!(swapped.iter().all(Vec::is_empty), "{swapped:?}");
    }

    fn loaded(&self) -> Vec<Vec<LoadedPlugin>> {
        self.each.iter().map(|(platform, _)| platform.providers().loaded()).collect()
    }

    /// What is said on every host about the one manifest that is refused.
    fn refused(&self) -> Result<String> {
        let mut said = Vec::new();
        for (platform, _) in &self.each {
            let [refused] = &platform.providers().refused()[..] else { bail!("one of them is refused") };
            said.push(refused.problem.clone());
        }
        said.dedup();
        let [problem] = &said[..] else { bail!("{said:?}") };
        Ok(problem.clone())
    }

    fn nothing_is_refused(&self) {
        for (platform, _) in &self.each {
            assert_eq!(platform.providers().refused(), []);
        }
    }
}

#[tokio::test]
async fn a_version_put_into_the_folder_is_what_every_host_makes_meetings_with_and_calls_end_on_the_old_one()
-> Result<()> {
    let mut three = Hosts::three().await?;
    let integration = "contoso".parse()?;
    let held = three.world.microsoft.faults().hold(Operation::CreateMeeting, true);
    let before = three.each[0].0.providers().on(TEAMS, &integration).context("Teams")?;
    assert_eq!(before.plugin().digest(), sha256(plugin_artifacts::TEAMS));
    let call = tokio::spawn(async move { before.create_meeting(&appointment("in flight")).await });
    held.reached().await;

    three.put("teams-next.wasm", next_version())?;
    three.put("teams.toml", teams("teams-next.wasm", &next_version()))?;
    three.look_in_vain().await;
    for swapped in three.look().await {
        let [Swapped { now, before: Some(before) }] = &swapped[..] else { bail!("{swapped:?}") };
        assert_eq!(
            (now.digest.clone(), before.digest.clone()),
            (sha256(&next_version()), sha256(plugin_artifacts::TEAMS))
        );
    }
    assert!(!call.is_finished(), "the call is still held");
    for (nth, (platform, _)) in three.each.iter().enumerate() {
        let provider = platform.providers().on(TEAMS, &integration).context("Teams")?;
        assert_eq!(provider.plugin().digest(), sha256(&next_version()));
        provider.create_meeting(&appointment(&format!("on {nth}"))).await?;
    }
    held.release();
    call.await??;
    assert_eq!(three.world.microsoft.meetings().len(), 4);
    let loaded = three.loaded();
    three.look_in_vain().await;
    assert_eq!(three.loaded(), loaded, "what is loaded is not loaded again");
    three.nothing_is_refused();
    Ok(())
}

/// A page of a host's operator's port.
async fn page(operator: &Operator, path: &str) -> Result<String> {
    let answer = operator.clone().router().call(Request::get(path).body(Body::empty())?).await?;
    Ok(String::from_utf8(answer.into_body().collect().await?.to_bytes().to_vec())?)
}

#[tokio::test]
async fn a_version_that_fails_its_self_check_replaces_none_on_any_host_and_the_operators_page_says_so()
-> Result<()> {
    let mut three = Hosts::three().await?;
    three.put("evil.wasm", plugin_artifacts::EVIL)?;
    three.put("evil.toml", evil(""))?;
    three.look().await;
    assert!(three.look().await.iter().all(|swapped| swapped.len() == 1), "a new one is loaded beside Teams");
    let working = three.loaded();

    three.put("evil.toml", evil("describe = \"trap\"\n"))?;
    three.look_in_vain().await;
    three.look_in_vain().await;
    assert_eq!(three.loaded(), working);
    let problem = three.refused()?;
    assert!(
        problem.contains("evil.toml: the new version is not taken: the component does not describe"),
        "{problem}"
    );
    for (platform, _) in &three.each {
        let console =
            Console::open(platform.clone(), Settings::new(Url::parse("http://localhost:1")?)).await?;
        let operator = Operator::new(platform.clone(), console, operator::recorder()?.handle());
        let shown = page(&operator, "/").await?;
        assert!(shown.contains("A manifest is not taken.") && shown.contains("evil.toml"), "{shown}");
        for LoadedPlugin { id, version, digest, .. } in platform.providers().loaded() {
            assert!(
                shown.contains(&format!("<td>{id} {version}, {}</td><td>for ", &digest[..12])),
                "{shown}"
            );
        }
        let told: Value = serde_json::from_str(&page(&operator, "/ready").await?)?;
        assert_eq!((&told["ready"], &told["refused"][0]), (&true.into(), &Value::from(problem.clone())));
        let scraped = samples(&operator.text().await);
        let number = |name: &str, provider: &str| {
            let found = scraped.iter().find(|it| it.name == name && it.label("provider") == provider);
            found.map(|it| it.value.to_string()).unwrap_or_default()
        };
        assert_eq!(number("video_plugin_refused", "evil"), "1");
        assert_eq!(number("video_plugin_refused", TEAMS), "0");
        assert_eq!(number("video_plugin_info", "evil"), "1", "the one that works is still there");
        assert!(!number("video_plugin_since_seconds", TEAMS).is_empty());
    }

    // What the operator takes back is not loaded again: it is what calls go to.
    three.world.advance(Duration::from_mins(1));
    three.put("evil.toml", evil(""))?;
    three.look_in_vain().await;
    three.look_in_vain().await;
    three.nothing_is_refused();
    assert_eq!(three.loaded(), working);
    Ok(())
}

#[tokio::test]
async fn a_half_written_file_is_not_the_end_of_it() -> Result<()> {
    let mut three = Hosts::three().await?;
    let working = three.loaded();
    let (next, text) = (next_version(), teams("teams-next.wasm", &next_version()));

    // The manifest, in the middle of a line, for as long as it likes.
    three.put("teams.toml", &text[..text.len() / 2])?;
    for _ in 0..3 {
        three.look_in_vain().await;
    }
    assert!(three.refused()?.contains("teams.toml, line "), "{}", three.refused()?);

    // The whole manifest, before its component, and with half of that.
    three.put("teams.toml", &text)?;
    three.look_in_vain().await;
    three.look_in_vain().await;
    assert!(three.refused()?.contains("teams-next.wasm cannot be read"), "{}", three.refused()?);
    three.put("teams-next.wasm", &next[..next.len() / 2])?;
    three.look_in_vain().await;
    assert!(three.refused()?.contains("was reviewed"), "{}", three.refused()?);
    assert_eq!(three.loaded(), working);
    three.put("teams-next.wasm", &next)?;
    assert!(three.look().await.iter().all(|swapped| swapped.len() == 1), "without a change of the manifest");
    three.nothing_is_refused();

    // What is whole TOML so far lacks the settings: nobody takes it before it stays as it is.
    let back = teams("teams.wasm", plugin_artifacts::TEAMS);
    let (so_far, _) = back.split_once("[settings]").context("settings")?;
    three.put("teams.toml", so_far)?;
    three.look_in_vain().await;
    three.put("teams.toml", &back)?;
    three.look_in_vain().await;
    for swapped in three.look().await {
        assert_eq!(swapped.len(), 1, "{swapped:?}");
    }
    for (platform, _) in &three.each {
        let provider = platform.providers().on(TEAMS, &"contoso".parse()?).context("Teams")?;
        provider.check().await.context("it has its settings")?;
    }
    Ok(())
}

#[tokio::test]
async fn a_manifest_that_is_gone_unloads_nothing_and_one_plugin_has_one_manifest() -> Result<()> {
    let mut three = Hosts::three().await?;
    let working = three.loaded();
    let text = teams("teams.wasm", plugin_artifacts::TEAMS);
    three.put("also-teams.toml", &text)?;
    three.look_in_vain().await;
    three.look_in_vain().await;
    let problem = three.refused()?;
    assert!(
        problem.contains("also-teams.toml: the plugin microsoft-teams has a manifest already"),
        "{problem}"
    );

    // Under its new name it is the same.
    fs::remove_file(three.path().join("teams.toml"))?;
    three.look_in_vain().await;
    three.nothing_is_refused();
    fs::remove_file(three.path().join("also-teams.toml"))?;
    three.look_in_vain().await;
    assert_eq!(three.loaded(), working);
    // Nor does it matter that the whole volume is away, except that it is told.
    let elsewhere = three.path().with_extension("away");
    fs::rename(three.path(), &elsewhere)?;
    three.look_in_vain().await;
    assert!(three.refused()?.contains("the manifests cannot be looked for"), "{}", three.refused()?);
    assert_eq!(three.loaded(), working);
    fs::rename(&elsewhere, three.path())?;

    // What is no manifest is none: an editor's file, a component, a note.
    for name in [".teams.toml", "README.md", "teams.toml~"] {
        three.put(name, "nothing")?;
    }
    three.put("jitsi.wasm", plugin_artifacts::JITSI)?;
    three.put(
        "jitsi.toml",
        format!(
            "plugin = \"jitsi.wasm\"\nsha256 = \"{}\"\nprovider = \"jitsi-meet\"\n",
            sha256(plugin_artifacts::JITSI)
        ),
    )?;
    three.look_in_vain().await;
    three.nothing_is_refused();
    for swapped in three.look().await {
        let [Swapped { now, before: None }] = &swapped[..] else { bail!("{swapped:?}") };
        assert_eq!(now.id, "jitsi-meet");
    }
    assert!(three.loaded().iter().all(|loaded| loaded.len() == 2));
    Ok(())
}
