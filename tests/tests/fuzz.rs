//! Strangers' bytes at the doors of a whole host: what a browser brings back, staff lists, plugins' files.

use anyhow::{Context, Result};
use end_to_end::{SESSION, World, manifest};
use url::form_urlencoded;
use video_host::provider::Parameter;
use video_platform::Platform;

#[tokio::test]
async fn fuzz_callback() -> Result<()> {
    let world = World::start().await?;
    for input in fuzzing::inputs("callback") {
        let pairs = form_urlencoded::parse(&input);
        let parameter = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| Parameter {
            name: name.into_owned(),
            value: value.into_owned(),
        };
        let parameters: Vec<_> = pairs.map(parameter).collect();
        assert!(world.host.callback(SESSION, parameters).await.is_err(), "nothing was begun");
    }
    Ok(())
}

#[tokio::test]
async fn fuzz_staff_file() -> Result<()> {
    let world = World::start().await?;
    let platform = Platform::open(world.host.clone()).await?;
    for input in fuzzing::inputs("staff-file") {
        let before = platform.staff_count().await?;
        match platform.import_staff(input.as_slice()).await {
            Ok(report) => assert_eq!(platform.staff_count().await?, before + report.added),
            Err(_) => assert_eq!(platform.staff_count().await?, before, "nobody was imported"),
        }
    }
    let member = platform.staff_member("1").await?.context("the good row of the corpus")?;
    assert!(member.name.chars().count() <= 256);
    Ok(())
}

#[tokio::test]
async fn fuzz_component() -> Result<()> {
    let world = World::start().await?;
    let granted = manifest()?;
    for input in fuzzing::inputs("component") {
        let loaded = world.host.load(&input, &granted).await;
        assert!(loaded.is_err(), "{loaded:?}");
        // A good plugin with these bytes somewhere in it: most are refused, none does harm.
        let mut spoiled = plugin_artifacts::EVIL.to_vec();
        let at = input.iter().fold(0_usize, |at, byte| at.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        let at = at % spoiled.len();
        let until = (at + input.len()).min(spoiled.len());
        spoiled[at..until].copy_from_slice(&input[..until - at]);
        let _ = world.host.load(&spoiled, &granted).await;
    }
    world.host.load(plugin_artifacts::EVIL, &granted).await?;
    Ok(())
}
