//! What is kept for a plugin: its own, and no more than its quota.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use end_to_end::World;
use video_host::{CallError, Failure, Limits};

use crate::stage::{evil, limits, told};

#[tokio::test]
async fn values_and_keys_over_quota_are_refused_and_the_next_integration_has_its_own() -> Result<()> {
    let world = World::start().await?;
    let room = Limits { processor_time: Duration::from_secs(2), ..limits() };
    let evil = evil(&world.host, &[], room).await?;
    assert_eq!(told(&evil, "evil", "environment").await?, "0 variables, 0 arguments");
    // 16 MiB for values of 64 KiB with their keys: 255 of them.
    let came_to = told(&evil, "evil", "overflow storage").await?;
    assert_eq!(came_to, "255 values written, a larger one refused: true");
    assert_eq!(
        told(&evil, "other", "overflow keys").await?,
        "512 bytes: true, 513 bytes: false, none: false"
    );
    world.host.store().set(&"third".parse()?, "key", b"value").await.context("each has its own quota")?;
    Ok(())
}

#[tokio::test]
async fn who_writes_a_million_keys_runs_out_of_time_and_holds_up_nobody() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let short = Limits { deadline: Duration::from_millis(500), ..limits() };
    let evil = evil(&world.host, &[], short).await?;
    let writing = tokio::spawn({
        let evil = evil.clone();
        async move {
            evil.on(&"evil".parse()?)
                .create_meeting(&end_to_end::appointment("a million keys"))
                .await
                .context("wrote")
        }
    });
    world.teams_on("contoso")?.check().await?;
    let error = writing.await?.err().context("a million keys were written")?;
    match error.downcast_ref() {
        // Most of its time goes by on the database's thread, which nobody counts as its own (decision 19).
        Some(CallError::Failed {
            failure: Failure::Deadline(_) | Failure::ProcessorTime(_) | Failure::Computing { .. },
            ..
        }) => {}
        _ => bail!("{error:#}"),
    }
    let written = world.host.store().storage_used(&"evil".parse()?).await?;
    assert!(written < video_host::store::Store::DEFAULT_QUOTA, "{written}");
    Ok(())
}
