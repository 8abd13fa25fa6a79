//! New keys while everybody works, old ones taken away, and lost ones.

use std::path::Path;

use video_host::store::{KeyFile, KeyRing, KeyRingError, KeyUse, StorageError, Store, StoreError, SwapError};

use super::{Home, integration, key_line, ring};

/// A file with the key `k1`.
fn key_file(home: &Home) -> KeyFile {
    let file = KeyFile::new(home.folder.path().join("keys"));
    write(file.path(), &[key_line("k1", 1)]);
    file
}

fn write(path: &Path, lines: &[String]) {
    std::fs::write(path, lines.join("\n")).unwrap();
}

async fn set(store: &Store, key: &str, value: &str) {
    store.set(&integration("me"), key, value.as_bytes()).await.unwrap();
}

async fn value(store: &Store, key: &str) -> String {
    String::from_utf8(store.get(&integration("me"), key).await.unwrap().unwrap().value).unwrap()
}

/// How many values each key seals, the active one first.
async fn uses(store: &Store) -> Vec<(String, u64)> {
    let uses = store.key_uses().await.unwrap();
    assert!(uses.iter().enumerate().all(|(nth, key)| key.active == (nth == 0)));
    uses.into_iter().map(|KeyUse { id, values, .. }| (id, values)).collect()
}

#[tokio::test]
async fn a_new_key_takes_over_while_the_host_runs() {
    let home = Home::new();
    let file = key_file(&home);
    let store = home.open_with(file.clone()).await.unwrap();
    set(&store, "a", "before").await;
    let id = file.add().unwrap();
    set(&store, "b", "not told yet").await;
    store.reload_keys().await.unwrap();
    set(&store, "c", "after").await;
    assert_eq!(uses(&store).await, [(id, 1), ("k1".to_owned(), 2)]);
    for (key, expected) in [("a", "before"), ("b", "not told yet"), ("c", "after")] {
        assert_eq!(value(&store, key).await, expected);
    }
}

#[tokio::test]
async fn a_process_that_meets_a_key_it_does_not_know_reads_the_file_anew() {
    let home = Home::new();
    let file = key_file(&home);
    let (behind, swapping) =
        (home.open_with(file.clone()).await.unwrap(), home.open_with(file.clone()).await);
    let id = file.add().unwrap();
    let ahead = home.open_with(file).await.unwrap();
    set(&ahead, "a", "new").await;
    assert_eq!(value(&behind, "a").await, "new");
    assert_eq!(behind.key_ids(), [id.as_str(), "k1"]);
    let stale = swapping.unwrap().swap(&integration("me"), "a", None, b"mine").await;
    assert!(matches!(stale, Err(SwapError::Stale(Some(entry))) if entry.value == b"new"));
}

#[tokio::test]
async fn a_key_goes_when_it_seals_nothing_and_who_still_writes_with_it_moves_on() {
    let home = Home::new();
    let file = key_file(&home);
    let behind = home.open_with(file.clone()).await.unwrap();
    let given = home.open_with(file.load().unwrap()).await.unwrap();
    set(&behind, "a", "old").await;
    let id = file.add().unwrap();
    let store = home.open_with(file.clone()).await.unwrap();

    let refused = store.retire_key("k1").await.unwrap_err();
    assert!(matches!(&refused, StoreError::KeyInUse { id, values: 1 } if id == "k1"), "{refused}");
    let active = store.retire_key(&id).await.unwrap_err();
    assert!(matches!(active, StoreError::Keys(KeyRingError::Active(_))));

    assert_eq!(store.reseal(|_| ()).await.unwrap().left, 0);
    store.retire_key("k1").await.unwrap();
    file.remove("k1").unwrap();

    // These two have not been told. The one with the file reads it when its write is refused.
    set(&behind, "b", "new").await;
    assert_eq!(uses(&store).await, [(id.clone(), 2), ("k1".to_owned(), 0)]);
    assert_eq!(value(&behind, "a").await, "old");
    let Err(StorageError::Unavailable(message)) = given.set(&integration("me"), "c", b"lost").await else {
        panic!("sealed under a key that was taken away")
    };
    assert!(message.contains("`k1` was removed"), "{message}");
    given.take_keys(file.load().unwrap()).await.unwrap();
    set(&given, "c", "new").await;
    assert_eq!(uses(&store).await, [(id, 3), ("k1".to_owned(), 0)]);
}

#[tokio::test]
async fn a_key_that_is_lost_while_the_host_runs_is_named_and_heals_when_it_is_back() {
    let home = Home::new();
    let file = key_file(&home);
    let store = home.open_with(file.clone()).await.unwrap();
    set(&store, "a", "mine").await;
    let ahead = home.open_with(ring(&[key_line("k2", 2), key_line("k1", 1)])).await.unwrap();
    set(&ahead, "b", "theirs").await;
    for _ in 0..2 {
        let Err(StorageError::Unavailable(message)) = store.get(&integration("me"), "b").await else {
            panic!()
        };
        assert!(message.contains("the encryption key `k2` is missing"), "{message}");
        assert_eq!(value(&store, "a").await, "mine", "what it can open it does");
    }
    write(file.path(), &[key_line("k1", 1), key_line("k2", 2)]);
    assert_eq!(value(&store, "b").await, "theirs");
}

#[tokio::test]
async fn keys_that_would_lose_something_are_not_taken_over() {
    let home = Home::new();
    let file = key_file(&home);
    let store = home.open_with(file.clone()).await.unwrap();
    set(&store, "a", "value").await;
    for (lines, named) in [
        (vec![key_line("k2", 2)], "the encryption key `k1` is missing"),
        (vec![key_line("k2", 2), key_line("k1", 9)], "the encryption key `k1` is not the key"),
        (vec!["k2:c2hvcnQ=".to_owned()], "line 1 of the encryption keys"),
    ] {
        write(file.path(), &lines);
        let error = store.reload_keys().await.unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        set(&store, "a", "value").await;
        assert_eq!(store.key_ids(), ["k1"]);
    }
    std::fs::remove_file(file.path()).unwrap();
    assert!(matches!(store.reload_keys().await, Err(StoreError::Keys(KeyRingError::File { .. }))));
    assert_eq!(value(&store, "a").await, "value");
    // Another start makes a new file, and finds that it is not the one.
    let error = home.open_with(file).await.unwrap_err().to_string();
    assert!(error.contains("`k1` is missing"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_is_resealed_while_others_write_and_nothing_is_lost() {
    let home = Home::new();
    let file = key_file(&home);
    let writers = [home.open_with(file.clone()).await.unwrap(), home.open_with(file.clone()).await.unwrap()];
    for n in 0..300 {
        set(&writers[0], &format!("still-{n:03}"), "quiet").await;
    }
    let id = file.add().unwrap();
    let resealing = home.open_with(file.clone()).await.unwrap();
    let writing: Vec<_> = writers
        .into_iter()
        .enumerate()
        .map(|(writer, store)| {
            tokio::spawn(async move {
                for n in 0..100 {
                    set(&store, &format!("busy-{writer}-{}", n % 10), &n.to_string()).await;
                    assert_eq!(value(&store, &format!("still-{n:03}")).await, "quiet");
                }
                store
            })
        })
        .collect();
    let mut told = Vec::new();
    resealing.reseal(|progress| told.push(progress)).await.unwrap();
    let mut stores = Vec::new();
    for writer in writing {
        stores.push(writer.await.unwrap());
    }
    assert!(told.len() >= 3 && told.is_sorted_by_key(|progress| progress.done), "{told:?}");
    // Whoever wrote under the old key after it had passed did so before it met the new one.
    assert_eq!(resealing.reseal(|_| ()).await.unwrap().left, 0);
    resealing.retire_key("k1").await.unwrap();
    file.remove("k1").unwrap();
    for (writer, store) in stores.iter().enumerate() {
        for last in 0..10 {
            assert_eq!(value(store, &format!("busy-{writer}-{last}")).await, (90 + last).to_string());
        }
    }
    assert_eq!(uses(&resealing).await, [(id, 320), ("k1".to_owned(), 0)]);
}

#[tokio::test]
async fn resealing_that_is_interrupted_goes_on_with_the_rest() {
    let home = Home::new();
    let store = home.open_with(ring(&[key_line("k1", 1)])).await.unwrap();
    for n in 0..250 {
        set(&store, &n.to_string(), "value").await;
    }
    let keys: KeyRing = ring(&[key_line("k2", 2), key_line("k1", 1)]);
    let store = home.open_with(keys.clone()).await.unwrap();
    let (stop, mut stopped) = tokio::sync::mpsc::unbounded_channel();
    tokio::select! {
        biased;
        _ = stopped.recv() => {}
        done = store.reseal(|progress| stop.send(progress).unwrap()) => panic!("{done:?}"),
    }
    drop(store);
    let store = home.open_with(keys).await.unwrap();
    assert_eq!(uses(&store).await, [("k2".to_owned(), 100), ("k1".to_owned(), 150)]);
    assert_eq!(value(&store, "7").await, "value");
    let resealed = store.reseal(|_| ()).await.unwrap();
    assert_eq!((resealed.done, resealed.left), (150, 0));
    assert_eq!(uses(&store).await, [("k2".to_owned(), 250), ("k1".to_owned(), 0)]);
}
