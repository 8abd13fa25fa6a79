//! Whole sign-ins, against a host in memory.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::bindings::credentials::{Error as CredentialError, Grant};
use crate::bindings::http::OauthError;
use crate::bindings::provider::GrantProblem;
use crate::bindings::types::Parameter;
use crate::fake::{Fake, NOW};

pub(super) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(super) const OTHER: &str = "99999999-2222-3333-4444-555555555555";

pub(super) fn parameter(name: &str, value: &str) -> Parameter {
    Parameter { name: name.to_owned(), value: value.to_owned() }
}

/// A request with these values, and the usual tenant behind them.
pub(super) fn request(values: &[(&str, &str)]) -> AuthorizationRequest {
    let values = values.iter().chain(&[("tenant-id", TENANT)]);
    AuthorizationRequest {
        values: values.map(|(name, value)| parameter(name, value)).collect(),
        redirect_uri: "https://p.example/cb".to_owned(),
        state: "state".to_owned(),
    }
}

fn begun(host: &Fake, purpose: Purpose, tenant: &str) -> Result<NextStep, Error> {
    begun_with(host, purpose, &[("tenant-id", tenant)])
}

/// Begins at the worldwide cloud, which knows the tenant.
pub(super) fn begun_with(host: &Fake, purpose: Purpose, values: &[(&str, &str)]) -> Result<NextStep, Error> {
    host.answer(200, &format!(r#"{{"issuer":"https://login.microsoftonline.com/{TENANT}/v2.0"}}"#));
    begin(host, &request(values), purpose)
}

/// Signs in as `oid`, whose nonce is that of the sign-in `nth` begun at this host.
pub(super) fn finished(host: &Fake, purpose: Purpose, oid: &str, nth: u8) -> Result<Connection, Error> {
    let nonce = pkce::text(&[nth * 2; 32]);
    let claims = format!(
        r#"{{"aud":"client","iss":"https://login.microsoftonline.com/{TENANT}/v2.0","exp":{},"nonce":"{nonce}","tid":"{TENANT}","oid":"{oid}"}}"#,
        NOW / 1000 + 3600
    );
    *host.exchange.borrow_mut() = Some(Ok(Grant {
        expires_at: NOW,
        scope: Some("User.Read User.ReadBasic.All OnlineMeetings.ReadWrite".to_owned()),
        id_token: Some(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))),
        renewable: true,
    }));
    host.answer(200, &format!(r#"{{"id":"{oid}","userPrincipalName":"{oid}@c.com","displayName":"D"}}"#));
    host.answer(200, r#"{"hasTeamsLicense":false}"#);
    called_back(host, purpose, &[("state", "state"), ("code", "c")])
}

pub(super) fn called_back(
    host: &Fake,
    purpose: Purpose,
    parameters: &[(&str, &str)],
) -> Result<Connection, Error> {
    let response = AuthorizationResponse {
        state: "state".to_owned(),
        parameters: parameters.iter().map(|(name, value)| parameter(name, value)).collect(),
    };
    finish(host, &response, purpose)
}

pub(super) fn connected() -> Fake {
    let host = Fake::default();
    assert!(matches!(begun(&host, Purpose::Connect, TENANT), Ok(NextStep::Visit(_))));
    let connection = finished(&host, Purpose::Connect, "a", 1).expect("a connection");
    assert_eq!(connection.account.id, "a");
    assert_eq!(connection.warnings.len(), 1);
    host.answers.borrow_mut().clear();
    host
}

pub(super) fn credentials(host: &Fake) -> Vec<String> {
    host.credentials.borrow().iter().cloned().collect()
}

#[test]
fn connecting_leaves_one_credential_and_one_record() {
    let host = connected();
    assert_eq!(credentials(&host), ["account"]);
    let keys: Vec<String> = host.stored.borrow().keys().cloned().collect();
    assert_eq!(keys, ["connection"]);
    let names: Vec<_> = host.exchanged.borrow().iter().map(|it| it.name.clone()).collect();
    let expected = ["grant_type", "client_id", "code", "redirect_uri", "code_verifier", "scope"];
    assert_eq!(names, expected);
}

#[test]
fn a_sign_in_is_ended_once() {
    let host = connected();
    let again = finished(&host, Purpose::Connect, "a", 1);
    assert!(matches!(again,
        Err(Error::SignInFailed(error)) if error.problem == SignInProblem::NotOurs));
}

#[test]
fn a_sign_in_expires_and_is_for_one_purpose() {
    let host = connected();
    begun(&host, Purpose::Reauthorize, TENANT).expect("begun");
    assert!(matches!(finished(&host, Purpose::Connect, "a", 2),
        Err(Error::SignInFailed(error)) if error.problem == SignInProblem::NotOurs));
    host.answers.borrow_mut().clear();
    begun(&host, Purpose::Reauthorize, TENANT).expect("begun");
    host.later.set(15 * 60 * 1000 + 1);
    assert!(matches!(finished(&host, Purpose::Reauthorize, "a", 3),
        Err(Error::SignInFailed(error)) if error.problem == SignInProblem::Expired));
}

#[test]
fn another_account_replaces_nothing() {
    for purpose in [Purpose::Connect, Purpose::Reauthorize] {
        let host = connected();
        let before = host.stored.borrow().clone();
        begun(&host, purpose, TENANT).expect("begun");
        let result = finished(&host, purpose, "b", 2);
        assert!(matches!(result, Err(Error::AccountMismatch(error))
            if error.mismatch == Mismatch::OtherAccount && error.message.contains("a@c.com")));
        assert_eq!(credentials(&host), ["account"]);
        assert_eq!(*host.stored.borrow(), before);
    }
}

#[test]
fn another_tenant_is_refused_before_anything_is_sent() {
    let host = connected();
    let sent = host.sent.borrow().len();
    assert!(matches!(begun(&host, Purpose::Reauthorize, OTHER),
        Err(Error::AccountMismatch(error)) if error.mismatch == Mismatch::OtherTenant));
    assert_eq!(host.sent.borrow().len(), sent);
}

#[test]
fn the_same_account_renews_the_grant() {
    let host = connected();
    begun(&host, Purpose::Reauthorize, TENANT).expect("begun");
    assert!(finished(&host, Purpose::Reauthorize, "a", 2).is_ok());
    assert_eq!(credentials(&host), ["account"]);
}

#[test]
fn a_first_connection_that_cannot_be_stored_leaves_nothing() {
    let host = Fake::default();
    begun(&host, Purpose::Connect, TENANT).expect("begun");
    host.read_only.set(true);
    let result = finished(&host, Purpose::Connect, "a", 1);
    assert!(matches!(result, Err(Error::Unavailable(_))));
    assert!(credentials(&host).is_empty());
    assert!(host.stored.borrow().is_empty());
}

#[test]
fn a_declined_sign_in_is_used_up() {
    let host = Fake::default();
    begun(&host, Purpose::Connect, TENANT).expect("begun");
    let result = called_back(&host, Purpose::Connect, &[("error", "access_denied")]);
    assert!(matches!(result,
        Err(Error::SignInFailed(error)) if error.problem == SignInProblem::Cancelled));
    assert!(host.stored.borrow().is_empty());
}

#[test]
fn disconnecting_forgets_everything_and_can_be_repeated() {
    let host = connected();
    begun(&host, Purpose::Reauthorize, TENANT).expect("begun");
    let sent = host.sent.borrow().len();
    for _ in 0..2 {
        assert_eq!(connection::forget(&host), Ok(()));
        assert!(host.stored.borrow().is_empty() && credentials(&host).is_empty());
    }
    assert_eq!(host.sent.borrow().len(), sent);
    assert_eq!(account::check(&host), Err(Error::NotConnected));
    assert_eq!(begun(&host, Purpose::Reauthorize, TENANT), Err(Error::NotConnected));
}

/// The rows of Microsoft's list of errors that a token endpoint gives, and what each does to a
/// connection whose grant is to be renewed, and to a sign-in whose code is to be redeemed.
#[test]
fn every_error_of_the_token_endpoint_is_told_apart() {
    use GrantProblem as G;
    use SignInProblem as S;
    let rows: &[(u32, &str, Option<&str>, &str, &str)] = &[
        (50_173, "invalid_grant", Some("bad_token"), dead(G::Revoked), failed(S::Refused)),
        (700_082, "invalid_grant", None, dead(G::Expired), failed(S::Expired)),
        (70_008, "invalid_grant", None, dead(G::Expired), failed(S::Expired)),
        (70_043, "invalid_grant", Some("token_expired"), dead(G::Expired), failed(S::Refused)),
        (700_084, "invalid_grant", None, dead(G::Expired), failed(S::Expired)),
        (70_000, "invalid_grant", None, dead(G::Other), failed(S::Expired)),
        (54_005, "invalid_grant", None, dead(G::Other), failed(S::Expired)),
        (501_481, "invalid_grant", None, dead(G::Other), failed(S::NotOurs)),
        (700_005, "invalid_grant", None, dead(G::Other), failed(S::NotOurs)),
        (50_076, "invalid_grant", Some("basic_action"), dead(G::MultiFactorRequired), failed(S::Refused)),
        (
            50_079,
            "interaction_required",
            Some("basic_action"),
            dead(G::MultiFactorRequired),
            failed(S::Refused),
        ),
        (53_003, "invalid_grant", Some("message_only"), dead(G::BlockedByPolicy), failed(S::Refused)),
        (
            65_001,
            "invalid_grant",
            Some("consent_required"),
            dead(G::ConsentWithdrawn),
            failed(S::ApprovalRequired),
        ),
        (7_000_215, "invalid_client", None, "misconfigured", "misconfigured"),
        (7_000_222, "invalid_client", None, "misconfigured", "misconfigured"),
        (7_000_218, "invalid_client", None, "misconfigured", "misconfigured"),
        (7_000_218, "invalid_request", None, "misconfigured", "misconfigured"),
        (700_025, "invalid_client", None, "misconfigured", "misconfigured"),
        (700_027, "invalid_client", None, "misconfigured", "misconfigured"),
        (700_016, "unauthorized_client", None, "misconfigured", "misconfigured"),
        (90_002, "invalid_request", None, "refused", "invalid-input"),
        (900_023, "invalid_request", None, "refused", "invalid-input"),
        (50_034, "invalid_grant", Some("bad_token"), dead(G::AccountDisabled), failed(S::Refused)),
        (16_000, "interaction_required", None, dead(G::MultiFactorRequired), failed(S::Refused)),
        (50_196, "invalid_grant", None, "unavailable", "unavailable"),
        (50_196, "temporarily_unavailable", None, "unavailable", "unavailable"),
        (50_057, "invalid_grant", None, dead(G::AccountDisabled), failed(S::Refused)),
        (50_194, "invalid_request", None, "misconfigured", "misconfigured"),
        (9_002_313, "invalid_request", None, "internal", "internal"),
        (70_011, "invalid_scope", None, "internal", "internal"),
    ];
    for (code, error, suberror, renewal, redemption) in rows {
        let oauth = OauthError {
            status: 400,
            error: (*error).to_owned(),
            suberror: suberror.map(str::to_owned),
            description: "AADSTS: secret text".to_owned(),
            codes: vec![*code],
        };
        let found = crate::identity::grant::refused(&oauth);
        assert_eq!(kind(&found), *renewal, "renewal, {code} {error}");
        assert!(!format!("{found:?}").contains("secret text"));

        let host = Fake::default();
        begun(&host, Purpose::Connect, TENANT).expect("begun");
        *host.exchange.borrow_mut() = Some(Err(CredentialError::Refused(oauth)));
        let found = called_back(&host, Purpose::Connect, &[("code", "c")]);
        assert_eq!(found.as_ref().map_err(kind), Err(*redemption), "redemption, {code} {error}");
    }
}

fn dead(problem: GrantProblem) -> &'static str {
    match problem {
        GrantProblem::Revoked => "dead: revoked",
        GrantProblem::Expired => "dead: expired",
        GrantProblem::MultiFactorRequired => "dead: multi-factor",
        GrantProblem::BlockedByPolicy => "dead: policy",
        GrantProblem::ConsentWithdrawn => "dead: consent",
        GrantProblem::AccountDisabled => "dead: disabled",
        _ => "dead: other",
    }
}

fn failed(problem: SignInProblem) -> &'static str {
    match problem {
        SignInProblem::Expired => "failed: expired",
        SignInProblem::NotOurs => "failed: not ours",
        SignInProblem::ApprovalRequired => "failed: approval",
        _ => "failed: refused",
    }
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::NeedsReauthorization(it) => dead(it.problem),
        Error::SignInFailed(it) => failed(it.problem),
        Error::Misconfigured(_) => "misconfigured",
        Error::Unavailable(_) => "unavailable",
        Error::Refused(_) => "refused",
        Error::InvalidInput(_) => "invalid-input",
        _ => "internal",
    }
}
