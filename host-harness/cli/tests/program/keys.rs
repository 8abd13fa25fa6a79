//! Encryption keys, replaced as an operator would.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use video_host::HostConfig;
use video_host::clock::SystemClock;
use video_host::store::{KeyFile, Location, Store};

use crate::{run, text};

/// `host-harness keys …` on a folder: whether it went well, and what it said.
fn keys(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut all = vec!["keys".as_ref()];
    all.extend(arguments.iter().map(std::ffi::OsStr::new));
    all.extend(["--data".as_ref(), folder.as_os_str()]);
    let output = run(all);
    (output.status.success(), text(&output.stdout).to_owned() + text(&output.stderr))
}

async fn open(folder: &Path) -> Store {
    let file = KeyFile::new(folder.join(HostConfig::KEYS));
    Store::open(Location::of_folder(folder).expect("a location"), file, Arc::new(SystemClock))
        .await
        .expect("a store")
}

#[tokio::test]
async fn a_key_is_replaced_while_a_host_runs() {
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    test_store::lay_out(folder).await.expect("a store");
    let host = open(folder).await;
    let old = host.key_ids().remove(0);
    let me = "me".parse().expect("an id");
    for n in 0..250 {
        host.set(&me, &n.to_string(), b"value").await.expect("written");
    }

    let (added, said) = keys(folder, &["add"]);
    assert!(added, "{said}");
    let new = open(folder).await.key_ids().remove(0);
    assert!(new != old && said.contains(&new), "{said}");
    let (removed, said) = keys(folder, &["remove", &old]);
    assert!(!removed && said.contains("still seals 250 stored values"), "{said}");
    let (removed, said) = keys(folder, &["remove", &new]);
    assert!(!removed && said.contains("is the active one"), "{said}");

    let (resealed, said) = keys(folder, &["reseal"]);
    assert!(resealed && said.contains(&format!("Sealed 250 values anew under {new}.")), "{said}");
    let (listed, said) = keys(folder, &["list"]);
    assert!(listed && said.contains(&format!("{new} seals 250 values, and whatever is written")), "{said}");
    assert!(said.contains(&format!("{old} seals no values")), "{said}");
    let (removed, said) = keys(folder, &["remove", &old]);
    assert!(removed, "{said}");
    let (removed, said) = keys(folder, &["remove", &old]);
    assert!(!removed && said.contains(&format!("no encryption key `{old}`")), "{said}");

    // The host that ran all the while was told nothing.
    host.set(&me, "0", b"new").await.expect("written under the new key");
    assert_eq!(host.get(&me, "249").await.expect("read").expect("a value").value, b"value");
    assert_eq!(host.key_ids(), [new]);
}

#[test]
fn a_folder_of_no_host_is_left_as_it_was() {
    let folder = TempDir::new().expect("a folder");
    for arguments in [&["add"][..], &["list"], &["reseal"], &["remove", "k1"]] {
        let (done, said) = keys(folder.path(), arguments);
        assert!(!done && (said.contains("data folder") || said.contains("cannot be read")), "{said}");
    }
    assert!(
        !folder.path().join(HostConfig::KEYS).exists() && !folder.path().join(HostConfig::DATABASE).exists()
    );
}

#[tokio::test]
async fn a_lost_key_is_named() {
    let folder = TempDir::new().expect("a folder");
    test_store::lay_out(folder.path()).await.expect("a store");
    let lost = open(folder.path()).await.key_ids().remove(0);
    std::fs::remove_file(folder.path().join(HostConfig::KEYS)).expect("removed");
    // Nothing was sealed with it: another one does.
    drop(open(folder.path()).await);
    let store = open(folder.path()).await;
    store.set(&"me".parse().expect("an id"), "a", b"value").await.expect("written");
    let file = KeyFile::new(folder.path().join(HostConfig::KEYS));
    let named = file.load().expect("keys").active().to_owned();
    assert_ne!(named, lost);
    std::fs::remove_file(file.path()).expect("removed");
    KeyFile::new(file.path()).load_or_create().expect("another");
    let (listed, said) = keys(folder.path(), &["list"]);
    assert!(!listed && said.contains(&format!("the encryption key `{named}` is missing")), "{said}");
}
