//! Connecting and reauthorizing: begun here, signed in at Microsoft, ended here.
//!
//! # Connecting what is connected
//! The meetings of appointments belong to the account that organises them, so that another account
//! could neither move nor cancel them. `connect` therefore leaves an existing connection as the
//! contract says until it succeeds, and then follows the rule of `reauthorize`: the same tenant and
//! the same object id. Another account is connected after a `disconnect`.
//!
//! # What a crash between two steps leaves
//! `begin` makes one write, the pending record, after everything that can fail; a record that is
//! never used is deleted by the next `begin` after 15 minutes, and by `disconnect`.
//!
//! `finish`, after each step:
//! 1. *pending record deleted*: nothing else was touched, and the state is used up. Start again.
//! 2. *code redeemed into `pending/…`*: the connection and its credential are as before. The host
//!    drops the pending credential within an hour.
//! 3. *claims, `/me` and licence asked*: as before.
//! 4. *promoted*: a single step of the host. For a connection that exists the new grant is of the
//!    same account, and the stored record still fits: it lacks a changed name at most, which the
//!    next sign-in mends and `check` reports fresh in any case. For a first connection the record is
//!    missing: the integration is not connected, as the administrator, who saw no success, expects;
//!    connecting again replaces the credential, and `disconnect` deletes it.
//! 5. *record stored*: done.
//!
//! The other order, the record before the promotion, would leave a connection that is pinned to an
//! account nobody confirmed.

use crate::account;
use crate::bindings::log::Level;
use crate::bindings::provider::{
    AuthorizationRequest, AuthorizationResponse, Connection, Error, InputProblem, Mismatch, NextStep,
    SignInProblem,
};
use crate::client::Client;
use crate::cloud::GLOBAL;
use crate::connection::{self, CREDENTIAL, Record};
use crate::failure;
use crate::graph::user::DirectoryUser;
use crate::host::Host;
use crate::identity::claims::{self, Expected};
use crate::identity::pending::{self, Pending};
use crate::identity::{Purpose, authorize, pkce, redeem, scope, tenant};

/// Begins a sign-in.
pub(crate) fn begin(
    host: &dyn Host,
    request: &AuthorizationRequest,
    purpose: Purpose,
) -> Result<NextStep, Error> {
    let client = Client::configured(host)?;
    let connected = connected(host, purpose)?;
    let tenant = tenant::asked_for(&request.values)?;
    let redirect_uri = authorize::redirect_uri(&request.redirect_uri)?;
    if request.state.is_empty() {
        return Err(failure::invalid_input("state", InputProblem::Missing, "The sign-in has no state."));
    }
    if let Some(record) = connected.as_ref().filter(|record| record.tenant != tenant) {
        return Err(claims::other_tenant(&tenant, &record.tenant));
    }
    tenant::discover(host, &GLOBAL, &tenant)?;

    let secrets = (pkce::text(&host.random()), pkce::text(&host.random()));
    let pending = Pending::new(purpose, tenant, redirect_uri.to_owned(), secrets, host.now());
    pending::begin(host, &request.state, &pending)?;
    let user = connected.as_ref().map(|record| record.upn.as_str());
    Ok(NextStep::Visit(authorize::url(&GLOBAL, &client.id, &request.state, &pending, user)))
}

/// Ends a sign-in.
pub(crate) fn finish(
    host: &dyn Host,
    response: &AuthorizationResponse,
    purpose: Purpose,
) -> Result<Connection, Error> {
    let pending = pending::take(host, &response.state, purpose)?;
    let code = authorize::code(&response.parameters)?;
    let connected = connected(host, purpose)?;
    let client = Client::configured(host)?;
    let credential = pending::credential(&response.state);
    let result = redeem::code(host, &GLOBAL, &client, &pending, code, &credential).and_then(|grant| {
        let scopes = granted_scopes(grant.scope.as_deref())?;
        let id_token = grant.id_token.as_deref();
        let me = who(host, &client, &pending, id_token, &credential)?;
        same_account(connected.as_ref(), &pending.tenant, &me)?;
        let mut warnings = account::warnings(host, &credential, &scopes);
        if !grant.renewable {
            warnings.push(
                "Microsoft gave no refresh token: the connection ends within the hour. The \
                     app registration has to allow offline access."
                    .to_owned(),
            );
        }
        host.promote(&credential, CREDENTIAL).map_err(failure::credential)?;
        Ok(Connection { account: account::account(&me, &pending.tenant), scopes, warnings })
    });
    match result {
        Ok(connection) => remember(host, connection, connected.is_some()),
        Err(error) => {
            if host.discard(&credential).is_err() {
                host.log(Level::Warn, "a refused authorization is left to the host to drop");
            }
            Err(error)
        }
    }
}

/// The stored connection, which there must be one of to reauthorize.
fn connected(host: &dyn Host, purpose: Purpose) -> Result<Option<Record>, Error> {
    match purpose {
        Purpose::Connect => connection::load(host),
        Purpose::Reauthorize => connection::require(host).map(Some),
    }
}

/// Stores the record of a grant that was promoted. If the store fails, a first connection is undone;
/// an older one keeps its record, which is of the same account.
fn remember(host: &dyn Host, connection: Connection, existed: bool) -> Result<Connection, Error> {
    let record = Record::new(connection.account.clone(), connection.scopes.clone(), host.now());
    match connection::store(host, &record) {
        Ok(()) => Ok(connection),
        Err(_) if existed => {
            host.log(Level::Warn, "the new grant is in use, and the record of it was not renewed");
            Ok(connection)
        }
        Err(error) => {
            if host.discard(CREDENTIAL).is_err() {
                host.log(Level::Warn, "an authorization without a connection is left behind");
            }
            Err(error)
        }
    }
}

/// The scopes granted, if they are enough to make meetings.
fn granted_scopes(answered: Option<&str>) -> Result<Vec<String>, Error> {
    let scopes = scope::granted(answered);
    match scope::missing(&scopes) {
        None => Ok(scopes),
        Some(missing) => Err(failure::sign_in_failed(
            SignInProblem::ApprovalRequired,
            [
                "The permission ",
                missing,
                " was not granted. Start again and accept it, or have an administrator of the \
                 Microsoft tenant approve it.",
            ]
            .concat(),
        )),
    }
}

/// Who signed in: the id token says it, and Graph has to agree.
fn who(
    host: &dyn Host,
    client: &Client,
    pending: &Pending,
    id_token: Option<&str>,
    credential: &str,
) -> Result<DirectoryUser, Error> {
    let expected = Expected {
        cloud: &GLOBAL,
        client: &client.id,
        tenant: &pending.tenant,
        nonce: &pending.nonce,
        now: host.now(),
    };
    let oid = claims::object_id(id_token.unwrap_or(""), &expected)?;
    let me = account::me(host, credential).map_err(while_signing_in)?;
    if !me.id.eq_ignore_ascii_case(&oid) {
        return Err(failure::account_mismatch(
            Mismatch::OtherAccount,
            "Microsoft's sign-in and Microsoft Graph name two different accounts. Start again.",
        ));
    }
    if me.is_guest() {
        return Err(claims::guest_account());
    }
    Ok(me)
}

/// A grant that dies before it was ever used is a sign-in that failed, and says nothing about the
/// connection that may exist.
fn while_signing_in(error: Error) -> Error {
    match error {
        Error::NeedsReauthorization(dead) => failure::sign_in_failed(SignInProblem::Refused, dead.message),
        Error::NotConnected => failure::sign_in_failed(
            SignInProblem::Expired,
            "The new authorization was gone before it could be checked. Start again.",
        ),
        Error::NotFound(message) => Error::Refused(message),
        error => error,
    }
}

/// Compares by object id, as names change and are given to others.
fn same_account(connected: Option<&Record>, tenant: &str, me: &DirectoryUser) -> Result<(), Error> {
    let Some(record) = connected else {
        return Ok(());
    };
    if record.tenant != tenant {
        return Err(claims::other_tenant(tenant, &record.tenant));
    }
    if me.id.eq_ignore_ascii_case(&record.oid) {
        return Ok(());
    }
    Err(failure::account_mismatch(
        Mismatch::OtherAccount,
        [
            "The connected account is ",
            &record.upn,
            ", and ",
            me.upn(),
            " signed in. Nothing was changed. Sign in as ",
            &record.upn,
            ", or disconnect first to connect another account.",
        ]
        .concat(),
    ))
}

#[cfg(test)]
mod tests;
