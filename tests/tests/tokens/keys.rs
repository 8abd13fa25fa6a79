//! Encryption keys that come, go and are lost while hosts run.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use end_to_end::{INTEGRATION, World, WorldOptions, appointment, contract_error};
use video_host::HostConfig;
use video_host::provider::Error;
use video_host::store::{KeyFile, Location, Store};

/// The host's file of keys.
fn key_file(world: &World) -> KeyFile {
    KeyFile::new(world.data.path().join(HostConfig::KEYS))
}

/// The store as another process has it.
async fn another(world: &World, keys: KeyFile) -> Result<Store> {
    let clock = Arc::clone(&world.clock);
    Ok(Store::open(Location::of_folder(world.data.path())?, keys, clock).await?)
}

/// What was read a moment ago is used for a second.
fn a_moment_later(world: &World) {
    world.advance(Duration::from_mins(2));
}

#[tokio::test]
async fn keys_are_rotated_while_the_host_works() -> Result<()> {
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    let file = key_file(&world);
    let old = file.load()?.active().to_owned();
    let new = file.add()?;
    teams.create_meeting(&appointment("not told yet")).await?;
    world.host.reload_keys().await?;
    a_moment_later(&world);
    teams.create_meeting(&appointment("told")).await?;

    another(&world, file.clone()).await?.reseal(|_| ()).await?;
    world.host.store().retire_key(&old).await?;
    file.remove(&old)?;
    world.host.reload_keys().await?;
    world.advance(Duration::from_hours(1));
    teams.create_meeting(&appointment("after")).await?;
    assert_eq!(world.host.store().key_ids(), [new]);
    assert_eq!(world.microsoft.meetings().len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_lost_key_is_named_and_neither_crashes_a_host_nor_disconnects_an_integration() -> Result<()> {
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    let (file, elsewhere) = (key_file(&world), KeyFile::new(world.data.path().join("elsewhere")));
    std::fs::copy(file.path(), elsewhere.path())?;
    let lost = elsewhere.add()?;
    // Another process seals everything under a key that the operator forgot to give this one.
    another(&world, elsewhere.clone()).await?.reseal(|_| ()).await?;
    let kept = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM credential")
        .fetch_one(world.host.store().pool())
        .await?;
    for n in 0..3 {
        a_moment_later(&world);
        let error = contract_error(teams.create_meeting(&appointment(&n.to_string())).await)?;
        // No state of a connection comes of that: it says nothing about the grant.
        let Error::Unavailable(outage) = error else { anyhow::bail!("{error:?}") };
        assert!(!outage.may_have_taken_effect);
        assert!(
            outage.message.contains(&format!("the encryption key `{lost}` is missing")),
            "{}",
            outage.message
        );
    }
    assert!(world.microsoft.meetings().is_empty());
    let start =
        World::host(world.data.path(), &world.microsoft, world.clock.clone(), video_host::Memory::default());
    let refused = start.await.err().context("a host starts without its key")?;
    assert!(refused.to_string().contains(&format!("`{lost}` is missing")), "{refused}");

    std::fs::copy(elsewhere.path(), file.path())?;
    teams.create_meeting(&appointment("again")).await?;
    assert!(world.teams_on(INTEGRATION)?.check().await.is_ok());
    let credentials = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM credential");
    assert_eq!(credentials.fetch_one(world.host.store().pool()).await?, kept);
    Ok(())
}
