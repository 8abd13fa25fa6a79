//! What a call came to and what it left behind, in forms that a table can hold.

use std::collections::BTreeMap;
use std::fmt::Debug;

use anyhow::{Context, Result, bail, ensure};
use mock_graph::contoso;
use url::form_urlencoded;
use video_host::provider::{Connection, Error, Parameter};
use video_host::store::{Integration, Purpose};
use video_host::{AuthorizationError, CallError};

use crate::{SESSION, World};

/// Everything that the host keeps for an integration.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// The plugin's storage.
    pub storage: BTreeMap<String, Vec<u8>>,
    /// Credentials by name, with the version that changes with every change.
    pub credentials: BTreeMap<String, i64>,
}

impl Kept {
    /// Whether nothing is kept.
    pub fn is_nothing(&self) -> bool {
        self.storage.is_empty() && self.credentials.is_empty()
    }

    /// The names of what is kept: storage keys first, then credentials.
    pub fn names(&self) -> Vec<&str> {
        self.storage.keys().chain(self.credentials.keys()).map(String::as_str).collect()
    }
}

impl World {
    /// What is kept for an integration now. The names and versions of credentials stand readable in
    /// the store, whose tokens are sealed; no call of the host lists them.
    pub async fn kept(&self, integration: &str) -> Result<Kept> {
        let integration: Integration = integration.parse()?;
        let store = self.host.store();
        let mut storage = BTreeMap::new();
        for key in store.list(&integration, "", None).await?.keys {
            let entry = store.get(&integration, &key).await?.context("a key that was listed")?;
            storage.insert(key, entry.value);
        }
        let credentials = sqlx::query_as("SELECT name, version FROM credential WHERE integration = $1")
            .bind(integration.as_str())
            .fetch_all(store.pool())
            .await?;
        Ok(Kept { storage, credentials: credentials.into_iter().collect() })
    }

    /// Ends a sign-in with the callback's parameters.
    pub async fn finish(&self, parameters: Vec<Parameter>) -> Result<Connection, AuthorizationError> {
        let callback = self.host.callback(SESSION, parameters).await?;
        Ok(self.host.finish(&self.teams, callback).await?)
    }

    /// Connects or reauthorizes Contoso with the account of `user`.
    pub async fn authorize(&self, integration: &str, purpose: Purpose, user: &str) -> Result<Connection> {
        let url = self.begin(integration, purpose, contoso::TENANT_ID).await?;
        let parameters = self.sign_in(&url, user).await?;
        Ok(self.finish(parameters).await?)
    }

    /// The contract's error that a call ended with, in one line without its message; and that the
    /// message is a sentence for an administrator, without a secret.
    pub fn told<T: Debug>(&self, outcome: Result<T, impl Into<anyhow::Error>>) -> Result<String> {
        let error = ended_with(outcome)?;
        let shown = CallError::Provider(error.clone()).to_string();
        let sentence = match &error {
            Error::InvalidInput(input) => &input.message,
            _ => &shown,
        };
        ensure!(is_sentence(sentence), "no sentence for an administrator: {sentence:?}");
        let mut secrets = self.microsoft.issued_secrets();
        secrets.push(contoso::CLIENT_SECRET.to_owned());
        ensure!(!secrets.iter().any(|secret| shown.contains(secret)), "a secret in {shown:?}");
        Ok(word(&error))
    }
}

/// The contract's error that a call, or a whole sign-in, ended with.
fn ended_with<T: Debug>(outcome: Result<T, impl Into<anyhow::Error>>) -> Result<Error> {
    let error = match outcome {
        Ok(value) => bail!("expected an error, and got {value:?}"),
        Err(error) => error.into(),
    };
    let call = match error.downcast::<AuthorizationError>() {
        Ok(AuthorizationError::Call(call)) => call,
        Ok(other) => return Err(other.into()),
        Err(error) => error.downcast::<CallError>()?,
    };
    match call {
        CallError::Provider(error) => Ok(error),
        failed @ CallError::Failed { .. } => Err(failed.into()),
    }
}

/// The parameters of a request's query or form.
pub fn form(text: &str) -> BTreeMap<String, String> {
    let text = text.split_once('?').map_or(text, |(_, query)| query);
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// An error in one line, without its message.
fn word(error: &Error) -> String {
    // `GrantProblem::Revoked`, as bindgen's enums print themselves.
    let last = |value: &dyn Debug| {
        let text = format!("{value:?}");
        text.rsplit("::").next().unwrap_or_default().to_owned()
    };
    match error {
        Error::InvalidInput(input) => format!("invalid-input {} {}", input.field, last(&input.problem)),
        Error::NotConnected => "not-connected".to_owned(),
        Error::NeedsReauthorization(grant) => format!("needs-reauthorization {}", last(&grant.problem)),
        Error::Misconfigured(it) => format!("misconfigured {}", last(&it.problem)),
        Error::Refused(refusal) => format!("refused {}", last(&refusal.problem)),
        Error::SignInFailed(sign_in) => format!("sign-in-failed {}", last(&sign_in.problem)),
        Error::AccountMismatch(account) => format!("account-mismatch {}", last(&account.mismatch)),
        Error::Throttled(after) => format!("throttled{}", wait(*after)),
        Error::Unavailable(outage) => {
            let effect = if outage.may_have_taken_effect { " in-doubt" } else { "" };
            format!("unavailable{effect}{}", wait(outage.retry_after))
        }
        Error::NotFound(_) => "not-found".to_owned(),
        Error::Internal(_) => "internal".to_owned(),
    }
}

fn wait(after: Option<u64>) -> String {
    after.map_or(String::new(), |ms| format!(" {ms}ms"))
}

/// Begins with a capital letter and has an end.
fn is_sentence(text: &str) -> bool {
    text.len() > 20
        && text.starts_with(|first: char| first.is_uppercase())
        && (text.contains(". ") || text.ends_with(['.', ')']))
}
