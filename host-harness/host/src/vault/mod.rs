//! OAuth 2.0 without a secret in the sandbox: talks to token endpoints, keeps the tokens sealed in
//! the [`Store`], and hands out access tokens that are good.
//!
//! Use [`Vault::exchange`], [`Vault::promote`] and [`Vault::discard`] for the contract's `credentials`
//! interface, and [`Vault::access_token`], [`Vault::after_unauthorized`] for `http.send`.
//!
//! What holds here:
//! - A rotated refresh token is on the disk before the access token that came with it is used. If the
//!   disk will not take it, it stays in memory and saving is tried again.
//! - A renewal happens once: in one process all callers wait for the same one, and between processes
//!   the credential's row is leased. It goes on if its caller gives up.
//! - What another process replaced or discarded is not used: every use asks the store for the
//!   version, which costs one query (some 30 µs) and opens nothing that is known already.
//! - No failure of the network, no 429, no 5xx changes what is stored. A refusal is remembered only if it
//!   says that the grant itself is dead, and then for a quarter of an hour (or a day, where nothing but a new
//!   sign-in helps): after that one caller asks again, while the others are told the refusal still.

mod answer;
mod client;
mod credential;
mod death;
mod endpoint;
mod error;
#[cfg(test)]
mod fuzz;
mod known;
mod redactor;
mod renewal;
mod slot;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

pub use client::{CertificateError, ClientAuthentication, ClientCertificate, ClientKeys};
pub use error::{CredentialError, CredentialFailure, OAuthError};
pub use redactor::Redactor;
pub use renewal::NOT_RENEWABLE;
pub use slot::AccessToken;

use self::credential::{Credential, Renewal};
use self::endpoint::TokenRequest;
use self::known::KnownSecrets;
use self::slot::{Held, Slots};
use crate::clock::Clock;
use crate::egress::Grant;
use crate::store::{Integration, Store, StoreError, random, step};
use crate::transport::Transport;

/// How long a `pending/` credential may be promoted.
const PENDING_MS: i64 = 3_600 * 1_000;

/// Longest name of a credential, in characters.
const NAME: usize = 128;

/// How often the store is asked to take what came from a token endpoint, and what is waited between.
const SAVING_ATTEMPTS: u32 = 3;
const SAVING_PAUSE: Duration = Duration::from_millis(100);

/// For whom a credential is used, and what the operator allows and configured.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose credentials they are.
    pub integration: Integration,
    /// Where token requests may go.
    pub grant: Arc<Grant>,
    /// What shows that the host speaks for the registered client.
    pub client: Arc<ClientKeys>,
}

/// A token endpoint's answer without its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantSummary {
    /// When the access token ends, in milliseconds since 1970, by this machine's clock.
    pub expires_at: i64,
    /// The scopes granted, where the endpoint said so.
    pub scope: Option<String>,
    /// The id token as it came.
    pub id_token: Option<String>,
    /// Whether it can be renewed without a person.
    pub renewable: bool,
}

/// The credentials of all integrations. Cheap to clone; all clones share what they know.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    store: Store,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    slots: Slots,
    known: KnownSecrets,
    /// What this vault's leases are signed with.
    owner: i64,
    /// Those under way, which go on without their callers.
    renewals: TaskTracker,
}

impl Vault {
    /// A vault over a store. `transport` carries token requests; `clock` tells what has expired.
    pub fn new(store: Store, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        let (slots, known) = (Slots::default(), KnownSecrets::default());
        let (owner, renewals) = (random::bits(), TaskTracker::new());
        Self(Arc::new(Inner { store, transport, clock, slots, known, owner, renewals }))
    }

    /// Calls the token endpoint with `parameters` as a form, keeps the tokens under `name`, replacing
    /// what was there, and hands back the rest. `deadline` is for the endpoint's answer; storing it
    /// takes what it takes.
    ///
    /// If this future is dropped, the code may be used up and nothing is stored.
    pub async fn exchange(
        &self,
        caller: &Caller,
        name: &str,
        token_url: &str,
        parameters: &[(String, String)],
        client_authentication: ClientAuthentication,
        deadline: Instant,
    ) -> Result<GrantSummary, CredentialError> {
        check_name(name)?;
        endpoint::check_parameters(parameters)?;
        let inner = &*self.0;
        let request = TokenRequest {
            url: token_url,
            form: parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            authentication: client_authentication,
            deadline,
        };
        let sent_at = inner.clock.now_ms();
        step("credentials.before-exchange");
        let mut answer = request.send(caller, &*inner.transport, &*inner.clock, &inner.known).await?;
        step("credentials.exchanged");
        let id_token = answer.id_token.take();
        let renewal = Renewal::of(token_url, client_authentication, parameters);
        let credential = Credential::new(answer, sent_at, renewal);
        let summary = GrantSummary {
            expires_at: credential.expires_at,
            scope: credential.scope.clone(),
            id_token,
            renewable: credential.renewable(),
        };
        let bytes = credential.to_bytes()?;
        step("credentials.before-store");
        let put = || inner.store.put_credential(&caller.integration, name, &bytes, inner.pending_until(name));
        let version = insisting(put).await?;
        step("credentials.stored");
        let slot = inner.slots.get_or_add(&caller.integration, name);
        slot.take(Arc::new(Held { version, credential, unsaved: false }));
        slot.saw(inner.clock.now_ms());
        slot.pauses.end();
        Ok(summary)
    }

    /// Gives the credential `pending` the name `name`, in place of the one that had it, at once or
    /// not at all.
    pub async fn promote(
        &self,
        integration: &Integration,
        pending: &str,
        name: &str,
    ) -> Result<(), CredentialError> {
        check_name(pending)?;
        check_name(name)?;
        let inner = &*self.0;
        let until = inner.pending_until(name);
        if !inner.store.promote_credential(integration, pending, name, until).await? {
            return Err(CredentialError::Missing);
        }
        step("credentials.promoted");
        inner.slots.remove(integration, pending);
        inner.slots.remove(integration, name);
        Ok(())
    }

    /// Forgets a credential. Forgetting what is not there succeeds.
    pub async fn discard(&self, integration: &Integration, name: &str) -> Result<(), CredentialError> {
        check_name(name)?;
        step("credentials.before-discard");
        self.0.store.delete_credential(integration, name).await?;
        step("credentials.discarded");
        self.0.slots.remove(integration, name);
        Ok(())
    }

    /// Forgets what is held of an integration that is gone. What takes its secrets out of texts stays until calls
    /// under way have ended.
    pub fn forget(&self, integration: &Integration) {
        self.0.slots.forget(integration);
        self.0.known.forget(integration, std::time::Instant::now());
    }

    /// Waits until no renewal is under way.
    pub async fn settled(&self) {
        let renewals = &self.0.renewals;
        renewals.close();
        renewals.wait().await;
    }

    /// What takes the caller's secrets out of a text: those that this process has seen lately.
    pub fn redactor(&self, caller: &Caller) -> Redactor {
        self.0.known.redactor(&caller.integration, &caller.client)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("store", &self.0.store).finish_non_exhaustive()
    }
}

impl Inner {
    fn pending_until(&self, name: &str) -> Option<i64> {
        name.starts_with("pending/").then(|| self.clock.now_ms().saturating_add(PENDING_MS))
    }
}

fn check_name(name: &str) -> Result<(), CredentialError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'/');
    if (1..=NAME).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(CredentialError::Denied(
        "a credential's name is 1 to 128 characters of a-z, 0-9, `-`, `_` and `/`".to_owned(),
    ))
}

/// Writes what exists nowhere else: not giving up at the first failure.
async fn insisting<T, F>(mut write: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    for attempt in 1..SAVING_ATTEMPTS {
        match write().await {
            Err(error @ StoreError::Database(_)) => {
                tracing::warn!(%error, attempt, "could not save a credential yet");
                tokio::time::sleep(SAVING_PAUSE).await;
            }
            done => return done,
        }
    }
    write().await
}

/// The lock's content. What is guarded here is whole at every moment, so a panic elsewhere while the
/// lock was held does no harm.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
