//! What a token may be used for: the permissions that were given, at the Graph it is for, for as long as
//! nobody demands a fresh sign-in.

mod client;

use std::time::Duration;

use anyhow::{Context as _, Result};
use client::*;
use http::StatusCode;
use mock_graph::{
    Action, Consent, Fault, MockGraph, Operation, RedirectUri, SignIn, SignInError, User, contoso,
};

const ACCOUNT: &str = contoso::SERVICE_ACCOUNT;

/// Signs in and redeems, for these scopes; gives the whole answer.
async fn granted(mock: &MockGraph, scope: &str, consent: Consent) -> Result<serde_json::Value> {
    let url = authorize_url(contoso::TENANT_ID, &[("scope", scope)]);
    let back = mock.sign_in(&url, SignIn { consent, ..SignIn::accepting(ACCOUNT) }).await?;
    let code = parameter(&back, "code").context("a code")?;
    Ok(token(mock, contoso::TENANT_ID, &redemption(&code)).await?.json())
}

fn text(answer: &serde_json::Value, name: &str) -> Result<String> {
    Ok(answer[name].as_str().with_context(|| format!("{name} in {answer}"))?.to_owned())
}

#[tokio::test]
async fn permissions_that_were_not_given_are_in_no_token_until_they_are() -> Result<()> {
    let mock = start().await?;
    let scope = "openid offline_access User.Read OnlineMeetings.ReadWrite";
    let partly = Consent::AcceptWithout(&["OnlineMeetings.ReadWrite"]);
    let answer = granted(&mock, scope, partly).await?;
    assert_eq!(answer["scope"], "openid User.Read");
    let refresh = text(&answer, "refresh_token")?;
    let again = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str()), ("scope", scope)];
    let renewed = token(&mock, contoso::TENANT_ID, &again).await?.json();
    assert_eq!(renewed["scope"], "openid User.Read");
    for answer in [answer, renewed] {
        let token = text(&answer, "access_token")?;
        assert_eq!(graph(&mock, &token, "GET", "/v1.0/me", "").await?.status, StatusCode::OK);
        let made = graph(&mock, &token, "POST", "/v1.0/me/onlineMeetings", "{}").await?;
        assert_eq!(made.status, StatusCode::FORBIDDEN);
    }
    // The page asks again, and this time they are given.
    let answer = granted(&mock, scope, Consent::Accept).await?;
    let token = text(&answer, "access_token")?;
    let made = graph(&mock, &token, "POST", "/v1.0/me/onlineMeetings", "{}").await?;
    assert_eq!(made.status, StatusCode::CREATED);
    Ok(())
}

#[tokio::test]
async fn each_call_needs_its_own_permission() -> Result<()> {
    let mock = start().await?;
    let user = format!("/v1.0/users/{}", contoso::ADVISER_ID);
    let meeting = "/v1.0/me/onlineMeetings/any".to_owned();
    for (scope, method, path, allowed) in [
        ("openid", "GET", "/v1.0/me", false),
        ("User.Read", "GET", "/v1.0/me", true),
        ("User.Read", "GET", user.as_str(), false),
        ("User.Read", "GET", "/v1.0/users", false),
        ("User.ReadBasic.All", "GET", user.as_str(), true),
        ("User.ReadBasic.All", "GET", "/v1.0/users", true),
        ("User.Read User.ReadBasic.All", "POST", "/v1.0/me/onlineMeetings", false),
        ("OnlineMeetings.Read", "POST", "/v1.0/me/onlineMeetings", false),
        ("OnlineMeetings.Read", "POST", "/v1.0/me/onlineMeetings/createOrGet", false),
        ("OnlineMeetings.Read", "DELETE", meeting.as_str(), false),
        ("OnlineMeetings.Read", "PATCH", meeting.as_str(), false),
        ("OnlineMeetings.ReadWrite", "POST", "/v1.0/me/onlineMeetings", true),
        ("OnlineMeetings.ReadWrite", "GET", "/v1.0/users", false),
    ] {
        let token = text(&granted(&mock, scope, Consent::Accept).await?, "access_token")?;
        let answer = graph(&mock, &token, method, path, "{}").await?;
        assert_eq!(answer.status != StatusCode::FORBIDDEN, allowed, "{scope}: {method} {path}");
    }
    Ok(())
}

#[tokio::test]
async fn only_a_fresh_sign_in_satisfies_a_demand_for_one() -> Result<()> {
    let mock = start().await?;
    let answer = signed_in(&mock).await?;
    let refresh = text(&answer, "refresh_token")?;
    mock.directory().demand_sign_in(ACCOUNT)?;
    let again = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let renewed = token(&mock, contoso::TENANT_ID, &again).await?;
    assert_eq!(renewed.status, StatusCode::OK);
    for answer in [answer, renewed.json()] {
        let challenged = graph(&mock, &text(&answer, "access_token")?, "GET", "/v1.0/me", "").await?;
        assert_eq!(challenged.status, StatusCode::UNAUTHORIZED);
        let challenge = challenged.header("www-authenticate");
        assert!(challenge.contains("error=\"insufficient_claims\""), "{challenge}");
        assert!(challenge.contains("claims=\"eyJ"), "{challenge}");
    }
    let token = user_token(&mock).await?;
    assert_eq!(graph(&mock, &token, "GET", "/v1.0/me", "").await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_policy_for_one_user_applies_to_nobody_else_and_not_at_once() -> Result<()> {
    let mock = start_with(|config| config.access_token_lifetime = Duration::from_hours(2)).await?;
    let token = app_token(&mock).await?;
    let made_for = async |user: &str| {
        let path = format!("/v1.0/users/{user}/onlineMeetings");
        anyhow::Ok(graph(&mock, &token, "POST", &path, "{}").await?)
    };
    mock.directory().grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, Some(contoso::ADVISER))?;
    mock.clock().advance(Duration::from_mins(29));
    assert_eq!(made_for(contoso::ADVISER_ID).await?.status, StatusCode::FORBIDDEN);
    mock.clock().advance(Duration::from_mins(1));
    assert_eq!(made_for(contoso::ADVISER_ID).await?.status, StatusCode::CREATED);
    let refused = made_for(contoso::ADMINISTRATOR_ID).await?;
    assert_eq!(refused.json()["error"]["message"], "No application access policy found for this app.");
    mock.directory().grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, None)?;
    mock.clock().advance(Duration::from_mins(30));
    assert_eq!(made_for(contoso::ADMINISTRATOR_ID).await?.status, StatusCode::CREATED);
    Ok(())
}

#[tokio::test]
async fn a_token_for_one_clouds_graph_is_refused_at_anothers() -> Result<()> {
    let mock = start().await?;
    let scope = "openid https://dod-graph.microsoft.us/User.Read";
    let authorization =
        format!("Bearer {}", text(&granted(&mock, scope, Consent::Accept).await?, "access_token")?);
    let headers = [("authorization", authorization.as_str())];
    for (host, status) in [
        ("dod-graph.microsoft.us", StatusCode::OK),
        ("graph.microsoft.us", StatusCode::UNAUTHORIZED),
        (GRAPH, StatusCode::UNAUTHORIZED),
    ] {
        let answer = send(&mock, "GET", &format!("https://{host}/v1.0/me"), &headers, "").await?;
        assert_eq!(answer.status, status, "{host}");
    }
    Ok(())
}

#[tokio::test]
async fn a_listing_can_be_made_to_lead_elsewhere() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let elsewhere = || Action::NextLink("https://graph.attacker.example".to_owned());
    mock.faults().inject(Fault::once(Operation::ListUsers, elsewhere()));
    let page = graph(&mock, &token, "GET", "/v1.0/users?$top=2", "").await?.json();
    let link = text(&page, "@odata.nextLink")?;
    assert!(link.starts_with("https://graph.attacker.example/v1.0/users?"), "{link}");
    mock.faults().inject(Fault::once(Operation::BatchItem, elsewhere()));
    let batch = r#"{"requests":[{"id":"1","method":"GET","url":"/users"}]}"#;
    let answer = graph(&mock, &token, "POST", "/v1.0/$batch", batch).await?.json();
    let link = text(&answer["responses"][0]["body"], "@odata.nextLink")?;
    assert!(link.starts_with("https://graph.attacker.example/"), "{link}");
    Ok(())
}

#[tokio::test]
async fn a_sign_in_without_any_permission_tells_who_it_is_and_nothing_else() -> Result<()> {
    let mock = start().await?;
    let answer = granted(&mock, "openid profile", Consent::Accept).await?;
    assert!(answer["id_token"].is_string(), "{answer}");
    assert_eq!(answer["scope"], "openid profile");
    Ok(())
}

#[tokio::test]
async fn the_port_of_localhost_is_not_compared_and_everything_else_is() -> Result<()> {
    let mock = start().await?;
    mock.directory().update_application(contoso::CLIENT_ID, |it| {
        it.redirect_uris = vec![RedirectUri::web("http://localhost/done")];
    })?;
    for (uri, accepted) in [
        ("http://localhost:8400/done", true),
        ("http://localhost/done", true),
        ("https://localhost:8400/done", false),
        ("http://localhost:8400/", false),
        ("http://localhost.attacker.example:8400/done", false),
    ] {
        let url = authorize_url(contoso::TENANT_ID, &[("redirect_uri", uri)]);
        match mock.sign_in(&url, SignIn::accepting(ACCOUNT)).await {
            Ok(back) => assert!(accepted && back.starts_with(uri), "{uri}: {back}"),
            Err(SignInError::Refused { code, .. }) => assert!(!accepted && code == 50011, "{uri}: {code}"),
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_administrators_changes_can_be_asked_for_from_this_machine() -> Result<()> {
    let mock = start().await?;
    let url = format!("https://localhost:{}/_mock/directory", mock.addr().port());
    let mut sender = connect(&mock, "localhost", true).await?;
    let change = format!(r#"{{"disable": "{ACCOUNT}"}}"#);
    assert_eq!(sender.send("POST", &url, &[], &change).await?.status, StatusCode::NO_CONTENT);
    assert_eq!(mock.directory().user(ACCOUNT).map(|user: User| user.account_enabled), Some(false));
    for wrong in [r#"{"disable": "nobody@contoso.com"}"#, r#"{"promote": "x"}"#, "[]"] {
        assert_eq!(sender.send("POST", &url, &[], wrong).await?.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    // Microsoft's names have no such path.
    let elsewhere = send(&mock, "POST", &format!("https://{LOGIN}/_mock/directory"), &[], &change).await?;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    Ok(())
}
