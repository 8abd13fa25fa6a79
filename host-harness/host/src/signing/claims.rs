//! What a plugin wants signed: read, looked at, and signed if it is the plugin's to say.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use url::Url;

use super::{Links, SigningKeys};
use crate::store::random;

/// The most that a plugin can have signed, in bytes.
const LONGEST: usize = 8 << 10;

/// Claims that are the host's (RFC 7519, 4.1).
const OURS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Why nothing was signed. No message contains a claim's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// There is no key of this name for the meeting's link.
    #[error("the operator has no key {0:?} for links like this meeting's")]
    UnknownKey(String),
    /// A claim that is the host's.
    #[error("the claim {0:?} is the host's to make")]
    Reserved(&'static str),
    /// No claims.
    #[error("the claims are not one JSON object of at most {LONGEST} bytes")]
    Malformed,
    /// The key does not sign.
    #[error("the key {0:?} cannot sign. The operator has to look at it")]
    Broken(String),
}

/// A token that was signed, and where it may lead.
#[derive(Debug)]
pub(crate) struct Signed {
    token: SecretString,
    pub(crate) links: Links,
}

impl Signed {
    /// The token itself.
    pub(crate) fn token(&self) -> &str {
        self.token.expose_secret()
    }
}

impl SigningKeys {
    /// Signs claims with the key of this name for a meeting with this link, at `now_ms` since 1970.
    pub(crate) fn sign(
        &self,
        key: &str,
        link: &Url,
        claims: &str,
        now_ms: i64,
    ) -> Result<Signed, SigningError> {
        let unknown = || SigningError::UnknownKey(key.chars().take(64).collect());
        let key = self.find(key, link).ok_or_else(unknown)?;
        let claims = read(claims)?;
        let id = URL_SAFE_NO_PAD.encode(random::bytes::<16>());
        let token = key.token(claims, now_ms.div_euclid(1_000), &id);
        let token = token.map_err(|_| SigningError::Broken(key.name().to_owned()))?;
        Ok(Signed { token: token.into(), links: key.links().clone() })
    }
}

/// The claims, if they are a plugin's to make.
pub(super) fn read(text: &str) -> Result<Map<String, Value>, SigningError> {
    if text.len() > LONGEST {
        return Err(SigningError::Malformed);
    }
    let claims: Map<String, Value> = serde_json::from_str(text).map_err(|_| SigningError::Malformed)?;
    match OURS.into_iter().find(|ours| claims.contains_key(*ours)) {
        Some(ours) => Err(SigningError::Reserved(ours)),
        None => Ok(claims),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_hosts_is_refused_however_it_is_spelled() {
        for ours in OURS {
            assert_eq!(read(&format!(r#"{{"room":"a","{ours}":null}}"#)), Err(SigningError::Reserved(ours)));
        }
        assert_eq!(read(r#"{"\u0065xp":1}"#), Err(SigningError::Reserved("exp")));
        assert_eq!(read(r#"{"exp":1,"exp":2}"#), Err(SigningError::Reserved("exp")));
        assert!(read(r#"{"context":{"exp":1}}"#).is_ok(), "inside it means nothing");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let long = format!(r#"{{"room":"{}"}}"#, "a".repeat(LONGEST));
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
        for text in ["", "[]", "null", "1", "{", "{}{}", r#"{"a":1,}"#, &long, &deep] {
            assert_eq!(read(text), Err(SigningError::Malformed), "{text:.40}");
        }
    }
}
