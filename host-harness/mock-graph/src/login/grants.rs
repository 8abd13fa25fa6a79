//! Authorization codes, refresh tokens and access tokens that were issued.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use super::scopes::Scopes;
use crate::chance::secret;
use crate::clock::{later, until};
use crate::locks::{lock, read, write};

/// An authorization code lives about 10 minutes.
const CODE_LIFE: Duration = Duration::from_mins(10);
/// A refresh token dies after 90 days without use.
pub(crate) const REFRESH_LIFE: Duration = Duration::from_hours(90 * 24);
/// A refresh token of a single-page application lives 24 hours, whatever happens.
pub(crate) const SINGLE_PAGE_LIFE: Duration = Duration::from_hours(24);

/// Microsoft calls it a loop when a client asks the same again and again within five minutes
/// (AADSTS50196).
const LOOP_WINDOW: Duration = Duration::from_mins(5);

/// What a user granted by signing in and consenting.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) tenant: String,
    pub(crate) user: String,
    pub(crate) scopes: Scopes,
    /// The number of the user's sessions when they signed in.
    pub(crate) sessions: u64,
    /// How many fresh sign-ins had been demanded of the user by then.
    pub(crate) demands: u64,
    /// Permissions that the user was asked for and did not give.
    pub(crate) withheld: Vec<String>,
    /// Whether the sign-in had a second factor.
    pub(crate) second_factor: bool,
    pub(crate) signed_in: Timestamp,
    pub(crate) single_page: bool,
}

/// The PKCE challenge of an authorization request.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub(crate) value: String,
    pub(crate) sha256: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) nonce: Option<String>,
    /// The tenant path the code was issued on: a tenant id, or `common` and the like.
    pub(crate) authority: String,
    expires: Timestamp,
    redeemed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    pub(crate) grant: Grant,
    issued: Timestamp,
    used: Timestamp,
    /// When it was used lately, oldest first; see [`LOOP_WINDOW`].
    uses: Vec<Timestamp>,
}

/// Why a code or a refresh token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dead {
    Unknown,
    Expired,
    Redeemed,
    /// Used so often in a short time that its client must be in a loop.
    Looping,
    /// The 24 hours of a single-page application are over.
    SinglePage,
}

/// Who an access token speaks for.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    User {
        id: String,
        sessions: u64,
        demands: u64,
        /// The client can handle claims challenges, so revocation shows at once.
        continuous: bool,
    },
    Application,
}

#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) client_id: String,
    pub(crate) tenant: String,
    pub(crate) subject: Subject,
    /// Scopes or app roles.
    pub(crate) permissions: Vec<String>,
    /// The Graph host it is for, where the scope named one.
    pub(crate) resource: Option<&'static str>,
    pub(crate) expires: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: Mutex<HashMap<String, Code>>,
    refresh: Mutex<HashMap<String, Refresh>>,
    access: RwLock<HashMap<String, Arc<AccessToken>>>,
    /// Ids of client assertions seen, and when these end.
    assertions: Mutex<HashMap<String, i64>>,
}

/// What the authorization request fixed about a code.
#[derive(Debug)]
pub(crate) struct CodeTerms {
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) nonce: Option<String>,
    pub(crate) authority: String,
}

impl Grants {
    pub(crate) fn issue_code(&self, grant: Grant, terms: CodeTerms, now: Timestamp) -> String {
        let code = format!("1.{}", secret(96));
        let stored = Code {
            grant,
            redirect_uri: terms.redirect_uri,
            challenge: terms.challenge,
            nonce: terms.nonce,
            authority: terms.authority,
            expires: later(now, CODE_LIFE),
            redeemed: false,
        };
        lock(&self.codes).insert(code.clone(), stored);
        code
    }

    /// The code, if it could still be redeemed.
    pub(crate) fn code(&self, code: &str, now: Timestamp) -> Result<Code, Dead> {
        let codes = lock(&self.codes);
        let found = codes.get(code).ok_or(Dead::Unknown)?;
        if found.redeemed {
            Err(Dead::Redeemed)
        } else if found.expires <= now {
            Err(Dead::Expired)
        } else {
            Ok(found.clone())
        }
    }

    /// Uses the code up; of two that try at once, one succeeds.
    pub(crate) fn redeem(&self, code: &str) -> Result<(), Dead> {
        let mut codes = lock(&self.codes);
        let found = codes.get_mut(code).ok_or(Dead::Unknown)?;
        if std::mem::replace(&mut found.redeemed, true) {
            return Err(Dead::Redeemed);
        }
        Ok(())
    }

    /// A new refresh token. `first_issued` is when the chain began, which is what ends it for a
    /// single-page application.
    pub(crate) fn issue_refresh(&self, grant: Grant, first_issued: Timestamp, now: Timestamp) -> String {
        let token = format!("1.{}", secret(128));
        let stored = Refresh { grant, issued: first_issued, used: now, uses: Vec::new() };
        lock(&self.refresh).insert(token.clone(), stored);
        token
    }

    /// The grant behind a refresh token and when its chain began. The token stays valid: at
    /// Microsoft the old one keeps working when a new one is issued.
    /// Of more uses than `loop_limit` in [`LOOP_WINDOW`] the rest are refused.
    pub(crate) fn refresh(
        &self,
        token: &str,
        now: Timestamp,
        loop_limit: Option<usize>,
    ) -> Result<(Grant, Timestamp), Dead> {
        let mut tokens = lock(&self.refresh);
        let found = tokens.get_mut(token).ok_or(Dead::Unknown)?;
        if found.grant.single_page && until(found.issued, now) >= SINGLE_PAGE_LIFE {
            return Err(Dead::SinglePage);
        }
        if until(found.used, now) >= REFRESH_LIFE {
            return Err(Dead::Expired);
        }
        if let Some(limit) = loop_limit {
            found.uses.retain(|used| until(*used, now) < LOOP_WINDOW);
            if found.uses.len() >= limit {
                return Err(Dead::Looping);
            }
            found.uses.push(now);
        }
        found.used = now;
        Ok((found.grant.clone(), found.issued))
    }

    /// Whether an assertion of this id is seen for the first time; it ends at `ends` (Unix seconds).
    pub(crate) fn first_use(&self, id: &str, ends: i64, now: i64) -> bool {
        let mut seen = lock(&self.assertions);
        seen.retain(|_, ends| *ends > now);
        seen.insert(id.to_owned(), ends).is_none()
    }

    pub(crate) fn keep_access(&self, token: &str, about: AccessToken) {
        write(&self.access).insert(token.to_owned(), Arc::new(about));
    }

    pub(crate) fn access(&self, token: &str) -> Option<Arc<AccessToken>> {
        read(&self.access).get(token).cloned()
    }
}
