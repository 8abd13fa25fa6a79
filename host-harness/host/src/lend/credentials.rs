//! `credentials`: the vault, in the contract's words.

use crate::bindings::scheduling::video_provider::{credentials as wit, http};
use crate::provider::Parameter;
use crate::sandbox::CallState;
use crate::store::Integration;
use crate::vault::{ClientAuthentication, CredentialError, CredentialFailure, OAuthError};

impl wit::Host for CallState {
    async fn exchange(
        &mut self,
        name: String,
        token_url: String,
        parameters: Vec<Parameter>,
        client_authentication: wit::ClientAuthentication,
    ) -> Result<wit::Grant, wit::Error> {
        let integration = self.credentials()?;
        let lender = self.lender.clone();
        let authentication = match client_authentication {
            wit::ClientAuthentication::None => ClientAuthentication::None,
            wit::ClientAuthentication::Secret => ClientAuthentication::Secret,
            wit::ClientAuthentication::Assertion => ClientAuthentication::Assertion,
        };
        let parameters: Vec<_> =
            parameters.into_iter().map(|parameter| (parameter.name, parameter.value)).collect();
        let caller = lender.caller(&integration);
        self.usage.asks();
        let exchanged = lender
            .vault
            .exchange(&caller, &name, &token_url, &parameters, authentication, self.deadline)
            .await;
        self.usage.was_answered();
        lender.recent.written(&integration);
        let grant = exchanged.map_err(error)?;
        Ok(wit::Grant {
            expires_at: grant.expires_at,
            scope: grant.scope,
            id_token: grant.id_token,
            renewable: grant.renewable,
        })
    }

    async fn promote(&mut self, pending: String, name: String) -> Result<(), wit::Error> {
        let integration = self.credentials()?;
        let promoted = self.lender.vault.promote(&integration, &pending, &name).await;
        self.lender.recent.written(&integration);
        promoted.map_err(error)
    }

    async fn discard(&mut self, name: String) -> Result<(), wit::Error> {
        let integration = self.credentials()?;
        let discarded = self.lender.vault.discard(&integration, &name).await;
        self.lender.recent.written(&integration);
        discarded.map_err(error)
    }
}

impl CallState {
    fn credentials(&self) -> Result<Integration, wit::Error> {
        self.integration
            .clone()
            .ok_or_else(|| wit::Error::Denied("a plugin that describes itself has no credentials".to_owned()))
    }
}

fn error(error: CredentialError) -> wit::Error {
    match error {
        CredentialError::Denied(reason) => wit::Error::Denied(reason),
        CredentialError::Refused(refusal) => wit::Error::Refused(refused(refusal)),
        CredentialError::NotSent(reason) => wit::Error::NotSent(reason),
        CredentialError::NoAnswer(reason) => wit::Error::NoAnswer(reason),
        CredentialError::Unavailable(wait) => wit::Error::Unavailable(wait),
        CredentialError::Misconfigured(reason) => wit::Error::Misconfigured(reason),
        CredentialError::Missing => wit::Error::Missing,
        CredentialError::Store(reason) => wit::Error::Store(reason),
    }
}

/// Why there was no access token for a request.
pub(super) fn failure(failure: CredentialFailure) -> http::CredentialFailure {
    match failure {
        CredentialFailure::Missing => http::CredentialFailure::Missing,
        CredentialFailure::Refused(refusal) => http::CredentialFailure::Refused(refused(refusal)),
        CredentialFailure::Unavailable(wait) => http::CredentialFailure::Unavailable(wait),
        CredentialFailure::Misconfigured(reason) => http::CredentialFailure::Misconfigured(reason),
    }
}

fn refused(error: OAuthError) -> http::OauthError {
    http::OauthError {
        status: error.status,
        error: error.error,
        suberror: error.suberror,
        description: error.description,
        codes: error.codes,
    }
}
