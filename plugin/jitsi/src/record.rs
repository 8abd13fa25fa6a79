//! What is remembered between calls: the connection, and the times of each meeting that is to come.
//!
//! Both are lines of text, the first of which is the form's version. They hold no names, no subjects
//! and no rooms.

use crate::bindings::types::Instant;
use crate::room::KEY;

/// The form that this version writes.
const VERSION: &str = "1";

/// The connection. It exists exactly while the integration is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connected {
    /// The server's name, with its port if it is not 443, and its tenant behind a slash if it has some.
    pub(crate) domain: String,
    /// What every room's name begins with; may be empty.
    pub(crate) prefix: String,
    /// What makes rooms unguessable.
    pub(crate) key: [u8; KEY],
}

impl Connected {
    /// As it is stored.
    pub(crate) fn write(&self) -> Vec<u8> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [VERSION, "\n", &self.domain, "\n", &self.prefix, "\n"].concat();
        for byte in self.key {
            for half in [byte >> 4, byte & 15] {
                text.extend(DIGITS.get(usize::from(half)).map(|digit| char::from(*digit)));
            }
        }
        text.into_bytes()
    }

    /// As it was stored; none if this version does not know its form.
    pub(crate) fn read(stored: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(stored).ok()?.split('\n');
        let [version, domain, prefix, digits] = std::array::from_fn(|_| lines.next().unwrap_or_default());
        if version != VERSION || domain.is_empty() || digits.len() != 2 * KEY {
            return None;
        }
        let mut key = [0; KEY];
        for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self { domain: domain.to_owned(), prefix: prefix.to_owned(), key })
    }
}

/// When a meeting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

impl Times {
    /// As they are stored.
    pub(crate) fn write(self) -> Vec<u8> {
        [VERSION, "\n", &self.start.to_string(), "\n", &self.end.to_string()].concat().into_bytes()
    }

    /// As they were stored; none if this version does not know their form.
    pub(crate) fn read(stored: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(stored).ok()?.split('\n');
        if lines.next() != Some(VERSION) {
            return None;
        }
        Some(Self { start: lines.next()?.parse().ok()?, end: lines.next()?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let connected = Connected {
            domain: "meet.example.com:8443".to_owned(),
            prefix: String::new(),
            key: std::array::from_fn(|at| u8::try_from(at * 8).unwrap_or(255)),
        };
        assert_eq!(Connected::read(&connected.write()), Some(connected));
        let times = Times { start: -1, end: i64::MAX };
        assert_eq!(Times::read(&times.write()), Some(times));
    }

    #[test]
    fn what_another_version_wrote_is_not_guessed_at() {
        for stored in ["", "2\nmeet.example.com\n\n00", "1\n\n\n", "1\nmeet.example.com\n\nxyz", "\u{fffd}"] {
            assert_eq!(Connected::read(stored.as_bytes()), None, "{stored}");
            assert_eq!(Times::read(stored.as_bytes()), None, "{stored}");
        }
        assert_eq!(Connected::read(&[b'1', b'\n', 0xff]), None);
    }
}
