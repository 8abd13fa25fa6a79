//! The connections to the `SQLite` file, and taking turns over what must not be done twice at once.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{StoreError, private_file};

/// Begins a transaction that writes. Taking the write lock at the start makes writers wait for each
/// other instead of failing half-way (<https://sqlite.org/lang_transaction.html>, 2.2). `PostgreSQL`
/// begins all its transactions with `BEGIN`.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// Each connection has a thread of its own in sqlx. Readers do not wait for writers in a write-ahead
/// log, so a few are enough for many calls at once.
const MAX_CONNECTIONS: u32 = 8;

/// How long a connection, and then the write lock, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The host's own migrations. They are counted apart from those of other crates in the same file.
pub(super) fn own_migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("./migrations");
    migrations.dangerous_set_table_name("video_host_migrations");
    migrations
}

/// Waits until no other process (or task of this one) sets the database up, and keeps the others
/// waiting until the file is dropped. Neither switching to a write-ahead log nor sqlx's migrations of
/// `SQLite` bear being done twice at once.
pub(super) async fn take_turn(lock_file: &Path) -> Result<File, StoreError> {
    let path = lock_file.to_owned();
    let fail = |source| StoreError::File { path: lock_file.display().to_string(), source };
    let locked = tokio::task::spawn_blocking(move || {
        let file = private_file::private_options().create(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(file)
    });
    locked.await.map_err(std::io::Error::other).flatten().map_err(fail)
}

/// Connects to the database, creating the file if there is none.
pub(super) async fn connect(path: &Path) -> Result<SqlitePool, StoreError> {
    let fail = |source| StoreError::File { path: path.display().to_string(), source };
    let owned = path.to_owned();
    let created = tokio::task::spawn_blocking(move || private_file::create_private(&owned, b""));
    created.await.map_err(std::io::Error::other).flatten().map_err(fail)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        // A connection to a file does not go stale: neither ask it before every use, nor reopen it
        // and prepare every statement anew.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    Ok(pool)
}
