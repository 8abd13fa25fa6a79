//! Evil in every function of the contract: it is stopped, named, and forgotten.

use std::time::Duration;

use anyhow::{Result, bail};
use end_to_end::{World, appointment};
use video_host::provider::MeetingReference;
use video_host::{CallError, Failure, JoinLink, Limits, LoadError, Manifest};

use crate::stage::{EXPORTS, GUEST, SILENT, failure, joinable, limits, refusal, still_works, told, told_to};

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
            if !is_error && SILENT.contains(&export)
                || deed == "many" && (export.starts_with("begin") || export == "join-link")
            {
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

#[tokio::test]
async fn a_link_to_another_host_than_the_operator_named_is_not_handed_on() -> Result<()> {
    let world = World::start().await?;
    let links = vec!["https://rooms.example".parse()?];
    let granted = Manifest { links, ..told_to(&[], limits())? };
    let plugin = world.host.load(plugin_artifacts::EVIL, &granted).await?;
    let provider = plugin.on(&"evil".parse()?);
    assert_eq!(told(&plugin, "evil", "good").await?, "done");
    let reference = MeetingReference {
        appointment_id: "a".to_owned(),
        meeting_id: Some("elsewhere".to_owned()),
        organizer_id: None,
        staff: None,
    };
    let refused = [
        provider.create_meeting(&appointment("link:elsewhere")).await.map(drop),
        provider.look_up_meetings(&[reference]).await.map(drop),
        provider.join_link(&joinable("https://elsewhere.example/1"), &GUEST).await.map(drop),
    ];
    for answer in refused {
        let Err(CallError::Failed { failure: Failure::BrokeContract(rule), .. }) = answer else {
            bail!("{answer:?}")
        };
        assert!(rule.contains("elsewhere.example, and the operator granted https://rooms.example"), "{rule}");
    }
    let joined = provider.join_link(&joinable("https://rooms.example/1"), &GUEST).await?;
    assert_eq!(joined.as_ref().map(JoinLink::expose), Some("https://rooms.example/1"));
    Ok(())
}
