//! Asks a token endpoint: checks what is about to be sent, adds the client's authentication, posts
//! the form, reads the answer.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use super::answer::{self, TokenAnswer};
use super::client::ClientAuthentication;
use super::known::KnownSecrets;
use super::{Caller, CredentialError};
use crate::clock::Clock;
use crate::egress::Purpose;
use crate::transport::{SendError, Transport};

/// What only the host may say to a token endpoint.
const HOSTS_OWN: [&str; 4] = ["client_secret", "client_assertion", "client_assertion_type", "refresh_token"];

/// Parameters whose values are as good as a token while they last.
const SECRET: [&str; 5] = ["code", "code_verifier", "device_code", "password", "assertion"];

/// Longest names and values of one exchange together, in bytes.
const LARGEST: usize = 64 * 1024;

/// Refuses what a plugin may not send.
pub(super) fn check_parameters(parameters: &[(String, String)]) -> Result<(), CredentialError> {
    let denied = |reason: String| Err(CredentialError::Denied(reason));
    for (index, (name, _)) in parameters.iter().enumerate() {
        if HOSTS_OWN.contains(&name.as_str()) {
            return denied(format!("the parameter `{name}` belongs to the host"));
        }
        // RFC 6749, 3.2: an endpoint may take either of the two.
        if parameters[..index].iter().any(|(earlier, _)| earlier == name) {
            return denied("a parameter comes twice".to_owned());
        }
    }
    if parameters.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LARGEST {
        return denied(format!("the parameters are larger than {LARGEST} bytes"));
    }
    Ok(())
}

/// One token request.
pub(super) struct TokenRequest<'a> {
    pub(super) url: &'a str,
    pub(super) form: Vec<(&'a str, &'a str)>,
    pub(super) authentication: ClientAuthentication,
    pub(super) deadline: Instant,
}

impl TokenRequest<'_> {
    /// Sends it once. Nothing is sent unless the operator's grant allows it.
    pub(super) async fn send(
        self,
        caller: &Caller,
        transport: &dyn Transport,
        clock: &dyn Clock,
        known: &KnownSecrets,
    ) -> Result<TokenAnswer, CredentialError> {
        let uri: Uri = self
            .url
            .parse()
            .map_err(|_| CredentialError::Denied("the token endpoint's URL is not a URL".to_owned()))?;
        caller
            .grant
            .permits(&uri, Purpose::Identity)
            .map_err(|denied| CredentialError::Denied(denied.to_string()))?;
        let body = self.body(caller, clock)?;
        let secrets = self.form.iter().filter(|(name, _)| SECRET.contains(name)).map(|(_, value)| *value);
        known.remember(&caller.integration, secrets);
        let request = Request::post(uri)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(body)
            .map_err(|_| CredentialError::Denied("the token endpoint's URL is not a URL".to_owned()))?;
        let response = transport.send(request, self.deadline).await.map_err(unanswered)?;
        let answer = answer::read(&response, &known.redactor(&caller.integration, &caller.client))?;
        let tokens = [Some(&answer.access_token), answer.refresh_token.as_ref()];
        known.remember(&caller.integration, tokens.into_iter().flatten().map(SecretString::expose_secret));
        Ok(answer)
    }

    /// The form, with the client's authentication.
    fn body(&self, caller: &Caller, clock: &dyn Clock) -> Result<Bytes, CredentialError> {
        let misconfigured = |what: &str| CredentialError::Misconfigured(what.to_owned());
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&self.form);
        match self.authentication {
            ClientAuthentication::None => {}
            ClientAuthentication::Secret => {
                let secret = caller.client.secret.as_ref().ok_or_else(|| {
                    misconfigured("no client secret is configured for this provider: add it to its settings")
                })?;
                form.append_pair("client_secret", secret.expose_secret());
            }
            ClientAuthentication::Assertion => {
                let certificate = caller.client.certificate.as_ref().ok_or_else(|| {
                    misconfigured(
                        "no client certificate is configured for this provider: add it to its settings",
                    )
                })?;
                let client_id = self.form.iter().find(|(name, _)| *name == "client_id").ok_or_else(|| {
                    CredentialError::Denied("an assertion needs the parameter `client_id`".to_owned())
                })?;
                let assertion = certificate.assertion(client_id.1, self.url, clock.now_ms())?;
                form.append_pair(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                );
                form.append_pair("client_assertion", &assertion);
            }
        }
        Ok(Bytes::from(form.finish()))
    }
}

fn unanswered(error: SendError) -> CredentialError {
    match error {
        SendError::Denied(reason) => CredentialError::Denied(reason),
        SendError::NotSent(reason) => CredentialError::NotSent(reason),
        error => CredentialError::NoAnswer(error.to_string()),
    }
}
