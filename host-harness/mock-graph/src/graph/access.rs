//! Whether the bearer may do what it asks for.

use std::sync::Arc;

use http::{HeaderMap, header};

use super::error::GraphError;
use crate::directory::Account;
use crate::hosts::{self, Surface};
use crate::login::{AccessToken, Subject};
use crate::shared::Shared;
use crate::wire::Trace;

/// Permissions that read other people's profiles.
pub(super) const READ_USERS: &[&str] =
    &["User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"];
/// Permissions that read one's own profile.
pub(super) const READ_ME: &[&str] =
    &["User.Read", "User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"];
/// Permissions that read other people's licences.
pub(super) const READ_LICENCES: &[&str] =
    &["LicenseAssignment.Read.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"];
/// Permissions that read what the tenant subscribes to.
pub(super) const READ_SKUS: &[&str] =
    &["LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All"];

/// The token of a request, checked against the clock, against revocation, and against the Graph host
/// it is used at: one that was asked for by the name of a cloud's Graph is good at no other cloud's.
pub(crate) fn bearer(
    shared: &Shared,
    headers: &HeaderMap,
    host: Option<&str>,
    trace: &Trace,
) -> Result<Arc<AccessToken>, GraphError> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| GraphError::token("Access token is empty."))?;
    let Some(known) = shared.grants.access(token) else {
        return Err(GraphError::token(if token.contains('.') {
            "Invalid JWT access token."
        } else {
            "IDX14100: JWT is not well formed, there are no dots (.)."
        }));
    };
    if known.expires <= trace.at {
        return Err(GraphError::expired_token());
    }
    if let Some(host) = host
        && known.resource.is_some_and(|resource| hosts::surface(host) == Surface::Graph && resource != host)
    {
        return Err(GraphError::token("Access token validation failure. Invalid audience."));
    }
    if let Subject::User { id, sessions, demands, continuous } = &known.subject {
        let account = shared.directory.account(&known.tenant, id);
        let evaluated = !continuous
            || account.as_ref().is_some_and(|it| it.sessions == *sessions && it.user.account_enabled);
        if !evaluated || account.is_some_and(|it| it.demands > *demands) {
            return Err(GraphError::claims_challenge(trace));
        }
    }
    Ok(known)
}

/// Refuses a token that has none of `any_of`.
pub(super) fn require(token: &AccessToken, any_of: &[&str]) -> Result<(), GraphError> {
    let has = |wanted: &&str| token.permissions.iter().any(|granted| granted.eq_ignore_ascii_case(wanted));
    if any_of.iter().any(has) { Ok(()) } else { Err(GraphError::insufficient_privileges()) }
}

/// The user a delegated token speaks for.
pub(super) fn signed_in_user(shared: &Shared, token: &AccessToken) -> Result<Arc<Account>, GraphError> {
    let Subject::User { id, .. } = &token.subject else {
        return Err(GraphError::bad_request(
            "BadRequest",
            "/me request is only valid with delegated authentication flow.",
        ));
    };
    shared.directory.account(&token.tenant, id).ok_or_else(|| GraphError::no_such_user(id))
}
