//! OAuth's `state`, through everything that can come back with a callback.

use std::time::Duration;

use video_host::provider::Parameter;
use video_host::store::{Authorization, CallbackError, Purpose};

use super::{Home, integration};

const TTL: Duration = Duration::from_mins(10);

#[tokio::test]
async fn a_callback_finds_what_was_begun_once() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    let values = vec![Parameter { name: "method".to_owned(), value: "one \"two\"".to_owned() }];
    let state = store.begin_authorization(&me, "session", Purpose::Reauthorize, &values, TTL).await.unwrap();
    assert_eq!(state.len(), 43);
    let claimed = store.claim_authorization(&state, "session").await.unwrap();
    assert_eq!(claimed, Authorization { integration: me, purpose: Purpose::Reauthorize, values });
    let again = store.claim_authorization(&state, "session").await;
    assert!(matches!(again, Err(CallbackError::Replayed)));
}

#[tokio::test]
async fn an_unknown_state_is_unknown() {
    let home = Home::new();
    let store = home.open().await;
    for state in ["", "x", "' OR 1=1 --"] {
        let claimed = store.claim_authorization(state, "session").await;
        assert!(matches!(claimed, Err(CallbackError::Unknown)));
    }
}

#[tokio::test]
async fn a_foreign_session_learns_nothing_and_uses_nothing_up() {
    let home = Home::new();
    let store = home.open().await;
    let state = store
        .begin_authorization(&integration("secret-name"), "mine", Purpose::Connect, &[], TTL)
        .await
        .unwrap();
    let error = store.claim_authorization(&state, "theirs").await.unwrap_err();
    assert!(matches!(error, CallbackError::ForeignSession));
    assert!(!error.to_string().contains("secret-name"));
    store.claim_authorization(&state, "mine").await.unwrap();
    let error = store.claim_authorization(&state, "theirs").await.unwrap_err();
    assert!(matches!(error, CallbackError::ForeignSession));
}

#[tokio::test]
async fn a_late_callback_is_expired_and_after_a_day_unknown() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    let late = store.begin_authorization(&me, "s", Purpose::Connect, &[], TTL).await.unwrap();
    home.clock.advance(TTL);
    assert!(matches!(store.claim_authorization(&late, "s").await, Err(CallbackError::Expired)));
    home.clock.advance(Duration::from_hours(24));
    store.begin_authorization(&me, "s", Purpose::Connect, &[], TTL).await.unwrap();
    assert!(matches!(store.claim_authorization(&late, "s").await, Err(CallbackError::Unknown)));
}

#[tokio::test]
async fn of_many_callbacks_at_once_in_two_stores_one_counts() {
    let home = Home::new();
    let (one, two) = (home.open().await, home.open().await);
    let state = one.begin_authorization(&integration("me"), "s", Purpose::Connect, &[], TTL).await.unwrap();
    let claims: Vec<_> = (0..10)
        .map(|i| {
            let (store, state) = (if i % 2 == 0 { one.clone() } else { two.clone() }, state.clone());
            tokio::spawn(async move { store.claim_authorization(&state, "s").await })
        })
        .collect();
    let mut counted = 0;
    for claim in claims {
        match claim.await.unwrap() {
            Ok(_) => counted += 1,
            Err(error) => assert!(matches!(error, CallbackError::Replayed)),
        }
    }
    assert_eq!(counted, 1);
}

#[tokio::test]
async fn neither_state_nor_session_is_in_the_files() {
    let home = Home::new();
    let store = home.open().await;
    let state = store
        .begin_authorization(&integration("me"), "session-4711", Purpose::Connect, &[], TTL)
        .await
        .unwrap();
    assert!(home.files_hold(b"authorization_state").await);
    assert!(!home.files_hold(state.as_bytes()).await && !home.files_hold(b"session-4711").await);
}

#[tokio::test]
async fn forgetting_an_integration_ends_its_authorizations() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    let state = store.begin_authorization(&me, "s", Purpose::Connect, &[], TTL).await.unwrap();
    store.forget(&me).await.unwrap();
    assert!(matches!(store.claim_authorization(&state, "s").await, Err(CallbackError::Unknown)));
}
