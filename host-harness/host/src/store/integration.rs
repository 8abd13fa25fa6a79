//! Whose data it is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The id of an integration: one organisation's use of one provider, and the namespace of all that
/// is kept for it. 1 to 64 characters of `A-Z`, `a-z`, `0-9`, `-` and `_`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Integration(Arc<str>);

/// A text that is no integration id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an integration id is 1 to 64 characters of A-Z, a-z, 0-9, `-` and `_`, which this is not: {0:?}")]
pub struct IntegrationError(String);

impl Integration {
    /// Longest id, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// The id as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Integration {
    type Err = IntegrationError;

    fn from_str(text: &str) -> Result<Self, IntegrationError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(Self(text.into()));
        }
        Err(IntegrationError(text.chars().take(Self::MAX_LENGTH).collect()))
    }
}

impl fmt::Display for Integration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        for good in ["a", "A-Z_09", &"x".repeat(64)] {
            assert_eq!(good.parse::<Integration>().unwrap().as_str(), good);
        }
        for bad in ["", &"x".repeat(65), "a b", "a/b", "ä", "a\0", "a.b"] {
            assert!(bad.parse::<Integration>().is_err(), "{bad:?}");
        }
    }
}
