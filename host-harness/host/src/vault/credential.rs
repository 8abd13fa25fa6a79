//! What is kept of a credential, and what follows from it at a given time.

use std::borrow::Cow;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::OAuthError;
use super::answer::TokenAnswer;
use super::client::ClientAuthentication;
use super::death::Death;
use crate::store::StoreError;

/// A token is renewed this long before it ends, if a tenth of its life is not longer.
const AHEAD_MS: i64 = 5 * 60 * 1_000;

/// A token that ends within this is not used: it would end on its way, or by the other side's clock.
const SKEW_MS: i64 = 30_000;

/// Tokens, and what it takes to renew them.
pub(super) struct Credential {
    pub(super) access_token: SecretString,
    pub(super) refresh_token: Option<SecretString>,
    /// By this machine's clock, when the request was sent.
    pub(super) issued_at: i64,
    /// By this machine's clock too: the endpoint says how long, not when.
    pub(super) expires_at: i64,
    pub(super) scope: Option<String>,
    pub(super) renewal: Renewal,
    /// That the endpoint last said that the grant is dead.
    pub(super) dead: Option<Death>,
}

/// How a credential is renewed: where, as whom, with which parameters. No code and no verifier is
/// among them.
#[derive(Clone)]
pub(super) struct Renewal {
    pub(super) token_url: String,
    pub(super) authentication: ClientAuthentication,
    pub(super) parameters: Vec<(String, String)>,
}

/// How a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// To be used.
    Fresh,
    /// To be used, and to be renewed.
    Ageing,
    /// Not to be used.
    Over,
}

impl Renewal {
    /// Keeps of an exchange's parameters what its renewal needs: all of client credentials, which are
    /// renewed by the same exchange; else who asks, and for what.
    pub(super) fn of(
        token_url: &str,
        authentication: ClientAuthentication,
        parameters: &[(String, String)],
    ) -> Self {
        let again = is_client_credentials(parameters);
        let kept = |(name, _): &&(String, String)| again || matches!(name.as_str(), "client_id" | "scope");
        Self {
            token_url: token_url.to_owned(),
            authentication,
            parameters: parameters.iter().filter(kept).cloned().collect(),
        }
    }
}

fn is_client_credentials(parameters: &[(String, String)]) -> bool {
    parameters.iter().any(|(name, value)| name == "grant_type" && value == "client_credentials")
}

impl Credential {
    pub(super) fn new(answer: TokenAnswer, sent_at: i64, renewal: Renewal) -> Self {
        Self {
            access_token: answer.access_token,
            refresh_token: answer.refresh_token,
            issued_at: sent_at,
            expires_at: sent_at.saturating_add(answer.lifetime_ms),
            scope: answer.scope,
            renewal,
            dead: None,
        }
    }

    /// What follows from this one and the answer to its renewal. An answer without a refresh token
    /// leaves the old one in force (RFC 6749, 6).
    pub(super) fn renewed(&self, answer: TokenAnswer, sent_at: i64) -> Self {
        let mut next = Self::new(answer, sent_at, self.renewal.clone());
        next.refresh_token = next.refresh_token.or_else(|| self.refresh_token.clone());
        next.scope = next.scope.or_else(|| self.scope.clone());
        next
    }

    /// The same, known to be dead since a request that was sent at `asked_at`.
    pub(super) fn dead(&self, refusal: OAuthError, asked_at: i64) -> Self {
        Self {
            access_token: self.access_token.clone(),
            refresh_token: self.refresh_token.clone(),
            scope: self.scope.clone(),
            renewal: self.renewal.clone(),
            dead: Some(Death { refusal, asked_at }),
            ..*self
        }
    }

    pub(super) fn age(&self, now: i64) -> Age {
        let life = self.expires_at.saturating_sub(self.issued_at).max(0);
        let left = self.expires_at.saturating_sub(now);
        // More left than it had: the clock was put back, and the end is not what it says.
        if left <= SKEW_MS.min(life / 4) || left > life.saturating_add(AHEAD_MS) {
            Age::Over
        } else if self.renewable() && left <= AHEAD_MS.max(life / 10).min(life / 2) {
            Age::Ageing
        } else {
            Age::Fresh
        }
    }

    pub(super) fn renewable(&self) -> bool {
        self.refresh_token.is_some() || is_client_credentials(&self.renewal.parameters)
    }

    /// The parameters of the next token request.
    pub(super) fn renewal_form(&self) -> Vec<(&str, &str)> {
        let parameters = self.renewal.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        match &self.refresh_token {
            None => parameters.collect(),
            Some(token) => parameters
                .filter(|(name, _)| matches!(*name, "client_id" | "scope"))
                .chain([("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())])
                .collect(),
        }
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        [Some(&self.access_token), self.refresh_token.as_ref()]
            .into_iter()
            .flatten()
            .map(SecretString::expose_secret)
    }

    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let kept = Kept {
            access_token: self.access_token.expose_secret().into(),
            refresh_token: self.refresh_token.as_ref().map(|token| token.expose_secret().into()),
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            scope: self.scope.as_deref().map(Cow::from),
            token_url: self.renewal.token_url.as_str().into(),
            authentication: self.renewal.authentication,
            parameters: Cow::from(&self.renewal.parameters),
            dead: self.dead.as_ref().map(Cow::Borrowed),
        };
        // Enough for nearly all, so that growing leaves no copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *bytes, &kept).map_err(|_| StoreError::Sealing)?;
        Ok(bytes)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let kept: Kept<'_> = serde_json::from_slice(bytes)
            .map_err(|_| sqlx::Error::Decode("a credential is not what this version writes".into()))?;
        Ok(Self {
            access_token: kept.access_token.into_owned().into(),
            refresh_token: kept.refresh_token.map(|token| token.into_owned().into()),
            issued_at: kept.issued_at,
            expires_at: kept.expires_at,
            scope: kept.scope.map(Cow::into_owned),
            renewal: Renewal {
                token_url: kept.token_url.into_owned(),
                authentication: kept.authentication,
                parameters: kept.parameters.into_owned(),
            },
            dead: kept.dead.map(Cow::into_owned),
        })
    }
}

/// What is sealed. Fields may be added, with defaults; what is there keeps its meaning.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    access_token: Cow<'a, str>,
    refresh_token: Option<Cow<'a, str>>,
    issued_at: i64,
    expires_at: i64,
    scope: Option<Cow<'a, str>>,
    token_url: Cow<'a, str>,
    authentication: ClientAuthentication,
    parameters: Cow<'a, [(String, String)]>,
    dead: Option<Cow<'a, Death>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn living(seconds: i64) -> Credential {
        let answer = TokenAnswer {
            access_token: "access".into(),
            refresh_token: Some("refresh".into()),
            id_token: None,
            lifetime_ms: seconds * 1_000,
            scope: None,
        };
        Credential::new(answer, 0, Renewal::of("https://a/", ClientAuthentication::None, &[]))
    }

    #[test]
    fn a_token_ages_five_minutes_or_a_tenth_of_its_life_before_its_end() {
        let hour = living(3_600);
        assert_eq!(hour.age(3_239_999), Age::Fresh);
        assert_eq!(hour.age(3_240_000), Age::Ageing);
        assert_eq!(hour.age(3_570_000), Age::Over);
        assert_eq!(living(1_200).age(900_000), Age::Ageing);
        assert_eq!(living(1_200).age(899_999), Age::Fresh);
    }

    #[test]
    fn a_short_token_is_used_for_half_its_life_before_it_ages() {
        assert_eq!(living(60).age(29_999), Age::Fresh);
        assert_eq!(living(60).age(30_000), Age::Ageing);
        assert_eq!(living(60).age(45_000), Age::Over);
        assert_eq!(living(0).age(0), Age::Over);
    }

    #[test]
    fn a_clock_that_was_put_back_makes_no_token_younger() {
        assert_eq!(living(3_600).age(-600_000), Age::Over);
        assert_eq!(living(3_600).age(-1_000), Age::Fresh);
    }

    #[test]
    fn a_token_that_cannot_be_renewed_is_used_to_its_end() {
        let mut token = living(3_600);
        token.refresh_token = None;
        assert_eq!(token.age(3_500_000), Age::Fresh);
        assert_eq!(token.age(3_570_000), Age::Over);
    }
}
