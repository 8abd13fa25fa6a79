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
//! 3. *claims, `/me` and licence, or the application's permissions, asked*: as before.
//! 4. *promoted*: a single step of the host. For a connection that exists the new grant is of the
//!    same account, and the stored record still fits: it lacks a changed name at most, which the
//!    next sign-in mends and `check` reports fresh in any case. For a first connection the record is
//!    missing: the integration is not connected, as the administrator, who saw no success, expects;
//!    connecting again replaces the credential, and `disconnect` deletes it.
//! 5. *record stored*: done.
//! 6. *the other method's credential discarded*: each method has a credential of its own, so that a
//!    change of method is made by step 5 and nothing before it touches the connection. One that is left
//!    behind by a crash here is used by nothing, and discarded by the next sign-in or `disconnect`.
//!
//! # The application alone
//! With an access policy nobody signs in: an administrator consents, the callback says so, and what it
//! says authorises nothing. The token endpoint gives the application a grant for the tenant asked for,
//! if the tenant has it, and Graph tells whether it may find users.
//!
//! The other order, the record before the promotion, would leave a connection that is pinned to an
//! account nobody confirmed.

use crate::account;
use crate::bindings::log::Level;
use crate::bindings::provider::{
    Account, AuthorizationRequest, AuthorizationResponse, Connection, Error, InputProblem, Mismatch,
    NextStep, RefusalProblem, SignInProblem,
};
use crate::bindings::types::Parameter;
use crate::client::Client;
use crate::cloud::{Cloud, GLOBAL};
use crate::connection::{self, Record};
use crate::describe::CLOUD_FIELD;
use crate::failure;
use crate::graph::user::DirectoryUser;
use crate::graph::{Failure, refusal};
use crate::host::Host;
use crate::identity::claims::{self, Expected};
use crate::identity::pending::{self, Pending};
use crate::identity::{Purpose, authorize, pkce, redeem, scope, tenant};
use crate::method::Method;

/// Begins a sign-in.
pub(crate) fn begin(
    host: &dyn Host,
    request: &AuthorizationRequest,
    purpose: Purpose,
) -> Result<NextStep, Error> {
    let client = Client::configured(host)?;
    let connected = connected(host, purpose)?;
    let tenant = tenant::asked_for(&request.values)?;
    let (method, cloud) = way(&request.values, connected.as_ref())?;
    let redirect_uri = authorize::redirect_uri(&request.redirect_uri)?;
    if request.state.is_empty() {
        return Err(failure::invalid_input("state", InputProblem::Missing, "The sign-in has no state."));
    }
    if let Some(record) = connected.as_ref().filter(|record| record.tenant != tenant) {
        return Err(claims::other_tenant(&tenant, &record.tenant));
    }
    cloud.reach(host)?;
    tenant::discover(host, cloud, &tenant).map_err(|error| cloud.ungranted(error))?;

    let secrets = (pkce::text(&host.random()), pkce::text(&host.random()));
    let pending =
        Pending::new(purpose, tenant, (method, cloud), redirect_uri.to_owned(), secrets, host.now());
    pending::begin(host, &request.state, &pending)?;
    Ok(NextStep::Visit(match method {
        Method::ServiceAccount => {
            let same = connected.as_ref().filter(|record| record.method == method);
            let user = same.map(|record| record.upn.as_str());
            authorize::url(&client.id, &request.state, &pending, user)
        }
        Method::AccessPolicy => authorize::consent_url(&client.id, &request.state, &pending),
    }))
}

/// How and where to connect: what was chosen, or else as it is connected, or else the usual. A tenant
/// is in one cloud, so that another one cannot hold the connected tenant.
fn way(values: &[Parameter], connected: Option<&Record>) -> Result<(Method, &'static Cloud), Error> {
    let now = connected.map_or((Method::ServiceAccount, &GLOBAL), |record| (record.method, record.cloud));
    let method = Method::asked_for(values)?.unwrap_or(now.0);
    let cloud = Cloud::asked_for(values)?.unwrap_or(now.1);
    if connected.is_some() && cloud != now.1 {
        return Err(failure::invalid_input(
            CLOUD_FIELD,
            InputProblem::Unsupported,
            "The connected tenant is in another cloud. Disconnect first to connect one of this cloud.",
        ));
    }
    Ok((method, cloud))
}

/// Ends a sign-in.
pub(crate) fn finish(
    host: &dyn Host,
    response: &AuthorizationResponse,
    purpose: Purpose,
) -> Result<Connection, Error> {
    let pending = pending::take(host, &response.state, purpose)?;
    let code = match pending.method {
        Method::ServiceAccount => authorize::code(&response.parameters)?,
        Method::AccessPolicy => {
            authorize::consented(&response.parameters, &pending.tenant)?;
            ""
        }
    };
    let connected = connected(host, purpose)?;
    let client = Client::configured(host)?;
    let credential = pending::credential(&response.state);
    let attempt = Attempt {
        host,
        client: &client,
        pending: &pending,
        credential: &credential,
        connected: connected.as_ref(),
    };
    let result = match pending.method {
        Method::ServiceAccount => attempt.account(code),
        Method::AccessPolicy => attempt.application(),
    };
    let result = result.and_then(|connection| {
        let name = pending.method.credential();
        host.promote(&credential, name).map_err(failure::credential)?;
        Ok(connection)
    });
    match result {
        Ok(connection) => remember(host, &pending, connection, connected.as_ref()),
        Err(error) => {
            if host.discard(&credential).is_err() {
                host.log(Level::Warn, "a refused authorization is left to the host to drop");
            }
            Err(error)
        }
    }
}

/// A sign-in that came back, and what it is checked with.
struct Attempt<'a> {
    host: &'a dyn Host,
    client: &'a Client,
    pending: &'a Pending,
    /// The name of the pending credential.
    credential: &'a str,
    connected: Option<&'a Record>,
}

impl Attempt<'_> {
    /// A service account signed in.
    fn account(&self, code: &str) -> Result<Connection, Error> {
        let Self { host, client, pending, credential, .. } = *self;
        let grant = redeem::code(host, client, pending, code, credential)?;
        let scopes = granted_scopes(grant.scope.as_deref())?;
        let me = self.who(grant.id_token.as_deref())?;
        let account = account::account(&me, &pending.tenant);
        self.same(&account, &account.user_name)?;
        let mut warnings = account::warnings(host, pending.cloud, credential, &scopes);
        if !grant.renewable {
            warnings.push(
                "Microsoft gave no refresh token: the connection ends within the hour. The app \
                 registration has to allow offline access."
                    .to_owned(),
            );
        }
        Ok(Connection { account, scopes, warnings })
    }

    /// An administrator consented to the application.
    fn application(&self) -> Result<Connection, Error> {
        let Self { host, client, pending, credential, .. } = *self;
        let account = account::application(client, &pending.tenant);
        self.same(&account, &account.id)?;
        redeem::application(host, client, pending, credential)?;
        let scopes = account::roles(host, pending.cloud, credential).map_err(while_consenting)?;
        let warnings = account::lacking(&scopes);
        Ok(Connection { account, scopes, warnings })
    }

    /// Who signed in: the id token says it, and Graph has to agree.
    fn who(&self, id_token: Option<&str>) -> Result<DirectoryUser, Error> {
        let Self { host, client, pending, credential, .. } = *self;
        let expected = Expected {
            cloud: pending.cloud,
            client: &client.id,
            tenant: &pending.tenant,
            nonce: &pending.nonce,
            now: host.now(),
        };
        let oid = claims::object_id(id_token.unwrap_or(""), &expected)?;
        let me = account::me(host, pending.cloud, credential).map_err(while_signing_in)?;
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

    /// Compares with what is connected, by ids, as names change and are given to others. Another way
    /// of connecting has another account, in the same tenant.
    fn same(&self, account: &Account, name: &str) -> Result<(), Error> {
        let Some(record) = self.connected else {
            return Ok(());
        };
        if record.tenant != self.pending.tenant {
            return Err(claims::other_tenant(&self.pending.tenant, &record.tenant));
        }
        if record.method != self.pending.method || account.id.eq_ignore_ascii_case(&record.oid) {
            return Ok(());
        }
        Err(failure::account_mismatch(
            Mismatch::OtherAccount,
            [
                "The connected account is ",
                &record.upn,
                ", and this is ",
                name,
                ". Nothing was changed. Use ",
                &record.upn,
                ", or disconnect first to connect another account.",
            ]
            .concat(),
        ))
    }
}

/// The stored connection, which there must be one of to reauthorize.
fn connected(host: &dyn Host, purpose: Purpose) -> Result<Option<Record>, Error> {
    match purpose {
        Purpose::Connect => connection::load(host),
        Purpose::Reauthorize => connection::require(host).map(Some),
    }
}

/// Stores the record of a grant that was promoted. If the store fails, a first connection is undone,
/// and so is a change of method; else the older record stays, which is of the same account.
fn remember(
    host: &dyn Host,
    pending: &Pending,
    connection: Connection,
    before: Option<&Record>,
) -> Result<Connection, Error> {
    let Pending { method, cloud, .. } = *pending;
    let (account, scopes) = (connection.account.clone(), connection.scopes.clone());
    let record = Record::new(method, cloud, account, scopes, host.now());
    let superseded = match connection::store(host, &record) {
        Ok(()) => method.other().credential(),
        Err(_) if before.is_some_and(|record| record.method == method) => {
            host.log(Level::Warn, "the new grant is in use, and the record of it was not renewed");
            return Ok(connection);
        }
        Err(error) => {
            if host.discard(method.credential()).is_err() {
                host.log(Level::Warn, "an authorization without a connection is left behind");
            }
            return Err(error);
        }
    };
    if host.discard(superseded).is_err() {
        host.log(Level::Warn, "the authorization of the method before is left behind");
    }
    Ok(connection)
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

/// A grant that dies before it was ever used is a sign-in that failed, and says nothing about the
/// connection that may exist.
fn while_signing_in(error: Error) -> Error {
    match error {
        Error::NeedsReauthorization(dead) => failure::sign_in_failed(SignInProblem::Refused, dead.message),
        Error::NotConnected => failure::sign_in_failed(
            SignInProblem::Expired,
            "The new authorization was gone before it could be checked. Start again.",
        ),
        Error::NotFound(message) => failure::refused(RefusalProblem::Other, message),
        error => error,
    }
}

/// What keeps the application from finding users. That an administrator consented does not mean that
/// the registration asks for the permission, nor that Microsoft knows everywhere already.
fn while_consenting(failure: Failure) -> Error {
    if refusal::lacks_permission(&failure.error) {
        return failure::sign_in_failed(
            SignInProblem::ApprovalRequired,
            "The application may not find users yet. The operator has to see to it that the app \
             registration asks for the application permissions User.ReadBasic.All and \
             OnlineMeetings.ReadWrite.All; if it does, start again in some minutes.",
        );
    }
    while_signing_in(failure.error)
}

#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod tests;
