//! Why the store has no answer.

use super::{KeyRingError, LocationError, Moved};

/// Why the store could not do what it was asked. The messages are for the operator: they name keys
/// and tables, and contain nothing that was stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database could not be read or written. Nothing was changed.
    #[error("the database did not answer: {0}")]
    Database(#[source] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("the database's tables could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The file could not be created or locked.
    #[error("the database file {path} cannot be created or opened: {source}")]
    File {
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The database's address is none.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The store is in another database by now.
    #[error(transparent)]
    Moved(#[from] Moved),
    /// There is no key ring.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// Something was sealed with a key that is not in the key ring.
    #[error(
        "the encryption key `{0}` is missing: what is stored was sealed with it. Add its line to the \
         encryption keys again, behind the active one"
    )]
    MissingKey(String),
    /// There is a key of the right id, and it does not open what was sealed.
    #[error(
        "the encryption key `{0}` is not the key that sealed what is stored. Put the right key in its \
         place; if it is the right one, the database was altered"
    )]
    WrongKey(String),
    /// A key that was to be taken away still seals something.
    #[error(
        "the encryption key `{id}` still seals {values} stored values: reseal what is stored, and remove the \
         key then"
    )]
    KeyInUse {
        /// Its id.
        id: String,
        /// How many values it seals.
        values: u64,
    },
    /// This process writes with a key that was taken away meanwhile, and knows of no newer one.
    #[error(
        "the encryption key `{0}` was removed while this process still writes with it: give the process the \
         present encryption keys"
    )]
    RetiredKey(String),
    /// Sealing failed, which takes a value larger than any that is accepted here.
    #[error("a value could not be encrypted")]
    Sealing,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // Here, because every statement that fails comes by.
        crate::watch::store_failed("host");
        Self::Database(error)
    }
}

impl StoreError {
    /// Whether a transaction was undone for no fault of its own, so that it may be done once more.
    pub(super) fn is_undone(&self) -> bool {
        matches!(self, Self::Database(error) if super::database::is_undone(error))
    }

    /// Whether newer keys than this process has might be the remedy.
    pub(super) fn is_of_keys(&self) -> bool {
        match self {
            Self::MissingKey(_) | Self::RetiredKey(_) => true,
            // Rows refer to the key that seals them: there is no such key any more.
            Self::Database(error) => {
                error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
            }
            _ => false,
        }
    }
}
