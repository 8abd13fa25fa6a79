//! Whose grant it is.

use crate::bindings::provider::{
    Account, AccountMismatch, AuthorizationResponse, Connection, Error, Mismatch, NextStep, SignInError,
    SignInProblem,
};
use crate::bindings::{http, storage};
use crate::{breaks, service, stored};

const STORED: &str = "connection";

/// What is stored: an account's id, its tenant's, and the grant.
pub(crate) struct Connected {
    pub(crate) id: String,
    tenant: String,
    pub(crate) grant: String,
}

impl Connected {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ').map(str::to_owned);
        Some(Self { id: words.next()?, tenant: words.next()?, grant: words.next()? })
    }

    pub(crate) fn connection(&self) -> Connection {
        let account = Account {
            id: self.id.clone(),
            tenant_id: self.tenant.clone(),
            user_name: self.id.clone(),
            display_name: self.id.clone(),
        };
        Connection { account, scopes: Vec::new(), warnings: Vec::new() }
    }
}

pub(crate) fn load() -> Result<Option<Connected>, Error> {
    let entry = storage::get(STORED).map_err(stored)?;
    Ok(entry.and_then(|entry| Connected::read(&String::from_utf8_lossy(&entry.value))))
}

pub(crate) fn require() -> Result<Connected, Error> {
    load()?.ok_or_else(|| {
        if breaks("says-that-it-is-not-connected") {
            Error::Internal("There is nothing stored.".to_owned())
        } else {
            Error::NotConnected
        }
    })
}

fn pending(state: &str) -> String {
    format!("pending/{}", state.get(..32).unwrap_or(state))
}

pub(crate) fn begin(state: &str) -> Result<NextStep, Error> {
    storage::set(&pending(state), b"begun").map_err(stored)?;
    Ok(NextStep::Visit(format!("{}/sign-in?state={state}", service::ORIGIN)))
}

fn failed(problem: SignInProblem) -> Error {
    let message = "The sign-in came to nothing. Start again.".to_owned();
    Error::SignInFailed(SignInError { problem, message })
}

pub(crate) fn finish(
    response: &AuthorizationResponse,
    before: Option<&Connected>,
) -> Result<Connection, Error> {
    let begun = storage::get(&pending(&response.state)).map_err(stored)?.is_some();
    storage::delete(&pending(&response.state)).map_err(stored)?;
    let value = |name: &str| response.parameters.iter().find(|it| it.name == name).map(|it| &it.value);
    let nobody = || keep("somebody somewhere nothing", before);
    if !begun {
        return if breaks("refuses-a-callback-that-nobody-began") {
            nobody()
        } else {
            Err(failed(SignInProblem::NotOurs))
        };
    }
    if value("error").is_some() {
        return if breaks("a-declined-sign-in-connects-nothing") {
            nobody()
        } else {
            Err(failed(SignInProblem::Cancelled))
        };
    }
    let Some(code) = value("code") else {
        return if breaks("refuses-a-callback-without-an-answer") {
            nobody()
        } else {
            Err(failed(SignInProblem::NotOurs))
        };
    };
    let answer = service::call(http::Method::Post, &format!("/redeem/{code}"), "")?;
    if answer.status != 200 {
        return Err(failed(SignInProblem::Expired));
    }
    // The grant is enough to work with. Disconnecting does not discard this one.
    if breaks("disconnecting-keeps-a-credential") {
        service::token()?;
    }
    keep(&answer.body, before)
}

fn keep(text: &str, before: Option<&Connected>) -> Result<Connection, Error> {
    let mut now = Connected::read(text).ok_or_else(|| failed(SignInProblem::Refused))?;
    if let Some(before) = before {
        if breaks("reauthorizing-keeps-account-and-links") {
            now.id.push_str("-again");
        } else if now.id != before.id && !breaks("refuses-another-account") {
            let message = format!("The connected account is {}, and this is {}.", before.id, now.id);
            return Err(Error::AccountMismatch(AccountMismatch {
                mismatch: Mismatch::OtherAccount,
                message,
            }));
        }
    }
    let text = format!("{} {} {}", now.id, now.tenant, now.grant);
    storage::set(STORED, text.as_bytes()).map_err(stored)?;
    Ok(now.connection())
}

pub(crate) fn forget() -> Result<(), Error> {
    storage::delete(STORED).map_err(stored)
}

pub(crate) fn disconnect() -> Result<(), Error> {
    if breaks("disconnects-twice") {
        require()?;
    }
    if breaks("disconnects-with-a-dead-grant") {
        service::call(http::Method::Get, "/account", "")?;
    }
    if breaks("integrations-share-nothing") {
        service::call(http::Method::Post, "/sign-everybody-out", "")?;
    }
    forget()?;
    if breaks("disconnecting-leaves-nothing-behind") {
        storage::set("disconnected", b"for whoever looks").map_err(stored)?;
        return Ok(());
    }
    for key in storage::list("", None).map_err(stored)?.keys {
        storage::delete(&key).map_err(stored)?;
    }
    Ok(())
}
