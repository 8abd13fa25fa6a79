//! Who is connected, as Graph says it with a credential, and whether it works.

use http::StatusCode;

use crate::bindings::log::Level;
use crate::bindings::provider::{Account, Connection, Error, GrantProblem, RefusalProblem};
use crate::client::Client;
use crate::cloud::Cloud;
use crate::connection::{self, Record};
use crate::encode;
use crate::failure;
use crate::graph::user::{DirectoryUser, STATE};
use crate::graph::{self, Failure, Request};
use crate::host::Host;
use crate::identity::scope;
use crate::method::Method;

/// The answer to `check`: at most two requests, and nothing is written.
pub(crate) fn check(host: &dyn Host) -> Result<Connection, Error> {
    let record = connection::require(host)?;
    let client = Client::configured(host)?;
    let mut connection = match record.method {
        Method::ServiceAccount => check_account(host, record)?,
        Method::AccessPolicy => check_application(host, &client, &record)?,
    };
    connection.warnings.extend(client.expiry(host)?);
    Ok(connection)
}

fn check_account(host: &dyn Host, record: Record) -> Result<Connection, Error> {
    let me = me(host, record.cloud, record.credential()).map_err(gone)?;
    if !me.id.eq_ignore_ascii_case(&record.oid) {
        return Err(graph::foreign_grant(&record.upn, me.upn()));
    }
    // Without a doubt there is none: no meeting can be made, as with a staff member (`staff::check`).
    if licensed(host, record.cloud, "/me", record.credential()) == Some(false) {
        return Err(failure::refused(
            RefusalProblem::Licence,
            "The connected account has no Teams licence, and it organizes the meetings. Assign it one in the \
             Microsoft 365 admin center.",
        ));
    }
    let mut warnings = finding_users(&record.scopes);
    if let Some(missing) = scope::missing(&record.scopes) {
        warnings.push(["The permission ", missing, " was not granted. Reauthorize."].concat());
    }
    if me.is_guest() {
        warnings.push("The connected account has become a guest of the tenant.".to_owned());
    }
    Ok(Connection { account: account(&me, &record.tenant), scopes: record.scopes, warnings })
}

fn check_application(host: &dyn Host, client: &Client, record: &Record) -> Result<Connection, Error> {
    if !client.id.eq_ignore_ascii_case(&record.oid) {
        return Err(other_application(&record.oid, &client.id));
    }
    let scopes = roles(host, record.cloud, record.credential()).map_err(|failure| failure.error)?;
    let warnings = lacking(&scopes);
    Ok(Connection { account: application(client, &record.tenant), scopes, warnings })
}

/// The operator put another client in the place of the one that was consented to.
fn other_application(connected: &str, configured: &str) -> Error {
    failure::needs_reauthorization(
        GrantProblem::Other,
        [
            "The connected application is ",
            connected,
            ", and the platform is configured for ",
            configured,
            ". Disconnect and connect again, or have the operator correct client-id.",
        ]
        .concat(),
    )
}

/// The application permissions that can be seen to work: the host keeps the token, in which they
/// stand. It is an error not to find users, without whom there is no organizer; whether meetings may
/// be made is seen with one of them.
pub(crate) fn roles(host: &dyn Host, cloud: &Cloud, credential: &str) -> Result<Vec<String>, Failure> {
    let url = cloud.resource("/users?$top=1&$select=id");
    let answer = Request::get(url, credential).succeed(host)?;
    let mut roles = vec![scope::USERS.to_owned()];
    let users = answer.json()?;
    let first = users.get("value").list().and_then(<[_]>::first).and_then(|user| user.get("id").text());
    if let Some(user) = first {
        match meetings(host, cloud, user, credential) {
            // Whatever else the one user lacks, it is not the permission.
            Err(failure) if graph::refusal::lacks_permission(&failure.error) => {}
            Err(Failure { status: None, .. }) => {}
            _ => roles.push(scope::MEETINGS_OF_ALL.to_owned()),
        }
    }
    Ok(roles)
}

/// Asks for a meeting of a user that cannot exist: a 404 is good news, as Graph looks at permission
/// and policy first.
pub(crate) fn meetings(host: &dyn Host, cloud: &Cloud, user: &str, credential: &str) -> Result<(), Failure> {
    let mut url = cloud.resource("/users/");
    encode::push_segment(&mut url, user);
    url.push_str("/onlineMeetings/0");
    match Request::get(url, credential).succeed(host) {
        Err(Failure { status: Some(StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST), .. }) | Ok(_) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// What the application lacks of its permissions.
pub(crate) fn lacking(roles: &[String]) -> Vec<String> {
    if roles.iter().any(|role| role == scope::MEETINGS_OF_ALL) {
        return Vec::new();
    }
    vec![
        "The application permission OnlineMeetings.ReadWrite.All could not be seen to work. If meetings are \
         refused, the operator has to add it to the app registration, and an administrator of the tenant \
         has to consent: reauthorize."
            .to_owned(),
    ]
}

/// The application as the contract has accounts.
pub(crate) fn application(client: &Client, tenant: &str) -> Account {
    Account {
        id: client.id.to_ascii_lowercase(),
        tenant_id: tenant.to_owned(),
        user_name: client.id.clone(),
        display_name: "The platform's application: each staff member organizes their own meetings".to_owned(),
    }
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
pub(crate) fn me(host: &dyn Host, cloud: &Cloud, credential: &str) -> Result<DirectoryUser, Error> {
    let url = cloud.resource(&["/me?$select=", STATE].concat());
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

/// What works less well than it could of a new connection: staff cannot be found, or there is no Teams
/// licence, which can still be assigned.
pub(crate) fn warnings(host: &dyn Host, cloud: &Cloud, credential: &str, scopes: &[String]) -> Vec<String> {
    let mut warnings = finding_users(scopes);
    if licensed(host, cloud, "/me", credential) == Some(false) {
        warnings.push(
            "The connected account has no Teams licence. Microsoft may refuse to make meetings \
             until it is given one."
                .to_owned(),
        );
    }
    warnings
}

/// Whether staff can be found.
fn finding_users(scopes: &[String]) -> Vec<String> {
    if scope::finds_users(scopes) {
        return Vec::new();
    }
    vec![
        "The permission User.ReadBasic.All was not granted: staff cannot be matched to Microsoft users. \
         Reauthorize and accept it."
            .to_owned(),
    ]
}

/// Whether a user, `/me` or `/users/{id}`, has a licence; none if Microsoft does not tell, which is no
/// reason to fail.
pub(crate) fn licensed(host: &dyn Host, cloud: &Cloud, user: &str, credential: &str) -> Option<bool> {
    let url = cloud.resource(&[user, "/licenseDetails/getTeamsLicensingDetails"].concat());
    let Ok(answer) = Request::get(url, credential).succeed(host) else {
        host.log(Level::Debug, "Microsoft did not tell whether a user has a Teams licence");
        return None;
    };
    answer.json().ok()?.get("hasTeamsLicense").truth()
}
