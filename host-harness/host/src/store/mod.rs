//! What the host remembers, in a `SQLite` file or in a `PostgreSQL` database: plugins' storage, sealed credentials, and the
//! authorizations that have begun.
//!
//! Use [`Store`] for plugin storage and authorizations; credentials go through
//! [`Vault`](crate::vault::Vault).
//!
//! What holds here:
//! - A write that was answered is on the disk (`synchronous = FULL`, `synchronous_commit = on`), and half a
//!   write never is.
//! - Any number of processes may use one file, or one database, at once, from the first run on.
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
mod location;
mod look;
mod moved;
mod plugin;
mod private_file;
pub(crate) mod random;
mod reseal;
mod rotation;
mod seal;
mod tenant;
mod transfer;

use std::fmt;
use std::sync::Arc;

use sqlx::AnyPool;
use sqlx::migrate::Migrator;

pub use authorization::{Authorization, CallbackError, Purpose};
pub use backup::{Backup, BackupError, back_up, restore};
pub(crate) use credential::Reading;
pub use database::{Connections, Transaction, begin, is_server};
pub use error::StoreError;
pub use integration::{Integration, IntegrationError};
pub use key_file::KeyFile;
pub use keys::{KeyRing, KeyRingError};
pub use location::{Location, LocationError};
pub use look::look;
pub use moved::Moved;
pub use plugin::{Entry, Page, StorageError, SwapError};
pub use reseal::Resealed;
pub use rotation::{KeySource, KeyUse};
pub use transfer::{CopiedTable, CopyError, copy};

use self::rotation::Keys;
use crate::clock::Clock;

/// The host's memory. Cheap to clone; all clones share one pool of connections.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    keys: Keys,
    clock: Arc<dyn Clock>,
    location: Location,
    quota: u64,
}

impl Store {
    /// What one integration may keep in plugin storage, in bytes of keys and values, unless
    /// [`Self::with_quota`] says otherwise: 16 MiB.
    pub const DEFAULT_QUOTA: u64 = 16 * 1024 * 1024;

    /// Opens the store; its tables are brought up to date. Processes that start together take turns here.
    ///
    /// A file is created on the first run, readable by its owner alone. Beside it stand the files `-wal` and
    /// `-shm` of `SQLite`'s write-ahead log and an empty file `.lock`. A database of a `PostgreSQL` server has
    /// to exist, and to be this host's and its like's alone; its user owns the tables.
    ///
    /// A file that was copied to a server is refused ([`Moved`]): its hosts go on there.
    ///
    /// Fails with [`StoreError::MissingKey`] or [`StoreError::WrongKey`], naming the key, if the
    /// keys that sealed what is stored are not among `keys`: hosts on one store need the same keys.
    pub async fn open(
        location: impl Into<Location>,
        keys: impl Into<KeySource>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let location = location.into();
        if let Some(path) = location.path() {
            moved::refuse(path)?;
        }
        let keys = Keys::of(keys.into()).await?;
        let pool = database::connect(&location).await?;
        let store = Self { pool, keys, clock, location, quota: Self::DEFAULT_QUOTA };
        store.prove(&store.keys.ring()).await?;
        Ok(store)
    }

    /// The same store with another quota for each integration's plugin storage, in bytes of keys and
    /// values. What is above a lowered quota stays readable, and may shrink but not grow.
    #[must_use]
    pub fn with_quota(mut self, bytes: u64) -> Self {
        self.quota = bytes;
        self
    }

    /// The connections, for a crate that keeps tables of its own in the same database: see
    /// [`Self::migrate`]. Begin what writes with [`begin`], or two writers can fail each other.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// How many connections there are in this moment.
    pub fn connections(&self) -> Connections {
        Connections::of(&self.pool)
    }

    /// Whether its file was copied to a server since it was opened: nothing more may be written to it.
    pub fn moved(&self) -> Result<(), StoreError> {
        self.location.path().map_or(Ok(()), moved::refuse)
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Brings another crate's tables in this database up to date, in turn with other processes. Its
    /// migrations are counted in the table `counted_in`; the host's are in `video_host_migrations`.
    ///
    /// They are written once, for both databases: of types there are TEXT, BIGINT, BOOLEAN and BLOB, in
    /// capitals.
    pub async fn migrate(&self, migrations: &Migrator, counted_in: &'static str) -> Result<(), StoreError> {
        database::migrate(&self.pool, &self.location, migrations, counted_in).await
    }

    /// Wipes everything of an integration at once: its storage, its credentials, the authorizations
    /// that it began. Forgetting what is not there succeeds.
    pub async fn forget(&self, integration: &Integration) -> Result<(), StoreError> {
        step("integration.before-forget");
        let mut transaction = database::begin(&self.pool, None).await?;
        // What is being stored for it is waited for.
        plugin::lock_usage(&mut transaction, integration).await?;
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
            .field("location", &self.location)
            .field("keys", &self.keys.ring())
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

/// Marks a point at which a crash has to do no harm: tests end the process there.
pub(crate) fn step(step: &'static str) {
    tracing::debug!(target: "video_host::step", step);
}
