//! The identity platform: sign-in, consent, tokens, discovery.

mod aadsts;
mod admin_consent;
mod authority;
mod authorize;
mod client;
mod discovery;
mod flows;
mod grants;
mod identity;
mod keys;
mod pages;
mod redirect;
mod scopes;
mod sign_in;
mod token;
mod token_answer;

use http::{Method, StatusCode};

use crate::operation::Operation;
use crate::shared::Shared;
use crate::wire::{Incoming, Reply, Trace, decoded};

pub(crate) use aadsts::Aadsts;
pub(crate) use flows::Flows;
pub(crate) use grants::{AccessToken, Grants, Subject};
pub(crate) use keys::SigningKey;

/// Which part of the identity platform a path names, and under which tenant.
#[derive(Debug, Clone)]
pub(crate) struct LoginRoute {
    pub(crate) tenant: String,
    page: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Authorize,
    SignIn,
    Consent,
    AdminConsent,
    Token,
    Configuration,
    Keys,
    Instance,
}

impl LoginRoute {
    pub(crate) fn of(path: &str) -> Option<Self> {
        let mut segments = path.trim_matches('/').splitn(2, '/');
        let tenant = decoded(segments.next()?);
        let page = match segments.next()? {
            "oauth2/v2.0/authorize" => Page::Authorize,
            "login" => Page::SignIn,
            "consent" => Page::Consent,
            "v2.0/adminconsent" => Page::AdminConsent,
            "oauth2/v2.0/token" => Page::Token,
            "v2.0/.well-known/openid-configuration" => Page::Configuration,
            "discovery/v2.0/keys" => Page::Keys,
            "discovery/instance" => Page::Instance,
            _ => return None,
        };
        Some(Self { tenant, page })
    }

    pub(crate) fn operation(&self) -> Operation {
        match self.page {
            Page::Authorize => Operation::Authorize,
            Page::SignIn => Operation::SignIn,
            Page::Consent => Operation::Consent,
            Page::AdminConsent => Operation::AdminConsent,
            Page::Token => Operation::Token,
            Page::Configuration | Page::Keys | Page::Instance => Operation::Discovery,
        }
    }

    /// Whether the answers are pages for a person rather than JSON for a client.
    fn is_for_people(&self) -> bool {
        matches!(self.page, Page::Authorize | Page::SignIn | Page::Consent | Page::AdminConsent)
    }
}

/// Answers one request; `omit_refresh_token` is a fault in force.
pub(crate) fn answer(
    shared: &Shared,
    route: &LoginRoute,
    incoming: &Incoming,
    trace: &Trace,
    omit_refresh_token: bool,
) -> Reply {
    let wanted = match route.page {
        Page::SignIn | Page::Consent | Page::Token => Method::POST,
        _ => Method::GET,
    };
    // Authorize also takes its parameters from a form post (OpenID Connect Core, 3.1.2.1).
    let also_post = route.page == Page::Authorize && incoming.method == Method::POST;
    if incoming.method != wanted && !also_post {
        return Reply::new(StatusCode::METHOD_NOT_ALLOWED).with("allow", wanted.as_str());
    }
    match route.page {
        Page::Authorize => authorize::begin(shared, &route.tenant, incoming, trace),
        Page::SignIn => sign_in::submitted(shared, incoming, trace),
        Page::Consent => sign_in::consented(shared, incoming, trace),
        Page::AdminConsent => admin_consent::begin(shared, &route.tenant, incoming, trace),
        Page::Token => token::answer(shared, &route.tenant, incoming, trace, omit_refresh_token),
        Page::Configuration => discovery::configuration(shared, &route.tenant, incoming, trace),
        Page::Keys => Reply::json(StatusCode::OK, &shared.key.document()),
        Page::Instance => discovery::instance(incoming),
    }
}

/// The answer for an error that a fault asks for, in the form it has at this endpoint.
pub(crate) fn injected(
    shared: &Shared,
    route: &LoginRoute,
    incoming: &Incoming,
    error: &Aadsts,
    trace: &Trace,
) -> Reply {
    if route.is_for_people() {
        sign_in::refused(shared, incoming, error, trace)
    } else if route.operation() == Operation::Discovery {
        error.clone().on_discovery().reply(trace)
    } else {
        error.reply(trace)
    }
}
