//! The mark beside a file whose store was copied to a server: nobody goes on with it by mistake.

use std::io;
use std::path::{Path, PathBuf};

use super::{Location, StoreError, private_file};

/// A file whose store is elsewhere by now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} was copied to {to}, and what is written to one of the two is not in the other. Give the address of that \
     database instead; if the copy was interrupted at its very end, copy again. To go on with the file as it \
     is, remove {}",
    .path.display(),
    .mark.display()
)]
pub struct Moved {
    path: PathBuf,
    mark: PathBuf,
    to: String,
}

/// What marks the file, beside it.
pub(super) fn mark(path: &Path) -> PathBuf {
    private_file::beside(path, "moved")
}

/// The mark of a file, if it has one.
pub(super) fn of(path: &Path) -> io::Result<Option<Moved>> {
    let mark = mark(path);
    if !mark.try_exists()? {
        return Ok(None);
    }
    // That it is there says enough: root may have written it, and this account may not read it.
    let to = std::fs::read_to_string(&mark).unwrap_or_default();
    let to = if to.trim().is_empty() { "another database" } else { to.trim() };
    Ok(Some(Moved { path: path.to_owned(), to: to.to_owned(), mark }))
}

/// Refuses a file that is marked.
pub(super) fn refuse(path: &Path) -> Result<(), StoreError> {
    match of(path) {
        Ok(None) => Ok(()),
        Ok(Some(moved)) => Err(moved.into()),
        Err(source) => Err(StoreError::File { path: path.display().to_string(), source }),
    }
}

/// Marks a file, on the disk.
pub(super) fn set(path: &Path, to: &Location) -> Result<(), StoreError> {
    let (mark, text) = (mark(path), format!("{to}\n"));
    let written = match private_file::create_private(&mark, text.as_bytes()) {
        // The new name is on the disk when the folder is, which replacing sees to.
        Ok(_) => private_file::replace_private(&mark, text.as_bytes()),
        Err(error) => Err(error),
    };
    written.map_err(|source| StoreError::File { path: mark.display().to_string(), source })
}
