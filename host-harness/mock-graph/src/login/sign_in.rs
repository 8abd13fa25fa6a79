//! What the sign-in and consent forms do when posted.

use http::StatusCode;

use super::aadsts::Aadsts;
use super::authorize::{redirected_error, request_of, trusted};
use super::flows::{Flow, Purpose, SignedIn};
use super::grants::{CodeTerms, Grant};
use super::identity::{Person, current_password, identify, may_sign_in};
use super::pages::{self, WholeOrganisation};
use super::redirect::ReturnTo;
use super::scopes::{needs_administrator, plain};
use super::{admin_consent, token_answer};
use crate::directory::SecondFactor;
use crate::shared::Shared;
use crate::wire::{Form, Incoming, Reply, Trace};

/// Microsoft's own page: the application hears nothing.
pub(super) fn error_page(error: &Aadsts, trace: &Trace) -> Reply {
    Reply::html(error.status, pages::error(&error.description(trace)))
}

/// An error a fault asks for on any of the pages.
pub(super) fn refused(shared: &Shared, incoming: &Incoming, error: &Aadsts, trace: &Trace) -> Reply {
    if error.redirected().is_none() {
        return error_page(error, trace);
    }
    let form = request_of(incoming);
    match return_of(shared, incoming, &form, trace) {
        Some(return_to) => redirected_error(&return_to, error, trace),
        None => error_page(error, trace),
    }
}

fn return_of(shared: &Shared, incoming: &Incoming, form: &Form, trace: &Trace) -> Option<ReturnTo> {
    if let Some(flow) = form.get("flow").and_then(|id| shared.flows.look(id, trace.at)) {
        return Some(flow.return_to);
    }
    let segment = incoming.path.trim_matches('/').split('/').next()?;
    trusted(shared, segment, form).ok().map(|(_, _, return_to)| return_to)
}

/// The sign-in form: email and password.
pub(super) fn submitted(shared: &Shared, incoming: &Incoming, trace: &Trace) -> Reply {
    let form = incoming.form();
    let Some((id, mut flow)) = flow_of(shared, &form, trace) else {
        return error_page(&Aadsts::new(50089), trace);
    };
    let name = form.get("username").unwrap_or_default();
    let password = form.get("password").unwrap_or_default();
    let person = match identify(shared, &flow.authority, &flow.client_id, name, password) {
        Ok(person) => person,
        Err(error) if matches!(error.code, 50126 | 50034) => {
            let application = application_name(shared, &flow.client_id);
            let text = error.description(trace);
            let page = pages::sign_in(&application, &id, name, Some(&text));
            return Reply::html(StatusCode::OK, page);
        }
        Err(error) => return error_page(&error, trace),
    };
    if let Err(error) = may_sign_in(&person.account).and_then(|()| current_password(&person.account)) {
        return error_page(&error, trace);
    }
    // The second factor itself is not acted out: signing in performs it, and enrols.
    shared.directory.enrolled(&person.tenant.id, &person.account.user.id);
    flow.signed_in = Some(SignedIn {
        tenant: person.tenant.id.clone(),
        user: person.account.user.id.clone(),
        sessions: person.account.sessions,
        demands: person.account.demands,
        second_factor: person.account.second_factor != SecondFactor::NotRequired,
        at: trace.at,
    });
    shared.flows.end(&id);
    if let Purpose::AdminConsent { .. } = flow.purpose {
        return admin_consent::signed_in(shared, flow, &person, trace);
    }
    ask_or_finish(shared, flow, &person, trace)
}

fn ask_or_finish(shared: &Shared, flow: Flow, person: &Person, trace: &Trace) -> Reply {
    let asks_always = matches!(flow.purpose, Purpose::Code { always_ask: true, .. });
    let missing = missing_consents(shared, &flow, person);
    if missing.is_empty() && !asks_always {
        return finished(shared, &flow, trace);
    }
    let user = &person.account.user;
    let beyond_the_user = person.tenant.administrators_consent
        || missing.iter().any(|permission| needs_administrator(permission));
    if !user.administrator && !missing.is_empty() && beyond_the_user {
        return redirected_error(&flow.return_to, &Aadsts::new(90094), trace);
    }
    let offered = if user.administrator { WholeOrganisation::Offered } else { WholeOrganisation::No };
    consent_page(shared, flow, person, offered, trace)
}

/// Shows the consent page and keeps the flow for its answer.
pub(super) fn consent_page(
    shared: &Shared,
    flow: Flow,
    person: &Person,
    whole_organisation: WholeOrganisation,
    trace: &Trace,
) -> Reply {
    let scopes = match &flow.purpose {
        Purpose::AdminConsent { scope } => scope.split_whitespace().map(str::to_owned).collect(),
        Purpose::Code { .. } => flow.scopes.all().to_vec(),
    };
    let application = application_name(shared, &flow.client_id);
    let id = shared.flows.keep(flow, trace.at);
    let page = pages::consent(
        &application,
        &person.tenant.display_name,
        &person.account.user.user_principal_name,
        &id,
        &scopes,
        whole_organisation,
    );
    Reply::html(StatusCode::OK, page)
}

/// The consent form: Accept or Cancel.
pub(super) fn consented(shared: &Shared, incoming: &Incoming, trace: &Trace) -> Reply {
    let form = incoming.form();
    let Some((id, mut flow)) = flow_of(shared, &form, trace) else {
        return error_page(&Aadsts::new(50089), trace);
    };
    let Some(signed_in) = flow.signed_in.clone() else {
        return error_page(&Aadsts::new(50058), trace);
    };
    shared.flows.end(&id);
    let accepted = form.get("answer") == Some("accept");
    if let Purpose::AdminConsent { scope } = &flow.purpose {
        return admin_consent::answered(shared, &flow, &signed_in.tenant, scope, accepted, trace);
    }
    if !accepted {
        return redirected_error(&flow.return_to, &Aadsts::new(65004), trace);
    }
    let administrator = shared
        .directory
        .account(&signed_in.tenant, &signed_in.user)
        .is_some_and(|account| account.user.administrator);
    let everyone = administrator && form.get("everyone").is_some();
    flow.withheld = form.all("without").map(|scope| plain(scope).to_owned()).collect();
    let withheld =
        |permission: &String| flow.withheld.iter().any(|name| name.eq_ignore_ascii_case(permission));
    let permissions = wanted_permissions(shared, &flow).into_iter().filter(|name| !withheld(name));
    shared.directory.install(&flow.client_id, &signed_in.tenant, |installed| {
        if everyone {
            installed.for_everyone.extend(permissions);
        } else {
            installed.by_user.entry(signed_in.user.clone()).or_default().extend(permissions);
        }
    });
    finished(shared, &flow, trace)
}

fn finished(shared: &Shared, flow: &Flow, trace: &Trace) -> Reply {
    let (Purpose::Code { nonce, challenge, client_info, .. }, Some(signed_in)) =
        (&flow.purpose, &flow.signed_in)
    else {
        return error_page(&Aadsts::new(50058), trace);
    };
    let redirect_uri = flow.return_to.redirect_uri.clone();
    let single_page = shared
        .directory
        .application(&flow.client_id)
        .and_then(|app| app.redirect_uri(&redirect_uri).map(|uri| uri.single_page))
        .unwrap_or(false);
    let grant = Grant {
        client_id: flow.client_id.clone(),
        tenant: signed_in.tenant.clone(),
        user: signed_in.user.clone(),
        scopes: flow.scopes.without(&flow.withheld),
        withheld: flow.withheld.clone(),
        sessions: signed_in.sessions,
        demands: signed_in.demands,
        second_factor: signed_in.second_factor,
        signed_in: signed_in.at,
        single_page,
    };
    let about = token_answer::client_info(&grant.tenant, &grant.user);
    let terms = CodeTerms {
        redirect_uri,
        challenge: challenge.clone(),
        nonce: nonce.clone(),
        authority: flow.authority.key().to_owned(),
    };
    let code = shared.grants.issue_code(grant, terms, trace.at);
    shared.secrets.note(&code);
    let session = shared.chance.guid();
    let mut parameters = vec![("code", code.as_str())];
    if *client_info {
        parameters.push(("client_info", about.as_str()));
    }
    parameters.push(("session_state", session.as_str()));
    flow.return_to.with(&parameters).having_effect()
}

/// The permissions the request asks for, with `.default` spelt out.
fn wanted_permissions(shared: &Shared, flow: &Flow) -> Vec<String> {
    if flow.scopes.wants_default() {
        return shared
            .directory
            .application(&flow.client_id)
            .map(|application| application.delegated_permissions.clone())
            .unwrap_or_default();
    }
    let permissions = flow.scopes.permissions();
    if permissions.is_empty() {
        // Nothing of Graph: knowing who signs in is consented to all the same.
        return vec!["openid".to_owned()];
    }
    permissions.into_iter().map(str::to_owned).collect()
}

fn missing_consents(shared: &Shared, flow: &Flow, person: &Person) -> Vec<String> {
    let wanted = wanted_permissions(shared, flow);
    let granted = |permission: &String| {
        shared
            .directory
            .installed(&flow.client_id, &person.tenant.id, |installed| {
                installed.has_consented(&person.account.user.id, permission)
            })
            .unwrap_or(false)
    };
    wanted.into_iter().filter(|permission| !granted(permission)).collect()
}

fn flow_of(shared: &Shared, form: &Form, trace: &Trace) -> Option<(String, Flow)> {
    let id = form.get("flow")?;
    Some((id.to_owned(), shared.flows.look(id, trace.at)?))
}

fn application_name(shared: &Shared, client_id: &str) -> String {
    shared
        .directory
        .application(client_id)
        .map(|application| application.display_name.clone())
        .unwrap_or_default()
}
