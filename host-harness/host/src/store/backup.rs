//! Copies of a store while hosts use it, and back. For `SQLite`; a `PostgreSQL` has tools of its own.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::{Moved, moved, private_file};

/// A copy that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its size in bytes.
    pub bytes: u64,
    /// Ids of the encryption keys that it cannot be used without. They are not in it.
    pub keys: Vec<String>,
}

/// Why there is no copy, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no {0}")]
    Missing(PathBuf),
    /// The store is in another database by now, and a copy of the file would save what nobody uses.
    #[error(transparent)]
    Moved(#[from] Moved),
    /// Something is there already; nothing is written over.
    #[error("there is a {0} already, and nothing is written over: name another file, or move it away")]
    Exists(PathBuf),
    /// The copy is damaged, or no store of a host.
    #[error("{path} cannot be used: {problem}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The database did not answer.
    #[error("{path}: {source}")]
    Database {
        /// Which file.
        path: PathBuf,
        /// What it said.
        #[source]
        source: sqlx::Error,
    },
    /// A file could not be written or read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

/// Copies the database file `from` to the new file `to`, readable by its owner alone, and checks the copy.
/// Hosts may use the one that is copied meanwhile: the copy is how it was in one moment (`VACUUM INTO`,
/// <https://sqlite.org/lang_vacuum.html>). Its tables are copied as they are, also those of another version.
pub async fn back_up(from: &Path, to: &Path) -> Result<Backup, BackupError> {
    require(from)?;
    if let Some(moved) =
        moved::of(from).map_err(|source| BackupError::File { path: from.to_owned(), source })?
    {
        return Err(moved.into());
    }
    create(to)?;
    let copied = copy(from, to).await;
    let checked = match copied {
        Ok(()) => check(to).await,
        Err(error) => Err(error),
    };
    if checked.is_err() {
        // It is ours, and nobody is to take it for a copy.
        let _ = std::fs::remove_file(to);
    }
    checked
}

/// Puts a copy in the place of a database that is not there: checks `from`, and copies it to the new file
/// `to`, which no host uses yet. It belongs to whom its folder belongs to, whoever puts it back.
pub async fn restore(from: &Path, to: &Path) -> Result<Backup, BackupError> {
    require(from)?;
    // Another database's log would be played into this one, and its mark would have hosts refuse it.
    let mut log = to.as_os_str().to_owned();
    log.push("-wal");
    for left in [PathBuf::from(log), moved::mark(to)] {
        if left.exists() {
            return Err(BackupError::Exists(left));
        }
    }
    check(from).await?;
    let restored = back_up(from, to).await?;
    let given = to.parent().map_or(Ok(()), |folder| private_file::keep_owner(folder, to));
    given.map_err(|source| BackupError::File { path: to.to_owned(), source })?;
    Ok(restored)
}

fn require(path: &Path) -> Result<(), BackupError> {
    if path.is_file() { Ok(()) } else { Err(BackupError::Missing(path.to_owned())) }
}

/// An empty file, into which `SQLite` copies as if there were none.
fn create(path: &Path) -> Result<(), BackupError> {
    match private_file::create_private(path, b"") {
        Ok(true) => Ok(()),
        Ok(false) => Err(BackupError::Exists(path.to_owned())),
        Err(source) => Err(BackupError::File { path: path.to_owned(), source }),
    }
}

async fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |source| BackupError::Database { path: from.to_owned(), source };
    let text = to.to_str().ok_or_else(|| BackupError::Damaged {
        path: to.to_owned(),
        problem: "its name is no UTF-8".to_owned(),
    })?;
    let options = SqliteConnectOptions::new()
        .filename(from)
        .create_if_missing(false)
        // Of the copy: it is on the disk when this is done.
        .synchronous(SqliteSynchronous::Full);
    let mut connection = options.connect().await.map_err(failed)?;
    let copied = sqlx::query("VACUUM INTO $1").bind(text).execute(&mut connection).await;
    connection.close().await.map_err(failed)?;
    copied.map(drop).map_err(failed)
}

/// Whether a file that nobody uses is a whole store.
async fn check(path: &Path) -> Result<Backup, BackupError> {
    let failed = |source| BackupError::Database { path: path.to_owned(), source };
    let damaged = |problem: String| BackupError::Damaged { path: path.to_owned(), problem };
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).read_only(true);
    let mut connection = options.connect().await.map_err(failed)?;
    let found = look(&mut connection).await;
    connection.close().await.map_err(failed)?;
    let (said, orphans, keys) = found.map_err(|error| match error {
        // "file is not a database", "no such table".
        sqlx::Error::Database(said) => damaged(said.to_string()),
        error => failed(error),
    })?;
    if said != "ok" {
        return Err(damaged(said));
    }
    if orphans > 0 {
        return Err(damaged(format!("{orphans} rows refer to what is not there")));
    }
    let file = std::fs::metadata(path);
    let bytes = file.map_err(|source| BackupError::File { path: path.to_owned(), source })?.len();
    Ok(Backup { bytes, keys })
}

async fn look(connection: &mut SqliteConnection) -> Result<(String, usize, Vec<String>), sqlx::Error> {
    let said = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut *connection).await?;
    let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *connection).await?.len();
    let keys = sqlx::query_scalar("SELECT key_id FROM sealing_key ORDER BY key_id").fetch_all(connection);
    Ok((said, orphans, keys.await?))
}
