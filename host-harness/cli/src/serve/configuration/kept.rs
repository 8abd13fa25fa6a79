//! What other commands than `serve` take from its file: where the host keeps what it has, and what its pages are
//! told.

use std::path::{Path, PathBuf};

use anyhow::Result;
use video_console::Settings;
use video_host::HostConfig;
use video_host::store::Location;

use super::{address, location, open, sessions};

/// What a host keeps, and where.
pub(crate) struct Kept {
    pub(crate) settings: Settings,
    pub(crate) data: PathBuf,
    /// The file of its encryption keys.
    pub(crate) keys: PathBuf,
    pub(crate) store: Location,
}

/// Reads the file for what the host keeps. What else it names may be missing: a secret that a supervisor hands to
/// the host is not there while the host is down.
pub(crate) fn kept(name: &Path) -> Result<Kept> {
    let (file, raw) = open(name)?;
    let settings = sessions(&file, &raw.sessions, address(&file, &raw.address)?)?;
    let data = file.beside(raw.data.get_ref());
    let keys =
        raw.keys.as_ref().map_or_else(|| data.join(HostConfig::KEYS), |keys| file.beside(keys.get_ref()));
    Ok(Kept { settings, store: location(&file, &raw)?, data, keys })
}
