//! Redeeming the code for a grant, and what it means if Microsoft refuses.

use super::pending::Pending;
use super::{grant, scope, tenant};
use crate::bindings::credentials::{Error as CredentialError, Grant};
use crate::bindings::http::OauthError;
use crate::bindings::provider::{Error, SignInProblem};
use crate::bindings::types::Parameter;
use crate::client::Client;
use crate::failure;
use crate::host::Host;

/// Redeems the code at the tenant that issued it (elsewhere: AADSTS700005), and keeps the grant
/// under `name`.
pub(crate) fn code(
    host: &dyn Host,
    client: &Client,
    pending: &Pending,
    code: &str,
    name: &str,
) -> Result<Grant, Error> {
    let parameters = [
        ("grant_type", "authorization_code"),
        ("client_id", &client.id),
        ("code", code),
        ("redirect_uri", &pending.redirect_uri),
        ("code_verifier", &pending.verifier),
        ("scope", &scope::asked(pending.cloud)),
    ];
    exchange(host, client, pending, &parameters, name).map_err(failed)
}

/// Gets a grant for the application alone (client credentials), and keeps it under `name`. The host
/// gets it again by the same exchange before it ends.
pub(crate) fn application(
    host: &dyn Host,
    client: &Client,
    pending: &Pending,
    name: &str,
) -> Result<(), Error> {
    let parameters = [
        ("grant_type", "client_credentials"),
        ("client_id", &client.id),
        ("scope", &pending.cloud.everything()),
    ];
    match exchange(host, client, pending, &parameters, name) {
        Ok(_) => Ok(()),
        // 700016, 7000229: the tenant has no service principal of the application. Microsoft may not
        // know everywhere yet that it was installed, and a callback can say so without its being true.
        Err(CredentialError::Refused(oauth))
            if oauth.codes.iter().any(|code| matches!(code, 700_016 | 7_000_229)) =>
        {
            Err(failure::sign_in_failed(
                SignInProblem::ApprovalRequired,
                shown(
                    "The application is not installed in the tenant, or not yet everywhere. Start again \
                     in some minutes.",
                    &oauth,
                ),
            ))
        }
        Err(error) => Err(failed(error)),
    }
}

fn exchange(
    host: &dyn Host,
    client: &Client,
    pending: &Pending,
    parameters: &[(&str, &str)],
    name: &str,
) -> Result<Grant, CredentialError> {
    let parameters: Vec<Parameter> = parameters
        .iter()
        .map(|(name, value)| Parameter { name: (*name).to_owned(), value: (*value).to_owned() })
        .collect();
    let url = pending.cloud.identity(&pending.tenant, "/oauth2/v2.0/token");
    host.exchange(name, &url, &parameters, client.authentication)
}

fn failed(error: CredentialError) -> Error {
    match error {
        CredentialError::Refused(oauth) => refused(&oauth),
        CredentialError::Denied(why) => failure::denied(&why),
        CredentialError::NotSent(why) => failure::unreachable(&why),
        CredentialError::NoAnswer(why) => failure::unavailable(
            true,
            None,
            failure::because("Start again: the connection to Microsoft ended before its answer.", &why),
        ),
        CredentialError::Unavailable(retry_after) => failure::unavailable(
            true,
            retry_after,
            "Microsoft's sign-in has a fault at the moment. Start again later.",
        ),
        error => failure::credential(error),
    }
}

/// What the token endpoint's refusal of a code means.
fn refused(oauth: &OauthError) -> Error {
    let has = |code: u32| oauth.codes.contains(&code);
    let failed = |problem, what| failure::sign_in_failed(problem, shown(what, oauth));
    match oauth.error.as_str() {
        "invalid_client" | "unauthorized_client" => grant::misconfigured(oauth),
        "consent_required" => failed(SignInProblem::ApprovalRequired, APPROVAL),
        "invalid_grant" | "temporarily_unavailable" if has(50_196) => busy(oauth),
        "invalid_grant" | "interaction_required" | "login_required" | "access_denied" => {
            let (problem, what) = declined(oauth);
            failed(problem, what)
        }
        "temporarily_unavailable" | "server_error" => busy(oauth),
        "invalid_request" if has(90_002) => tenant::unknown(),
        "invalid_request" if has(900_023) => tenant::malformed(),
        "invalid_request" if has(7_000_218) || has(50_194) || has(50_011) => grant::misconfigured(oauth),
        _ if oauth.status == 429 || oauth.status >= 500 => busy(oauth),
        _ => failure::internal(shown("Microsoft did not accept how the code was redeemed.", oauth)),
    }
}

fn busy(oauth: &OauthError) -> Error {
    failure::unavailable(
        true,
        None,
        shown("Microsoft's sign-in has a fault at the moment. Start again later.", oauth),
    )
}

const APPROVAL: &str = "An administrator of the Microsoft tenant has to approve the permissions \
                        first. Start again when that is done.";

fn declined(oauth: &OauthError) -> (SignInProblem, &'static str) {
    let by_code = oauth.codes.iter().find_map(|code| {
        Some(match code {
            54_005 | 70_008 | 70_000 => {
                (SignInProblem::Expired, "The sign-in is too old or was used before. Start again.")
            }
            501_481 | 700_005 => (
                SignInProblem::NotOurs,
                "Microsoft does not see the sign-in as the one that was begun here. Start again.",
            ),
            65_001 | 90_094 => (SignInProblem::ApprovalRequired, APPROVAL),
            50_076 | 50_079 => (
                SignInProblem::Refused,
                "The account has to sign in with a second factor. Start again and complete it.",
            ),
            53_003 => (
                SignInProblem::Refused,
                "A Conditional Access policy of the tenant blocks the account. Its administrator \
                 has to change the policy.",
            ),
            50_034 | 50_020 => (
                SignInProblem::Refused,
                "The account does not exist in the tenant. Start again with another one.",
            ),
            50_057 => (SignInProblem::Refused, "The account is disabled."),
            16_000 => (
                SignInProblem::Refused,
                "Microsoft could not tell which account was meant. Start again and choose one.",
            ),
            _ => return None,
        })
    });
    by_code.unwrap_or(match (oauth.error.as_str(), oauth.suberror.as_deref()) {
        (_, Some("consent_required")) => (SignInProblem::ApprovalRequired, APPROVAL),
        // RFC 6749, 5.2: the code is invalid, expired or was used.
        ("invalid_grant", None) => {
            (SignInProblem::Expired, "Microsoft no longer accepts the sign-in. Start again.")
        }
        _ => (SignInProblem::Refused, "Microsoft refused the sign-in. Start again."),
    })
}

/// A sentence with the error's name and number, by which Microsoft's documentation finds it. The
/// description stays out: it names people and applications.
pub(crate) fn shown(what: &str, oauth: &OauthError) -> String {
    let mut text = [what, " ("].concat();
    text.extend(oauth.error.chars().filter(char::is_ascii_graphic).take(60));
    if let Some(code) = oauth.codes.first() {
        text.push_str(", AADSTS");
        text.push_str(&code.to_string());
    }
    text.push(')');
    text
}
