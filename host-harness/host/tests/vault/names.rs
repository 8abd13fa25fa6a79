//! Credentials by their names: promoted, discarded, dropped.

use video_host::vault::{CredentialError, CredentialFailure};

use super::stage::{Stage, soon, tokens};

#[tokio::test]
async fn a_promoted_credential_takes_the_place_of_the_old_one() {
    let stage = Stage::connected().await;
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    stage.exchange("pending/1").await.unwrap();
    assert_eq!(stage.text().await, "access-1");
    stage.vault.promote(&stage.caller.integration, "pending/1", "main").await.unwrap();
    assert_eq!(stage.text().await, "access-2");
    assert_eq!(stage.token_of("pending/1").await.unwrap_err(), CredentialFailure::Missing);
    // It opens under its new name, and is renewed there.
    stage.after(3_600);
    stage.endpoint.then(tokens("access-3", ""));
    assert_eq!(stage.text().await, "access-3");
    assert_eq!(stage.endpoint.asked()[2]["refresh_token"], "refresh-2");
}

#[tokio::test]
async fn promoting_what_is_not_there_changes_nothing() {
    let stage = Stage::connected().await;
    let missing = stage.vault.promote(&stage.caller.integration, "pending/1", "main").await;
    assert_eq!(missing, Err(CredentialError::Missing));
    assert_eq!(stage.text().await, "access-1");
    stage.vault.promote(&stage.caller.integration, "main", "main").await.unwrap();
    assert_eq!(stage.text().await, "access-1");
}

#[tokio::test]
async fn a_promotion_that_the_store_will_not_finish_changes_neither_credential() {
    let stage = Stage::connected().await;
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    stage.exchange("pending/1").await.unwrap();
    // The pending one is deleted already when the other one is written.
    test_store::refuse_updates(stage.store.pool(), "credential", "sealed").await.unwrap();
    let failed = stage.vault.promote(&stage.caller.integration, "pending/1", "main").await;
    assert!(matches!(failed, Err(CredentialError::Store(_))), "{failed:?}");
    assert_eq!(stage.text().await, "access-1");
    assert_eq!(stage.token_of("pending/1").await.unwrap().expose(), "access-2");
}

#[tokio::test]
async fn a_pending_credential_is_dropped_an_hour_after_its_exchange() {
    let stage = Stage::new().await;
    stage.endpoint.then(tokens("access-1", "refresh-1"));
    stage.exchange("pending/1").await.unwrap();
    stage.after(3_600);
    assert_eq!(stage.token_of("pending/1").await.unwrap_err(), CredentialFailure::Missing);
    let late = stage.vault.promote(&stage.caller.integration, "pending/1", "main").await;
    assert_eq!(late, Err(CredentialError::Missing));
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    stage.exchange("main").await.unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM credential").fetch_one(stage.store.pool()).await.unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_promoted_credential_outlives_the_hour() {
    let stage = Stage::new().await;
    stage.endpoint.then(tokens("access-1", "refresh-1"));
    stage.exchange("pending/1").await.unwrap();
    stage.vault.promote(&stage.caller.integration, "pending/1", "main").await.unwrap();
    stage.after(4_000);
    stage.endpoint.then(tokens("access-2", ""));
    assert_eq!(stage.text().await, "access-2");
}

#[tokio::test]
async fn what_another_process_promotes_or_discards_is_noticed_at_the_next_use() {
    let stage = Stage::connected().await;
    let other = stage.another_vault().await;
    let token = async |vault: &video_host::vault::Vault| {
        vault.access_token(&stage.caller, "main", soon()).await.map(|token| token.expose().to_owned())
    };
    assert_eq!(token(&other).await.unwrap(), "access-1");
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    stage.exchange("pending/1").await.unwrap();
    stage.vault.promote(&stage.caller.integration, "pending/1", "main").await.unwrap();
    assert_eq!(token(&other).await.unwrap(), "access-2");
    stage.vault.discard(&stage.caller.integration, "main").await.unwrap();
    stage.vault.discard(&stage.caller.integration, "main").await.unwrap();
    assert_eq!(token(&other).await, Err(CredentialFailure::Missing));
    assert_eq!(token(&stage.vault).await, Err(CredentialFailure::Missing));
}

#[tokio::test]
async fn a_forgotten_integration_has_no_credentials() {
    let stage = Stage::connected().await;
    stage.store.forget(&stage.caller.integration).await.unwrap();
    assert_eq!(stage.token().await.unwrap_err(), CredentialFailure::Missing);
}

#[tokio::test]
async fn a_credential_moved_to_another_integration_does_not_open() {
    let mut stage = Stage::connected().await;
    sqlx::query("UPDATE credential SET integration = 'thief'").execute(stage.store.pool()).await.unwrap();
    stage.caller.integration = "thief".parse().unwrap();
    let Err(CredentialFailure::Misconfigured(message)) = stage.token().await else { panic!() };
    assert!(message.contains("`k1` is not the key"), "{message}");
}
