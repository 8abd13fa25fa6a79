//! The address by which people join: who is shown which, and what it leads to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::http::{StatusCode, header};
use end_to_end::SESSION;
use mock_graph::contoso;
use video_host::Manifest;
use video_host::clock::Clock as _;
use video_host::provider::{NextStep, Parameter};
use video_host::signing::SigningKeys;
use video_platform::{
    BookingRequest, Channel, IntegrationId, JoinCodes, MatchField, MeetingMethod, MeetingOptions, Setup,
};

use crate::browser::Tab;
use crate::stage::{ADVISER, SCHEDULER, SERVICE, Stage};

const SERVER: &str = "meet.bank.example";
const HOUR: i64 = 3_600_000;

/// Adele on a Jitsi Meet server that demands tokens.
async fn on_jitsi() -> Result<(Stage, IntegrationId)> {
    let stage = Stage::start().await?;
    let links = format!("https://{SERVER}").parse()?;
    let (keys, _) = SigningKeys::drawn(["jitsi-token"], &links)?;
    let manifest = Manifest { signing: Arc::new(keys), ..Manifest::default() };
    stage.platform.providers().install(stage.world.host.load(plugin_artifacts::JITSI, &manifest).await?);
    let values = vec![Parameter { name: "domain".to_owned(), value: SERVER.to_owned() }];
    let setup = Setup { match_field: MatchField::Email, values };
    let begun = stage.platform.start_connect("jitsi-meet", setup, SESSION, contoso::REDIRECT_URI).await?;
    let (id, NextStep::Connected(_)) = begun else { bail!("it needs no sign-in") };
    stage.platform.choose_integration(ADVISER, Some(&id)).await?;
    Ok((stage, id))
}

async fn book(stage: &Stage, id: &str, start: i64) -> Result<JoinCodes> {
    let request = BookingRequest {
        id: id.to_owned(),
        service: SERVICE.to_owned(),
        method: MeetingMethod::VideoCall,
        staff: ADVISER.to_owned(),
        client_name: "Lisa Moser".to_owned(),
        client_email: "lisa@example.com".to_owned(),
        subject: "A mortgage".to_owned(),
        start,
        end: start + HOUR,
        channel: Channel::Schedule,
        options: MeetingOptions::new(),
    };
    stage.platform.book(&request).await?.codes.context("it has addresses")
}

fn now(stage: &Stage) -> i64 {
    stage.world.clock.now_ms()
}

#[tokio::test]
async fn an_address_leads_everybody_to_a_link_of_their_own_which_no_page_shows() -> Result<()> {
    let (stage, _) = on_jitsi().await?;
    let codes = book(&stage, "one", now(&stage)).await?;
    let mut links = BTreeSet::new();
    for code in [&codes.client, &codes.staff, &codes.client] {
        let answer = stage.nobody().get(&format!("/join/{}", code.as_str())).await?;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
        let link = answer.location()?;
        assert!(link.starts_with(&format!("https://{SERVER}/")) && link.contains("?jwt="), "{link}");
        assert!(answer.text.is_empty(), "{}", answer.text);
        links.insert(link.to_owned());
    }
    assert_eq!(links.len(), 3);
    Ok(())
}

#[tokio::test]
async fn the_host_s_address_is_shown_to_the_host_alone_and_the_room_s_link_to_nobody() -> Result<()> {
    let (stage, _) = on_jitsi().await?;
    let codes = book(&stage, "one", now(&stage)).await?;
    let room = stage.platform.appointment("one").await?.context("it is there")?.link.context("a link")?;
    let origin = stage.address.origin().ascii_serialization();
    let client = format!("{origin}/join/{}", codes.client.as_str());
    for (who, shows) in [(ADVISER, true), (SCHEDULER, false)] {
        let page = stage.signed_in(who).await?.get("/appointments/one").await?.text;
        assert!(page.contains(&client), "{who}: {page}");
        assert_eq!(page.contains(codes.staff.as_str()), shows, "{who}");
        assert!(!page.contains(&room), "{who}");
    }
    // Who books for themselves gets the client's.
    let form = [
        ("appointment", "two"),
        ("service", SERVICE),
        ("method", "video_call"),
        ("staff", ADVISER),
        ("start", "2030-01-07T10:00"),
        ("minutes", "30"),
        ("client_name", "Lisa Moser"),
        ("client_email", ""),
        ("subject", ""),
    ];
    let page = stage.signed_in(SCHEDULER).await?.post("/client-view", &form).await?.text;
    let codes = stage.platform.appointment("two").await?.and_then(|it| it.codes).context("addresses")?;
    assert!(page.contains(&format!("{origin}/join/{}", codes.client.as_str())), "{page}");
    assert!(!page.contains(codes.staff.as_str()) && !page.contains(SERVER), "{page}");
    Ok(())
}

#[tokio::test]
async fn who_cannot_join_now_is_told_why_in_words() -> Result<()> {
    let (stage, id) = on_jitsi().await?;
    let early = book(&stage, "early", now(&stage) + 24 * HOUR).await?;
    let ended = book(&stage, "ended", now(&stage)).await?;
    let ready = book(&stage, "ready", now(&stage)).await?;
    stage.platform.cancel("ended").await?;
    let open = async |code: &str| stage.nobody().get(&format!("/join/{code}")).await;
    for (code, status, says) in [
        (early.client.as_str(), StatusCode::FORBIDDEN, "You can join from"),
        (ended.staff.as_str(), StatusCode::GONE, "was cancelled"),
        ("0123456789abcdef0123456789abcdef", StatusCode::NOT_FOUND, "leads to no appointment"),
        ("0123456789abcdef", StatusCode::NOT_FOUND, "leads to no appointment"),
        ("%00", StatusCode::BAD_REQUEST, "a character that no text has"),
    ] {
        let answer = open(code).await?;
        assert_eq!(answer.status, status, "{says}");
        assert!(answer.text.contains(says), "{says}: {}", answer.text);
        assert!(!answer.text.contains(SERVER), "{}", answer.text);
    }
    // Disconnecting touches no appointment; without its plugin it cannot be joined.
    stage.platform.disconnect(&id).await?;
    assert_eq!(open(ready.client.as_str()).await?.status, StatusCode::SEE_OTHER);
    let plugin = stage.platform.providers().remove("jitsi-meet").context("it was loaded")?;
    let answer = open(ready.client.as_str()).await?;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.text.contains("Your appointment stands"), "{}", answer.text);
    stage.platform.providers().install(plugin);
    stage.world.advance(Duration::from_hours(4));
    let answer = open(ready.client.as_str()).await?;
    assert_eq!(answer.status, StatusCode::GONE);
    assert!(answer.text.contains("is over"), "{}", answer.text);
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_opened_all_the_time_is_held_up_and_others_are_not() -> Result<()> {
    let (stage, _) = on_jitsi().await?;
    let (one, other) = (book(&stage, "one", now(&stage)).await?, book(&stage, "other", now(&stage)).await?);
    let path = format!("/join/{}", one.client.as_str());
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(stage.nobody().get(&path).await?.status);
    }
    assert_eq!(statuses[..20], [StatusCode::SEE_OTHER; 20]);
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
    let answer = stage.nobody().get(&format!("/join/{}", other.client.as_str())).await?;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_shows_when_the_door_opens() -> Result<()> {
    let (mut stage, _) = on_jitsi().await?;
    let codes = book(&stage, "early", now(&stage) + 24 * HOUR).await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.goto(&format!("/join/{}", codes.client.as_str())).await?;
    tab.see("You are early").await?;
    assert_eq!(tab.texts("main time").await?.len(), 2);
    tab.close().await
}
