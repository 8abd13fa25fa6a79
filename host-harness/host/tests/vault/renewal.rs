//! One caller's renewals: ahead of time, after a 401, refused, failed.

use video_host::transport::SendError;
use video_host::vault::CredentialFailure;

use super::stage::{Stage, answer, refused, soon, tokens};

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end_and_then_renewed() {
    let stage = Stage::connected().await;
    stage.after(3_100);
    assert_eq!(stage.text().await, "access-1");
    stage.after(200);
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    assert_eq!(stage.text().await, "access-2");
    let form = &stage.endpoint.asked()[1];
    let expected = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "refresh-1"),
        ("client_id", "client-1"),
        ("scope", "offline_access"),
        ("client_secret", super::stage::CLIENT_SECRET),
    ];
    assert_eq!(form.len(), expected.len());
    for (name, value) in expected {
        assert_eq!(form[name], value);
    }
}

#[tokio::test]
async fn a_rotated_refresh_token_is_used_next_and_an_omitted_one_keeps_the_old() {
    let stage = Stage::connected().await;
    for (access, refresh) in [("access-2", "refresh-2"), ("access-3", ""), ("access-4", "refresh-4")] {
        stage.after(3_600);
        stage.endpoint.then(tokens(access, refresh));
        assert_eq!(stage.text().await, access);
    }
    let used: Vec<_> =
        stage.endpoint.asked().iter().skip(1).map(|form| form["refresh_token"].clone()).collect();
    assert_eq!(used, ["refresh-1", "refresh-2", "refresh-2"]);
}

#[tokio::test]
async fn a_failure_ahead_of_time_leaves_the_good_token_in_use_and_is_not_repeated_at_once() {
    let stage = Stage::connected().await;
    stage.after(3_300);
    stage.endpoint.then(Err(SendError::NotSent("no route".to_owned())));
    assert_eq!(stage.text().await, "access-1");
    assert_eq!(stage.text().await, "access-1");
    assert_eq!(stage.endpoint.asked().len(), 2);
    stage.after(10);
    stage.endpoint.then(tokens("access-2", ""));
    assert_eq!(stage.text().await, "access-2");
}

#[tokio::test]
async fn no_failure_of_the_network_destroys_a_grant() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    for reply in [
        Err(SendError::NotSent("no route".to_owned())),
        Err(SendError::NoAnswer("reset".to_owned())),
        Err(SendError::Deadline),
        answer(500, &serde_json::json!({"error": "invalid_grant"})),
        answer(429, &serde_json::json!({})),
        answer(200, &serde_json::json!("no tokens")),
        refused("temporarily_unavailable"),
    ] {
        stage.endpoint.then(reply);
        assert_eq!(stage.token().await.unwrap_err(), CredentialFailure::Unavailable(None));
    }
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    assert_eq!(stage.text().await, "access-2");
    assert!(stage.endpoint.asked().iter().skip(1).all(|form| form["refresh_token"] == "refresh-1"));
}

#[tokio::test]
async fn an_endpoint_that_asks_to_be_left_alone_is_left_alone() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    let mut reply = refused("slow_down").unwrap();
    *reply.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
    reply.headers_mut().insert("retry-after", "60".parse().unwrap());
    stage.endpoint.then(Ok(reply));
    assert_eq!(stage.token().await.unwrap_err(), CredentialFailure::Unavailable(Some(60_000)));
    let Err(CredentialFailure::Unavailable(Some(left))) = stage.token().await else { panic!() };
    assert!((50_000..=60_000).contains(&left));
    assert_eq!(stage.endpoint.asked().len(), 2);
    stage.after(60);
    stage.endpoint.then(tokens("access-2", ""));
    assert_eq!(stage.text().await, "access-2");
}

#[tokio::test]
async fn a_dead_grant_is_asked_for_once_and_mended_by_a_new_exchange() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    stage.endpoint.then(refused("invalid_grant"));
    let other = stage.another_vault().await;
    for vault in [&stage.vault, &stage.vault, &other] {
        let failed = vault.access_token(&stage.caller, "main", soon()).await;
        let Err(CredentialFailure::Refused(error)) = failed else { panic!("{failed:?}") };
        assert_eq!((error.error.as_str(), error.codes.as_slice()), ("invalid_grant", [50_173].as_slice()));
    }
    assert_eq!(stage.endpoint.asked().len(), 2);
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    stage.exchange("pending/1").await.unwrap();
    stage.vault.promote(&stage.caller.integration, "pending/1", "main").await.unwrap();
    assert_eq!(stage.text().await, "access-2");
    assert_eq!(other.access_token(&stage.caller, "main", soon()).await.unwrap().expose(), "access-2");
}

#[tokio::test]
async fn what_the_operator_has_to_mend_is_not_taken_for_a_dead_grant() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    for error in ["invalid_client", "unauthorized_client"] {
        stage.endpoint.then(refused(error));
        let Err(CredentialFailure::Refused(refusal)) = stage.token().await else { panic!() };
        assert_eq!(refusal.error, error);
    }
    stage.endpoint.then(tokens("access-2", ""));
    assert_eq!(stage.text().await, "access-2");
}

#[tokio::test]
async fn a_401_renews_once_and_hands_the_newer_token_to_all_who_were_rejected() {
    let stage = Stage::connected().await;
    let first = stage.token().await.unwrap();
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    for _ in 0..2 {
        let next = stage.vault.after_unauthorized(&stage.caller, "main", &first, soon()).await.unwrap();
        assert_eq!(next.expose(), "access-2");
    }
    assert_eq!(stage.endpoint.asked().len(), 2);
}

#[tokio::test]
async fn a_401_that_cannot_be_mended_says_why() {
    let stage = Stage::connected().await;
    let first = stage.token().await.unwrap();
    let after = async || stage.vault.after_unauthorized(&stage.caller, "main", &first, soon()).await;
    stage.endpoint.then(Err(SendError::Deadline));
    assert_eq!(after().await.unwrap_err(), CredentialFailure::Unavailable(None));
    stage.endpoint.then(refused("interaction_required"));
    assert!(matches!(after().await, Err(CredentialFailure::Refused(_))));
    assert!(matches!(stage.token().await, Err(CredentialFailure::Refused(_))));
    assert_eq!(stage.endpoint.asked().len(), 3);
}
