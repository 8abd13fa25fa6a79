//! All of them at once, beside a plugin that does its work.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use end_to_end::{World, WorldOptions, appointment};
use tokio::task::JoinSet;
use video_host::Limits;

use crate::stage::{EXPORTS, call, evil, limits};

/// What each function does at the same time as all others.
const DEEDS: [&str; 10] = [
    "spin",
    "spin between trifles",
    "grow",
    "recurse",
    "trap",
    "exit",
    "sleep",
    "post and trap",
    "flood the log",
    "error:long",
];

/// Evils of which a call comes back, by the appointment.
const SURVIVED: [&str; 7] = [
    "overflow storage",
    "long lines",
    "look around",
    "use up requests",
    "https://169.254.169.254/latest/meta-data/",
    "smuggle",
    "link:javascript",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_them_at_once_leave_a_good_plugin_as_it_is() -> Result<()> {
    const APPOINTMENTS: usize = 20;
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    let limits = Limits { deadline: Duration::from_secs(4), memory: 8 << 20, ..limits() };
    let mut evils = JoinSet::new();
    for (nth, deed) in DEEDS.into_iter().enumerate() {
        for export in EXPORTS {
            let plugin = evil(&world.host, &[(export, deed)], limits.clone()).await?;
            let (host, integration) = (world.host.clone(), format!("evil-{nth}"));
            evils.spawn(async move {
                let ended = call(&host, &plugin, &integration, export).await?;
                // Only the flood lives to answer, and match-users and list-users answer wrongly of their own.
                let lives = deed == "flood the log";
                ensure!(lives || ended.is_err(), "{deed} in {export}: {ended:?}");
                anyhow::Ok(())
            });
        }
    }
    let plugin = evil(&world.host, &[], limits).await?;
    for deed in SURVIVED {
        let plugin = plugin.clone();
        evils.spawn(async move {
            // What each comes to is for its own test.
            let _ = plugin.on(&"evil-last".parse()?).create_meeting(&appointment(deed)).await;
            Ok(())
        });
    }

    let mut links = Vec::new();
    for nth in 0..APPOINTMENTS {
        let id = format!("good-{nth}");
        let made = teams.create_meeting(&appointment(&id)).await.with_context(|| id.clone())?;
        let again = teams.create_meeting(&appointment(&id)).await?;
        ensure!(made.join_url == again.join_url, "{id} has two links");
        links.push(made.join_url);
    }
    while let Some(ended) = evils.join_next().await {
        ended??;
    }
    // Every link that was handed out is of a meeting that Microsoft has, each of one.
    let there: Vec<_> = world.microsoft.meetings().into_iter().map(|meeting| meeting.join_web_url).collect();
    assert_eq!(there.len(), APPOINTMENTS);
    assert!(links.iter().all(|link| there.contains(link)));
    teams.check().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_hold_on_to_all_their_calls_leave_places_to_a_third() -> Result<()> {
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    let limits = Limits { deadline: Duration::from_mins(1), ..limits() };
    let mut held = JoinSet::new();
    let mut places = 0;
    for name in ["one", "two", "three"] {
        let plugin = evil(&world.host, &[], limits.clone()).await?;
        for nth in 0..plugin.calls_at_once() {
            let provider = plugin.on(&format!("{name}-{nth}").parse()?);
            held.spawn(async move { provider.create_meeting(&appointment("sleep")).await.is_ok() });
        }
        places += plugin.calls_at_once();
    }
    // All that are shared are taken, and those that the three have for themselves; eight plugins have sixteen each.
    while world.host.calls_running() < 1_000 - 8 * 16 + 3 * 16 {
        ensure!(held.try_join_next().is_none(), "a call came back");
        tokio::task::yield_now().await;
    }
    ensure!(places > world.host.calls_running(), "some of theirs wait");
    teams.check().await?;
    held.abort_all();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_on_to_all_its_calls_leaves_half_of_the_places_to_others() -> Result<()> {
    const PLACES: usize = 1_000;
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    let limits = Limits { deadline: Duration::from_mins(1), ..limits() };
    let plugin = evil(&world.host, &[], limits).await?;
    let mut held = JoinSet::new();
    for nth in 0..PLACES {
        let provider = plugin.on(&format!("evil-{nth}").parse()?);
        held.spawn(async move { provider.create_meeting(&appointment("sleep")).await.is_ok() });
    }
    while world.host.calls_running() < PLACES / 2 {
        ensure!(held.try_join_next().is_none(), "a call came back");
        tokio::task::yield_now().await;
    }
    teams.check().await?;
    assert_eq!(world.host.calls_running(), PLACES / 2, "the others wait");
    assert_eq!((plugin.calls_running(), teams.plugin().calls_running()), (plugin.calls_at_once(), 0));
    let pool = world.host.pool().context("memories are pooled")?;
    assert_eq!((plugin.calls_at_once(), pool.memories, pool.stacks), (PLACES / 2, PLACES / 2, PLACES / 2));
    held.abort_all();
    Ok(())
}
