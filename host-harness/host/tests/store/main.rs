//! The store: plugins' storage, authorizations, and encryption at rest.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod at_rest;
mod authorizations;
mod plugin_storage;
mod rotation;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use video_host::clock::ShiftedClock;
use video_host::store::{Integration, KeyRing, KeySource, Store, StoreError};

/// A key by its id and the byte it consists of.
fn key_line(id: &str, byte: u8) -> String {
    use base64::Engine as _;
    format!("{id}:{}", base64::engine::general_purpose::STANDARD.encode([byte; 32]))
}

fn ring(lines: &[String]) -> KeyRing {
    KeyRing::parse(&lines.join("\n")).unwrap()
}

fn integration(id: &str) -> Integration {
    id.parse().unwrap()
}

/// A folder with a database, and the clock that all who open it share.
struct Home {
    folder: TempDir,
    clock: Arc<ShiftedClock>,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("host.db")
    }

    async fn open(&self) -> Store {
        self.open_with(ring(&[key_line("k1", 1)])).await.unwrap()
    }

    async fn open_with(&self, keys: impl Into<KeySource>) -> Result<Store, StoreError> {
        Store::open(&self.path(), keys, self.clock.clone()).await
    }

    /// Whether any of the database's files holds these bytes.
    fn files_hold(&self, bytes: &[u8]) -> bool {
        let holds = |path: &Path| {
            let contents = std::fs::read(path).unwrap();
            contents.windows(bytes.len()).any(|window| window == bytes)
        };
        std::fs::read_dir(self.folder.path()).unwrap().any(|file| holds(&file.unwrap().path()))
    }
}
