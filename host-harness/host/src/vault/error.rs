//! Why there is no token, in the words of the contract (`wit/credentials.wit`, `wit/http.wit`).

use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// What an OAuth 2.0 token endpoint said (RFC 6749, 5.2), with what Microsoft adds to it. Nothing in
/// it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the token endpoint refused with {error} (HTTP {status}): {description}")]
pub struct OAuthError {
    /// HTTP status of the answer.
    pub status: u16,
    /// The error code of the specification, at most 200 characters.
    pub error: String,
    /// What Microsoft refines it with, at most 200 characters.
    pub suberror: Option<String>,
    /// The endpoint's sentence, of at most 2,000 characters, secrets removed, with the ids under
    /// which the endpoint's operator finds the request.
    pub description: String,
    /// Microsoft's numeric codes (`AADSTS…`).
    pub codes: Vec<u32>,
}

/// Why an exchange, a promotion or a discarding failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// A bad name, a parameter that belongs to the host, or a token endpoint outside the operator's
    /// grant of identity origins. Nothing was sent.
    #[error("not allowed: {0}")]
    Denied(String),
    /// The token endpoint refused. Nothing was stored or changed.
    #[error(transparent)]
    Refused(OAuthError),
    /// Nothing reached the token endpoint.
    #[error("could not reach the token endpoint: {0}")]
    NotSent(String),
    /// It was sent and there is no usable answer. A code may be used up.
    #[error("the token endpoint gave no usable answer: {0}")]
    NoAnswer(String),
    /// The token endpoint answered with 429 or 5xx; the milliseconds to wait, if it gave them.
    #[error("the token endpoint is unavailable at the moment")]
    Unavailable(Option<u64>),
    /// The operator has to mend something.
    #[error("{0}")]
    Misconfigured(String),
    /// There is no credential of that name to promote.
    #[error("there is no such credential")]
    Missing,
    /// The store did not answer.
    #[error("the store did not answer: {0}")]
    Store(String),
}

/// Why a credential gave no access token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialFailure {
    /// There is none of that name.
    #[error("there is no such credential")]
    Missing,
    /// The token endpoint refused the refresh, now or at an earlier call. For a credential that ran
    /// out and came without a refresh token it is `invalid_grant` with the suberror
    /// `not_renewable`, which the vault says itself.
    #[error(transparent)]
    Refused(OAuthError),
    /// The token endpoint could not be reached or answered with 429 or 5xx, or the store did not
    /// answer. This says nothing about the grant. The milliseconds to wait, if the endpoint gave
    /// them.
    #[error("no access token can be had at the moment")]
    Unavailable(Option<u64>),
    /// The operator has to mend something.
    #[error("{0}")]
    Misconfigured(String),
}

impl From<StoreError> for CredentialError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store of credentials failed");
        match error {
            StoreError::MissingKey(_)
            | StoreError::WrongKey(_)
            | StoreError::RetiredKey(_)
            | StoreError::Keys(_) => Self::Misconfigured(error.to_string()),
            error => Self::Store(error.to_string()),
        }
    }
}

impl From<CredentialError> for CredentialFailure {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Refused(error) => Self::Refused(error),
            CredentialError::Unavailable(wait) => Self::Unavailable(wait),
            // The operator's grant shrank since the exchange.
            CredentialError::Denied(reason) | CredentialError::Misconfigured(reason) => {
                Self::Misconfigured(reason)
            }
            CredentialError::Missing => Self::Missing,
            CredentialError::NotSent(_) | CredentialError::NoAnswer(_) | CredentialError::Store(_) => {
                Self::Unavailable(None)
            }
        }
    }
}

impl From<StoreError> for CredentialFailure {
    fn from(error: StoreError) -> Self {
        CredentialError::from(error).into()
    }
}
