//! Another version of a plugin while the host runs.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use end_to_end::{World, appointment, manifest};
use mock_graph::Operation;
use video_host::clock::Clock;
use video_host::{LoadError, Manifest, sha256};
use video_platform::{Platform, SwapOptions, SwapRefused, VideoProviders};

/// The Teams plugin with a section that says nothing: other bytes, which do the same.
pub(crate) fn next_version() -> Vec<u8> {
    let mut bytes = plugin_artifacts::TEAMS.to_vec();
    // A custom section: id 0, the size of what follows, the length of the name, the name.
    bytes.extend_from_slice(b"\0\x05\x04next");
    bytes
}

/// The evil plugin, as it is and told to do this in these functions.
fn evil(deeds: &[(&str, &str)]) -> Result<Manifest> {
    let mut manifest = manifest()?;
    manifest.settings.extend(deeds.iter().map(|(export, deed)| ((*export).to_owned(), (*deed).to_owned())));
    Ok(manifest)
}

async fn platform(world: &World) -> Result<Platform> {
    let platform = Platform::open(world.host.clone()).await?;
    platform.providers().install(world.teams.clone());
    Ok(platform)
}

#[tokio::test]
async fn a_call_in_flight_ends_on_the_old_version_and_the_next_one_goes_to_the_new() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let platform = platform(&world).await?;
    let plugins = platform.providers();
    let old = plugins.loaded();
    assert_eq!((old.len(), old[0].digest.as_str()), (1, world.teams.digest()));

    let held = world.microsoft.faults().hold(Operation::CreateMeeting, true);
    let provider = plugins.on("microsoft-teams", &"contoso".parse()?).context("Teams")?;
    assert_eq!(provider.plugin().digest(), world.teams.digest());
    let call = tokio::spawn(async move { provider.create_meeting(&appointment("in flight")).await });
    held.reached().await;

    world.clock.advance(Duration::from_mins(1));
    let before = world.clock.now_ms();
    let options = SwapOptions { check: Some("contoso".parse()?), ..SwapOptions::default() };
    let swapped = plugins.swap(&next_version(), &manifest()?, &options).await?;
    assert!(!call.is_finished(), "the call is still held");
    assert_eq!(swapped.before.as_ref(), old.first());
    assert_eq!(plugins.loaded(), std::slice::from_ref(&swapped.now));
    assert_eq!(swapped.now.digest, sha256(&next_version()));
    assert!(swapped.now.since >= before && swapped.now.since > old[0].since, "since when can be seen");

    let next = plugins.on("microsoft-teams", &"contoso".parse()?).context("Teams")?;
    assert_eq!(next.plugin().digest(), swapped.now.digest);
    let made = next.create_meeting(&appointment("after the swap")).await?;
    held.release();
    let finished = call.await??;
    assert_ne!(finished.join_url, made.join_url);
    assert_eq!(world.microsoft.meetings().len(), 2);
    // The new version finds what the old one made.
    assert_eq!(next.create_meeting(&appointment("in flight")).await?.join_url, finished.join_url);
    Ok(())
}

#[tokio::test]
async fn a_second_provider_is_loaded_beside_the_first() -> Result<()> {
    let world = World::start().await?;
    let platform = platform(&world).await?;
    let swapped =
        platform.providers().swap(plugin_artifacts::EVIL, &evil(&[])?, &SwapOptions::default()).await?;
    assert_eq!(swapped.before, None);
    let ids: Vec<_> = platform.providers().loaded().into_iter().map(|loaded| loaded.id).collect();
    assert_eq!(ids, ["evil", "microsoft-teams"]);
    Ok(())
}

#[tokio::test]
async fn a_version_that_fails_its_self_check_does_not_replace_one_that_works() -> Result<()> {
    let world = World::start().await?;
    let platform = platform(&world).await?;
    let plugins = platform.providers();
    plugins.swap(plugin_artifacts::EVIL, &evil(&[])?, &SwapOptions::default()).await?;
    let working = plugins.loaded();
    let pinned = Manifest { sha256: Some(sha256(b"what was reviewed")), ..evil(&[])? };
    let elsewhere = Manifest { provider: Some("microsoft-teams".to_owned()), ..evil(&[])? };
    let ungranted = Manifest { grant: video_host::egress::Grant::default(), ..evil(&[])? };
    for (what, bytes, manifest) in [
        ("no WebAssembly", &b"#!/bin/sh"[..], evil(&[])?),
        ("cut short", &plugin_artifacts::EVIL[..plugin_artifacts::EVIL.len() / 2], evil(&[])?),
        ("another file", plugin_artifacts::EVIL, pinned),
        ("another id", plugin_artifacts::EVIL, elsewhere),
        ("an origin that is not granted", plugin_artifacts::EVIL, ungranted),
        ("a trap", plugin_artifacts::EVIL, evil(&[("describe", "trap")])?),
        ("no end", plugin_artifacts::EVIL, evil(&[("describe", "spin")])?),
        ("a description that breaks the contract", plugin_artifacts::EVIL, evil(&[("describe", "control")])?),
    ] {
        let swapped = plugins.swap(bytes, &manifest, &SwapOptions::default()).await;
        let Err(SwapRefused::Load(error)) = swapped else { bail!("{what}: {swapped:?}") };
        assert!(!matches!(error, LoadError::Misfit(_)), "{what}: {error}");
        assert_eq!(plugins.loaded(), working, "{what}");
    }
    let provider = plugins.on("evil", &"one".parse()?).context("it is loaded")?;
    assert_eq!(provider.create_meeting(&appointment("good")).await?.id, "done", "and it works");
    Ok(())
}

#[tokio::test]
async fn a_version_that_can_do_less_is_taken_by_force_only() -> Result<()> {
    let world = World::start().await?;
    let platform = platform(&world).await?;
    let plugins = platform.providers();
    plugins.swap(plugin_artifacts::EVIL, &evil(&[])?, &SwapOptions::default()).await?;
    let working = plugins.loaded();
    let less = evil(&[("describe", "capable of nothing")])?;
    let refused = plugins.swap(plugin_artifacts::EVIL, &less, &SwapOptions::default()).await;
    let Err(SwapRefused::Fewer { lost, .. }) = &refused else { bail!("{refused:?}") };
    assert_eq!(*lost, ["matching", "reschedule", "cancel", "directory", "look-up"]);
    assert_eq!(plugins.loaded(), working);
    let force = SwapOptions { force: true, ..SwapOptions::default() };
    plugins.swap(plugin_artifacts::EVIL, &less, &force).await?;
    Ok(())
}

#[tokio::test]
async fn a_version_that_gives_no_links_for_who_joins_is_taken_by_force_only() -> Result<()> {
    let world = World::start().await?;
    let platform = platform(&world).await?;
    let plugins = platform.providers();
    plugins.swap(plugin_artifacts::EVIL, &evil(&[])?, &SwapOptions::default()).await?;
    // The same, but that the export has a name that the contract does not know.
    let (known, other) = (b"video-provider/joining@", b"video-provider/jumping@");
    let mut plain = plugin_artifacts::EVIL.to_vec();
    for at in 0..plain.len() - known.len() {
        if plain[at..].starts_with(known) {
            plain[at..at + known.len()].copy_from_slice(other);
        }
    }
    let refused = plugins.swap(&plain, &evil(&[])?, &SwapOptions::default()).await;
    let Err(SwapRefused::Fewer { lost, .. }) = &refused else { bail!("{refused:?}") };
    assert_eq!(*lost, ["joining"]);
    let force = SwapOptions { force: true, ..SwapOptions::default() };
    plugins.swap(&plain, &evil(&[])?, &force).await?;
    Ok(())
}

#[tokio::test]
async fn a_version_that_fails_for_an_integration_for_which_the_old_one_works_is_refused() -> Result<()> {
    let world = World::start().await?;
    let platform = platform(&world).await?;
    let plugins = platform.providers();
    let checked = SwapOptions { check: Some("one".parse()?), ..SwapOptions::default() };
    plugins.swap(plugin_artifacts::EVIL, &evil(&[])?, &checked).await?;
    let working = plugins.loaded();
    let broken = evil(&[("check", "trap")])?;
    let refused = plugins.swap(plugin_artifacts::EVIL, &broken, &checked).await;
    assert!(matches!(refused, Err(SwapRefused::Check { .. })), "{refused:?}");
    assert_eq!(plugins.loaded(), working);
    // Where the old one does not work either, nothing is known of the new one.
    let force = SwapOptions::default();
    plugins.swap(plugin_artifacts::EVIL, &broken, &force).await?;
    plugins.swap(plugin_artifacts::EVIL, &broken, &checked).await?;
    Ok(())
}
