//! What a host refuses to load, by name.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use end_to_end::{World, WorldOptions, listen, manifest};
use tokio::task::JoinSet;
use tracing::{Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use video_host::egress::Grant;
use video_host::{Limits, LoadError, Manifest, SurfaceError};

/// How many components are compiled at the same time.
#[derive(Clone, Default)]
struct Compiling(Arc<Mutex<Compiled>>);

#[derive(Default)]
struct Compiled {
    now: usize,
    most: usize,
    all: usize,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Compiling {
    fn on_enter(&self, id: &span::Id, context: Context<'_, S>) {
        if context.metadata(id).is_some_and(|span| span.name() == "compiling") {
            let mut compiled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            compiled.now += 1;
            compiled.all += 1;
            compiled.most = compiled.most.max(compiled.now);
        }
    }

    fn on_exit(&self, id: &span::Id, context: Context<'_, S>) {
        if context.metadata(id).is_some_and(|span| span.name() == "compiling") {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).now -= 1;
        }
    }
}

/// A component from its text format.
fn component(text: &str) -> Result<Vec<u8>> {
    Ok(wat::parse_str(text)?)
}

async fn refusal(bytes: &[u8], manifest: &Manifest) -> Result<LoadError> {
    let world = World::start().await?;
    match world.host.load(bytes, manifest).await {
        Ok(plugin) => bail!("{plugin:?} was loaded"),
        Err(error) => Ok(error),
    }
}

/// An instance with the provider's name and nothing in it.
fn provider(version: &str) -> String {
    format!(
        r#"(component
            (component $empty)
            (instance $provider (instantiate $empty))
            (export "scheduling:video-provider/provider@{version}" (instance $provider)))"#
    )
}

#[tokio::test]
async fn the_teams_component_imports_only_what_it_may() -> Result<()> {
    let world = World::start().await?;
    let surface = world.teams.surface();
    surface.check()?;
    for name in &surface.imports {
        assert!(!name.contains("filesystem") && !name.contains("sockets"), "{name}");
    }
    assert_eq!(surface.exports, ["scheduling:video-provider/provider@0.1.0"]);
    assert_eq!(world.teams.description().id, "microsoft-teams");
    Ok(())
}

#[tokio::test]
async fn what_is_no_webassembly_is_refused() -> Result<()> {
    for bytes in [&b""[..], b"\0as", b"#!/bin/sh\nexit 0\n", b"PK\x03\x04 a zip file"] {
        let error = refusal(bytes, &manifest()?).await?;
        assert!(matches!(error, LoadError::NotAComponent(_)), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_core_module_is_refused_and_told_what_to_build() -> Result<()> {
    let error = refusal(&component("(module)")?, &manifest()?).await?;
    assert!(
        matches!(&error, LoadError::NotAComponent(reason) if reason.contains("wasm32-wasip2")),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn a_component_cut_short_is_refused() -> Result<()> {
    let half = &plugin_artifacts::TEAMS[..plugin_artifacts::TEAMS.len() / 2];
    let error = refusal(half, &manifest()?).await?;
    assert!(matches!(error, LoadError::NotAComponent(_)), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_component_that_is_no_provider_is_refused() -> Result<()> {
    let error = refusal(&component("(component)")?, &manifest()?).await?;
    assert!(matches!(error, LoadError::Surface(SurfaceError::NotAProvider)), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_component_of_another_contract_version_is_refused_with_both_versions() -> Result<()> {
    let error = refusal(&component(&provider("0.9.0"))?, &manifest()?).await?;
    let LoadError::Surface(SurfaceError::Version { found }) = &error else { bail!("{error}") };
    assert_eq!(found, "scheduling:video-provider@0.9.0");
    assert!(error.to_string().contains("scheduling:video-provider@0.1.0"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_provider_without_the_contracts_functions_is_refused() -> Result<()> {
    let error = refusal(&component(&provider("0.1.0"))?, &manifest()?).await?;
    assert!(matches!(error, LoadError::Misfit(_)), "{error}");
    Ok(())
}

#[tokio::test]
async fn an_import_that_a_plugin_may_not_have_is_refused_by_its_name() -> Result<()> {
    for name in [
        "wasi:filesystem/types@0.2.6",
        "wasi:sockets/tcp@0.2.6",
        "wasi:http/outgoing-handler@0.2.6",
        "scheduling:video-provider/secrets@0.1.0",
        "evil:corp/backdoor@1.0.0",
        "wasi:clocks/wall-clock@0.3.0",
    ] {
        let bytes = component(&format!(r#"(component (import "{name}" (instance)))"#))?;
        let error = refusal(&bytes, &manifest()?).await?;
        assert!(
            matches!(&error, LoadError::Surface(SurfaceError::Import(found)) if found == name),
            "{error}"
        );
        assert!(error.to_string().contains(name), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_bare_function_import_is_refused_by_its_name() -> Result<()> {
    let bytes = component(r#"(component (import "exec" (func (param "command" string))))"#)?;
    let error = refusal(&bytes, &manifest()?).await?;
    assert!(error.to_string().contains("function exec"), "{error}");
    Ok(())
}

#[tokio::test]
async fn an_origin_that_the_operator_did_not_grant_is_named() -> Result<()> {
    let manifest = Manifest { grant: Grant::default(), ..manifest()? };
    let error = refusal(plugin_artifacts::TEAMS, &manifest).await?;
    assert!(matches!(error, LoadError::NotGranted(_)), "{error}");
    for origin in ["https://graph.microsoft.com", "https://login.microsoftonline.com"] {
        assert!(error.to_string().contains(origin), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn another_file_than_the_reviewed_one_is_refused() -> Result<()> {
    let pinned = Manifest { sha256: Some(video_host::sha256(b"what was reviewed")), ..manifest()? };
    let error = refusal(plugin_artifacts::TEAMS, &pinned).await?;
    assert!(matches!(error, LoadError::Digest { .. }), "{error}");

    let right = Manifest { sha256: Some(video_host::sha256(plugin_artifacts::TEAMS)), ..manifest()? };
    World::start().await?.host.load(plugin_artifacts::TEAMS, &right).await?;
    Ok(())
}

#[tokio::test]
async fn a_component_over_the_operators_size_is_refused() -> Result<()> {
    let limits = Limits { component: 1_000, ..Limits::default() };
    let error = refusal(plugin_artifacts::TEAMS, &Manifest { limits, ..manifest()? }).await?;
    assert!(matches!(error, LoadError::TooLarge { limit: 1_000, .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn compiled_code_is_kept_and_used_again() -> Result<()> {
    let world = World::with(WorldOptions { cold: true, ..WorldOptions::default() }).await?;
    assert!(!world.teams.from_cache());
    let again = world.host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
    assert!(again.from_cache());
    Ok(())
}

#[tokio::test]
async fn compiled_code_that_somebody_changed_is_not_run() -> Result<()> {
    let world = World::with(WorldOptions { cold: true, ..WorldOptions::default() }).await?;
    let mut changed = 0;
    for entry in std::fs::read_dir(world.data.path().join("compiled"))? {
        let path = entry?.path();
        let mut code = std::fs::read(&path)?;
        let middle = code.len() / 2;
        code[middle] ^= 1;
        std::fs::write(&path, code)?;
        changed += 1;
    }
    assert_eq!(changed, 1);
    let again = world.host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
    assert!(!again.from_cache(), "it was compiled anew");
    Ok(())
}

#[tokio::test]
async fn components_are_compiled_one_after_the_other_whoever_loads_them() -> Result<()> {
    let compiling = Compiling::default();
    let _listening = listen(tracing_subscriber::registry().with(compiling.clone()));
    let world = World::with(WorldOptions { cold: true, ..WorldOptions::default() }).await?;
    let mut loading = JoinSet::new();
    for nth in 0..4 {
        // A section without a meaning makes another component of it, which no cache knows.
        let bytes = [plugin_artifacts::EVIL, &[0, 2, 1, nth]].concat();
        let host = world.host.clone();
        loading.spawn(async move { anyhow::Ok(host.load(&bytes, &manifest()?).await?) });
    }
    for plugin in loading.join_all().await {
        assert!(!plugin?.from_cache());
    }
    let compiled = compiling.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!((compiled.all, compiled.most, compiled.now), (5, 1, 0), "Teams' and four");
    Ok(())
}
