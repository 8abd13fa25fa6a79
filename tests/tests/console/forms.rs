//! Forms that come from elsewhere, twice, or with markup in them.

use anyhow::{Context as _, Result};
use axum::http::{Method, StatusCode, header};
use mock_graph::contoso;

use crate::stage::{ADMINISTRATOR, ADVISER, MARKUP, MARKUP_NAME, SCHEDULER, SERVICE, Stage};

const OFF: [(&str, &str); 1] = [("to", "no")];

#[tokio::test]
async fn a_form_without_the_token_of_its_session_changes_nothing() -> Result<()> {
    let stage = Stage::start().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let other = stage.signed_in(ADMINISTRATOR).await?;
    let theirs = other.get("/settings/video-calls").await?.csrf()?;
    let path = format!("/staff/{ADVISER}/video-calls");
    for forged in [vec![], vec![("csrf", "")], vec![("csrf", theirs.as_str())]] {
        let form = [&OFF[..], &forged].concat();
        let answer = administrator.send(Method::POST, &path, &form, &[]).await?;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{forged:?}");
        assert!(stage.is_enabled(ADVISER).await?);
    }
    assert_eq!(administrator.post(&path, &OFF).await?.status, StatusCode::SEE_OTHER);
    assert!(!stage.is_enabled(ADVISER).await?, "and with its own it does");
    Ok(())
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing_even_with_the_token() -> Result<()> {
    let stage = Stage::start().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let csrf = administrator.get("/settings/video-calls").await?.csrf()?;
    let form = [("to", "no"), ("csrf", csrf.as_str())];
    let path = format!("/staff/{ADVISER}/video-calls");
    for from in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let answer = administrator.send(Method::POST, &path, &form, &[from]).await?;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{from:?}");
    }
    assert!(stage.is_enabled(ADVISER).await?);
    Ok(())
}

#[tokio::test]
async fn a_callback_from_another_session_connects_nothing() -> Result<()> {
    let stage = Stage::start().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let visit = administrator.begin().await?;
    let back = administrator.come_back(&visit, contoso::SERVICE_ACCOUNT).await?;

    let other = stage.signed_in(ADMINISTRATOR).await?;
    let answer = other.get(&back).await?;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("started in another browser or session"), "{}", answer.text);
    assert_eq!(stage.nobody().get(&back).await?.status, StatusCode::UNAUTHORIZED);
    let integrations = stage.platform.integrations().await?;
    assert!(integrations.iter().all(|one| !one.state.is_live()), "{integrations:?}");

    assert_eq!(administrator.get(&back).await?.status, StatusCode::SEE_OTHER, "its own takes it");
    let again = administrator.get(&back).await?;
    assert!(again.text.contains("already completed"), "{}", again.text);
    Ok(())
}

#[tokio::test]
async fn the_redirect_uri_is_configured_whatever_a_request_says() -> Result<()> {
    let stage = Stage::start().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let csrf = administrator.get("/settings/video-calls").await?.csrf()?;
    let form = [("match-field", "email"), ("tenant-id", contoso::TENANT_ID), ("csrf", &csrf)];
    let headers =
        [("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example")];
    let path = "/settings/video-calls/new/microsoft-teams";
    let answer = administrator.send(Method::POST, path, &form, &headers).await?;
    let visit = url::Url::parse(answer.location()?)?;
    let (_, redirect) =
        visit.query_pairs().find(|(name, _)| name == "redirect_uri").context("there is one")?;
    let ours = format!("{}integrations/callback", stage.address);
    assert_eq!(redirect, ours);
    Ok(())
}

#[tokio::test]
async fn a_name_with_markup_is_text_on_every_page() -> Result<()> {
    let (stage, integration) = Stage::connected().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let search = "search=eve";
    for path in [
        format!("/settings/video-calls/{integration}?{search}"),
        format!("/staff?{search}"),
        format!("/staff/{MARKUP}"),
        format!("/services/{SERVICE}"),
        format!("/client-view?service={SERVICE}"),
        format!("/staff?search={}", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
        format!("/settings/video-calls/{integration}?search=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
        "/audit-log?actor=%22%3E%3Cscript%3Ealert(1)%3C/script%3E".to_owned(),
    ] {
        let answer = administrator.get(&path).await?;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.text.contains("<script>"), "{path}: {}", answer.text);
        assert!(!answer.text.contains(MARKUP_NAME), "{path}");
        assert!(answer.text.contains("&lt;script&gt;"), "{path} shows the name: {}", answer.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_booking_form_that_is_sent_twice_makes_one_appointment() -> Result<()> {
    let (stage, _) = Stage::connected().await?;
    let scheduler = stage.signed_in(SCHEDULER).await?;
    let page = scheduler.get(&format!("/schedule/new?service={SERVICE}")).await?;
    let id = page.text.split("name=\"appointment\" value=\"").nth(1).context("an id")?;
    let id = id.split('"').next().unwrap_or_default();
    let form = [
        ("appointment", id),
        ("service", SERVICE),
        ("method", "video_call"),
        ("staff", ADVISER),
        ("start", "2030-01-07T10:00"),
        ("minutes", "30"),
        ("client_name", "Lisa Moser"),
    ];
    let first = scheduler.post("/schedule/new", &form).await?;
    let second = scheduler.post("/schedule/new", &form).await?;
    assert_eq!(first.location()?, second.location()?);
    assert_eq!(stage.world.microsoft.meetings().len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_was_typed_stays_after_an_error_and_the_error_is_beside_its_field() -> Result<()> {
    let stage = Stage::start().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let form = [("match-field", "user-name"), ("tenant-id", "no such tenant!"), ("method", "access-policy")];
    let answer = administrator.post("/settings/video-calls/new/microsoft-teams", &form).await?;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("value=\"no such tenant!\""), "{}", answer.text);
    assert!(answer.text.contains("value=\"user-name\" selected"), "{}", answer.text);
    assert!(answer.text.contains("id=\"tenant-id-error\""), "{}", answer.text);
    assert!(answer.text.contains("aria-describedby=\"tenant-id-error tenant-id-help\""), "{}", answer.text);
    assert!(stage.platform.integrations().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn every_answer_says_what_browsers_may_do_with_it() -> Result<()> {
    let stage = Stage::start().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    for (visitor, path) in [
        (&administrator, "/settings/video-calls"),
        (&administrator, "/nowhere"),
        (&stage.nobody(), "/sign-in"),
    ] {
        let answer = visitor.get(path).await?;
        let has = |name| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!(has(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(has(header::REFERRER_POLICY), "no-referrer", "{path}");
        assert_eq!(has(header::CACHE_CONTROL), "no-store", "{path}");
        let policy = has(header::CONTENT_SECURITY_POLICY);
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "form-action 'self' https://login.microsoftonline.com",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy} lacks {part}");
        }
        for inline in [" style=", "<style", "javascript:", " onclick=", "<script>"] {
            assert!(!answer.text.contains(inline), "{path} has {inline}");
        }
    }
    Ok(())
}
