//! The application access policy and the national clouds, against a host in memory.

use super::tests::{OTHER, TENANT, begun_with, called_back, connected, credentials, finished, parameter};
use super::*;
use crate::bindings::credentials::{Error as CredentialError, Grant};
use crate::bindings::http::{Error as HttpError, OauthError};
use crate::bindings::provider::GrantProblem;
use crate::fake::{Fake, NOW};

const POLICY: [(&str, &str); 1] = [("method", "access-policy")];
const CONSENTED: [(&str, &str); 3] = [("state", "state"), ("admin_consent", "True"), ("tenant", TENANT)];

/// The consent comes back, with what Graph says of users and of meetings.
fn consented(host: &Fake, purpose: Purpose, graph: &[(u16, &str)]) -> Result<Connection, Error> {
    let grant = Grant { expires_at: NOW, scope: None, id_token: None, renewable: true };
    *host.exchange.borrow_mut() = Some(Ok(grant));
    for (status, body) in graph {
        host.answer(*status, body);
    }
    called_back(host, purpose, &CONSENTED)
}

const GOOD: [(u16, &str); 2] = [(200, r#"{"value":[{"id":"u"}]}"#), (404, "{}")];
const NO_PERMISSION: (u16, &str) = (403, r#"{"error":{"code":"Authorization_RequestDenied"}}"#);

fn application() -> Fake {
    let host = Fake::default();
    begun_with(&host, Purpose::Connect, &POLICY).expect("begun");
    consented(&host, Purpose::Connect, &GOOD).expect("a connection");
    host
}

fn input(result: Result<NextStep, Error>) -> (String, InputProblem, String) {
    match result {
        Err(Error::InvalidInput(error)) => (error.field, error.problem, error.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_administrator_consents_and_the_application_is_the_account() {
    let host = Fake::default();
    let step = begun_with(&host, Purpose::Connect, &POLICY);
    assert!(matches!(step, Ok(NextStep::Visit(url)) if url == format!(
        "https://login.microsoftonline.com/{TENANT}/v2.0/adminconsent?client_id=client&redirect_uri=\
         https%3A%2F%2Fp.example%2Fcb&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&state=state")));
    let made = consented(&host, Purpose::Connect, &GOOD).expect("a connection");
    assert_eq!((made.account.id.as_str(), made.account.tenant_id.as_str()), ("client", TENANT));
    assert_eq!(made.scopes, ["User.ReadBasic.All", "OnlineMeetings.ReadWrite.All"]);
    assert!(made.warnings.is_empty());
    assert_eq!(credentials(&host), ["application"]);
    let exchanged = host.exchanged.borrow();
    let exchanged: Vec<_> = exchanged.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    let scope = ("scope", "https://graph.microsoft.com/.default");
    assert_eq!(exchanged, [("grant_type", "client_credentials"), ("client_id", "client"), scope]);
    assert!(host.sent.borrow().iter().all(|request| !request.url.contains("/me")));
}

#[test]
fn a_callback_alone_authorises_nothing() {
    for (parameters, mismatch) in [
        (vec![("admin_consent", "True"), ("tenant", OTHER)], true),
        (vec![("admin_consent", "True"), ("tenant", TENANT), ("error", "access_denied")], false),
        (vec![("code", "c")], false),
    ] {
        let host = Fake::default();
        begun_with(&host, Purpose::Connect, &POLICY).expect("begun");
        let result = called_back(&host, Purpose::Connect, &parameters);
        assert_eq!(matches!(result, Err(Error::AccountMismatch(_))), mismatch);
        assert!(result.is_err() && host.exchanged.borrow().is_empty() && host.stored.borrow().is_empty());
    }
}

#[test]
fn without_the_application_or_its_permissions_nothing_is_stored() {
    let host = Fake::default();
    for code in [700_016, 7_000_229] {
        begun_with(&host, Purpose::Connect, &POLICY).expect("begun");
        *host.exchange.borrow_mut() = Some(Err(CredentialError::Refused(OauthError {
            status: 400,
            error: "unauthorized_client".to_owned(),
            suberror: None,
            description: String::new(),
            codes: vec![code],
        })));
        assert!(matches!(called_back(&host, Purpose::Connect, &CONSENTED),
            Err(Error::SignInFailed(error)) if error.problem == SignInProblem::ApprovalRequired));
    }
    begun_with(&host, Purpose::Connect, &POLICY).expect("begun");
    assert!(matches!(consented(&host, Purpose::Connect, &[NO_PERMISSION]),
        Err(Error::SignInFailed(error)) if error.problem == SignInProblem::ApprovalRequired));
    assert!(host.stored.borrow().is_empty() && credentials(&host).is_empty());
}

#[test]
fn check_tells_which_permissions_the_application_has() {
    let host = application();
    let policy =
        r#"{"error":{"code":"Forbidden","message":"No application access policy found for this app."}}"#;
    for (meetings, warnings) in [((404, "{}"), 0), ((403, policy), 0), (NO_PERMISSION, 1)] {
        host.answer(GOOD[0].0, GOOD[0].1);
        host.answer(meetings.0, meetings.1);
        let connection = account::check(&host).expect("a connection");
        assert_eq!(connection.warnings.len(), warnings, "{meetings:?}");
        assert_eq!(connection.scopes.len(), 2 - warnings);
    }
    host.answer(NO_PERMISSION.0, NO_PERMISSION.1);
    assert!(matches!(account::check(&host), Err(Error::Refused(_))));
}

#[test]
fn the_application_and_its_tenant_are_pinned() {
    let host = application();
    let values = [("tenant-id", OTHER), POLICY[0]];
    assert!(matches!(begun_with(&host, Purpose::Reauthorize, &values), Err(Error::AccountMismatch(_))));
    host.answers.borrow_mut().clear();
    begun_with(&host, Purpose::Reauthorize, &[]).expect("begun");
    assert!(consented(&host, Purpose::Reauthorize, &GOOD).is_ok());
    begun_with(&host, Purpose::Reauthorize, &[]).expect("begun");
    host.answers.borrow_mut().clear();
    host.settings.borrow_mut().insert("client-id", "another".to_owned());
    assert!(matches!(consented(&host, Purpose::Reauthorize, &GOOD),
        Err(Error::AccountMismatch(error)) if error.mismatch == Mismatch::OtherAccount));
    assert!(matches!(account::check(&host),
        Err(Error::NeedsReauthorization(dead)) if dead.problem == GrantProblem::Other));
}

#[test]
fn the_method_changes_both_ways_and_leaves_one_credential() {
    let host = connected();
    begun_with(&host, Purpose::Reauthorize, &POLICY).expect("begun");
    assert!(consented(&host, Purpose::Reauthorize, &GOOD).is_ok());
    assert_eq!(credentials(&host), ["application"]);
    begun_with(&host, Purpose::Reauthorize, &[("method", "service-account")]).expect("begun");
    assert!(finished(&host, Purpose::Reauthorize, "b", 3).is_ok());
    assert_eq!(credentials(&host), ["account"]);
    assert_eq!(connection::forget(&host), Ok(()));
    assert!(credentials(&host).is_empty());
}

#[test]
fn a_change_of_method_that_cannot_be_stored_leaves_the_old_one_at_work() {
    let host = connected();
    begun_with(&host, Purpose::Reauthorize, &POLICY).expect("begun");
    let before = connection::load(&host);
    host.read_only.set(true);
    assert!(matches!(consented(&host, Purpose::Reauthorize, &GOOD), Err(Error::Unavailable(_))));
    assert_eq!((credentials(&host), connection::load(&host)), (vec!["account".to_owned()], before));
}

#[test]
fn a_national_cloud_is_spoken_to_alone() {
    let host = Fake::default();
    host.answer(401, "{}");
    host.answer(200, &format!(r#"{{"issuer":"https://login.microsoftonline.us/{TENANT}/v2.0"}}"#));
    let values = [POLICY[0], ("cloud", "us-dod")];
    let request = super::tests::request(&values);
    let step = begin(&host, &request, Purpose::Connect);
    assert!(matches!(step, Ok(NextStep::Visit(url))
        if url.starts_with("https://login.microsoftonline.us/")
            && url.contains("scope=https%3A%2F%2Fdod-graph.microsoft.us%2F.default&")));
    consented(&host, Purpose::Connect, &GOOD).expect("a connection");
    host.answer(200, r#"{"value":[]}"#);
    assert!(
        crate::matching::match_users(
            &host,
            &["s@c.com".to_owned(), "t@c.com".to_owned()],
            crate::bindings::provider::Look::Everywhere
        )
        .is_ok()
    );
    let sent = host.sent.borrow();
    assert!(sent.len() > 4);
    assert!(sent.iter().all(|request| {
        let to_graph = request.url.starts_with("https://dod-graph.microsoft.us/");
        to_graph
            || (request.url.starts_with("https://login.microsoftonline.us/") && request.credential.is_none())
    }));
}

#[test]
fn another_clouds_issuer_is_not_believed() {
    let host = Fake::default();
    host.answer(401, "{}");
    let step = begun_with(&host, Purpose::Connect, &[("cloud", "us-government")]);
    assert!(matches!(step, Err(Error::Internal(_))));
}

#[test]
fn an_ungranted_cloud_tells_what_to_grant() {
    let denied = || Err(HttpError::Denied("not granted".to_owned()));
    for graph_is_granted in [true, false] {
        let host = Fake::default();
        if graph_is_granted {
            host.answer(401, "{}");
        }
        host.answers.borrow_mut().push_back(denied());
        let request = super::tests::request(&[("cloud", "us-government")]);
        let (field, problem, message) = input(begin(&host, &request, Purpose::Connect));
        assert_eq!((field.as_str(), problem), ("cloud", InputProblem::Unsupported));
        assert!(
            message.contains("https://graph.microsoft.us") && message.contains("login.microsoftonline.us")
        );
        assert!(host.stored.borrow().is_empty());
    }
    let host = Fake::default();
    host.answers.borrow_mut().push_back(denied());
    let worldwide = begin(&host, &super::tests::request(&[]), Purpose::Connect);
    assert!(matches!(worldwide, Err(Error::Misconfigured(_))));
}

#[test]
fn what_cannot_be_chosen_is_refused_before_anything_is_sent() {
    for (name, value, problem) in [
        ("cloud", "china", InputProblem::Unsupported),
        ("cloud", "moon", InputProblem::Unknown),
        ("method", "magic", InputProblem::Unknown),
    ] {
        let host = Fake::default();
        let found = input(begin(&host, &super::tests::request(&[(name, value)]), Purpose::Connect));
        assert_eq!((found.0.as_str(), found.1), (name, problem));
        assert!(host.sent.borrow().is_empty());
    }
    let host = application();
    let sent = host.sent.borrow().len();
    let found = input(begun_with(&host, Purpose::Reauthorize, &[("cloud", "us-dod")]));
    assert_eq!((found.0.as_str(), host.sent.borrow().len()), ("cloud", sent));
}

#[test]
fn the_description_needs_the_worldwide_cloud_only() {
    let description = crate::describe::description();
    assert_eq!(description.api_origins, [GLOBAL.graph]);
    assert_eq!(description.identity_origins, [GLOBAL.login]);
    for cloud in &crate::cloud::NATIONAL {
        assert!(description.optional_api_origins.iter().any(|origin| origin == cloud.graph));
        assert!(description.optional_identity_origins.iter().any(|origin| origin == cloud.login));
    }
    let asked = |name: &str, value: &str| {
        let values = [parameter(name, value)];
        Method::asked_for(&values).is_ok() && Cloud::asked_for(&values).is_ok()
    };
    for field in description.setup {
        if let crate::bindings::provider::SetupKind::Choice(choices) = field.kind {
            assert!(!field.required);
            for choice in choices {
                assert_eq!(asked(&field.name, &choice.value), choice.value != "china");
                assert!(!choice.help.is_empty());
            }
        }
    }
}
