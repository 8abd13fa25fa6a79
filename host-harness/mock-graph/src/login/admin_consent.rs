//! `GET /{tenant}/v2.0/adminconsent`: an administrator installs the application for a tenant.
//!
//! A failure carries `admin_consent=True` as well, so a client must look at `error` first.

use http::StatusCode;

use super::aadsts::Aadsts;
use super::authorize::{request_of, trusted};
use super::flows::{Flow, Purpose};
use super::identity::Person;
use super::pages::{self, WholeOrganisation};
use super::scopes::Scopes;
use super::sign_in::{consent_page, error_page};
use crate::shared::Shared;
use crate::wire::{Incoming, Reply, Trace};

const DEFAULT_SCOPE: &str = "https://graph.microsoft.com/.default";

pub(super) fn begin(shared: &Shared, segment: &str, incoming: &Incoming, trace: &Trace) -> Reply {
    let request = request_of(incoming);
    let (authority, application, return_to) = match trusted(shared, segment, &request) {
        Ok(trusted) => trusted,
        Err(error) => return error_page(&error, trace),
    };
    let scope = request.get("scope").unwrap_or(DEFAULT_SCOPE).to_owned();
    let flow = Flow {
        client_id: application.client_id.clone(),
        authority,
        return_to,
        scopes: Scopes::default(),
        purpose: Purpose::AdminConsent { scope },
        withheld: Vec::new(),
        signed_in: None,
    };
    let id = shared.flows.keep(flow, trace.at);
    let hint = request.get("login_hint").unwrap_or_default();
    let page = pages::sign_in(&application.display_name, &id, hint, None);
    Reply::html(StatusCode::OK, page)
}

pub(super) fn signed_in(shared: &Shared, flow: Flow, person: &Person, trace: &Trace) -> Reply {
    if person.account.user.administrator {
        consent_page(shared, flow, person, WholeOrganisation::Always, trace)
    } else {
        failed(&flow, "access_denied", &Aadsts::new(90094), trace)
    }
}

pub(super) fn answered(
    shared: &Shared,
    flow: &Flow,
    tenant: &str,
    scope: &str,
    accepted: bool,
    trace: &Trace,
) -> Reply {
    if !accepted {
        return failed(flow, "consent_required", &Aadsts::new(65004), trace);
    }
    let application = shared.directory.application(&flow.client_id);
    let names: Vec<String> =
        scope.split_whitespace().map(|scope| scope.rsplit('/').next().unwrap_or(scope).to_owned()).collect();
    shared.directory.install(&flow.client_id, tenant, |installed| {
        let everything = names.iter().any(|name| name == super::scopes::DEFAULT);
        if let (true, Some(application)) = (everything, application) {
            installed.for_everyone.extend(application.delegated_permissions.iter().cloned());
            installed.roles.extend(application.application_permissions.iter().cloned());
        } else {
            installed.for_everyone.extend(names);
        }
    });
    let parameters = [("admin_consent", "True"), ("tenant", tenant), ("scope", scope)];
    flow.return_to.with(&parameters).having_effect()
}

fn failed(flow: &Flow, name: &str, error: &Aadsts, trace: &Trace) -> Reply {
    let description = error.description(trace);
    flow.return_to.with(&[("admin_consent", "True"), ("error", name), ("error_description", &description)])
}
