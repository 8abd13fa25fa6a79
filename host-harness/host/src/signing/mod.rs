//! Tokens for those who join: the operator's keys, and what a plugin may have them sign.
//!
//! What holds here:
//! - A plugin says what a token tells, and nothing of who issued it, for whom, and until when: those claims are
//!   the operator's, and a plugin that makes one is refused. What is signed is written anew from what was
//!   read, so that no reader finds another claim in it than the one that was looked at.
//! - A key is used for meetings whose link leads where the operator said, and for no others.
//! - A token is given to the plugin that asked, in the call in which somebody joins, and is kept nowhere.

mod claims;
#[cfg(test)]
mod fuzz;
mod key;
mod links;

use std::fmt;

pub use claims::SigningError;
pub use key::{Algorithm, KeyError, SigningKey, TokenNames};
pub use links::{Links, LinksError};

pub(crate) use claims::Signed;
pub(crate) use key::is_name;

use url::Url;

use crate::store::random;

/// The keys that an operator has for a plugin. Its `Debug` shows no secret.
#[derive(Debug, Default)]
pub struct SigningKeys(Vec<SigningKey>);

/// Two keys of one name for the same links: which of them were to be used?
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are two keys {name} for {links}: leave one of them out")]
pub struct AmbiguousKeys {
    name: String,
    /// As they are written.
    links: String,
}

impl SigningKeys {
    /// These keys: several of one name are for links that begin differently.
    pub fn new(keys: Vec<SigningKey>) -> Result<Self, AmbiguousKeys> {
        for (place, key) in keys.iter().enumerate() {
            let same = |other: &SigningKey| (other.name(), other.links()) == (key.name(), key.links());
            if keys.iter().take(place).any(same) {
                return Err(AmbiguousKeys { name: key.name().to_owned(), links: key.links().to_string() });
            }
        }
        Ok(Self(keys))
    }

    /// Keys of these names that are drawn here, for links of one kind, and the secret that all of them have
    /// (HS256): for who looks at a plugin and is not its operator. An error is that a name is none.
    pub fn drawn<'a>(
        names: impl IntoIterator<Item = &'a str>,
        links: &Links,
    ) -> Result<(Self, [u8; 32]), KeyError> {
        let secret = random::bytes();
        let told = TokenNames {
            issuer: "drawn".to_owned(),
            audience: "drawn".to_owned(),
            subject: "drawn".to_owned(),
            key_id: None,
        };
        let key = |name| {
            SigningKey::new(name, links.clone(), Algorithm::Hs256, &secret, told.clone(), SigningKey::USUAL)
        };
        Ok((Self(names.into_iter().map(key).collect::<Result<_, _>>()?), secret))
    }

    /// Whether there is a key of this name, for any links.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The names of all keys, in the operator's order; a name may come more than once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(SigningKey::name)
    }

    /// The key of this name for a meeting's link: of several the one that says most.
    fn find(&self, name: &str, link: &Url) -> Option<&SigningKey> {
        let fitting = self.0.iter().filter(|key| key.name() == name && key.links().lead_to(link));
        fitting.max_by_key(|key| key.links().length())
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
