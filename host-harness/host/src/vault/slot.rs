//! Credentials as this process knows them: opened once, and checked against the store at every use.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use http::HeaderValue;
use secrecy::ExposeSecret as _;
use tokio::sync::watch;

use super::credential::Credential;
use super::{CredentialFailure, locked};
use crate::store::Integration;

/// How long nothing is tried ahead of time after a failure, and saving is not tried again.
const PAUSE_MS: i64 = 10_000;

/// The longest wish of an endpoint's to be left alone that is followed.
const LONGEST_ASKED_MS: i64 = 10 * 60 * 1_000;

/// A credential with the version of its row.
pub(super) struct Held {
    pub(super) version: i64,
    pub(super) credential: Credential,
    /// The endpoint gave it in place of `version`, and the store would not take it: it is here only.
    pub(super) unsaved: bool,
}

/// An access token, to be used for one request. Its `Debug` shows nothing of it. Cheap to clone.
#[derive(Clone)]
pub struct AccessToken(pub(super) Arc<Held>);

impl AccessToken {
    /// The token itself.
    pub fn expose(&self) -> &str {
        self.0.credential.access_token.expose_secret()
    }

    /// The value of an `Authorization` header, marked as sensitive: HTTP/2 keeps it out of its
    /// tables, and `Debug` does not show it.
    pub fn authorization(&self) -> HeaderValue {
        // What cannot be in a header is refused when the token endpoint gives it.
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.expose()))
            .unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken([redacted])")
    }
}

/// What a renewal came to, for all who waited for it.
pub(super) type Outcome = Option<Result<Arc<Held>, CredentialFailure>>;

/// One credential's place in memory.
#[derive(Default)]
pub(super) struct Slot {
    held: Mutex<Option<Arc<Held>>>,
    /// The renewal under way, if its sender still lives.
    pub(super) flight: Mutex<Option<watch::Receiver<Outcome>>>,
    /// When the store last said that `held` is what it has.
    seen_at: AtomicI64,
    pub(super) pauses: Pauses,
}

/// Until when what failed is not tried again, in milliseconds since 1970.
#[derive(Default)]
pub(super) struct Pauses {
    /// A renewal ahead of time.
    pub(super) ahead: AtomicI64,
    /// Any renewal: the endpoint asked for it.
    pub(super) asked: AtomicI64,
    /// Saving what the store would not take.
    pub(super) saving: AtomicI64,
}

impl Pauses {
    /// After a renewal failed, for as long as the endpoint asked for.
    pub(super) fn begin(&self, now: i64, asked: Option<u64>) {
        let asked = asked.map_or(0, |ms| i64::try_from(ms).unwrap_or(i64::MAX).min(LONGEST_ASKED_MS));
        self.asked.store(now.saturating_add(asked), Ordering::Relaxed);
        self.ahead.store(now.saturating_add(asked.max(PAUSE_MS)), Ordering::Relaxed);
    }

    /// After the store would not take a credential.
    pub(super) fn put_off_saving(&self, now: i64) {
        self.saving.store(now.saturating_add(PAUSE_MS), Ordering::Relaxed);
    }

    /// After a new authorization nothing is known against trying.
    pub(super) fn end(&self) {
        for pause in [&self.ahead, &self.asked, &self.saving] {
            pause.store(0, Ordering::Relaxed);
        }
    }

    /// Fails while the endpoint wants to be left alone.
    pub(super) fn check_asked(&self, now: i64) -> Result<(), CredentialFailure> {
        match u64::try_from(self.asked.load(Ordering::Relaxed).saturating_sub(now)) {
            Ok(left @ 1..) => Err(CredentialFailure::Unavailable(Some(left))),
            _ => Ok(()),
        }
    }
}

impl Slot {
    pub(super) fn held(&self) -> Option<Arc<Held>> {
        locked(&self.held).clone()
    }

    pub(super) fn seen_at(&self) -> i64 {
        self.seen_at.load(Ordering::Relaxed)
    }

    pub(super) fn saw(&self, now: i64) {
        self.seen_at.store(now, Ordering::Relaxed);
    }

    /// Holds what was read from the store, unless what is here came in its place.
    pub(super) fn take_read(&self, read: Arc<Held>) -> Arc<Held> {
        let mut held = locked(&self.held);
        match &*held {
            Some(here) if here.unsaved && here.version == read.version => Arc::clone(here),
            _ => Arc::clone(held.insert(read)),
        }
    }

    pub(super) fn take(&self, new: Arc<Held>) -> Arc<Held> {
        Arc::clone(locked(&self.held).insert(new))
    }

    /// Forgets what is held, whatever it is.
    pub(super) fn clear(&self) {
        *locked(&self.held) = None;
    }

    /// Whether someone is renewing it at this moment.
    pub(super) fn in_flight(&self) -> bool {
        locked(&self.flight).as_ref().is_some_and(|flight| flight.has_changed().is_ok())
    }
}

/// All slots, by integration and name. There is one for each credential that was found in the store.
#[derive(Default)]
pub(super) struct Slots(Mutex<HashMap<Integration, HashMap<String, Arc<Slot>>>>);

impl Slots {
    pub(super) fn get(&self, integration: &Integration, name: &str) -> Option<Arc<Slot>> {
        locked(&self.0).get(integration)?.get(name).cloned()
    }

    pub(super) fn get_or_add(&self, integration: &Integration, name: &str) -> Arc<Slot> {
        let mut slots = locked(&self.0);
        let names = slots.entry(integration.clone()).or_default();
        Arc::clone(names.entry(name.to_owned()).or_default())
    }

    /// Those of an integration that is gone.
    pub(super) fn forget(&self, integration: &Integration) {
        locked(&self.0).remove(integration);
    }

    pub(super) fn remove(&self, integration: &Integration, name: &str) {
        let mut slots = locked(&self.0);
        if let Some(names) = slots.get_mut(integration) {
            names.remove(name);
            if names.is_empty() {
                slots.remove(integration);
            }
        }
    }
}
