//! Online meetings, delegated and by the application.

mod client;

use std::time::Duration;

use anyhow::{Context as _, Result};
use client::*;
use http::StatusCode;
use mock_graph::{Config, MockGraph, Operation, contoso};
use serde_json::{Value, json};

const CREATE_OR_GET: &str = "/v1.0/me/onlineMeetings/createOrGet";

fn body() -> Value {
    json!({
        "externalId": "appointment-1",
        "startDateTime": "2026-12-01T10:00:00.0000000+01:00",
        "endDateTime": "2026-12-01T11:00:00Z",
        "subject": "Mortgage advice",
        "participants": { "attendees": [{
            "upn": "customer@example.com",
            "identity": { "user": { "id": "00000000-0000-0000-0000-0000000000ff" } },
            "role": "attendee",
        }]},
    })
}

#[tokio::test]
async fn creating_twice_gives_the_same_meeting_and_ignores_the_second_body() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let first = graph(&mock, &token, "POST", CREATE_OR_GET, &body().to_string()).await?;
    assert_eq!(first.status, StatusCode::CREATED);
    let first = first.json();
    assert_eq!(first["startDateTime"], "2026-12-01T09:00:00.0000000Z");
    let link = first["joinWebUrl"].as_str().context("a link")?;
    assert!(link.starts_with("https://teams.microsoft.com/l/meetup-join/19%3ameeting_"), "{link}");
    let mut moved = body();
    moved["startDateTime"] = json!("2026-12-02T10:00:00Z");
    moved["endDateTime"] = json!("2026-12-02T11:00:00Z");
    let second = graph(&mock, &token, "POST", CREATE_OR_GET, &moved.to_string()).await?;
    assert_eq!(second.status, StatusCode::OK);
    assert_eq!(second.json(), first);
    let meetings = mock.meetings();
    assert_eq!(meetings.len(), 1);
    assert_eq!(meetings[0].organizer, contoso::SERVICE_ACCOUNT_ID);
    assert_eq!(meetings[0].external_id.as_deref(), Some("appointment-1"));
    Ok(())
}

#[tokio::test]
async fn a_meeting_is_moved_found_and_deleted() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let made = graph(&mock, &token, "POST", CREATE_OR_GET, &body().to_string()).await?.json();
    let id = made["id"].as_str().context("an id")?;
    let path = format!("/v1.0/me/onlineMeetings/{id}");
    let half = json!({ "startDateTime": "2026-12-02T10:00:00Z" }).to_string();
    assert_eq!(graph(&mock, &token, "PATCH", &path, &half).await?.status, 400);
    let whole = json!({
        "startDateTime": "2026-12-02T10:00:00Z",
        "endDateTime": "2026-12-02T10:30:00Z",
        "participants": { "attendees": [] },
        "lobbyBypassSettings": { "scope": "invited" },
    });
    let moved = graph(&mock, &token, "PATCH", &path, &whole.to_string()).await?.json();
    assert_eq!(moved["joinWebUrl"], made["joinWebUrl"]);
    assert_eq!(moved["endDateTime"], "2026-12-02T10:30:00.0000000Z");
    assert_eq!(moved["participants"]["attendees"], json!([]));
    assert_eq!(moved["lobbyBypassSettings"]["scope"], "unknownFutureValue");
    assert_eq!(moved["lobbyBypassSettings"]["isDialInBypassEnabled"], false);
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("prefer", "include-unknown-enum-members")];
    let all = send(&mock, "GET", &format!("https://{GRAPH}{path}"), &headers, "").await?;
    assert_eq!(all.json()["lobbyBypassSettings"]["scope"], "invited");

    let link = made["joinWebUrl"].as_str().context("a link")?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("$filter", &format!("JoinWebUrl eq '{link}'"));
    let found = format!("/v1.0/me/onlineMeetings?{}", query.finish());
    assert_eq!(graph(&mock, &token, "GET", &found, "").await?.json()["value"][0]["id"], id);

    assert_eq!(graph(&mock, &token, "DELETE", &path, "").await?.status, StatusCode::NO_CONTENT);
    assert_eq!(graph(&mock, &token, "DELETE", &path, "").await?.status, StatusCode::NOT_FOUND);
    assert_eq!(mock.journal().count(Operation::DeleteMeeting), 2);
    let again = graph(&mock, &token, "POST", CREATE_OR_GET, &body().to_string()).await?;
    assert_eq!(again.status, StatusCode::CREATED);
    assert_ne!(again.json()["joinWebUrl"], made["joinWebUrl"]);
    Ok(())
}

#[tokio::test]
async fn times_default_and_wrong_bodies_are_refused() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let create = async |body: Value| graph(&mock, &token, "POST", CREATE_OR_GET, &body.to_string()).await;
    let start = "2026-12-01T10:00:00Z";
    for wrong in [
        json!({ "subject": "no key" }),
        json!({ "externalId": "a", "endDateTime": start }),
        json!({ "externalId": "a", "startDateTime": start, "endDateTime": "2026-12-01T09:00:00Z" }),
        json!({ "externalId": "a", "startDateTime": "2026-12-01T10:00:00" }),
        json!({ "externalId": "a", "lobbyBypassSettings": { "scope": "everyone" } }),
        json!({ "externalId": "a", "participants": { "attendees": [{ "upn": "x@example.com", "role": "presenter" }] } }),
    ] {
        assert_eq!(create(wrong.clone()).await?.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert!(mock.meetings().is_empty());
    let now = mock.clock().now();
    create(json!({ "externalId": "a" })).await?;
    let meeting = mock.meetings().remove(0);
    assert!(meeting.start >= now);
    assert_eq!(meeting.start.duration_until(meeting.end).as_secs(), 3_600);
    let plain = "/v1.0/me/onlineMeetings";
    let refused = json!({ "externalId": "b" }).to_string();
    assert_eq!(graph(&mock, &token, "POST", plain, &refused).await?.status, 400);
    let lobby = json!({ "lobbyBypassSettings": { "scope": "everyone" } }).to_string();
    assert_eq!(graph(&mock, &token, "POST", plain, &lobby).await?.status, 201);
    assert_eq!(graph(&mock, &token, "POST", plain, &lobby).await?.status, 201);
    assert_eq!(mock.meetings().len(), 3);
    Ok(())
}

#[tokio::test]
async fn an_application_needs_an_access_policy_that_has_taken_effect() -> Result<()> {
    let mock = start().await?;
    let token = app_token(&mock).await?;
    let path = |user: &str| format!("/v1.0/users/{user}/onlineMeetings/createOrGet");
    let own = path(contoso::ADVISER_ID);
    let body = body().to_string();
    let refused = graph(&mock, &token, "POST", &own, &body).await?;
    assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "Forbidden".to_owned()));
    assert_eq!(refused.json()["error"]["message"], "No application access policy found for this app.");
    mock.directory().grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, None)?;
    assert_eq!(graph(&mock, &token, "POST", &own, &body).await?.status, StatusCode::FORBIDDEN);
    mock.clock().advance(Duration::from_mins(30));
    assert_eq!(graph(&mock, &token, "POST", &own, &body).await?.status, StatusCode::CREATED);
    let upn = graph(&mock, &token, "POST", &path(contoso::ADVISER), &body).await?;
    assert_eq!(upn.status, StatusCode::NOT_FOUND);
    let guest = graph(&mock, &token, "POST", &path(contoso::GUEST_ID), &body).await?;
    assert_eq!(guest.status, StatusCode::FORBIDDEN);
    assert_eq!(guest.json()["error"]["message"], "");
    let me = graph(&mock, &token, "POST", CREATE_OR_GET, &body).await?;
    assert_eq!(me.status, StatusCode::BAD_REQUEST);
    // A different organizer means a different meeting.
    let other = graph(&mock, &token, "POST", &path(contoso::ADMINISTRATOR_ID), &body).await?;
    assert_eq!(other.status, StatusCode::CREATED);
    assert_eq!(mock.meetings().len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_delegated_token_works_on_me_only() -> Result<()> {
    let mock = start().await?;
    let token = user_token(&mock).await?;
    let path = format!("/v1.0/users/{}/onlineMeetings/createOrGet", contoso::ADVISER_ID);
    let answer = graph(&mock, &token, "POST", &path, &body().to_string()).await?;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn a_new_meeting_is_as_the_policy_has_it_until_it_is_changed() -> Result<()> {
    let policy = json!({ "lobbyBypassSettings": { "scope": "organizationExcludingGuests" }, "allowMeetingChat": "limited" });
    let meeting_settings = policy.as_object().cloned().unwrap_or_default();
    let mock = MockGraph::start(Config { meeting_settings, ..Config::default() }).await?;
    let token = user_token(&mock).await?;
    let made = graph(&mock, &token, "POST", CREATE_OR_GET, &body().to_string()).await?.json();
    assert_eq!(made["lobbyBypassSettings"]["scope"], "unknownFutureValue");
    assert_eq!(made["lobbyBypassSettings"]["isDialInBypassEnabled"], false, "as documented");
    assert_eq!((&made["allowMeetingChat"], &made["recordAutomatically"]), (&json!("limited"), &json!(false)));

    let path = format!("/v1.0/me/onlineMeetings/{}", made["id"].as_str().context("an id")?);
    for wrong in [
        json!({ "lobbyBypassSettings": { "scope": "unknownFutureValue" } }),
        json!({ "lobbyBypassSettings": { "scope": "nobody" } }),
        json!({ "lobbyBypassSettings": "everyone" }),
        json!({ "allowedPresenters": "RoleIsPresenter" }),
        json!({ "allowMeetingChat": true }),
        json!({ "recordAutomatically": "true" }),
        json!({ "isEntryExitAnnounced": 1 }),
        json!({ "joinMeetingIdSettings": { "isPasscodeRequired": true } }),
    ] {
        let refused = graph(&mock, &token, "PATCH", &path, &wrong.to_string()).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let right = json!({ "lobbyBypassSettings": { "scope": "everyone" }, "recordAutomatically": true });
    let changed = graph(&mock, &token, "PATCH", &path, &right.to_string()).await?.json();
    assert_eq!(changed["lobbyBypassSettings"]["scope"], "everyone");
    assert_eq!(
        (&changed["allowMeetingChat"], &changed["recordAutomatically"]),
        (&json!("limited"), &json!(true))
    );
    assert_eq!(changed["startDateTime"], made["startDateTime"]);
    Ok(())
}
