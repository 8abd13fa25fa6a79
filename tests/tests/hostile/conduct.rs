//! What becomes of plugins that misbehave: they go on, slowly, and nobody else does.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use end_to_end::{World, WorldOptions, appointment};
use tokio::task::JoinSet;
use video_host::calls::{CallPolicy, HeldBack};
use video_host::{CallError, Failure, Limits};

use crate::stage::{call, evil, limits, told, told_to};

/// Calls are made once, and plugins held back as in production.
async fn world() -> Result<World> {
    let calls = CallPolicy { holds_back: CallPolicy::default().holds_back, ..CallPolicy::once() };
    World::with(WorldOptions { calls: Some(calls), ..WorldOptions::default() }).await
}

#[tokio::test]
async fn who_misbehaves_is_held_back_for_a_minute_in_the_integration_where_it_did() -> Result<()> {
    let world = world().await?;
    let room = Limits { memory: 16 << 20, processor_time: Duration::from_secs(2), ..limits() };
    let plugin = evil(&world.host, &[], room).await?;
    let short = evil(&world.host, &[], limits()).await?;
    for deed in [
        "trap",
        "exit",
        "recurse",
        "grow",
        "spin",
        "spin between trifles",
        "post and trap",
        "long",
        "error:long",
        "link:javascript",
        "flood the log",
        "long lines",
        "overflow storage",
    ] {
        let plugin = if deed.starts_with("spin") { &short } else { &plugin };
        // What it comes to is for the other suites.
        let _ = plugin.on(&"evil".parse()?).create_meeting(&appointment(deed)).await;
        let [HeldBack { provider, integrations, until_ms, .. }] = &world.host.held_back()[..] else {
            bail!("{deed}: {:?}", world.host.held_back());
        };
        assert_eq!((provider.as_str(), integrations.as_slice()), ("evil", &["evil".parse()?][..]), "{deed}");
        let left = until_ms - world.host.clock().now_ms();
        ensure!((1..=60_000).contains(&left), "{deed}: {left} ms");

        assert_eq!(told(plugin, "evil", "good").await?, "done", "after {deed}");
        world.advance(Duration::from_mins(1));
        assert_eq!(world.host.held_back(), [], "{deed}");
    }
    Ok(())
}

#[tokio::test]
async fn a_plugin_that_is_held_back_in_a_tenant_is_so_whatever_tenant_its_check_names() -> Result<()> {
    let world = world().await?;
    let of = async |tenant: &str| {
        let manifest = told_to(&[("tenant", tenant)], limits())?;
        anyhow::Ok(world.host.load(plugin_artifacts::EVIL, &manifest).await?)
    };
    let whose = || world.host.held_back().into_iter().map(|held| held.tenant).collect::<Vec<_>>();
    let (one, two) = (of("one").await?, of("two").await?);
    call(&world.host, &one, "evil", "finish-connect").await??;
    one.on(&"evil".parse()?).create_meeting(&appointment("trap")).await.unwrap_err();
    assert_eq!(whose(), [Some("one".to_owned())]);

    call(&world.host, &two, "evil", "check").await??;
    two.on(&"evil".parse()?).create_meeting(&appointment("trap")).await.unwrap_err();
    assert_eq!(whose(), [Some("one".to_owned())], "nobody signed in to the other one");

    call(&world.host, &two, "evil", "finish-reauthorize").await??;
    assert!(whose().is_empty(), "an administrator did, and nothing is kept of the one before");
    two.on(&"evil".parse()?).create_meeting(&appointment("trap")).await.unwrap_err();
    assert_eq!(whose(), [Some("two".to_owned())]);

    // Of an integration that nobody knows anything of, a check is the first to say.
    call(&world.host, &one, "other", "check").await??;
    one.on(&"other".parse()?).create_meeting(&appointment("trap")).await.unwrap_err();
    assert_eq!(whose(), [Some("one".to_owned()), Some("two".to_owned())]);
    Ok(())
}

#[tokio::test]
async fn who_does_its_work_or_waits_for_others_is_not_held_back() -> Result<()> {
    let world = world().await?;
    let short = Limits { deadline: Duration::from_millis(100), ..limits() };
    let (plugin, short) = (evil(&world.host, &[], limits()).await?, evil(&world.host, &[], short).await?);
    for deed in ["good", "look around", "use up requests", "overflow keys", "https://169.254.169.254/"] {
        plugin.on(&"evil".parse()?).create_meeting(&appointment(deed)).await?;
        assert_eq!(world.host.held_back(), [], "{deed}");
    }
    let slow = short.on(&"evil".parse()?).create_meeting(&appointment("sleep")).await;
    ensure!(matches!(&slow, Err(CallError::Failed { failure: Failure::Deadline(_), .. })), "{slow:?}");
    assert_eq!(world.host.held_back(), []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_compute_together_until_their_deadline_are_told_so_and_not_called_again() -> Result<()> {
    const CALLS: u64 = 4;
    let options = WorldOptions { calls: Some(CallPolicy::default()), ..WorldOptions::default() };
    let world = World::with(options).await?;
    let limits = Limits {
        deadline: Duration::from_secs(2),
        processor_time: Duration::from_hours(1),
        at_once: Duration::ZERO,
        ..limits()
    };
    let plugin = evil(&world.host, &[], limits).await?;
    let before = world.host.call_counts();
    let mut spinning = JoinSet::new();
    for nth in 0..CALLS {
        let provider = plugin.on(&format!("evil-{nth}").parse()?);
        spinning.spawn(async move { provider.create_meeting(&appointment("spin")).await });
    }
    for ended in spinning.join_all().await {
        let Err(CallError::Failed { failure: Failure::Computing { used, deadline }, .. }) = &ended else {
            bail!("{ended:?}");
        };
        ensure!(used < deadline, "{used} ms of {deadline}");
        ensure!(ended.is_err_and(|error| error.may_have_taken_effect()), "nobody knows what it had done");
    }
    let after = world.host.call_counts();
    assert_eq!((after.attempts - before.attempts, after.retries), (CALLS, before.retries));
    Ok(())
}
