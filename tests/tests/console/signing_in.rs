//! Sign-in links and sessions.

use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::http::{Method, StatusCode, header};
use video_platform::Action;

use crate::stage::{ADMINISTRATOR, Stage};

const LINK: &str = "/sign-in";

async fn token(stage: &Stage) -> Result<String> {
    let link = stage.console.sign_in_link(ADMINISTRATOR).await?;
    Ok(link.query_pairs().next().context("a token")?.1.into_owned())
}

#[tokio::test]
async fn a_sign_in_link_works_once_and_opening_it_uses_nothing_up() -> Result<()> {
    let stage = Stage::start().await?;
    let token = token(&stage).await?;
    let nobody = stage.nobody();
    for _ in 0..3 {
        let opened = nobody.get(&format!("{LINK}?token={token}")).await?;
        assert_eq!(opened.status, StatusCode::OK);
        assert!(opened.headers.get(header::SET_COOKIE).is_none());
    }
    let form = [("token", token.as_str())];
    let first = nobody.send(Method::POST, LINK, &form, &[]).await?;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let cookie = first.headers[header::SET_COOKIE].to_str()?;
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let second = nobody.send(Method::POST, LINK, &form, &[]).await?;
    assert_eq!(second.status, StatusCode::UNAUTHORIZED);
    assert!(second.headers.get(header::SET_COOKIE).is_none());
    assert!(stage.log().await?.iter().any(|entry| entry.action == Action::SignIn));
    Ok(())
}

#[tokio::test]
async fn a_sign_in_link_is_too_old_after_a_quarter_of_an_hour() -> Result<()> {
    let stage = Stage::start().await?;
    let token = token(&stage).await?;
    stage.world.advance(Duration::from_mins(15));
    let answer = stage.nobody().send(Method::POST, LINK, &[("token", &token)], &[]).await?;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test]
async fn another_sites_page_signs_nobody_in() -> Result<()> {
    let stage = Stage::start().await?;
    let token = token(&stage).await?;
    let from = [("sec-fetch-site", "cross-site")];
    let answer = stage.nobody().send(Method::POST, LINK, &[("token", &token)], &from).await?;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn guessing_links_ends_after_ten_in_a_minute() -> Result<()> {
    let stage = Stage::start().await?;
    let nobody = stage.nobody();
    for _ in 0..10 {
        let answer = nobody.send(Method::POST, LINK, &[("token", "a guess")], &[]).await?;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = nobody.send(Method::POST, LINK, &[("token", "a guess")], &[]).await?;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers[header::RETRY_AFTER], "60");
    // All who come through one proxy have one address.
    let answer = nobody.send(Method::POST, LINK, &[("token", &token(&stage).await?)], &[]).await?;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "a link that works is taken");
    Ok(())
}

#[tokio::test]
async fn a_session_ends_by_itself_and_by_signing_out() -> Result<()> {
    let stage = Stage::start().await?;
    let (one, other) = (stage.signed_in(ADMINISTRATOR).await?, stage.signed_in(ADMINISTRATOR).await?);
    assert_eq!(one.post("/sign-out", &[]).await?.status, StatusCode::OK);
    assert_eq!(one.get("/settings/video-calls").await?.status, StatusCode::UNAUTHORIZED);
    assert_eq!(other.get("/settings/video-calls").await?.status, StatusCode::OK, "the other goes on");
    stage.world.advance(Duration::from_mins(30));
    assert_eq!(other.get("/settings/video-calls").await?.status, StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test]
async fn a_cookie_that_was_changed_or_made_up_is_nobodys() -> Result<()> {
    let stage = Stage::start().await?;
    let mut visitor = stage.signed_in(ADMINISTRATOR).await?;
    let real = visitor.cookie.clone();
    for forged in [
        real.replace("session=", "session=x"),
        real[..real.len() - 2].to_owned(),
        "session=anything".to_owned(),
        format!("{real}x"),
    ] {
        visitor.cookie = forged;
        assert_eq!(visitor.get("/settings/video-calls").await?.status, StatusCode::UNAUTHORIZED);
    }
    Ok(())
}
