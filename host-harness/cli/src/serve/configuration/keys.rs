//! What the file says about the encryption keys.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use toml::Spanned;
use video_host::store::Location;

use super::File;

/// The file of the encryption keys, if one is named. The first start makes it. Where the store is a file that is
/// there already, so has the file of its keys to be: new ones would open nothing of it.
pub(super) fn keys(
    file: &File,
    written: Option<&Spanned<PathBuf>>,
    store: &Location,
) -> Result<Option<PathBuf>> {
    let Some(written) = written else { return Ok(None) };
    let (at, keys) = (file.at(&written.span()), file.beside(written.get_ref()));
    match fs::metadata(&keys) {
        Ok(found) => ensure!(
            found.is_file(),
            "{at}: {} is no file. Name the file of the encryption keys",
            keys.display()
        ),
        Err(error) => {
            ensure!(
                has_a_folder(&keys),
                "{at}: {} cannot be the file of the encryption keys: there is no folder to make it in",
                keys.display()
            );
            if let Some(store) = store.path().filter(|store| store.exists()) {
                bail!(
                    "{at}: {} cannot be read ({error}), and {} is there already, sealed with keys of its own. \
                     Name their file, or put it back from where its copy is kept",
                    keys.display(),
                    store.display()
                );
            }
        }
    }
    Ok(Some(keys))
}

/// Whether there is a folder to make something in. A mere name is for the folder that the program runs in.
pub(super) fn has_a_folder(path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder.as_os_str().is_empty() || folder.is_dir())
}
