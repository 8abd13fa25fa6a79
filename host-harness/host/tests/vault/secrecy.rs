//! What must never be readable: in the files, in texts that leave the host, in `Debug`.

use super::stage::{CLIENT_SECRET, Stage, answer, tokens};

const SECRETS: [&str; 7] = [
    "access-1",
    "refresh-1",
    "access-2",
    "refresh-2",
    "the-code-of-the-callback",
    "the-verifier-of-the-code",
    CLIENT_SECRET,
];

#[tokio::test]
async fn no_secret_is_readable_in_the_files() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    stage.text().await;
    let bytes = test_store::contents(stage.folder.path()).await.unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("main"));
    for secret in SECRETS {
        assert!(!holds(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_code_and_a_verifier_are_not_even_kept_sealed() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    stage.endpoint.then(tokens("access-2", ""));
    stage.text().await;
    let form = &stage.endpoint.asked()[1];
    assert!(!form.contains_key("code") && !form.contains_key("code_verifier"));
}

#[tokio::test]
async fn the_redactor_knows_present_and_previous_secrets() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    stage.text().await;
    let redactor = stage.vault.redactor(&stage.caller);
    for secret in SECRETS {
        assert_eq!(redactor.text(&format!("a {secret} z")), "a [redacted] z");
        assert_eq!(redactor.bytes(format!("a {secret} z").as_bytes()).as_ref(), b"a [redacted] z");
    }
    assert_eq!(redactor.text("q=client%7Esecret%2F0815&r"), "q=[redacted]&r");
    assert_eq!(redactor.text("nothing here"), "nothing here");
}

#[tokio::test]
async fn a_restarted_process_redacts_what_it_reads() {
    let stage = Stage::connected().await;
    let vault = stage.another_vault().await;
    vault.access_token(&stage.caller, "main", super::stage::soon()).await.unwrap();
    assert_eq!(vault.redactor(&stage.caller).text("access-1 refresh-1"), "[redacted] [redacted]");
}

#[tokio::test]
async fn another_integration_is_not_redacted_for() {
    let stage = Stage::connected().await;
    let mut other = stage.caller.clone();
    other.integration = "other".parse().unwrap();
    assert_eq!(stage.vault.redactor(&other).text("access-1"), "access-1");
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let stage = Stage::connected().await;
    let token = stage.token().await.unwrap();
    let redactor = stage.vault.redactor(&stage.caller);
    let shown = format!("{token:?} {:?} {:?} {redactor:?} {:?}", stage.vault, stage.caller, stage.store);
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn an_answer_that_echoes_a_secret_is_no_leak() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    stage.endpoint.then(answer(
        400,
        &serde_json::json!({"error": "invalid_grant", "error_description": "bad: refresh-1",
            "suberror": "refresh-1"}),
    ));
    let failure = format!("{:?}", stage.token().await.unwrap_err());
    assert!(failure.contains("bad: [redacted]") && !failure.contains("refresh-1"), "{failure}");
}
