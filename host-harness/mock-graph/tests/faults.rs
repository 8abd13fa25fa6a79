//! Faults, holds, the journal and the recording.

mod client;

use std::time::Duration;

use anyhow::{Context as _, Result};
use client::*;
use http::StatusCode;
use mock_graph::{Action, Fault, Operation, contoso};
use serde_json::{Value, json};

const CREATE: &str = "/v1.0/me/onlineMeetings/createOrGet";
const BODY: &str = r#"{"externalId":"appointment-1"}"#;

#[tokio::test]
async fn a_dropped_request_has_an_effect_only_when_it_was_dropped_after_it() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    for h2 in [false, true] {
        for (action, meetings) in [(Action::DropBefore, 0), (Action::DropAfter, 1)] {
            mock.faults().inject(Fault::once(Operation::CreateMeeting, action));
            let mut sender = connect(&mock, GRAPH, h2).await?;
            let authorization = format!("Bearer {token}");
            let headers = [("authorization", authorization.as_str())];
            let url = format!("https://{GRAPH}{CREATE}");
            assert!(sender.send("POST", &url, &headers, BODY).await.is_err());
            assert_eq!(mock.meetings().len(), meetings);
            // The connection is gone, not only the request.
            assert!(sender.send("POST", &url, &headers, BODY).await.is_err());
        }
        let made = mock.meetings().remove(0).id;
        graph(&mock, &token, "DELETE", &format!("/v1.0/me/onlineMeetings/{made}"), "").await?;
    }
    let records = mock.journal().of(Operation::CreateMeeting);
    let effects: Vec<_> = records
        .iter()
        .filter_map(|record| record.answer.as_ref())
        .map(|answer| (answer.status, answer.effect))
        .collect();
    assert_eq!(effects, [(None, false), (None, true), (None, false), (None, true)]);
    Ok(())
}

#[tokio::test]
async fn bodies_can_be_cut_short_malformed_or_huge() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    mock.faults().inject(Fault::once(Operation::Me, Action::Truncate));
    assert!(graph(&mock, &token, "GET", "/v1.0/me", "").await.is_err());
    mock.faults().inject(Fault::once(Operation::Me, Action::Malformed));
    let malformed = graph(&mock, &token, "GET", "/v1.0/me", "").await?;
    assert_eq!(malformed.json(), Value::Null);
    mock.faults().inject(Fault::once(Operation::Me, Action::Oversized(1 << 20)));
    let huge = graph(&mock, &token, "GET", "/v1.0/me", "").await?;
    assert!(huge.body.len() > 1 << 20);
    assert_eq!(huge.json()["id"], contoso::SERVICE_ACCOUNT_ID);
    Ok(())
}

#[tokio::test]
async fn a_held_request_waits_on_its_side_of_the_effect() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    for (before, meetings) in [(true, 0), (false, 1)] {
        let held = mock.faults().hold(Operation::CreateMeeting, before);
        let request = tokio::spawn({
            let (mock, token) = (mock.clone(), token.clone());
            async move { graph(&mock, &token, "POST", CREATE, BODY).await }
        });
        held.reached().await;
        assert_eq!(mock.meetings().len(), meetings);
        // Others are not held up.
        assert_eq!(graph(&mock, &token, "GET", "/v1.0/me", "").await?.status, StatusCode::OK);
        held.release();
        let answer = request.await??;
        assert_eq!(answer.status, StatusCode::CREATED);
        let id = answer.json()["id"].as_str().context("an id")?.to_owned();
        graph(&mock, &token, "DELETE", &format!("/v1.0/me/onlineMeetings/{id}"), "").await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_effect_happens_although_the_client_went_away() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let held = mock.faults().hold(Operation::CreateMeeting, true);
    let request = tokio::spawn({
        let (mock, token) = (mock.clone(), token.clone());
        async move { graph(&mock, &token, "POST", CREATE, BODY).await }
    });
    held.reached().await;
    request.abort();
    let _ = request.await;
    held.release();
    // The parked request is on a task of the server's; it runs as soon as this one waits.
    while mock.meetings().is_empty() {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::test]
async fn statuses_come_with_their_documented_bodies() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    for (status, code) in [
        (401, "InvalidAuthenticationToken"),
        (403, "Authorization_RequestDenied"),
        (404, "Request_ResourceNotFound"),
        (429, "TooManyRequests"),
        (503, "ServiceUnavailable"),
    ] {
        mock.faults().inject(Fault::once(Operation::Me, Action::status(status)));
        let answer = graph(&mock, &token, "GET", "/v1.0/me", "").await?;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
        assert_eq!(answer.header("retry-after"), "");
        let inner = answer.json()["error"]["innerError"].clone();
        assert!(inner["request-id"].is_string() && inner["date"].is_string(), "{inner}");
    }
    mock.faults().inject(Fault::once(Operation::Me, Action::throttled("2.128")));
    let throttled = graph(&mock, &token, "GET", "/v1.0/me", "").await?;
    assert_eq!(throttled.header("retry-after"), "2.128");
    mock.faults().inject(Fault::once(Operation::Me, Action::ClaimsChallenge));
    let challenged = graph(&mock, &token, "GET", "/v1.0/me", "").await?;
    assert_eq!(challenged.status, StatusCode::UNAUTHORIZED);
    let challenge = challenged.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_claims\", claims=\""), "{challenge}");
    Ok(())
}

#[tokio::test]
async fn the_recording_holds_no_secret() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    graph(&mock, &token, "POST", CREATE, BODY).await?;
    app_token(&mock).await?;
    let har = mock.journal().har();
    let parsed: Value = serde_json::from_str(&har)?;
    assert_eq!(parsed["log"]["version"], "1.2");
    assert!(har.contains("appointment-1"));
    for secret in mock.issued_secrets() {
        assert!(!har.contains(&secret), "the recording holds {secret}");
    }
    assert!(!har.contains(contoso::PASSWORD));
    Ok(())
}

#[tokio::test]
async fn the_journal_keeps_order_and_bodies_but_no_authorization() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    mock.journal().clear();
    let waiting = tokio::spawn({
        let mock = mock.clone();
        async move { mock.journal().wait_for(Operation::CreateMeeting, 1).await }
    });
    graph(&mock, &token, "GET", "/v1.0/me", "").await?;
    graph(&mock, &token, "POST", CREATE, BODY).await?;
    waiting.await?;
    let records = mock.journal().requests();
    let operations: Vec<_> = records.iter().map(|record| record.operation).collect();
    assert_eq!(operations, [Operation::Me, Operation::CreateMeeting]);
    assert_eq!(records[1].body, BODY);
    assert!(records[1].answer.as_ref().is_some_and(|answer| answer.effect));
    assert!(records[1].headers.contains(&("authorization".to_owned(), "Bearer".to_owned())));
    assert_eq!(records[0].authorization_sha256, records[1].authorization_sha256);
    assert!(mock.connections_opened() >= 2);
    Ok(())
}

#[tokio::test]
async fn another_process_steers_the_stand_in_on_localhost_only() -> Result<()> {
    let mock = start().await?;
    let local = |path: &str| format!("https://localhost/_mock/{path}");
    let fault = json!({ "operation": "token", "action": { "aadsts": 50196 }, "times": "once" });
    let injected = send(&mock, "POST", &local("faults"), &[], &fault.to_string()).await?;
    assert_eq!(injected.status, StatusCode::NO_CONTENT);
    assert_eq!(token(&mock, contoso::TENANT_ID, &[]).await?.code(), "50196");
    let before = mock.clock().now();
    send(&mock, "POST", &local("clock/advance"), &[], r#"{"seconds":60}"#).await?;
    assert!(before.duration_until(mock.clock().now()).as_secs() >= 60);
    let journal = send(&mock, "GET", &local("journal"), &[], "").await?.json();
    assert_eq!(journal["requests"][0]["operation"], "token");
    let elsewhere = send(&mock, "GET", &format!("https://{GRAPH}/_mock/journal"), &[], "").await?;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn shutdown_closes_connections_that_are_open() -> Result<()> {
    let mock = start().await?;
    let mut sender = connect(&mock, GRAPH, true).await?;
    mock.set_latency(Duration::from_millis(1));
    let url = format!("https://{GRAPH}/v1.0/me");
    assert_eq!(sender.send("GET", &url, &[], "").await?.status, StatusCode::UNAUTHORIZED);
    mock.shutdown().await;
    assert!(sender.send("GET", &url, &[], "").await.is_err());
    Ok(())
}
