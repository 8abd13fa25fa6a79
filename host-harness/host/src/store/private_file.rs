//! Files that only their owner can read, created whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::random;

/// Creates `path` with `contents`, readable by its owner alone, unless there is such a file already.
/// Tells whether it was created. However many processes try at once, one of them creates it, and
/// nobody sees it half written.
///
/// The name is given to a file that is already closed. That matters for a database: closing any
/// handle of a file drops the locks that `SQLite` holds on it elsewhere in the process
/// (<https://sqlite.org/howtocorrupt.html>, 2.2).
pub(super) fn create_private(path: &Path, contents: &[u8]) -> io::Result<bool> {
    if path.try_exists()? {
        return Ok(false);
    }
    let temporary = beside(path, &format!("{:016x}.new", random::bits()));
    let created = write_private(&temporary, contents).and_then(|()| match fs::hard_link(&temporary, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    });
    // The second name has done its work; if it cannot be removed, an unneeded file stays.
    let _ = fs::remove_file(&temporary);
    created
}

/// Puts `contents` in the place of a file's, whole or not at all, whoever reads it meanwhile and whenever the
/// machine stops. It stays its owner's, whoever replaces it, and readable by its owner alone. A link to a file
/// stays one.
pub(super) fn replace_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let path = path.canonicalize()?;
    let temporary = beside(&path, &format!("{:016x}.new", random::bits()));
    let replaced = write_private(&temporary, contents)
        .and_then(|()| keep_owner(&path, &temporary))
        .and_then(|()| fs::rename(&temporary, &path));
    if replaced.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    replaced?;
    // The new name is on the disk when the folder is.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Gives `file` the owner of another file or folder: what root replaces or puts back has to be readable for the
/// account that the host runs as.
#[cfg(unix)]
pub(super) fn keep_owner(of: &Path, file: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let (wanted, is) = (fs::metadata(of)?, fs::metadata(file)?);
    if (wanted.uid(), wanted.gid()) == (is.uid(), is.gid()) {
        return Ok(());
    }
    chown(file, Some(wanted.uid()), Some(wanted.gid()))
}

#[cfg(not(unix))]
pub(super) fn keep_owner(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// `path` with `.suffix` behind its whole name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Options for a file that is created readable by its owner alone.
pub(super) fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = private_options().create_new(true).open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}
