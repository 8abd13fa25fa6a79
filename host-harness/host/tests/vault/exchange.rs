//! What is sent to a token endpoint, and what comes of its answers.

use serde_json::json;
use video_host::transport::SendError;
use video_host::vault::{ClientAuthentication, CredentialError, CredentialFailure};

use super::stage::{CLIENT_SECRET, Stage, TOKEN_URL, answer, parameters, refused, soon, tokens};

#[tokio::test]
async fn an_exchange_hands_back_everything_but_the_tokens() {
    let stage = Stage::new().await;
    stage.endpoint.then(answer(
        200,
        &json!({"token_type": "Bearer", "expires_in": 3_600, "access_token": "access-1",
            "refresh_token": "refresh-1", "id_token": "id", "scope": "User.Read"}),
    ));
    let grant = stage.exchange("main").await.unwrap();
    assert_eq!(grant.scope.as_deref(), Some("User.Read"));
    assert_eq!(grant.id_token.as_deref(), Some("id"));
    assert!(grant.renewable);
    assert!(!format!("{grant:?}").contains("access-1"));
    let form = &stage.endpoint.asked()[0];
    assert_eq!(form["client_secret"], CLIENT_SECRET);
    assert_eq!(form["code"], "the-code-of-the-callback");
    let token = stage.token().await.unwrap();
    assert_eq!(token.authorization(), "Bearer access-1");
    assert!(token.authorization().is_sensitive());
    assert_eq!(format!("{token:?}"), "AccessToken([redacted])");
}

#[tokio::test]
async fn what_belongs_to_the_host_is_denied_and_nothing_is_sent() {
    let stage = Stage::new().await;
    for name in ["client_secret", "client_assertion", "client_assertion_type", "refresh_token"] {
        let denied = stage.exchange_with("main", &[(name, "x")], ClientAuthentication::None).await;
        assert!(matches!(denied, Err(CredentialError::Denied(_))), "{name}");
    }
    let twice = [("scope", "a"), ("scope", "b")];
    let denied = stage.exchange_with("main", &twice, ClientAuthentication::None).await;
    assert!(matches!(denied, Err(CredentialError::Denied(_))));
    for name in ["", "Main", "a b", "ä", &"x".repeat(129)] {
        let denied = stage.exchange(name).await;
        assert!(matches!(denied, Err(CredentialError::Denied(_))), "{name}");
    }
    for url in ["https://api.example/token", "http://login.example/token", "https://evil.example/", "x", ""] {
        let denied =
            stage.vault.exchange(&stage.caller, "main", url, &[], ClientAuthentication::Secret, soon()).await;
        assert!(matches!(denied, Err(CredentialError::Denied(_))), "{url}");
    }
    assert!(stage.endpoint.asked().is_empty());
}

#[tokio::test]
async fn a_client_that_the_operator_did_not_configure_is_misconfigured() {
    let mut stage = Stage::new().await;
    stage.caller.client = std::sync::Arc::default();
    for authentication in [ClientAuthentication::Secret, ClientAuthentication::Assertion] {
        let result = stage.exchange_with("main", &[("client_id", "c")], authentication).await;
        let Err(CredentialError::Misconfigured(message)) = result else { panic!("{result:?}") };
        assert!(message.contains("is configured for this provider"), "{message}");
    }
    assert!(stage.endpoint.asked().is_empty());
}

#[tokio::test]
async fn a_refusal_is_typed_and_changes_nothing() {
    let stage = Stage::connected().await;
    stage.endpoint.then(answer(
        400,
        &json!({
            "error": "invalid_grant", "suberror": "bad_token", "error_codes": [50_173, 7],
            "error_description":
                "AADSTS50173: the code the-code-of-the-callback of client%7Esecret%2F0815 is over.\r\n\
                 Trace ID: t-1\r\nCorrelation ID: c-1",
        }),
    ));
    let Err(CredentialError::Refused(error)) = stage.exchange("main").await else { panic!() };
    assert_eq!((error.status, error.error.as_str()), (400, "invalid_grant"));
    assert_eq!(error.suberror.as_deref(), Some("bad_token"));
    assert_eq!(error.codes, [50_173, 7]);
    assert_eq!(
        error.description,
        "AADSTS50173: the code [redacted] of [redacted] is over. Trace ID: t-1 Correlation ID: c-1"
    );
    assert_eq!(stage.text().await, "access-1");
}

#[tokio::test]
async fn a_busy_endpoint_is_unavailable_for_as_long_as_it_says() {
    let stage = Stage::new().await;
    for (status, header, expected) in
        [(429, "2", Some(2_000)), (503, "0.5", Some(500)), (500, "later", None), (504, "", None)]
    {
        let mut reply = refused("server_error").unwrap();
        *reply.status_mut() = status.try_into().unwrap();
        reply.headers_mut().insert("retry-after", header.parse().unwrap());
        stage.endpoint.then(Ok(reply));
        assert_eq!(stage.exchange("main").await, Err(CredentialError::Unavailable(expected)), "{status}");
    }
    assert_eq!(stage.token().await.unwrap_err(), CredentialFailure::Missing);
}

#[tokio::test]
async fn whether_a_request_was_sent_is_told_apart() {
    let stage = Stage::new().await;
    stage.endpoint.then(Err(SendError::NotSent("no route".to_owned())));
    assert!(matches!(stage.exchange("main").await, Err(CredentialError::NotSent(_))));
    for error in [SendError::NoAnswer("reset".to_owned()), SendError::Deadline, SendError::TooLarge(9)] {
        stage.endpoint.then(Err(error));
        assert!(matches!(stage.exchange("main").await, Err(CredentialError::NoAnswer(_))));
    }
    stage.endpoint.then(answer(200, &json!({"hello": "there"})));
    assert!(matches!(stage.exchange("main").await, Err(CredentialError::NoAnswer(_))));
}

#[tokio::test]
async fn client_credentials_are_renewed_by_the_same_exchange() {
    let stage = Stage::new().await;
    let pairs = [("grant_type", "client_credentials"), ("client_id", "c"), ("scope", "s"), ("extra", "e")];
    stage.endpoint.then(tokens("access-1", ""));
    let grant = stage.exchange_with("app", &pairs, ClientAuthentication::Secret).await.unwrap();
    assert!(grant.renewable);
    stage.after(3_600);
    stage.endpoint.then(tokens("access-2", ""));
    assert_eq!(stage.token_of("app").await.unwrap().expose(), "access-2");
    let asked = stage.endpoint.asked();
    assert_eq!(asked[0], asked[1]);
    assert_eq!(asked[1]["extra"], "e");
}

#[tokio::test]
async fn a_token_without_a_refresh_token_is_used_to_its_end_and_then_refused() {
    let stage = Stage::new().await;
    stage.endpoint.then(tokens("access-1", ""));
    assert!(!stage.exchange("main").await.unwrap().renewable);
    stage.after(3_500);
    assert_eq!(stage.text().await, "access-1");
    stage.after(100);
    let Err(CredentialFailure::Refused(error)) = stage.token().await else { panic!() };
    assert_eq!((error.error.as_str(), error.suberror.as_deref()), ("invalid_grant", Some("not_renewable")));
    assert_eq!(stage.endpoint.asked().len(), 1);
}

#[tokio::test]
async fn a_public_client_sends_no_authentication() {
    let stage = Stage::new().await;
    stage.endpoint.then(tokens("access-1", ""));
    let pairs = parameters(&[("client_id", "c")]);
    let none = ClientAuthentication::None;
    stage.vault.exchange(&stage.caller, "a/b-c_1", TOKEN_URL, &pairs, none, soon()).await.unwrap();
    assert_eq!(stage.endpoint.asked()[0].keys().collect::<Vec<_>>(), ["client_id"]);
}
