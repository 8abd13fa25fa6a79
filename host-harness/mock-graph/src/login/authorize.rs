//! `GET /{tenant}/oauth2/v2.0/authorize`: checks the request and shows the sign-in page.

use std::sync::Arc;

use http::StatusCode;

use super::aadsts::Aadsts;
use super::authority::Authority;
use super::flows::{Flow, Purpose};
use super::grants::Challenge;
use super::pages;
use super::redirect::ReturnTo;
use super::scopes::Scopes;
use super::sign_in::error_page;
use crate::application::Application;
use crate::shared::Shared;
use crate::wire::{Form, Incoming, Reply, Trace};

pub(super) fn begin(shared: &Shared, segment: &str, incoming: &Incoming, trace: &Trace) -> Reply {
    let request = request_of(incoming);
    let (authority, application, return_to) = match trusted(shared, segment, &request) {
        Ok(trusted) => trusted,
        // Before the redirect URI is known to be the application's, nothing is sent to it.
        Err(error) => return error_page(&error, trace),
    };
    let login_hint = request.get("login_hint").unwrap_or_default();
    match flow_of(&request, &application, authority, return_to.clone()) {
        Ok(flow) => {
            let id = shared.flows.keep(flow, trace.at);
            let page = pages::sign_in(&application.display_name, &id, login_hint, None);
            Reply::html(StatusCode::OK, page)
        }
        Err(error) => redirected_error(&return_to, &error, trace),
    }
}

/// The parameters, from the query or from a posted form.
pub(super) fn request_of(incoming: &Incoming) -> Form {
    if incoming.method == http::Method::POST {
        incoming.form()
    } else {
        Form::parse(incoming.query.as_bytes())
    }
}

/// What must be right before anything may be redirected: tenant, client and redirect URI.
pub(super) fn trusted(
    shared: &Shared,
    segment: &str,
    request: &Form,
) -> Result<(Authority, Arc<Application>, ReturnTo), Aadsts> {
    let authority = Authority::resolve(shared, segment)?;
    let client_id = request.get("client_id").ok_or_else(|| Aadsts::missing("client_id"))?;
    let application = usable(shared, client_id, &authority)?;
    let redirect_uri = request.get("redirect_uri").unwrap_or_default();
    if application.redirect_uri(redirect_uri).is_none() {
        return Err(Aadsts::saying(
            50011,
            format!(
                "The redirect URI '{redirect_uri}' specified in the request does not match the \
                 redirect URIs configured for the application '{client_id}'. Make sure the \
                 redirect URI sent in the request matches one added to your application."
            ),
        ));
    }
    let return_to = ReturnTo::new(redirect_uri, request);
    Ok((authority, application, return_to))
}

/// AADSTS700016.
pub(super) fn not_found(client_id: &str, directory: &str) -> Aadsts {
    Aadsts::saying(
        700_016,
        format!(
            "Application with identifier '{client_id}' was not found in the directory '{directory}'. \
             This can happen if the application has not been installed by the administrator of the \
             tenant or consented to by any user in the tenant."
        ),
    )
}

/// The application, if it may be used on this tenant path.
pub(super) fn usable(
    shared: &Shared,
    client_id: &str,
    authority: &Authority,
) -> Result<Arc<Application>, Aadsts> {
    let not_found = || not_found(client_id, authority.key());
    let application = shared.directory.application(client_id).ok_or_else(not_found)?;
    match authority {
        _ if application.multitenant => Ok(application),
        Authority::Tenant(tenant) if application.home_tenant.eq_ignore_ascii_case(&tenant.id) => {
            Ok(application)
        }
        Authority::Tenant(_) => Err(not_found()),
        Authority::Any(_) | Authority::Consumers => Err(Aadsts::saying(
            50194,
            format!(
                "Application '{client_id}'({}) is not configured as a multi-tenant application. \
                 Usage of the /common endpoint is not supported for such apps created after \
                 '10/15/2018'. Use a tenant-specific endpoint or configure the application to be \
                 multi-tenant.",
                application.display_name
            ),
        )),
    }
}

fn flow_of(
    request: &Form,
    application: &Application,
    authority: Authority,
    return_to: ReturnTo,
) -> Result<Flow, Aadsts> {
    if request.get("response_type") != Some("code") {
        return Err(Aadsts::new(700_054));
    }
    let scope = request.get("scope").ok_or_else(|| Aadsts::missing("scope"))?;
    let scopes = Scopes::parse(scope).map_err(|unknown| bad_scope(&unknown))?;
    let challenge = challenge_of(request)?;
    // Nobody is ever signed in already: each run of the pages starts at the password.
    if request.get("prompt") == Some("none") {
        return Err(Aadsts::new(50058));
    }
    Ok(Flow {
        client_id: application.client_id.clone(),
        authority,
        return_to,
        scopes,
        purpose: Purpose::Code {
            nonce: request.get("nonce").map(str::to_owned),
            challenge,
            always_ask: request.get("prompt") == Some("consent"),
            client_info: request.get("client_info") == Some("1"),
        },
        withheld: Vec::new(),
        signed_in: None,
    })
}

/// Without a method the challenge is read as plain (RFC 7636, 4.3).
fn challenge_of(request: &Form) -> Result<Option<Challenge>, Aadsts> {
    let Some(value) = request.get("code_challenge") else {
        return Ok(None);
    };
    let sha256 = match request.get("code_challenge_method") {
        Some("S256") => true,
        None | Some("plain") => false,
        Some(_) => return Err(Aadsts::new(9_002_313)),
    };
    Ok(Some(Challenge { value: value.to_owned(), sha256 }))
}

pub(super) fn bad_scope(unknown: &str) -> Aadsts {
    Aadsts::saying(
        70011,
        format!(
            "The provided value for the input parameter 'scope' is not valid. The scope {unknown} \
             is not valid."
        ),
    )
}

/// An error that the application is told about.
pub(super) fn redirected_error(return_to: &ReturnTo, error: &Aadsts, trace: &Trace) -> Reply {
    let Some(name) = error.redirected() else {
        return error_page(error, trace);
    };
    let subcode = if error.code == 65004 { "cancel" } else { "" };
    let description = error.description(trace);
    let mut parameters = vec![("error", name), ("error_description", description.as_str())];
    if !subcode.is_empty() {
        parameters.push(("error_subcode", subcode));
    }
    return_to.with(&parameters)
}
