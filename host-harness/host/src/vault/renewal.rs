//! Access tokens that are good: renewed ahead of their end, once however many ask, and never at the
//! price of the refresh token.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::Instrument as _;

use super::credential::{Age, Credential};
use super::death::{Death, is_final};
use super::endpoint::TokenRequest;
use super::slot::{Held, Outcome, Slot};
use super::{
    AccessToken, Caller, CredentialError, CredentialFailure, Inner, OAuthError, Vault, insisting, locked,
};
use crate::store::{Reading, StoreError, step};
use crate::watch::{refresh, refreshed};

/// For a token endpoint's answer. It is not the caller's deadline: others wait for it too, and an
/// answer that nobody takes may be the only copy of a rotated refresh token.
const ANSWER: Duration = Duration::from_secs(20);

/// How long a row stays leased if whoever leased it is gone. It is leased again while an answer is waited
/// for, so that the others need not wait for as long as the slowest answer takes.
const LEASE_MS: i64 = 5_000;

/// How often it is leased again: so that one of these may come late.
const BEAT: Duration = Duration::from_millis(1_500);

/// How long another process's renewal is waited for: longer than an answer takes, and saving it.
const OTHERS: Duration = Duration::from_secs(40);

/// How often the row is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// How long a token that the store cannot confirm just now is still used.
const UNCONFIRMED_MS: i64 = 60_000;

fn is_dead(failure: &CredentialFailure) -> bool {
    matches!(failure, CredentialFailure::Missing)
        || matches!(failure, CredentialFailure::Refused(refusal) if is_final(refusal))
}

impl Vault {
    /// An access token of the credential `name` that is good now, renewed if need be. Waits no longer
    /// than `deadline`; a renewal goes on without its caller.
    pub async fn access_token(
        &self,
        caller: &Caller,
        name: &str,
        deadline: Instant,
    ) -> Result<AccessToken, CredentialFailure> {
        let (slot, held) = self.0.current(caller, name).await?;
        if let Some(death) = &held.credential.dead {
            return self.revived(caller, &slot, name, death, deadline).await;
        }
        let now = self.0.clock.now_ms();
        let age = held.credential.age(now);
        let save = held.unsaved && slot.pauses.saving.load(Ordering::Relaxed) <= now;
        if !save {
            match age {
                Age::Fresh => return Ok(AccessToken(held)),
                // Who renews it ahead of time is waited for by nobody else.
                Age::Ageing if slot.in_flight() || slot.pauses.ahead.load(Ordering::Relaxed) > now => {
                    return Ok(AccessToken(held));
                }
                Age::Over if !held.credential.renewable() => return Err(not_renewable()),
                Age::Over => slot.pauses.check_asked(now)?,
                Age::Ageing => {}
            }
        }
        match self.renewed(caller, &slot, name, None, deadline).await {
            // Whoever is at fault, the network or the operator: the old token is good until its end.
            Err(failure) if age != Age::Over && !is_dead(&failure) => Ok(AccessToken(held)),
            outcome => outcome.map(AccessToken),
        }
    }

    /// Another access token after the other side answered 401 to `rejected`: the newer one if there
    /// is one already, else a renewed one. Ask once for each request; hand a second 401 on.
    pub async fn after_unauthorized(
        &self,
        caller: &Caller,
        name: &str,
        rejected: &AccessToken,
        deadline: Instant,
    ) -> Result<AccessToken, CredentialFailure> {
        let (slot, held) = self.0.current(caller, name).await?;
        if let Some(death) = &held.credential.dead {
            return self.revived(caller, &slot, name, death, deadline).await;
        }
        let now = self.0.clock.now_ms();
        if !held.is(rejected) && held.credential.age(now) != Age::Over {
            return Ok(AccessToken(held));
        }
        if !held.credential.renewable() {
            return Err(not_renewable());
        }
        slot.pauses.check_asked(now)?;
        let renewed = self.renewed(caller, &slot, name, Some(rejected), deadline).await?;
        if !renewed.is(rejected) {
            return Ok(AccessToken(renewed));
        }
        // A renewal was under way that found nothing to do, as nobody had told it of the 401.
        self.renewed(caller, &slot, name, Some(rejected), deadline).await.map(AccessToken)
    }

    /// An access token of a grant that was found to be dead: none, unless that is long ago and the endpoint
    /// thinks otherwise by now. One caller asks; the others, here and in other processes, do not wait for it.
    async fn revived(
        &self,
        caller: &Caller,
        slot: &Arc<Slot>,
        name: &str,
        death: &Death,
        deadline: Instant,
    ) -> Result<AccessToken, CredentialFailure> {
        let now = self.0.clock.now_ms();
        let asking = slot.in_flight() || slot.pauses.ahead.load(Ordering::Relaxed) > now;
        if death.is_believed(now) || asking {
            return Err(death.told());
        }
        match self.renewed(caller, slot, name, None, deadline).await {
            // No answer is no news: what was last heard is still what is known.
            Err(failure) if !is_dead(&failure) => Err(death.told()),
            outcome => outcome.map(AccessToken),
        }
    }

    /// Joins the renewal under way, or begins one.
    async fn renewed(
        &self,
        caller: &Caller,
        slot: &Arc<Slot>,
        name: &str,
        rejected: Option<&AccessToken>,
        deadline: Instant,
    ) -> Result<Arc<Held>, CredentialFailure> {
        let mut flight = self.flight(caller, slot, name, rejected);
        // An error is a deadline that passed, or a renewal that panicked.
        match timeout_at(deadline, flight.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Err(CredentialFailure::Unavailable(None))),
            Ok(Err(_)) | Err(_) => Err(CredentialFailure::Unavailable(None)),
        }
    }

    fn flight(
        &self,
        caller: &Caller,
        slot: &Arc<Slot>,
        name: &str,
        rejected: Option<&AccessToken>,
    ) -> watch::Receiver<Outcome> {
        let mut flight = locked(&slot.flight);
        if let Some(under_way) = flight.as_ref().filter(|flight| flight.has_changed().is_ok()) {
            return under_way.clone();
        }
        let (sender, receiver) = watch::channel(None);
        *flight = Some(receiver.clone());
        let (vault, caller, slot) = (self.clone(), caller.clone(), Arc::clone(slot));
        let (name, rejected) = (name.to_owned(), rejected.cloned());
        let renewal = async move {
            let outcome = vault.0.renew(&caller, &name, rejected.as_ref()).await;
            if let Err(failure) = &outcome
                && !is_dead(failure)
            {
                let asked = if let CredentialFailure::Unavailable(wait) = failure { *wait } else { None };
                slot.pauses.begin(vault.0.clock.now_ms(), asked);
            }
            sender.send_replace(Some(outcome));
        };
        self.0.renewals.spawn(renewal.in_current_span());
        receiver
    }
}

impl Inner {
    /// The credential as the store has it now.
    async fn current(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(Arc<Slot>, Arc<Held>), CredentialFailure> {
        let slot = self.slots.get(&caller.integration, name);
        let known = slot.and_then(|slot| slot.held().map(|held| (slot, held)));
        let version = known.as_ref().map(|(_, held)| held.version);
        let reading = self.store.credential(&caller.integration, name, version).await;
        let now = self.clock.now_ms();
        match (reading, known) {
            (Ok(Reading::Unchanged), Some((slot, held))) => {
                slot.saw(now);
                Ok((slot, held))
            }
            (Ok(Reading::Changed(row)), _) => {
                let credential = Credential::from_bytes(&row.opened)?;
                self.known.remember(&caller.integration, credential.secrets());
                let held = Arc::new(Held { version: row.version, credential, unsaved: false });
                let slot = self.slots.get_or_add(&caller.integration, name);
                slot.saw(now);
                let held = slot.take_read(held);
                Ok((slot, held))
            }
            (Ok(Reading::Missing | Reading::Unchanged), known) => {
                if let Some((slot, _)) = known {
                    slot.clear();
                    self.slots.remove(&caller.integration, name);
                }
                Err(CredentialFailure::Missing)
            }
            (Err(error), Some((slot, held))) if slot.seen_at().saturating_add(UNCONFIRMED_MS) > now => {
                tracing::warn!(%error, "the store cannot confirm a credential: using it for now");
                Ok((slot, held))
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Renews until there is a good token that is not the rejected one, here or in another process.
    async fn renew(
        &self,
        caller: &Caller,
        name: &str,
        rejected: Option<&AccessToken>,
    ) -> Result<Arc<Held>, CredentialFailure> {
        let give_up = Instant::now() + OTHERS;
        loop {
            let (slot, held) = self.current(caller, name).await?;
            if held.unsaved {
                match self.save(caller, name, &slot, held.version, &held.credential).await? {
                    Some(tried) if tried.unsaved => {}
                    Some(_) => continue,
                    // Replaced or discarded meanwhile.
                    None => {
                        slot.clear();
                        continue;
                    }
                }
            }
            let now = self.clock.now_ms();
            let (age, death) = (held.credential.age(now), &held.credential.dead);
            if let Some(death) = death.as_ref().filter(|death| death.is_believed(now)) {
                return Err(death.told());
            }
            let good = rejected.map_or(age == Age::Fresh, |rejected| !held.is(rejected) && age != Age::Over);
            if good && death.is_none() {
                return Ok(held);
            }
            if !held.credential.renewable() {
                return Err(not_renewable());
            }
            let integration = &caller.integration;
            if self.store.lease_credential(integration, name, held.version, self.owner, LEASE_MS).await? {
                if let Some(renewed) = self.renew_leased(caller, name, &slot, &held).await? {
                    return Ok(renewed);
                }
            } else if let Some(death) = death {
                // Another process is at it.
                return Err(death.told());
            } else if age == Age::Ageing && rejected.is_none() {
                // Another process is at it, and this one is good until then.
                return Ok(held);
            } else if Instant::now() >= give_up {
                return Err(CredentialFailure::Unavailable(None));
            } else {
                sleep(LOOK).await;
            }
        }
    }

    /// Asks the token endpoint; the lease is held. Nothing if the credential was replaced or
    /// discarded meanwhile.
    async fn renew_leased(
        &self,
        caller: &Caller,
        name: &str,
        slot: &Slot,
        held: &Held,
    ) -> Result<Option<Arc<Held>>, CredentialFailure> {
        let old = &held.credential;
        let request = TokenRequest {
            url: &old.renewal.token_url,
            form: old.renewal_form(),
            authentication: old.renewal.authentication,
            deadline: Instant::now() + ANSWER,
        };
        let sent_at = self.clock.now_ms();
        step("credentials.before-refresh");
        let sending = request.send(caller, &*self.transport, &*self.clock, &self.known);
        let span = refresh();
        let asking = async {
            let answer = self.leasing(caller, name, held.version, sending).await;
            let dead = matches!(&answer, Err(CredentialError::Refused(refusal)) if is_final(refusal));
            refreshed(&answer, dead);
            answer
        };
        let answer = asking.instrument(span).await;
        step("credentials.refreshed");
        match answer {
            Ok(answer) => {
                let next = old.renewed(answer, sent_at);
                Ok(self.save(caller, name, slot, held.version, &next).await?)
            }
            Err(CredentialError::Refused(refusal)) if is_final(&refusal) => {
                tracing::warn!(error = refusal.error, codes = ?refusal.codes, name, "a grant is dead");
                self.save(caller, name, slot, held.version, &old.dead(refusal.clone(), sent_at)).await?;
                Err(CredentialFailure::Refused(refusal))
            }
            Err(error) => {
                tracing::warn!(%error, name, "a credential could not be renewed");
                self.release(caller, name).await;
                Err(error.into())
            }
        }
    }

    /// Waits for an answer, and leases version `version` again while it takes.
    async fn leasing<T>(
        &self,
        caller: &Caller,
        name: &str,
        version: i64,
        answer: impl Future<Output = T>,
    ) -> T {
        let mut answer = pin!(answer);
        loop {
            if let Ok(answer) = timeout(BEAT, &mut answer).await {
                return answer;
            }
            let leased =
                self.store.lease_credential(&caller.integration, name, version, self.owner, LEASE_MS);
            // Whoever takes it meanwhile asks as well, with the same refresh token: Microsoft's stay good.
            if let Err(error) = leased.await {
                tracing::warn!(%error, "a lease could not be kept and may end before the answer comes");
            }
        }
    }

    async fn release(&self, caller: &Caller, name: &str) {
        if let Err(error) = self.store.release_credential(&caller.integration, name, self.owner).await {
            tracing::warn!(%error, "a lease could not be given back and will end by itself");
        }
    }

    /// Puts `next` in the place of version `version`, in the store before anyone can use it. If the
    /// store will not take it, it is held in memory, as it may be the only copy of a rotated refresh
    /// token: used from there, and saved with a later call. Nothing if the credential was replaced or
    /// discarded meanwhile.
    async fn save(
        &self,
        caller: &Caller,
        name: &str,
        slot: &Slot,
        version: i64,
        next: &Credential,
    ) -> Result<Option<Arc<Held>>, StoreError> {
        let bytes = next.to_bytes()?;
        step("credentials.before-store");
        let renew = || self.store.renew_credential(&caller.integration, name, version, &bytes);
        let (version, unsaved) = match insisting(renew).await {
            Ok(Some(version)) => {
                step("credentials.stored");
                (version, false)
            }
            Ok(None) => return Ok(None),
            Err(error) => {
                tracing::error!(%error, name, "a renewed credential could not be saved: it is in memory only");
                slot.pauses.put_off_saving(self.clock.now_ms());
                self.release(caller, name).await;
                (version, true)
            }
        };
        slot.saw(self.clock.now_ms());
        let credential = Credential::from_bytes(&bytes)?;
        Ok(Some(slot.take(Arc::new(Held { version, credential, unsaved }))))
    }
}

impl Held {
    fn is(&self, token: &AccessToken) -> bool {
        self.credential.access_token.expose_secret() == token.expose()
    }
}

/// The suberror, in a refusal of the vault's own, of a credential that ran out and came without a refresh
/// token.
pub const NOT_RENEWABLE: &str = "not_renewable";

/// What a credential without a refresh token comes to, in the words of a token endpoint.
fn not_renewable() -> CredentialFailure {
    CredentialFailure::Refused(OAuthError {
        status: 400,
        error: "invalid_grant".to_owned(),
        suberror: Some(NOT_RENEWABLE.to_owned()),
        description: "The access token is no longer valid, and the token endpoint issued no refresh \
                      token for it: authorize again."
            .to_owned(),
        codes: Vec::new(),
    })
}
