//! One key, and what the operator says of the tokens that are signed with it.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use serde_json::{Map, Value, json};

use super::Links;
use crate::jws;

/// A shared secret has at least so many bytes (RFC 7518, 3.2).
const SHORTEST_SECRET: usize = 32;

/// How a token is signed (RFC 7518, 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256: the server has the same secret, as Prosody's `app_secret`.
    Hs256,
    /// RSA (PKCS#1 v1.5) with SHA-256: the server has the public key, and finds it by the key's id.
    Rs256,
}

impl Algorithm {
    /// As tokens and manifests have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
        }
    }
}

/// What the operator says of all tokens of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenNames {
    /// `iss`: who issues them, as the server knows it.
    pub issuer: String,
    /// `aud`: for what service they are.
    pub audience: String,
    /// `sub`: for Jitsi Meet the server's or the tenant's name.
    pub subject: String,
    /// `kid`, in the header: by which the server finds the public key.
    pub key_id: Option<String>,
}

/// A key with which tokens for those who join are signed. Its `Debug` shows no secret.
pub struct SigningKey {
    name: String,
    links: Links,
    names: TokenNames,
    /// In seconds.
    lifetime: i64,
    secret: Secret,
}

enum Secret {
    Hmac(Box<hmac::Key>),
    Rsa(KeyPair),
}

/// Why a key cannot be used. No message contains any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Its name is not one.
    #[error("the key's name {0:?} has to be 1 to 64 characters of a-z, 0-9 and -")]
    Name(String),
    /// A shared secret that could be guessed.
    #[error(
        "the secret of the key {name} has {bytes} bytes, and HS256 takes at least {SHORTEST_SECRET} (RFC 7518, 3.2). \
         Draw a longer one, and give it to the server too"
    )]
    Short {
        /// Which.
        name: String,
        /// How many it has.
        bytes: usize,
    },
    /// The key is something else.
    #[error("the key {0} is no RSA key of 2,048 bits or more in PEM (-----BEGIN PRIVATE KEY-----)")]
    NoRsaKey(String),
}

impl SigningKey {
    /// The longest that a token can hold: an hour.
    pub const LONGEST: Duration = Duration::from_hours(1);
    /// How long it holds unless told: five minutes, which is for the page before the meeting, where people choose
    /// a camera. Who is in the meeting stays when it ends.
    pub const USUAL: Duration = Duration::from_mins(5);

    /// A key: the secret's bytes for HS256, PEM for RS256. Tokens hold for `lifetime`, at most
    /// [`Self::LONGEST`].
    pub fn new(
        name: &str,
        links: Links,
        algorithm: Algorithm,
        key: &[u8],
        names: TokenNames,
        lifetime: Duration,
    ) -> Result<Self, KeyError> {
        if !is_name(name) {
            return Err(KeyError::Name(name.chars().take(100).collect()));
        }
        let secret = match algorithm {
            Algorithm::Hs256 if key.len() < SHORTEST_SECRET => {
                return Err(KeyError::Short { name: name.to_owned(), bytes: key.len() });
            }
            Algorithm::Hs256 => Secret::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, key))),
            Algorithm::Rs256 => {
                Secret::Rsa(jws::rsa_key(key).ok_or_else(|| KeyError::NoRsaKey(name.to_owned()))?)
            }
        };
        let lifetime = lifetime.min(Self::LONGEST).as_secs().max(1);
        let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
        Ok(Self { name: name.to_owned(), links, names, lifetime, secret })
    }

    /// By which the plugin knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its tokens may lead.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        match self.secret {
            Secret::Hmac(_) => Algorithm::Hs256,
            Secret::Rsa(_) => Algorithm::Rs256,
        }
    }

    /// A token that tells `claims`, and what the operator says, at `now` in seconds since 1970.
    pub(super) fn token(
        &self,
        mut claims: Map<String, Value>,
        now: i64,
        id: &str,
    ) -> Result<String, Unspecified> {
        /// By how much the server's clock may be behind this one: a minute, in seconds. Ahead it may be by the
        /// token's life.
        const BEHIND: i64 = 60;
        let TokenNames { issuer, audience, subject, key_id } = &self.names;
        let mut header = json!({ "alg": self.algorithm().name(), "typ": "JWT" });
        if let Some(key_id) = key_id {
            header["kid"] = key_id.as_str().into();
        }
        for (name, value) in [
            ("iss", issuer.as_str().into()),
            ("aud", audience.as_str().into()),
            ("sub", subject.as_str().into()),
            ("jti", id.into()),
            ("iat", now.into()),
            ("nbf", now.saturating_sub(BEHIND).into()),
            ("exp", now.saturating_add(self.lifetime).into()),
        ] {
            claims.insert(name.to_owned(), value);
        }
        jws::compact(&header, &Value::Object(claims), |text| match &self.secret {
            Secret::Hmac(key) => Ok(hmac::sign(key, text).as_ref().to_vec()),
            Secret::Rsa(key) => jws::rsa(key, &RSA_PKCS1_SHA256, text),
        })
    }
}

/// A key's name: what stands in a plugin's section and in a manifest.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("name", &self.name)
            .field("links", &self.links.as_str())
            .field("algorithm", &self.algorithm().name())
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
