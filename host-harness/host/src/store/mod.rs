//! What the host remembers, in one `SQLite` file: plugins' storage, sealed credentials, and the
//! authorizations that have begun.
//!
//! Use [`Store`] for plugin storage and authorizations; credentials go through
//! [`Vault`](crate::vault::Vault).
//!
//! What holds here:
//! - A write that was answered is on the disk (`synchronous = FULL`), and half a write never is.
//! - Any number of processes may use one file at once, from the first run on.
//! - Values and tokens are sealed with AES-256-GCM and open only in the row they were written to. The
//!   names of things stay readable: integrations, storage keys, credentials' names, and times.
//! - An integration reaches nothing of another's.
//! - New keys take over while the host runs ([`Store::reload_keys`]), and a key that still seals something
//!   cannot be [retired](Store::retire_key). A lost key is an error that names it, and changes nothing.

mod authorization;
mod backup;
mod credential;
mod database;
mod error;
mod integration;
mod key_file;
mod keys;
mod plugin;
mod private_file;
pub(crate) mod random;
mod reseal;
mod rotation;
mod seal;
mod tenant;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;

pub use authorization::{Authorization, CallbackError, Purpose};
pub use backup::{Backup, BackupError, back_up, restore};
pub(crate) use credential::Reading;
pub use error::StoreError;
pub use integration::{Integration, IntegrationError};
pub use key_file::KeyFile;
pub use keys::{KeyRing, KeyRingError};
pub use plugin::{Entry, Page, StorageError, SwapError};
pub use reseal::Resealed;
pub use rotation::{KeySource, KeyUse};

use self::rotation::Keys;
use crate::clock::Clock;

/// The host's memory. Cheap to clone; all clones share one pool of connections.
#[derive(Clone)]
pub struct Store {
    pool: SqlitePool,
    keys: Keys,
    clock: Arc<dyn Clock>,
    lock_file: Arc<Path>,
    quota: u64,
}

impl Store {
    /// What one integration may keep in plugin storage, in bytes of keys and values, unless
    /// [`Self::with_quota`] says otherwise: 16 MiB.
    pub const DEFAULT_QUOTA: u64 = 16 * 1024 * 1024;

    /// Opens the database at `path`. On the first run it is created, readable by its owner alone;
    /// its tables are brought up to date. Beside it stand the files `-wal` and `-shm` of `SQLite`'s
    /// write-ahead log and an empty file `.lock`, which makes processes that start together take
    /// turns here.
    ///
    /// Fails with [`StoreError::MissingKey`] or [`StoreError::WrongKey`], naming the key, if the
    /// keys that sealed what is stored are not among `keys`.
    pub async fn open(
        path: &Path,
        keys: impl Into<KeySource>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let keys = Keys::of(keys.into()).await?;
        let lock_file: Arc<Path> = private_file::beside(path, "lock").into();
        let turn = database::take_turn(&lock_file).await?;
        let pool = database::connect(path).await?;
        let store = Self { pool, keys, clock, lock_file, quota: Self::DEFAULT_QUOTA };
        database::own_migrations().run(&store.pool).await?;
        store.prove(&store.keys.ring()).await?;
        drop(turn);
        Ok(store)
    }

    /// The same store with another quota for each integration's plugin storage, in bytes of keys and
    /// values. What is above a lowered quota stays readable, and may shrink but not grow.
    #[must_use]
    pub fn with_quota(mut self, bytes: u64) -> Self {
        self.quota = bytes;
        self
    }

    /// The connections, for a crate that keeps tables of its own in the same file: see
    /// [`Self::migrate`]. Begin what writes with `BEGIN IMMEDIATE`
    /// ([`begin_with`](sqlx::Pool::begin_with)), or two writers can fail each other with "database is
    /// locked".
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Brings another crate's tables in this file up to date, in turn with other processes. Its
    /// migrations are counted in sqlx's own table; the host's are in `video_host_migrations`.
    pub async fn migrate(&self, migrations: &Migrator) -> Result<(), StoreError> {
        let turn = database::take_turn(&self.lock_file).await?;
        migrations.run(&self.pool).await?;
        drop(turn);
        Ok(())
    }

    /// Wipes everything of an integration at once: its storage, its credentials, the authorizations
    /// that it began. Forgetting what is not there succeeds.
    pub async fn forget(&self, integration: &Integration) -> Result<(), StoreError> {
        step("integration.before-forget");
        let mut transaction = self.pool.begin_with(database::BEGIN_WRITE).await?;
        for statement in [
            "DELETE FROM plugin_storage WHERE integration = $1",
            "DELETE FROM storage_usage WHERE integration = $1",
            "DELETE FROM credential WHERE integration = $1",
            "DELETE FROM authorization_state WHERE integration = $1",
            "DELETE FROM integration_tenant WHERE integration = $1",
        ] {
            sqlx::query(statement).bind(integration.as_str()).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        step("integration.forgotten");
        Ok(())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("keys", &self.keys.ring())
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

/// Marks a point at which a crash has to do no harm: tests end the process there.
pub(crate) fn step(step: &'static str) {
    tracing::debug!(target: "video_host::step", step);
}
