//! The process ends, or the disk will not take any more, at the worst moments.

use std::fmt;

use tokio::task::JoinHandle;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Metadata, Subscriber};
use video_host::vault::{CredentialFailure, Vault};

use super::stage::{Stage, TOKEN_URL, parameters, soon, tokens};

/// Ends the task that comes to a step, as the end of a process would.
struct EndsAt(&'static str);

impl EndsAt {
    /// While there is only one subscriber, tracing asks the thread that comes by an event first whether
    /// anybody listens: another test's thread, which does not. With a second one it asks them all.
    fn step(step: &'static str) -> (DefaultGuard, Dispatch) {
        (tracing::subscriber::set_default(Self(step)), Dispatch::new(Self("")))
    }
}

impl Subscriber for EndsAt {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "video_host::step"
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Step(self.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Step(&'static str);

impl Visit for Step {
    fn record_str(&mut self, _: &Field, value: &str) {
        assert!(value != self.0, "the process ends at {value}");
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

fn ended<T>(call: Result<T, tokio::task::JoinError>) -> bool {
    call.is_err_and(|error| error.is_panic())
}

async fn text_of(stage: &Stage, vault: &Vault) -> Result<String, CredentialFailure> {
    vault.access_token(&stage.caller, "main", soon()).await.map(|token| token.expose().to_owned())
}

#[tokio::test]
async fn a_crash_before_the_new_tokens_are_stored_leaves_the_old_refresh_token() {
    for step in ["credentials.before-refresh", "credentials.refreshed", "credentials.before-store"] {
        let stage = Stage::connected().await;
        stage.after(4_000);
        stage.endpoint.then(tokens("access-2", "refresh-2"));
        {
            let _end = EndsAt::step(step);
            assert_eq!(stage.token().await.unwrap_err(), CredentialFailure::Unavailable(None), "{step}");
        }
        // If it ended before it asked, its answer is still to be had.
        if step != "credentials.before-refresh" {
            stage.endpoint.then(tokens("access-2", "refresh-2"));
        }
        // The lease of the one that ended ends by itself.
        stage.after(5);
        let next = stage.another_vault().await;
        assert_eq!(text_of(&stage, &next).await.unwrap(), "access-2", "{step}");
        assert_eq!(stage.endpoint.asked().last().unwrap()["refresh_token"], "refresh-1");
    }
}

#[tokio::test]
async fn a_crash_after_the_new_tokens_are_stored_loses_nothing() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    {
        let _end = EndsAt::step("credentials.stored");
        assert_eq!(stage.token().await.unwrap_err(), CredentialFailure::Unavailable(None));
    }
    let next = stage.another_vault().await;
    assert_eq!(text_of(&stage, &next).await.unwrap(), "access-2");
    stage.after(4_000);
    stage.endpoint.then(tokens("access-3", ""));
    assert_eq!(text_of(&stage, &next).await.unwrap(), "access-3");
    assert_eq!(stage.endpoint.asked()[2]["refresh_token"], "refresh-2");
}

#[tokio::test]
async fn an_exchange_that_ends_before_it_is_stored_never_was() {
    for (step, stored) in [
        ("credentials.before-exchange", false),
        ("credentials.exchanged", false),
        ("credentials.before-store", false),
        ("credentials.stored", true),
    ] {
        let stage = Stage::connected().await;
        stage.endpoint.then(tokens("access-2", "refresh-2"));
        let (vault, caller) = (stage.vault.clone(), stage.caller.clone());
        {
            let _end = EndsAt::step(step);
            let call: JoinHandle<_> = tokio::spawn(async move {
                let pairs = parameters(&[("code", "the-code")]);
                let secret = video_host::vault::ClientAuthentication::Secret;
                vault.exchange(&caller, "main", TOKEN_URL, &pairs, secret, soon()).await
            });
            assert!(ended(call.await), "{step}");
        }
        let next = stage.another_vault().await;
        let expected = if stored { "access-2" } else { "access-1" };
        assert_eq!(text_of(&stage, &next).await.unwrap(), expected, "{step}");
    }
}

#[tokio::test]
async fn a_promotion_happens_whole_or_not_at_all() {
    for (step, promoted) in [("credentials.before-promote", false), ("credentials.promoted", true)] {
        let stage = Stage::connected().await;
        stage.endpoint.then(tokens("access-2", "refresh-2"));
        stage.exchange("pending/1").await.unwrap();
        let (vault, me) = (stage.vault.clone(), stage.caller.integration.clone());
        {
            let _end = EndsAt::step(step);
            let call = tokio::spawn(async move { vault.promote(&me, "pending/1", "main").await });
            assert!(ended(call.await), "{step}");
        }
        let next = stage.another_vault().await;
        let main = text_of(&stage, &next).await.unwrap();
        let pending = next.access_token(&stage.caller, "pending/1", soon()).await;
        assert_eq!(
            (main.as_str(), pending.is_ok()),
            if promoted { ("access-2", false) } else { ("access-1", true) }
        );
    }
}

#[tokio::test]
async fn what_the_disk_will_not_take_is_used_from_memory_and_saved_later() {
    let stage = Stage::connected().await;
    stage.after(4_000);
    stage.endpoint.then(tokens("access-2", "refresh-2"));
    test_store::refuse_updates(stage.store.pool(), "credential", "sealed").await.unwrap();
    assert_eq!(stage.text().await, "access-2");
    assert_eq!(stage.text().await, "access-2");
    // Renewed once more while the disk is still full, with the refresh token from memory.
    stage.after(4_000);
    stage.endpoint.then(tokens("access-3", ""));
    assert_eq!(stage.text().await, "access-3");
    assert_eq!(stage.endpoint.asked()[2]["refresh_token"], "refresh-2");
    test_store::accept_updates(stage.store.pool(), "credential").await.unwrap();
    stage.after(10);
    assert_eq!(stage.text().await, "access-3");
    assert_eq!(stage.endpoint.asked().len(), 3);
    let next = stage.another_vault().await;
    assert_eq!(text_of(&stage, &next).await.unwrap(), "access-3");
}

#[tokio::test]
async fn a_store_that_cannot_be_read_for_a_moment_stops_nobody_with_a_good_token() {
    let stage = Stage::connected().await;
    assert_eq!(stage.text().await, "access-1");
    sqlx::query("ALTER TABLE credential RENAME TO away").execute(stage.store.pool()).await.unwrap();
    assert_eq!(stage.text().await, "access-1");
    stage.after(61);
    assert_eq!(stage.token().await.unwrap_err(), CredentialFailure::Unavailable(None));
    sqlx::query("ALTER TABLE away RENAME TO credential").execute(stage.store.pool()).await.unwrap();
    assert_eq!(stage.text().await, "access-1");
}
