//! Why the store has no answer.

use super::KeyRingError;

/// Why the store could not do what it was asked. The messages are for the operator: they name keys
/// and tables, and contain nothing that was stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database could not be read or written. Nothing was changed.
    #[error("the database did not answer: {0}")]
    Database(#[from] sqlx::Error),
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
    /// Sealing failed, which takes a value larger than any that is accepted here.
    #[error("a value could not be encrypted")]
    Sealing,
}
