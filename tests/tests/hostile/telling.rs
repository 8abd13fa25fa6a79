//! What is told of a crash: the guest's own words are in it, and can be anything.

use anyhow::{Result, bail};
use end_to_end::{Log, World, appointment, listen};
use video_host::{CallError, Failure};

use crate::stage::{evil, limits};

#[tokio::test]
async fn the_last_words_of_who_crashes_are_short_and_forge_no_line_of_the_log() -> Result<()> {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _listening = listen(subscriber);
    let world = World::start().await?;
    let plugin = evil(&world.host, &[], limits()).await?;
    let crashed = plugin.on(&"evil".parse()?).create_meeting(&appointment("crash with a lie")).await;
    let Err(CallError::Failed { failure: Failure::Trapped(told), .. }) = crashed else {
        bail!("{crashed:?}")
    };
    assert!(told.contains("all keys are lost"), "{told}");
    assert!(told.len() < 16_384 && !told.chars().any(|c| c.is_control() && c != '\n'), "{told}");

    let logged = String::from_utf8(log.take())?;
    assert!(logged.contains("all keys are lost") && !logged.contains('\u{1b}'), "{logged}");
    for line in logged.lines() {
        assert!(!line.starts_with("2026-11-23T09:00:00Z"), "{line}");
    }
    Ok(())
}
