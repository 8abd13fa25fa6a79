//! The store: plugins' storage, authorizations, and encryption at rest.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod at_rest;
mod authorizations;
mod plugin_storage;
mod rotation;

use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::OnceCell;
use video_host::clock::ShiftedClock;
use video_host::store::{Integration, KeyRing, KeySource, Location, Store, StoreError};

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
    laid_out: OnceCell<()>,
    clock: Arc<ShiftedClock>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, laid_out: OnceCell::new(), clock: Arc::default() }
    }

    /// One whose database is a file, whatever the others are.
    fn of_files() -> Self {
        Self { laid_out: OnceCell::new_with(Some(())), ..Self::new() }
    }

    async fn open(&self) -> Store {
        self.open_with(ring(&[key_line("k1", 1)])).await.unwrap()
    }

    async fn open_with(&self, keys: impl Into<KeySource>) -> Result<Store, StoreError> {
        let folder = self.folder.path();
        self.laid_out.get_or_init(|| async { test_store::lay_out(folder).await.unwrap() }).await;
        Store::open(Location::of_folder(folder)?, keys, self.clock.clone()).await
    }

    /// Whether any of the database's files holds these bytes.
    async fn files_hold(&self, bytes: &[u8]) -> bool {
        let contents = test_store::contents(self.folder.path()).await.unwrap();
        contents.windows(bytes.len()).any(|window| window == bytes)
    }
}
