//! Strangers' bytes at the doors of a whole host: what a browser brings back, staff lists, plugins' files.

use anyhow::{Context, Result};
use end_to_end::{SESSION, World, appointment, manifest};
use url::form_urlencoded;
use video_host::provider::{Error, MeetingRequest, Parameter};
use video_host::{CallError, Failure, Manifest};
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

/// Text as people may be shown it, of at most so many bytes.
fn is_shown(text: &str, most: usize) -> bool {
    text.len() <= most && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
}

/// Where a link leads, read as simply as a program of anybody's may do it.
fn authority(link: &str) -> Option<&str> {
    link.get(8..)?.split(['/', '?', '#', '\\']).next()
}

fn leads_to_the_rooms(link: &str) -> bool {
    let begins = link.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    let host = authority(link).unwrap_or_default().to_ascii_lowercase();
    begins
        && is_shown(link, 2_048)
        && !link.contains(char::is_whitespace)
        && ["rooms.example", "rooms.example:443"].contains(&host.as_str())
}

#[tokio::test]
async fn fuzz_returned() -> Result<()> {
    let world = World::start().await?;
    let granted = Manifest { links: vec!["https://rooms.example".parse()?], ..manifest()? };
    let evil = world.host.load(plugin_artifacts::EVIL, &granted).await?.on(&"evil".parse()?);
    for input in fuzzing::inputs("returned") {
        let subject = input.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        match evil.create_meeting(&MeetingRequest { subject, ..appointment("say") }).await {
            Ok(meeting) => {
                assert!(!meeting.id.is_empty() && is_shown(&meeting.id, 1_024), "{meeting:?}");
                assert!(is_shown(&meeting.organizer_id, 1_024), "{meeting:?}");
                assert!(leads_to_the_rooms(&meeting.join_url), "{meeting:?}");
                let shown = |warning: &String| is_shown(warning, 4_096);
                assert!(meeting.warnings.len() <= 100 && meeting.warnings.iter().all(shown), "{meeting:?}");
                assert!(std::str::from_utf8(&input).is_ok(), "{meeting:?}");
            }
            Err(CallError::Provider(Error::NotFound(message))) => assert!(is_shown(&message, 4_096)),
            Err(
                error @ CallError::Failed { failure: Failure::BrokeContract(_) | Failure::Trapped(_), .. },
            ) => {
                assert!(is_shown(&error.to_string(), 8_192), "{error}");
            }
            Err(error) => panic!("{error:?}"),
        }
    }
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
