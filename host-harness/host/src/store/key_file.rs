//! The operator's file of encryption keys: made on the first run, added to, taken from.

use std::fs::{File, read_to_string};
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{KeyRing, KeyRingError, private_file, random};

/// A file of encryption keys, in the form that [`KeyRing::parse`] reads. Whoever loses it loses what was sealed
/// with it: it belongs into the backup, but not into the same one as the database.
///
/// Changes are whole or not at all, keep the file's owner, and take turns among processes over an empty file
/// `.lock` beside it. All functions block for the time of a small read or write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// The file at `path`, whether it exists or not.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Reads it, and warns if others on this machine could.
    pub fn load(&self) -> Result<KeyRing, KeyRingError> {
        let text = self.text()?;
        warn_if_readable_by_others(&self.0);
        KeyRing::parse(&text)
    }

    /// Reads it; on the first run it is created with one new key, readable by its owner alone.
    pub fn load_or_create(&self) -> Result<KeyRing, KeyRingError> {
        let (_, line) = new_key();
        if private_file::create_private(&self.0, line.as_bytes()).map_err(|error| self.failed(error))? {
            tracing::info!(path = %self.0.display(), "made a new encryption key: keep a copy of it");
        }
        self.load()
    }

    /// Puts a new key in front of the others, and answers with its id. A running host seals with it from
    /// [`Store::reload_keys`](super::Store::reload_keys) on, or when it first meets what another process
    /// sealed with it.
    pub fn add(&self) -> Result<String, KeyRingError> {
        let _turn = self.take_turn()?;
        let text = self.text()?;
        KeyRing::parse(&text)?;
        let (id, line) = new_key();
        self.replace(&Zeroizing::new([line.as_str(), &text].concat()))?;
        Ok(id)
    }

    /// Takes a key away for good. Ask [`Store::retire_key`](super::Store::retire_key) first whether it still
    /// seals something. The active key is refused, and one that is not there.
    pub fn remove(&self, id: &str) -> Result<(), KeyRingError> {
        let _turn = self.take_turn()?;
        let text = self.text()?;
        let ring = KeyRing::parse(&text)?;
        if ring.active() == id {
            return Err(KeyRingError::Active(id.to_owned()));
        }
        if !ring.ids().any(|known| known == id) {
            return Err(KeyRingError::Unknown(id.to_owned()));
        }
        let mut kept = Zeroizing::new(String::with_capacity(text.len()));
        for line in text.lines() {
            if line.trim_start().starts_with('#') {
                kept.extend([line, "\n"]);
                continue;
            }
            let is_kept = |entry: &&str| entry.split(':').next().is_some_and(|its| its.trim() != id);
            let mut entries = line.split(',').filter(is_kept).peekable();
            if entries.peek().is_some() {
                while let Some(entry) = entries.next() {
                    kept.extend([entry, if entries.peek().is_some() { "," } else { "\n" }]);
                }
            }
        }
        self.replace(&kept)
    }

    fn text(&self) -> Result<Zeroizing<String>, KeyRingError> {
        read_to_string(&self.0).map(Zeroizing::new).map_err(|error| self.failed(error))
    }

    fn replace(&self, text: &str) -> Result<(), KeyRingError> {
        private_file::replace_private(&self.0, text.as_bytes()).map_err(|error| self.failed(error))
    }

    /// Until the file is dropped, nobody else changes the keys.
    fn take_turn(&self) -> Result<File, KeyRingError> {
        let lock = private_file::beside(&self.0, "lock");
        let open = || {
            let file = private_file::private_options().create(true).truncate(false).open(lock)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> KeyRingError {
        KeyRingError::File { path: self.0.display().to_string(), source }
    }
}

/// The id and the line of a new key.
fn new_key() -> (String, Zeroizing<String>) {
    let id = format!("k{:016x}", random::bits());
    let key = Zeroizing::new(STANDARD.encode(*Zeroizing::new(random::bytes::<32>())));
    let line = Zeroizing::new([id.as_str(), ":", key.as_str(), "\n"].concat());
    (id, line)
}

#[cfg(unix)]
fn warn_if_readable_by_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let readable = std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
    if readable {
        tracing::warn!(path = %path.display(), "others on this machine can read the encryption keys: chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_if_readable_by_others(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, byte: u8) -> String {
        format!("{id}:{}", STANDARD.encode([byte; 32]))
    }

    fn file_of(text: &str) -> (tempfile::TempDir, KeyFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::new(folder.path().join("keys"));
        assert!(private_file::create_private(file.path(), text.as_bytes()).unwrap());
        (folder, file)
    }

    #[test]
    fn a_new_key_comes_first_and_the_others_stay_as_they_were() {
        let before = format!("# ours\n{}\n", line("k1", 1));
        let (_folder, file) = file_of(&before);
        let id = file.add().unwrap();
        assert_eq!(file.load().unwrap().ids().collect::<Vec<_>>(), [id.as_str(), "k1"]);
        assert!(read_to_string(file.path()).unwrap().ends_with(&before));
    }

    #[test]
    fn many_who_add_at_once_lose_no_key() {
        let (_folder, file) = file_of(&line("k1", 1));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| file.add().unwrap());
            }
        });
        assert_eq!(file.load().unwrap().ids().count(), 9);
    }

    #[test]
    fn a_key_is_taken_out_from_among_others_and_comments_stay() {
        let text = format!(
            "{}\n# k1 is old\n{},{}\n{}\n",
            line("k3", 3),
            line("k2", 2),
            line("k1", 1),
            line("k0", 9)
        );
        let (_folder, file) = file_of(&text);
        file.remove("k1").unwrap();
        file.remove("k0").unwrap();
        let expected = format!("{}\n# k1 is old\n{}\n", line("k3", 3), line("k2", 2));
        assert_eq!(read_to_string(file.path()).unwrap(), expected);
        assert!(matches!(file.remove("k3"), Err(KeyRingError::Active(id)) if id == "k3"));
        assert!(matches!(file.remove("k1"), Err(KeyRingError::Unknown(id)) if id == "k1"));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_stays_for_its_owner_alone_and_a_link_stays_a_link() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, file) = file_of(&line("k1", 1));
        let link = KeyFile::new(folder.path().join("link"));
        std::os::unix::fs::symlink(file.path(), link.path()).unwrap();
        link.add().unwrap();
        assert!(link.path().is_symlink());
        let mode = std::fs::metadata(file.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode, file.load().unwrap().ids().count()), (0o600, 2));
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 3, "keys, link, and the lock");
    }
}
