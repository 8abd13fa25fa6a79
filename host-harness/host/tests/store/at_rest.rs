//! Files, keys, and what a reader of the disk gets.

use video_host::store::{KeyFile, Resealed, StorageError, StoreError};

use super::{Home, integration, key_line, ring};

#[tokio::test]
async fn values_are_not_readable_in_the_files_and_keys_are() {
    let home = Home::new();
    let store = home.open().await;
    store.set(&integration("me"), "readable-name", b"unreadable-value").await.unwrap();
    assert!(home.files_hold(b"readable-name").await);
    assert!(!home.files_hold(b"unreadable-value").await);
}

#[tokio::test]
async fn a_value_moved_to_another_row_does_not_open() {
    let home = Home::new();
    let store = home.open().await;
    let (me, other) = (integration("me"), integration("other"));
    store.set(&me, "a", b"1").await.unwrap();
    store.set(&me, "b", b"2").await.unwrap();
    store.set(&other, "a", b"3").await.unwrap();
    for (from, to) in [(("me", "b"), ("me", "a")), (("me", "a"), ("other", "a"))] {
        sqlx::query(
            "UPDATE plugin_storage SET sealed = \
             (SELECT sealed FROM plugin_storage WHERE integration = $1 AND name = $2) \
             WHERE integration = $3 AND name = $4",
        )
        .bind(from.0)
        .bind(from.1)
        .bind(to.0)
        .bind(to.1)
        .execute(store.pool())
        .await
        .unwrap();
    }
    for (integration, key) in [(&me, "a"), (&other, "a")] {
        let got = store.get(integration, key).await;
        assert!(matches!(got, Err(StorageError::Unavailable(_))), "{got:?}");
    }
    assert_eq!(store.get(&me, "b").await.unwrap().unwrap().value, b"2");
}

#[tokio::test]
async fn a_missing_or_a_wrong_key_is_one_clear_error_that_names_it() {
    let home = Home::new();
    home.open().await.set(&integration("me"), "k", b"v").await.unwrap();
    let missing = home.open_with(ring(&[key_line("k2", 2)])).await.unwrap_err();
    assert!(matches!(&missing, StoreError::MissingKey(id) if id == "k1"));
    assert!(missing.to_string().starts_with("the encryption key `k1` is missing"));
    let wrong = home.open_with(ring(&[key_line("k1", 9)])).await.unwrap_err();
    assert!(matches!(&wrong, StoreError::WrongKey(id) if id == "k1"));
    // Failing to open leaves no trace of the other keys.
    assert_eq!(home.open().await.get(&integration("me"), "k").await.unwrap().unwrap().value, b"v");
}

#[tokio::test]
async fn a_key_that_another_process_put_in_front_is_named_when_it_is_missing_here() {
    let home = Home::new();
    let behind = home.open().await;
    let ahead = home.open_with(ring(&[key_line("k2", 2), key_line("k1", 1)])).await.unwrap();
    ahead.set(&integration("me"), "k", b"v").await.unwrap();
    let Err(StorageError::Unavailable(message)) = behind.get(&integration("me"), "k").await else { panic!() };
    assert!(message.contains("`k2` is missing"), "{message}");
}

#[tokio::test]
async fn resealing_leaves_the_old_key_behind_and_keeps_versions() {
    let home = Home::new();
    let me = integration("me");
    let mut versions = Vec::new();
    {
        let store = home.open().await;
        for i in 0..150 {
            versions.push(store.set(&me, &format!("{i:03}"), b"value").await.unwrap());
        }
    }
    let store = home.open_with(ring(&[key_line("k2", 2), key_line("k1", 1)])).await.unwrap();
    assert_eq!(store.reseal(|_| ()).await.unwrap().done, 150);
    assert_eq!(store.reseal(|_| ()).await.unwrap(), Resealed { done: 0, left: 0 });
    let store = home.open_with(ring(&[key_line("k2", 2)])).await.unwrap();
    for (i, version) in versions.iter().enumerate() {
        let entry = store.get(&me, &format!("{i:03}")).await.unwrap().unwrap();
        assert_eq!((entry.value.as_slice(), &entry.version), (b"value".as_slice(), version));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_may_open_a_new_database_at_once() {
    let home = std::sync::Arc::new(Home::new());
    let opening: Vec<_> = (0..8)
        .map(|i| {
            let home = home.clone();
            tokio::spawn(async move {
                let keys = KeyFile::new(home.folder.path().join("keys"));
                let store = home.open_with(keys).await.unwrap();
                store.set(&integration("me"), &format!("{i}"), b"v").await.unwrap();
                store
            })
        })
        .collect();
    for store in opening {
        let store = store.await.unwrap();
        assert!(store.get(&integration("me"), "0").await.is_ok());
    }
    assert_eq!(std::fs::read_to_string(home.folder.path().join("keys")).unwrap().lines().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_and_the_keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::of_files();
    let keys = KeyFile::new(home.folder.path().join("keys"));
    let store = home.open_with(keys).await.unwrap();
    store.set(&integration("me"), "k", b"v").await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(home.folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.path());
        files += 1;
    }
    // Keys, database, write-ahead log, its index, lock.
    assert_eq!(files, 5);
}

#[tokio::test]
async fn another_crate_keeps_tables_of_its_own_in_the_same_file() {
    use sqlx::migrate::{Migration, MigrationType, Migrator};
    use sqlx::{AssertSqlSafe, SqlSafeStr as _};
    let home = Home::new();
    let store = home.open().await;
    let migration = Migration::new(
        1,
        "staff".into(),
        MigrationType::Simple,
        AssertSqlSafe("CREATE TABLE staff (id TEXT PRIMARY KEY)".to_owned()).into_sql_str(),
        false,
    );
    let migrations = Migrator::with_migrations(vec![migration]);
    store.migrate(&migrations, "staff_migrations").await.unwrap();
    home.open().await.migrate(&migrations, "staff_migrations").await.unwrap();
    sqlx::query("INSERT INTO staff (id) VALUES ('a')").execute(store.pool()).await.unwrap();
}
