//! Who the service account is, as Graph says it with a credential.

use crate::bindings::log::Level;
use crate::bindings::provider::{Account, Connection, Error, GrantProblem};
use crate::cloud::GLOBAL;
use crate::connection::{self, CREDENTIAL};
use crate::failure;
use crate::graph::user::{DirectoryUser, STATE};
use crate::graph::{self, Request};
use crate::host::Host;
use crate::identity::scope;

/// The answer to `check`: two requests, and nothing is written.
pub(crate) fn check(host: &dyn Host) -> Result<Connection, Error> {
    let record = connection::require(host)?;
    let me = me(host, CREDENTIAL).map_err(gone)?;
    if !me.id.eq_ignore_ascii_case(&record.oid) {
        return Err(graph::foreign_grant(&record.upn, me.upn()));
    }
    let mut warnings = warnings(host, CREDENTIAL, &record.scopes);
    if me.is_guest() {
        warnings.push("The connected account has become a guest of the tenant.".to_owned());
    }
    Ok(Connection { account: account(&me, &record.tenant), scopes: record.scopes, warnings })
}

/// A token outlives the account that it was given to: `/me` is not found then, and the next renewal
/// says AADSTS50034.
fn gone(error: Error) -> Error {
    match error {
        Error::NotFound(_) => failure::needs_reauthorization(
            GrantProblem::AccountDisabled,
            "The connected account no longer exists in the tenant.",
        ),
        error => error,
    }
}

/// Who the credential is.
pub(crate) fn me(host: &dyn Host, credential: &str) -> Result<DirectoryUser, Error> {
    let url = GLOBAL.resource(&["/me?$select=", STATE].concat());
    let answer = Request::get(url, credential).succeed(host)?;
    DirectoryUser::read(&answer.json()?)
        .ok_or_else(|| failure::internal("Microsoft Graph did not tell the account's id."))
}

/// The account as the contract has it, with its ids in lower case.
pub(crate) fn account(me: &DirectoryUser, tenant: &str) -> Account {
    Account {
        id: me.id.to_ascii_lowercase(),
        tenant_id: tenant.to_owned(),
        user_name: me.upn().to_owned(),
        display_name: me.name().to_owned(),
    }
}

/// What works less well than it could: staff cannot be found, or there is no Teams licence.
pub(crate) fn warnings(host: &dyn Host, credential: &str, scopes: &[String]) -> Vec<String> {
    let mut warnings = Vec::new();
    if !scope::finds_users(scopes) {
        warnings.push(
            "The permission User.ReadBasic.All was not granted: staff cannot be matched to \
             Microsoft users. Reauthorize and accept it."
                .to_owned(),
        );
    }
    if lacks_licence(host, credential) {
        warnings.push(
            "The connected account has no Teams licence. Microsoft may refuse to make meetings \
             until it is given one."
                .to_owned(),
        );
    }
    warnings
}

/// Whether it is certain that the account has no licence. Microsoft's not answering this is no
/// reason to warn, and none to fail.
fn lacks_licence(host: &dyn Host, credential: &str) -> bool {
    let url = GLOBAL.resource("/me/licenseDetails/getTeamsLicensingDetails");
    let Ok(answer) = Request::get(url, credential).succeed(host) else {
        host.log(Level::Debug, "Microsoft did not tell whether the account has a Teams licence");
        return false;
    };
    let licensed = answer.json().ok().and_then(|it| it.get("hasTeamsLicense").truth());
    licensed == Some(false)
}
