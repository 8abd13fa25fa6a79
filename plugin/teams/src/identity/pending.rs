//! Sign-ins that were begun and not ended. A record lives in storage under a digest of its `state`,
//! so that what is stored cannot be used as one.

use serde::Serialize;

use super::{Purpose, pkce};
use crate::bindings::provider::{Error, SignInProblem};
use crate::bindings::types::Instant;
use crate::cloud::Cloud;
use crate::failure;
use crate::host::Host;
use crate::json::Json;
use crate::method::Method;

const PREFIX: &str = "pending/";

/// How long a sign-in may take: the code itself lives about 10 minutes.
const LIFETIME: Instant = 15 * 60 * 1000;

/// A sign-in that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Pending {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// The tenant asked for.
    pub(crate) tenant: String,
    /// Who shall organise the meetings.
    pub(crate) method: Method,
    /// Where the tenant is.
    pub(crate) cloud: &'static Cloud,
    /// The PKCE verifier.
    pub(crate) verifier: String,
    /// What the id token must hold.
    pub(crate) nonce: String,
    /// Where the code was to be sent: the redemption has to repeat it.
    pub(crate) redirect_uri: String,
    created_at: Instant,
}

impl Pending {
    /// A sign-in that begins at `now`, with its verifier and nonce.
    pub(crate) fn new(
        purpose: Purpose,
        tenant: String,
        (method, cloud): (Method, &'static Cloud),
        redirect_uri: String,
        (verifier, nonce): (String, String),
        now: Instant,
    ) -> Self {
        Self { purpose, tenant, method, cloud, verifier, nonce, redirect_uri, created_at: now }
    }

    /// A sign-in as it was stored.
    fn read(stored: &Json<'_>) -> Option<Self> {
        Some(Self {
            purpose: Purpose::named(stored.get("purpose").text()?)?,
            tenant: stored.get("tenant").owned()?,
            method: Method::named(stored.get("method").text()?)?,
            cloud: Cloud::named(stored.get("cloud").text()?)?,
            verifier: stored.get("verifier").owned()?,
            nonce: stored.get("nonce").owned()?,
            redirect_uri: stored.get("redirect_uri").owned()?,
            created_at: stored.get("created_at").number()?,
        })
    }

    fn is_alive(&self, now: Instant) -> bool {
        now.saturating_sub(self.created_at) <= LIFETIME
    }
}

fn key(state: &str) -> String {
    [PREFIX, &pkce::fingerprint(state)].concat()
}

/// The name of the credential in which the authorization of a sign-in is kept until it is checked.
/// The host drops it after an hour, should nobody else.
pub(crate) fn credential(state: &str) -> String {
    credential_of(&key(state))
}

fn credential_of(key: &str) -> String {
    key.chars().take(PREFIX.len() + 32).collect()
}

/// Remembers a sign-in, and forgets those that were never ended.
pub(crate) fn begin(host: &dyn Host, state: &str, pending: &Pending) -> Result<(), Error> {
    let value = serde_json::to_vec(pending)
        .map_err(|_| failure::internal("The sign-in could not be written as JSON."))?;
    let now = host.now();
    each_key(host, |key| {
        let alive = read(host, key)?.is_some_and(|pending| pending.is_alive(now));
        if alive { Ok(()) } else { forget(host, key) }
    })?;
    host.set(&key(state), &value).map_err(failure::storage)
}

/// Takes a sign-in out of the store: it can be ended once, whatever comes of it.
pub(crate) fn take(host: &dyn Host, state: &str, purpose: Purpose) -> Result<Pending, Error> {
    let key = key(state);
    let found = read(host, &key)?;
    host.delete(&key).map_err(failure::storage)?;
    let not_ours = |message| failure::sign_in_failed(SignInProblem::NotOurs, message);
    let pending = found
        .ok_or_else(|| not_ours("This sign-in was not begun here, or was ended before. Start again."))?;
    if pending.purpose != purpose {
        return Err(not_ours("This sign-in was begun for another purpose. Start again."));
    }
    if !pending.is_alive(host.now()) {
        return Err(failure::sign_in_failed(
            SignInProblem::Expired,
            "The sign-in took longer than 15 minutes. Start again.",
        ));
    }
    Ok(pending)
}

/// Forgets every sign-in that was begun, and its authorization.
pub(crate) fn forget_all(host: &dyn Host) -> Result<(), Error> {
    each_key(host, |key| {
        host.discard(&credential_of(key)).map_err(failure::credential)?;
        forget(host, key)
    })
}

fn read(host: &dyn Host, key: &str) -> Result<Option<Pending>, Error> {
    let value = host.get(key).map_err(failure::storage)?;
    Ok(value.and_then(|value| Pending::read(&Json::read(&value)?)))
}

fn forget(host: &dyn Host, key: &str) -> Result<(), Error> {
    host.delete(key).map_err(failure::storage)
}

fn each_key(host: &dyn Host, mut visit: impl FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
    let mut cursor: Option<String> = None;
    loop {
        let page = host.list(PREFIX, cursor.as_deref()).map_err(failure::storage)?;
        for key in &page.keys {
            visit(key)?;
        }
        if page.next.is_none() || page.next == cursor {
            return Ok(());
        }
        cursor = page.next;
    }
}
