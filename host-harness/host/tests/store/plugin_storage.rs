//! Plugins' storage, as `wit/storage.wit` promises it.

use video_host::store::{StorageError, Store, SwapError};

use super::{Home, integration};

#[tokio::test]
async fn what_is_set_is_got_and_what_is_deleted_is_gone() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    assert_eq!(store.get(&me, "k").await.unwrap(), None);
    let version = store.set(&me, "k", b"value").await.unwrap();
    let entry = store.get(&me, "k").await.unwrap().unwrap();
    assert_eq!((entry.value.as_slice(), &entry.version), (b"value".as_slice(), &version));
    store.delete(&me, "k").await.unwrap();
    store.delete(&me, "k").await.unwrap();
    assert_eq!(store.get(&me, "k").await.unwrap(), None);
    assert_eq!(store.storage_used(&me).await.unwrap(), 0);
}

#[tokio::test]
async fn an_integration_sees_nothing_of_another() {
    let home = Home::new();
    let store = home.open().await;
    let (one, two) = (integration("one"), integration("two"));
    store.set(&one, "k", b"1").await.unwrap();
    assert_eq!(store.get(&two, "k").await.unwrap(), None);
    assert_eq!(store.list(&two, "", None).await.unwrap().keys, Vec::<String>::new());
    store.forget(&two).await.unwrap();
    assert!(store.get(&one, "k").await.unwrap().is_some());
    store.forget(&one).await.unwrap();
    assert!(store.get(&one, "k").await.unwrap().is_none());
    assert_eq!(store.storage_used(&one).await.unwrap(), 0);
}

#[tokio::test]
async fn a_version_never_comes_back_for_a_key() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        assert!(seen.insert(store.set(&me, "k", b"same").await.unwrap()));
        store.delete(&me, "k").await.unwrap();
        assert!(seen.insert(store.swap(&me, "k", None, b"same").await.unwrap()));
    }
}

#[tokio::test]
async fn keys_are_short_and_without_control_characters() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    let long = "ä".repeat(256);
    store.set(&me, &long, b"").await.unwrap();
    assert!(store.get(&me, &long).await.unwrap().is_some());
    for bad in ["", &"x".repeat(513), "a\nb", "a\0b", "a\u{85}b"] {
        assert!(matches!(store.get(&me, bad).await, Err(StorageError::InvalidKey(_))), "{bad:?}");
        assert!(matches!(store.set(&me, bad, b"").await, Err(StorageError::InvalidKey(_))), "{bad:?}");
        assert!(matches!(store.delete(&me, bad).await, Err(StorageError::InvalidKey(_))), "{bad:?}");
    }
}

#[tokio::test]
async fn a_value_may_have_64_kib_and_no_more() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    let mut value = vec![7; Store::MAX_VALUE];
    store.set(&me, "k", &value).await.unwrap();
    assert_eq!(store.get(&me, "k").await.unwrap().unwrap().value, value);
    value.push(7);
    assert_eq!(store.set(&me, "k", &value).await, Err(StorageError::ValueTooLarge(65_536)));
}

#[tokio::test]
async fn the_quota_counts_keys_and_values_and_lets_them_shrink() {
    let home = Home::new();
    let quota = 20 + 2 * Store::KEY_COST as u64;
    let store = home.open().await.with_quota(quota);
    let (me, other) = (integration("me"), integration("other"));
    store.set(&me, "abc", &[0; 7]).await.unwrap();
    store.set(&me, "def", &[0; 7]).await.unwrap();
    assert_eq!(store.storage_used(&me).await.unwrap(), quota);
    assert_eq!(store.set(&me, "g", b"").await, Err(StorageError::QuotaExceeded(quota)));
    assert_eq!(store.set(&me, "abc", &[0; 8]).await, Err(StorageError::QuotaExceeded(quota)));
    assert_eq!(store.get(&me, "g").await.unwrap(), None);
    store.set(&other, "abc", &[0; 17]).await.unwrap();
    let store = store.with_quota(5);
    store.set(&me, "abc", &[0; 6]).await.unwrap();
    store.set(&me, "abc", &[1; 6]).await.unwrap();
    store.delete(&me, "def").await.unwrap();
    assert_eq!(store.storage_used(&me).await.unwrap(), 9 + Store::KEY_COST as u64);
}

#[tokio::test]
async fn the_quota_holds_against_many_writers() {
    let home = Home::new();
    let quota = 5 * (10 + Store::KEY_COST as u64);
    let (one, two) = (home.open().await.with_quota(quota), home.open().await.with_quota(quota));
    let writes = (0..20).map(|i| {
        let store = if i % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move { store.set(&integration("me"), &format!("{i:02}"), &[0; 8]).await.is_ok() })
    });
    let mut written = 0;
    for write in writes.collect::<Vec<_>>() {
        written += usize::from(write.await.unwrap());
    }
    assert_eq!(written, 5);
    assert_eq!(one.storage_used(&integration("me")).await.unwrap(), quota);
}

#[tokio::test]
async fn a_million_keys_without_a_value_are_over_quota_too() {
    let home = Home::new();
    let (most, me) = (50, integration("me"));
    let store = home.open().await.with_quota(most * (2 + Store::KEY_COST as u64));
    let mut written = 0;
    while store.set(&me, &format!("{written:02}"), b"").await.is_ok() {
        written += 1;
        assert!(written <= most, "nothing stops it");
    }
    assert_eq!(written, most);
    // And what a host allows unless told: some hundred thousand.
    assert!(Store::DEFAULT_QUOTA / (Store::KEY_COST as u64) < 200_000);
}

#[tokio::test]
async fn a_prefix_is_taken_literally_and_keys_come_in_the_order_of_their_bytes() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    let keys = ["a%b", "a%", "axb", "a_b", "a", "B", "ab", "aé", "a\u{10ffff}", "a\u{10ffff}z", "b", "🙂"];
    for key in keys {
        store.set(&me, key, b"").await.unwrap();
    }
    for prefix in ["", "a", "a%", "a_", "A", "a\u{10ffff}", "🙂", "zz"] {
        let mut expected: Vec<_> = keys.iter().copied().filter(|key| key.starts_with(prefix)).collect();
        expected.sort_unstable();
        let page = store.list(&me, prefix, None).await.unwrap();
        assert_eq!(page.keys, expected, "{prefix}");
        assert_eq!(page.next, None);
    }
}

#[tokio::test]
async fn a_long_list_comes_in_pages_of_a_thousand() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    // A thousand and a half: put straight into the table, as a list opens no value.
    let mut transaction = store.pool().begin().await.unwrap();
    for i in 0..1_500 {
        sqlx::query(
            "INSERT INTO plugin_storage (integration, name, version, size, key_id, sealed) \
             VALUES ('me', $1, 1, 1, 'k1', '')",
        )
        .bind(format!("p/{i:04}"))
        .execute(&mut *transaction)
        .await
        .unwrap();
    }
    transaction.commit().await.unwrap();
    let first = store.list(&me, "p/", None).await.unwrap();
    assert_eq!((first.keys.len(), first.next.as_deref()), (1_000, Some("p/0999")));
    let second = store.list(&me, "p/", first.next.as_deref()).await.unwrap();
    assert_eq!((second.keys.len(), second.keys[0].as_str(), second.next), (500, "p/1000", None));
    // A page that is just full is the last.
    let exact = store.list(&me, "p/0", None).await.unwrap();
    assert_eq!((exact.keys.len(), exact.next), (1_000, None));
}

#[tokio::test]
async fn a_swap_with_another_version_changes_nothing_and_shows_what_is_there() {
    let home = Home::new();
    let store = home.open().await;
    let me = integration("me");
    let Err(SwapError::Stale(None)) = store.swap(&me, "k", Some("0000000000000001"), b"x").await else {
        panic!("there is nothing to swap");
    };
    let first = store.swap(&me, "k", None, b"1").await.unwrap();
    let Err(SwapError::Stale(Some(entry))) = store.swap(&me, "k", None, b"2").await else { panic!() };
    assert_eq!((entry.value.as_slice(), &entry.version), (b"1".as_slice(), &first));
    let second = store.swap(&me, "k", Some(&first), b"2").await.unwrap();
    for old in [first.as_str(), "", "no version at all"] {
        assert!(matches!(store.swap(&me, "k", Some(old), b"3").await, Err(SwapError::Stale(Some(_)))));
    }
    assert_eq!(store.get(&me, "k").await.unwrap().unwrap().version, second);
}

#[tokio::test]
async fn of_many_who_swap_at_once_in_two_stores_one_succeeds() {
    let home = Home::new();
    let (one, two) = (home.open().await, home.open().await);
    let me = integration("me");
    let version = one.set(&me, "k", b"start").await.unwrap();
    let swaps: Vec<_> = (0..20)
        .map(|i| {
            let store = if i % 2 == 0 { one.clone() } else { two.clone() };
            let version = version.clone();
            tokio::spawn(async move { store.swap(&integration("me"), "k", Some(&version), &[i]).await })
        })
        .collect();
    let mut won = Vec::new();
    for swap in swaps {
        match swap.await.unwrap() {
            Ok(version) => won.push(version),
            Err(error) => assert!(matches!(error, SwapError::Stale(Some(_))), "{error}"),
        }
    }
    assert_eq!(won, [one.get(&me, "k").await.unwrap().unwrap().version]);
}
