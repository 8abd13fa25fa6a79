//! Evil in every function of the contract: it is stopped, named, and forgotten.

use std::time::Duration;

use anyhow::{Result, bail};
use end_to_end::World;
use video_host::{Failure, Limits, LoadError};

use crate::stage::{EXPORTS, SILENT, failure, limits, refusal, still_works};

/// What each function fails with if it does this.
async fn failures(world: &World, deed: &str, limits: &Limits) -> Result<Vec<(&'static str, Failure)>> {
    let mut failed = Vec::new();
    for export in EXPORTS {
        failed.push((export, failure(&world.host, export, deed, limits.clone()).await?));
    }
    Ok(failed)
}

#[tokio::test]
async fn who_never_ends_is_stopped_in_every_function() -> Result<()> {
    let world = World::start().await?;
    for deed in ["spin", "spin between trifles"] {
        for (export, failed) in failures(&world, deed, &limits()).await? {
            assert_eq!(failed, Failure::ProcessorTime(60), "{deed} in {export}");
        }
        let error = refusal(&world.host, deed).await?;
        assert!(matches!(error, LoadError::SelfCheck(_)), "{error}");
    }
    still_works(&world).await
}

#[tokio::test]
async fn who_wants_all_memory_is_stopped_in_every_function() -> Result<()> {
    let world = World::start().await?;
    for (export, failed) in failures(&world, "grow", &limits()).await? {
        assert_eq!(failed, Failure::Memory(4 << 20), "{export}");
    }
    assert!(matches!(refusal(&world.host, "grow").await?, LoadError::SelfCheck(_)));
    still_works(&world).await
}

#[tokio::test]
async fn who_crashes_or_leaves_is_named_in_every_function() -> Result<()> {
    let world = World::start().await?;
    for (deed, says) in [("trap", "panics on purpose"), ("recurse", "stack"), ("exit", "exit")] {
        for (export, failed) in failures(&world, deed, &limits()).await? {
            let Failure::Trapped(text) = &failed else { bail!("{deed} in {export}: {failed}") };
            assert!(text.contains(says), "{deed} in {export}: {text}");
        }
        assert!(matches!(refusal(&world.host, deed).await?, LoadError::SelfCheck(_)), "{deed}");
    }
    still_works(&world).await
}

#[tokio::test]
async fn who_holds_a_call_past_its_deadline_loses_it_in_every_function() -> Result<()> {
    let world = World::start().await?;
    let limits = Limits { deadline: Duration::from_millis(100), ..limits() };
    for (export, failed) in failures(&world, "sleep", &limits).await? {
        assert!(matches!(failed, Failure::Deadline(_)), "{export}: {failed}");
    }
    still_works(&world).await
}

#[tokio::test]
async fn garbage_of_every_function_stays_in_the_sandbox() -> Result<()> {
    let world = World::start().await?;
    let room = Limits { memory: 16 << 20, processor_time: Duration::from_secs(1), ..limits() };
    for deed in ["long", "control", "many", "error:long", "error:control"] {
        for export in EXPORTS {
            let is_error = deed.starts_with("error");
            // Without texts or lists there is nothing to say wrong, but for the error.
            if !is_error && SILENT.contains(&export) || deed == "many" && export.starts_with("begin") {
                continue;
            }
            let failed = failure(&world.host, export, deed, room.clone()).await?;
            assert!(matches!(failed, Failure::BrokeContract(_)), "{deed} in {export}: {failed}");
        }
    }
    for deed in ["long", "control", "many"] {
        let error = refusal(&world.host, deed).await?;
        assert!(matches!(error, LoadError::Description(_)), "{deed}: {error}");
    }
    still_works(&world).await
}

#[tokio::test]
async fn an_answer_that_is_larger_outside_than_in_memory_is_not_copied_out() -> Result<()> {
    let world = World::start().await?;
    let room = Limits { memory: 16 << 20, processor_time: Duration::from_secs(2), ..limits() };
    for export in ["check", "finish-connect", "list-users", "create-meeting", "update-meeting"] {
        let failed = failure(&world.host, export, "amplified", room.clone()).await?;
        let Failure::Trapped(text) = &failed else { bail!("{export}: {failed}") };
        assert!(text.contains("fuel"), "what is copied is counted: {text}");
    }
    assert!(matches!(refusal(&world.host, "amplified").await?, LoadError::SelfCheck(_)));
    still_works(&world).await
}

#[tokio::test]
async fn a_link_that_is_none_is_not_handed_on() -> Result<()> {
    let world = World::start().await?;
    let plugin = crate::stage::evil(&world.host, &[], limits()).await?;
    for link in ["javascript", "data", "http", "user", "long", "half", "control", "none"] {
        let made = crate::stage::told(&plugin, "evil", &format!("link:{link}")).await;
        let error = format!("{:#}", made.err().unwrap_or_else(|| anyhow::anyhow!("it was handed on")));
        assert!(error.contains("breaks the contract"), "{link}: {error}");
    }
    Ok(())
}
