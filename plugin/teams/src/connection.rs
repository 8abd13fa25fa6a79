//! The stored connection: whose grant the credential is that Graph is asked with.

use serde::Serialize;

use crate::bindings::provider::{Account, Error};
use crate::bindings::types::Instant;
use crate::cloud::{Cloud, GLOBAL};
use crate::failure;
use crate::host::Host;
use crate::identity::pending;
use crate::json::Json;
use crate::method::Method;

/// Where the record is stored.
const KEY: &str = "connection";

/// The form of the record that this version writes. A later one that changes it can tell by this.
/// The first had neither method nor cloud.
const VERSION: u32 = 2;

/// What is remembered about a connection. It exists exactly while the integration is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Record {
    version: u32,
    /// The tenant's id, in lower case.
    pub(crate) tenant: String,
    /// Who organises the meetings.
    pub(crate) method: Method,
    /// Where the tenant is.
    pub(crate) cloud: &'static Cloud,
    /// The account's object id, in lower case; without an account the client id.
    pub(crate) oid: String,
    /// The account's user principal name when it signed in last.
    pub(crate) upn: String,
    /// Its display name then.
    pub(crate) name: String,
    /// The scopes granted then.
    pub(crate) scopes: Vec<String>,
    /// When it signed in last.
    pub(crate) connected_at: Instant,
}

impl Record {
    /// A record as it was stored, if this version knows its form.
    fn read(stored: &Json<'_>) -> Option<Self> {
        let (method, cloud) = match stored.get("version").number() {
            Some(1) => (Method::ServiceAccount, &GLOBAL),
            Some(2) => {
                (Method::named(stored.get("method").text()?)?, Cloud::named(stored.get("cloud").text()?)?)
            }
            _ => return None,
        };
        Some(Self {
            version: VERSION,
            tenant: stored.get("tenant").owned()?,
            method,
            cloud,
            oid: stored.get("oid").owned()?,
            upn: stored.get("upn").owned()?,
            name: stored.get("name").owned()?,
            scopes: stored.get("scopes").texts(),
            connected_at: stored.get("connected_at").number()?,
        })
    }

    /// The name of the credential with which Graph is asked.
    pub(crate) fn credential(&self) -> &'static str {
        self.method.credential()
    }

    /// A record of this version.
    pub(crate) fn new(
        method: Method,
        cloud: &'static Cloud,
        account: Account,
        scopes: Vec<String>,
        connected_at: Instant,
    ) -> Self {
        Self {
            version: VERSION,
            tenant: account.tenant_id,
            method,
            cloud,
            oid: account.id,
            upn: account.user_name,
            name: account.display_name,
            scopes,
            connected_at,
        }
    }
}

/// The stored connection, if there is one.
pub(crate) fn load(host: &dyn Host) -> Result<Option<Record>, Error> {
    let Some(value) = host.get(KEY).map_err(failure::storage)? else {
        return Ok(None);
    };
    match Json::read(&value).and_then(|stored| Record::read(&stored)) {
        Some(record) => Ok(Some(record)),
        None => Err(failure::internal(
            "The stored connection to Microsoft Teams cannot be read by this version of the \
             provider. Disconnect and connect again, or install the version that wrote it.",
        )),
    }
}

/// The stored connection, or `not-connected`.
pub(crate) fn require(host: &dyn Host) -> Result<Record, Error> {
    load(host)?.ok_or(Error::NotConnected)
}

/// Stores the connection in place of what was there.
pub(crate) fn store(host: &dyn Host, record: &Record) -> Result<(), Error> {
    let value = serde_json::to_vec(record)
        .map_err(|_| failure::internal("The connection could not be written as JSON."))?;
    host.set(KEY, &value).map_err(failure::storage)
}

/// Ends the connection. The grant goes first: killed after that, the integration is one whose
/// credential is missing, which every function reports as not connected, and doing it again ends
/// it. Microsoft has no endpoint that revokes one grant, and is asked nothing.
pub(crate) fn forget(host: &dyn Host) -> Result<(), Error> {
    for method in [Method::ServiceAccount, Method::AccessPolicy] {
        host.discard(method.credential()).map_err(failure::credential)?;
    }
    host.delete(KEY).map_err(failure::storage)?;
    pending::forget_all(host)
}
