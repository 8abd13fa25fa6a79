//! A grant that the endpoint called dead: told for a while without asking, asked about again by one caller,
//! and healed if the endpoint thinks otherwise by then.

use video_host::transport::SendError;
use video_host::vault::{CredentialFailure, Vault};

use super::stage::{Stage, answer, refused, refused_with, soon, tokens};

const BLOCKED: u32 = 53_003;
const REVOKED: u32 = 50_173;

/// A stage whose grant was just refused, with this code.
async fn dead(code: u32) -> Stage {
    let stage = Stage::connected().await;
    stage.after(4_000);
    stage.endpoint.then(refused_with("invalid_grant", code));
    assert_eq!(code_of(&stage, &stage.vault).await, code);
    stage
}

/// The code of the refusal that a caller is told.
async fn code_of(stage: &Stage, vault: &Vault) -> u32 {
    match vault.access_token(&stage.caller, "main", soon()).await {
        Err(CredentialFailure::Refused(refusal)) => refusal.codes[0],
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_dead_grant_that_is_called_a_thousand_times_is_asked_about_once_in_a_quarter_of_an_hour() {
    let stage = dead(BLOCKED).await;
    let other = stage.another_vault().await;
    for quarter in 1..=4 {
        for _ in 0..100 {
            assert_eq!(code_of(&stage, &stage.vault).await, BLOCKED);
            assert_eq!(code_of(&stage, &other).await, BLOCKED);
            stage.after(8);
        }
        assert_eq!(stage.endpoint.asked().len(), 1 + quarter);
        stage.after(100);
        stage.endpoint.then(refused_with("invalid_grant", BLOCKED));
    }
}

#[tokio::test]
async fn a_policy_that_is_lifted_heals_the_grant_without_a_person() {
    let stage = dead(BLOCKED).await;
    let other = stage.another_vault().await;
    stage.after(899);
    assert_eq!(code_of(&stage, &stage.vault).await, BLOCKED);
    stage.after(1);
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    assert_eq!(stage.text().await, "access-2");
    assert_eq!(other.access_token(&stage.caller, "main", soon()).await.unwrap().expose(), "access-2");
    assert_eq!(stage.endpoint.asked().len(), 3);
    assert_eq!(stage.endpoint.asked()[2]["refresh_token"], "refresh-1");
}

#[tokio::test]
async fn while_one_asks_again_all_others_are_told_the_refusal() {
    let stage = dead(BLOCKED).await;
    let other = stage.another_vault().await;
    stage.after(900);
    let release = stage.endpoint.then_hold();
    let (vault, caller) = (stage.vault.clone(), stage.caller.clone());
    let asking = tokio::spawn(async move { vault.access_token(&caller, "main", soon()).await });
    stage.endpoint.until_asked(3).await;
    for vault in [&stage.vault, &other] {
        assert_eq!(code_of(&stage, vault).await, BLOCKED);
    }
    release.send(tokens("access-2", "")).unwrap();
    assert_eq!(asking.await.unwrap().unwrap().expose(), "access-2");
    assert_eq!(stage.text().await, "access-2");
    assert_eq!(stage.endpoint.asked().len(), 3);
}

#[tokio::test]
async fn a_grant_that_was_revoked_is_asked_about_once_a_day() {
    let stage = dead(REVOKED).await;
    stage.after(86_399);
    assert_eq!(code_of(&stage, &stage.vault).await, REVOKED);
    assert_eq!(stage.endpoint.asked().len(), 2);
    stage.after(1);
    stage.endpoint.then(tokens("access-2", ""));
    assert_eq!(stage.text().await, "access-2");
}

#[tokio::test]
async fn another_refusal_takes_the_place_of_the_one_before() {
    let stage = dead(BLOCKED).await;
    stage.after(900);
    stage.endpoint.then(refused_with("invalid_grant", REVOKED));
    assert_eq!(code_of(&stage, &stage.vault).await, REVOKED);
    assert_eq!(code_of(&stage, &stage.another_vault().await).await, REVOKED);
    assert_eq!(stage.endpoint.asked().len(), 3);
}

#[tokio::test]
async fn no_answer_about_a_dead_grant_is_no_news_and_is_not_asked_for_at_once() {
    let stage = dead(BLOCKED).await;
    stage.after(900);
    for reply in [
        Err(SendError::NotSent("no route".to_owned())),
        Err(SendError::NoAnswer("reset".to_owned())),
        answer(503, &serde_json::json!({})),
        refused("invalid_client"),
    ] {
        let asked = stage.endpoint.asked().len();
        stage.endpoint.then(reply);
        for _ in 0..10 {
            assert_eq!(code_of(&stage, &stage.vault).await, BLOCKED);
        }
        assert_eq!(stage.endpoint.asked().len(), asked + 1);
        stage.after(10);
    }
    stage.endpoint.then(tokens("access-2", ""));
    assert_eq!(stage.text().await, "access-2");
}

#[tokio::test]
async fn a_memory_from_before_the_clock_was_put_back_does_not_last_for_longer() {
    let stage = Stage::connected().await;
    let ahead = stage.vault_ahead(86_400).await;
    stage.endpoint.then(refused_with("invalid_grant", REVOKED));
    assert_eq!(code_of(&stage, &ahead).await, REVOKED);
    stage.endpoint.then(tokens("access-2", ""));
    assert_eq!(stage.text().await, "access-2");
}
