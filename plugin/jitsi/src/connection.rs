//! Connecting, which is choosing a server and making a key: there is nobody to ask.

use crate::bindings::log::{self, Level};
use crate::bindings::provider::{Account, Connection, Error, InputProblem};
use crate::bindings::storage::{self, SwapError};
use crate::bindings::types::Parameter;
use crate::describe::{DOMAIN_FIELD, PREFIX_FIELD};
use crate::domain;
use crate::failure;
use crate::meeting;
use crate::record::Connected;
use crate::room::{self, KEY, Use};

/// Where the connection is stored.
const STORED: &str = "connection";

/// What was answered to a setup field; empty if nothing was.
fn answered<'a>(values: &'a [Parameter], field: &str) -> &'a str {
    values.iter().find(|value| value.name == field).map_or("", |value| value.value.trim())
}

fn malformed<T>(field: &str, message: &str) -> Result<T, Error> {
    Err(failure::invalid_input(field, InputProblem::Malformed, message))
}

/// Connects, in one write: of several at once, and of an attempt whose answer was lost and its
/// repetition, the first one's key is the key, so that the rooms of all are the same. What is connected
/// already stays as it is; another server would be another place for the rooms, and is refused.
pub(crate) fn connect(values: &[Parameter]) -> Result<Connection, Error> {
    let typed = answered(values, DOMAIN_FIELD);
    let Some(domain) = domain::read(if typed.is_empty() { domain::PUBLIC } else { typed }) else {
        return malformed(
            DOMAIN_FIELD,
            "This is not the name of a server. It is like meet.example.com, or meet.example.com/tenant on a \
             server with tenants.",
        );
    };
    let Some(prefix) = room::prefix(answered(values, PREFIX_FIELD)) else {
        return malformed(PREFIX_FIELD, "At most 40 letters from a to z, digits and hyphens are possible.");
    };
    let key: [u8; KEY] = wasi::random::random::get_random_bytes(KEY as u64)
        .try_into()
        .map_err(|_| Error::Internal("The host gave too few random bytes.".to_owned()))?;
    let wanted = Connected { domain, prefix, key };
    match storage::swap(STORED, None, &wanted.write()) {
        Ok(_) => Ok(described(&wanted)),
        Err(SwapError::Stale(Some(entry))) => again(&wanted, &read(&entry.value)?),
        Err(SwapError::Stale(None)) => {
            Err(failure::unavailable("The integration was disconnected meanwhile. Connect again."))
        }
        Err(SwapError::Failed(error)) => Err(failure::storage(error)),
    }
}

/// Connecting what is connected.
fn again(wanted: &Connected, connected: &Connected) -> Result<Connection, Error> {
    if wanted.domain != connected.domain {
        return Err(failure::other_tenant(
            [
                "The connected server is ",
                &connected.domain,
                ", and this is ",
                &wanted.domain,
                ". Nothing was changed. Disconnect first to connect another server.",
            ]
            .concat(),
        ));
    }
    if wanted.prefix != connected.prefix {
        log::log(Level::Info, "what room names begin with stays as it was connected");
    }
    Ok(described(connected))
}

/// The answer to `check`. Nobody is asked: a server knows no connections, and whether it runs is seen
/// by who visits it.
pub(crate) fn check() -> Result<Connection, Error> {
    require().map(|connected| described(&connected))
}

/// The connection, or `not-connected`.
pub(crate) fn require() -> Result<Connected, Error> {
    match storage::get(STORED).map_err(failure::storage)? {
        Some(entry) => read(&entry.value),
        None => Err(Error::NotConnected),
    }
}

fn read(stored: &[u8]) -> Result<Connected, Error> {
    Connected::read(stored).ok_or_else(|| {
        Error::Internal(
            "The stored connection cannot be read by this version of the Jitsi provider. Install the \
             version that wrote it, or disconnect and connect again: rooms change then."
                .to_owned(),
        )
    })
}

/// Forgets the connection, and then what was remembered of meetings. Without the key nothing can be told
/// from the rest; doing it again ends what was interrupted. Rooms are where they were.
pub(crate) fn forget() -> Result<(), Error> {
    storage::delete(STORED).map_err(failure::storage)?;
    meeting::forget_all()
}

impl Connected {
    /// What stands for an account: the key's owner, as nobody signs in anywhere.
    pub(crate) fn account(&self) -> String {
        room::characters(&self.key, Use::Account, "")
    }
}

fn described(connected: &Connected) -> Connection {
    let id = connected.account();
    let mut warnings = Vec::new();
    if connected.domain == domain::PUBLIC {
        warnings.push(
            "meet.jit.si is a public server, which others run: whoever starts a meeting there has to sign \
             in to it, and nothing is promised. Connect a server of your own for real appointments."
                .to_owned(),
        );
    }
    Connection {
        account: Account {
            // Integrations share nothing, also where they use the same server.
            tenant_id: [&connected.domain, "/", &id].concat(),
            id,
            user_name: connected.domain.clone(),
            display_name: ["Rooms at ", &connected.domain].concat(),
        },
        scopes: Vec::new(),
        warnings,
    }
}
