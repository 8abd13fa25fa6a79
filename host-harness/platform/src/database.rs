//! The database behind the platform: which one, its tables, and how to write to it.
//!
//! The types of the database stand here and nowhere else, so that another one is a change of this
//! file.

use sqlx::migrate::Migrator;
use sqlx::{Sqlite, SqlitePool};

/// The database's kind.
pub(crate) type Kind = Sqlite;
/// Its connections.
pub(crate) type Pool = SqlitePool;
/// One of them.
pub(crate) type Connection = sqlx::SqliteConnection;
/// A row that it answered with.
pub(crate) type Row = sqlx::sqlite::SqliteRow;
/// Changes that happen together.
pub(crate) type Transaction = sqlx::Transaction<'static, Kind>;

/// Taking the write lock at the start makes writers wait for each other instead of failing half-way.
const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// Rows of one statement: `SQLite` binds 32,766 values at most, and no row here has twenty.
pub(crate) const ROWS_AT_ONCE: usize = 1_000;

/// The platform's database did not answer. What was asked for did not happen; ask again.
#[derive(Debug, thiserror::Error)]
#[error("The platform's database did not answer, so nothing was saved ({0}). Try again in a minute.")]
pub struct DatabaseError(#[source] pub(crate) sqlx::Error);

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        // Here, because every statement that fails comes by.
        video_host::watch::store_failed("platform");
        Self(error)
    }
}

/// The platform's tables, counted apart from the host's in the same file.
pub(crate) fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("./migrations");
    migrations.dangerous_set_table_name("video_platform_migrations");
    migrations
}

/// Begins changes that happen together.
pub(crate) async fn begin(pool: &Pool) -> Result<Transaction, DatabaseError> {
    Ok(pool.begin_with(BEGIN_WRITE).await?)
}

/// Makes them last, and marks the point at which a crash has to do no harm: tests end the process
/// there.
pub(crate) async fn commit(transaction: Transaction, step: &'static str) -> Result<(), DatabaseError> {
    transaction.commit().await?;
    tracing::debug!(target: "video_host::step", step);
    Ok(())
}
