//! The database behind the platform: which one, its tables, and how to write to it.
//!
//! The types of the database stand here and nowhere else. What `SQLite` and `PostgreSQL` say differently
//! stands in the host's store.

mod placeholders;

use sqlx::any::{AnyRow, AnyTypeInfo, AnyTypeInfoKind, AnyValueRef};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyConnection, AnyPool, Decode, Type, ValueRef as _};
use video_host::store;

pub(crate) use placeholders::BuildFor;

/// The database's kind: `SQLite` or `PostgreSQL`, whichever the store is in.
pub(crate) type Kind = Any;
/// Its connections.
pub(crate) type Pool = AnyPool;
/// One of them.
pub(crate) type Connection = AnyConnection;
/// A row that it answered with.
pub(crate) type Row = AnyRow;
/// Changes that happen together.
pub(crate) type Transaction = store::Transaction;

/// Whose turn it is to change what the platform keeps: one transaction's of all hosts, as on `SQLite`. What
/// is read in a transaction holds until it ends. See `docs/decisions/0021-two-databases.md`.
const TURN: i64 = 0x7669_6465_6f00_0001;

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

/// The platform's tables.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
/// Where they are counted, apart from the host's in the same database.
pub(crate) const MIGRATIONS_TABLE: &str = "video_platform_migrations";

/// The platform's tables with where they are counted, for who copies a store with
/// [`copy`](video_host::store::copy).
pub fn migrations() -> [(&'static Migrator, &'static str); 1] {
    [(&MIGRATIONS, MIGRATIONS_TABLE)]
}

/// Begins changes that happen together.
pub(crate) async fn begin(pool: &Pool) -> Result<Transaction, DatabaseError> {
    Ok(store::begin(pool, Some(TURN)).await?)
}

/// Yes or no, from a column that is BOOLEAN on `PostgreSQL` and a number on `SQLite`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flag(pub(crate) bool);

impl Type<Any> for Flag {
    fn type_info() -> AnyTypeInfo {
        <bool as Type<Any>>::type_info()
    }

    fn compatible(info: &AnyTypeInfo) -> bool {
        info.kind() == AnyTypeInfoKind::Bool || info.kind().is_integer()
    }
}

impl<'r> Decode<'r, Any> for Flag {
    fn decode(value: AnyValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
        if value.type_info().kind() == AnyTypeInfoKind::Bool {
            return Ok(Self(<bool as Decode<'r, Any>>::decode(value)?));
        }
        Ok(Self(<i64 as Decode<'r, Any>>::decode(value)? != 0))
    }
}

/// Makes them last, and marks the point at which a crash has to do no harm: tests end the process
/// there.
pub(crate) async fn commit(transaction: Transaction, step: &'static str) -> Result<(), DatabaseError> {
    transaction.commit().await?;
    tracing::debug!(target: "video_host::step", step);
    Ok(())
}
