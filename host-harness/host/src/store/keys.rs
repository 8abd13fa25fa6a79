//! The keys that seal what is kept.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The encryption keys by their ids. The first one is active: it seals what is written, the others
/// only open what was sealed before. Cheap to clone; its `Debug` shows ids only.
///
/// Each key is for AES-256-GCM with random nonces, which is safe for 2^32 sealings under one key
/// (NIST SP 800-38D, 8.3): at a hundred writes a second, more than a year. Before that, put a new key in
/// front ([`KeyFile::add`](super::KeyFile::add)) and call [`Store::reseal`](super::Store::reseal).
#[derive(Clone)]
pub struct KeyRing(Arc<[Key]>);

struct Key {
    id: String,
    sealing: RandomizedNonceKey,
    /// Makes further keys for other uses, so that no key has two.
    derivation: hmac::Key,
}

/// Why there is no key ring. No message contains a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The text has no key at all.
    #[error("there is no encryption key: write one as `id:key`, the key being 32 bytes in base64")]
    Empty,
    /// A line, counted from one, is no key.
    #[error("line {line} of the encryption keys is no key: {reason}")]
    Line {
        /// Which one.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file can neither be read nor be written.
    #[error("the encryption keys in {path} cannot be read or written: {source}")]
    File {
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The key that seals what is written cannot be taken away.
    #[error(
        "the encryption key `{0}` is the active one: add a new one, reseal what is stored, and remove it then"
    )]
    Active(String),
    /// There is no such key.
    #[error("there is no encryption key `{0}`")]
    Unknown(String),
}

impl KeyRing {
    /// Longest key id, in characters.
    pub const MAX_ID_LENGTH: usize = 64;

    /// Reads keys from the text of a file or of an environment variable: one `id:key` a line (or
    /// separated by commas), the key being 32 bytes in base64. The first is the active one. Empty
    /// lines and lines that start with `#` count for nothing.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys = Vec::<Key>::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with('#') {
                continue;
            }
            for entry in line.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
                let key =
                    Key::parse(entry).map_err(|reason| KeyRingError::Line { line: index + 1, reason })?;
                if keys.iter().any(|known| known.id == key.id) {
                    return Err(KeyRingError::Line { line: index + 1, reason: "its id came before" });
                }
                keys.push(key);
            }
        }
        if keys.is_empty() {
            return Err(KeyRingError::Empty);
        }
        Ok(Self(keys.into()))
    }

    /// The id of the key that seals what is written.
    pub fn active(&self) -> &str {
        &self.0[0].id
    }

    /// The ids of all keys, the active one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// A key of the active one's making, for signing what only this host may have written. Another
    /// `purpose` gives another key.
    pub(super) fn signing_key(&self, purpose: &str) -> hmac::Key {
        let derived = hmac::sign(&self.0[0].derivation, purpose.as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
    }

    pub(super) fn active_key(&self) -> (&str, &RandomizedNonceKey) {
        (&self.0[0].id, &self.0[0].sealing)
    }

    pub(super) fn key(&self, id: &str) -> Option<&RandomizedNonceKey> {
        self.0.iter().find(|key| key.id == id).map(|key| &key.sealing)
    }
}

impl Key {
    fn parse(entry: &str) -> Result<Self, &'static str> {
        let (id, key) = entry.split_once(':').ok_or("it has no `:` between id and key")?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if id.is_empty() || id.len() > KeyRing::MAX_ID_LENGTH || !id.bytes().all(allowed) {
            return Err("its id is not 1 to 64 characters of A-Z, a-z, 0-9, `-`, `_` and `.`");
        }
        let bytes = Zeroizing::new(STANDARD.decode(key.trim()).map_err(|_| "its key is not base64")?);
        let sealing =
            RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| "its key is not of 32 bytes")?;
        let derivation = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        Ok(Self { id: id.to_owned(), sealing, derivation })
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.ids().collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, byte: u8) -> String {
        format!("{id}:{}", STANDARD.encode([byte; 32]))
    }

    #[test]
    fn the_first_key_is_active_and_the_others_are_known() {
        let text = format!("# rotated\n{}\n\n{}\n", line("new", 1), line("old", 2));
        let ring = KeyRing::parse(&text).unwrap();
        assert_eq!(ring.active(), "new");
        assert_eq!(ring.ids().collect::<Vec<_>>(), ["new", "old"]);
        let ring = KeyRing::parse(&format!("{},{}", line("a", 1), line("b", 2))).unwrap();
        assert_eq!(ring.ids().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_never_shown() {
        for (text, expected) in [
            ("\nonlytext".to_owned(), "line 2 "),
            ("k:c2VjcmV0".to_owned(), "not of 32 bytes"),
            ("k:!!secret".to_owned(), "not base64"),
            (format!("{}\n{}", line("k", 1), line("k", 2)), "came before"),
            (" \n# nothing\n".to_owned(), "no encryption key"),
        ] {
            let message = KeyRing::parse(&text).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(!message.contains("c2Vj") && !message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn debug_shows_ids_only() {
        let shown = format!("{:?}", KeyRing::parse(&line("k1", 7)).unwrap());
        assert_eq!(shown, r#"KeyRing(["k1"])"#);
    }
}
