//! Many callers, and many processes.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use video_host::vault::{CredentialFailure, Vault};

use super::stage::{Stage, refused, soon, tokens};

type Call = JoinHandle<Result<String, CredentialFailure>>;

fn call(stage: &Stage, vault: &Vault) -> Call {
    let (vault, caller) = (vault.clone(), stage.caller.clone());
    tokio::spawn(async move {
        vault.access_token(&caller, "main", soon()).await.map(|token| token.expose().to_owned())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_on_an_expired_token_cause_one_renewal() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    let release = stage.endpoint.then_hold();
    let calls: Vec<_> = (0..50).map(|_| call(&stage, &stage.vault)).collect();
    stage.endpoint.until_asked(2).await;
    release.send(tokens("access-2", "refresh-2")).unwrap();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "access-2");
    }
    assert_eq!(stage.endpoint.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_share_one_failure() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    let release = stage.endpoint.then_hold();
    let calls: Vec<_> = (0..50).map(|_| call(&stage, &stage.vault)).collect();
    stage.endpoint.until_asked(2).await;
    let mut reply = refused("busy").unwrap();
    *reply.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    reply.headers_mut().insert("retry-after", "30".parse().unwrap());
    release.send(Ok(reply)).unwrap();
    for call in calls {
        assert!(matches!(call.await.unwrap(), Err(CredentialFailure::Unavailable(Some(_)))));
    }
    assert_eq!(stage.endpoint.asked().len(), 2);
}

#[tokio::test]
async fn while_one_renews_ahead_of_time_the_others_use_the_good_token() {
    let stage = Stage::connected().await;
    let other = stage.another_vault().await;
    stage.after(3_300);
    let release = stage.endpoint.then_hold();
    let first = call(&stage, &stage.vault);
    stage.endpoint.until_asked(2).await;
    assert_eq!(stage.text().await, "access-1");
    assert_eq!(call(&stage, &other).await.unwrap().unwrap(), "access-1");
    release.send(tokens("access-2", "refresh-2")).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), "access-2");
    assert_eq!(call(&stage, &other).await.unwrap().unwrap(), "access-2");
    assert_eq!(stage.endpoint.asked().len(), 2);
}

#[tokio::test]
async fn two_vaults_on_one_file_cause_one_renewal() {
    let stage = Stage::connected().await;
    let other = stage.another_vault().await;
    stage.after(4_000);
    let release = stage.endpoint.then_hold();
    let first = call(&stage, &stage.vault);
    stage.endpoint.until_asked(2).await;
    // The other one waits, no longer than its deadline.
    let briefly = Instant::now() + Duration::from_millis(100);
    let waited = other.access_token(&stage.caller, "main", briefly).await;
    assert_eq!(waited.unwrap_err(), CredentialFailure::Unavailable(None));
    let second = call(&stage, &other);
    release.send(tokens("access-2", "refresh-2")).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), "access-2");
    assert_eq!(second.await.unwrap().unwrap(), "access-2");
    assert_eq!(stage.endpoint.asked().len(), 2);
}

#[tokio::test]
async fn a_lease_is_kept_while_a_slow_answer_is_waited_for() {
    let stage = Stage::connected().await;
    let other = stage.another_vault().await;
    let leased_until = async || {
        let until = sqlx::query_scalar("SELECT COALESCE(lease_until, 0) FROM credential");
        let until: i64 = until.fetch_one(stage.store.pool()).await.unwrap();
        until
    };
    stage.after(4_000);
    let release = stage.endpoint.then_hold();
    let first = call(&stage, &stage.vault);
    stage.endpoint.until_asked(2).await;
    let before = leased_until().await;
    // Nearly all of the lease is over; then it is longer again, and the other one still has to wait.
    stage.after(4);
    while leased_until().await <= before {
        tokio::task::yield_now().await;
    }
    stage.after(4);
    let second = call(&stage, &other);
    release.send(tokens("access-2", "refresh-2")).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), "access-2");
    assert_eq!(second.await.unwrap().unwrap(), "access-2");
    assert_eq!(stage.endpoint.asked().len(), 2);
}

#[tokio::test]
async fn a_renewal_goes_on_when_its_caller_gives_up() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    let release = stage.endpoint.then_hold();
    let gone = call(&stage, &stage.vault);
    stage.endpoint.until_asked(2).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    release.send(tokens("access-2", "refresh-2")).unwrap();
    assert_eq!(stage.text().await, "access-2");
    assert_eq!(stage.endpoint.asked().len(), 2);
}

#[tokio::test]
async fn a_401_during_a_renewal_waits_for_it() {
    let stage = Stage::connected().await;
    let rejected = stage.token().await.unwrap();
    stage.after(3_300);
    let release = stage.endpoint.then_hold();
    let renewing = call(&stage, &stage.vault);
    stage.endpoint.until_asked(2).await;
    let (vault, caller) = (stage.vault.clone(), stage.caller.clone());
    let after =
        tokio::spawn(async move { vault.after_unauthorized(&caller, "main", &rejected, soon()).await });
    release.send(tokens("access-2", "")).unwrap();
    assert_eq!(after.await.unwrap().unwrap().expose(), "access-2");
    assert_eq!(renewing.await.unwrap().unwrap(), "access-2");
    assert_eq!(stage.endpoint.asked().len(), 2);
}

#[tokio::test]
async fn a_renewal_never_overwrites_what_was_promoted_meanwhile() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    let release = stage.endpoint.then_hold();
    let renewing = call(&stage, &stage.vault);
    stage.endpoint.until_asked(2).await;
    stage.endpoint.then(tokens("access-new", "refresh-new"));
    stage.exchange("pending/1").await.unwrap();
    stage.vault.promote(&stage.caller.integration, "pending/1", "main").await.unwrap();
    release.send(tokens("access-2", "refresh-2")).unwrap();
    assert_eq!(renewing.await.unwrap().unwrap(), "access-new");
    assert_eq!(call(&stage, &stage.another_vault().await).await.unwrap().unwrap(), "access-new");
}

#[tokio::test]
async fn a_renewal_does_not_bring_back_what_was_discarded_meanwhile() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    let release = stage.endpoint.then_hold();
    let renewing = call(&stage, &stage.vault);
    stage.endpoint.until_asked(2).await;
    stage.vault.discard(&stage.caller.integration, "main").await.unwrap();
    release.send(tokens("access-2", "refresh-2")).unwrap();
    assert_eq!(renewing.await.unwrap(), Err(CredentialFailure::Missing));
    assert_eq!(stage.token().await.unwrap_err(), CredentialFailure::Missing);
}
