//! The console's tables, in the database of the host's store: what one host notes, all know.

use sqlx::AnyPool;
use sqlx::migrate::Migrator;
use video_host::store::{Store, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
/// Where they are counted.
const MIGRATIONS_TABLE: &str = "video_console_migrations";

/// The console's tables with where they are counted, for who copies a store with
/// [`copy`](video_host::store::copy).
pub fn migrations() -> [(&'static Migrator, &'static str); 1] {
    [(&MIGRATIONS, MIGRATIONS_TABLE)]
}

/// Brings the tables up to date.
pub(crate) async fn open(store: &Store) -> Result<AnyPool, StoreError> {
    store.migrate(&MIGRATIONS, MIGRATIONS_TABLE).await?;
    Ok(store.pool().clone())
}

/// The store did not answer. What was asked for did not happen; ask again.
#[derive(Debug, thiserror::Error)]
#[error("The pages' database did not answer, so nothing was saved ({0}). Try again in a minute.")]
pub struct ConsoleDatabaseError(#[source] sqlx::Error);

impl From<sqlx::Error> for ConsoleDatabaseError {
    fn from(error: sqlx::Error) -> Self {
        video_host::watch::store_failed("console");
        Self(error)
    }
}
