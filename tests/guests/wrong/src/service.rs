//! Requests to the service, and what its answers mean.

use crate::account;
use crate::bindings::provider::{
    DeadGrant, Error, GrantProblem, Misconfiguration, MisconfigurationProblem, Outage,
};
use crate::bindings::{credentials, http, scheduling::video_provider::types::Parameter};
use crate::breaks;

pub(crate) const ORIGIN: &str = "https://rooms.example";

/// A status that is the caller's to judge, and the body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

fn outage(may_have_taken_effect: bool) -> Error {
    let message = "The rooms did not answer.".to_owned();
    Error::Unavailable(Outage { may_have_taken_effect, retry_after: None, message })
}

fn dead() -> Error {
    let message = "The rooms want a new sign-in.".to_owned();
    Error::NeedsReauthorization(DeadGrant { problem: GrantProblem::Revoked, message })
}

/// A credential of the host's keeping, named `rooms`.
pub(crate) fn token() -> Result<(), Error> {
    let grant = Parameter { name: "grant_type".to_owned(), value: "client_credentials".to_owned() };
    let url = format!("{ORIGIN}/token");
    let exchanged = credentials::exchange("rooms", &url, &[grant], credentials::ClientAuthentication::None);
    exchanged.map_err(|error| Error::Internal(format!("there is no token: {error:?}")))?;
    Ok(())
}

/// One request, with the grant that there is.
pub(crate) fn call(method: http::Method, path: &str, body: &str) -> Result<Answer, Error> {
    let mut headers = Vec::new();
    if let Some(account) = account::load()? {
        headers.push(Parameter { name: "x-grant".to_owned(), value: account.grant });
    }
    let url = format!("{ORIGIN}{path}");
    let body = Some(body.as_bytes().to_vec());
    let sent = http::send(&http::Request { method, url, headers, body, credential: None });
    let response = sent.map_err(|error| match error {
        http::Error::NotSent(_) => outage(breaks("says-that-nothing-happened")),
        http::Error::NoAnswer(_) | http::Error::TooLarge(_) | http::Error::Deadline => {
            outage(!breaks("says-that-it-may-have-happened"))
        }
        http::Error::Denied(why) => {
            Error::Misconfigured(Misconfiguration { problem: MisconfigurationProblem::Host, message: why })
        }
        http::Error::Credential(_) => dead(),
    })?;
    match response.status {
        401 if breaks("says-that-the-grant-is-dead") => Err(outage(false)),
        401 => Err(dead()),
        429 => {
            let named = response.headers.iter().find(|header| header.name == "retry-after");
            let seconds = named.and_then(|header| header.value.parse::<u64>().ok());
            let seconds = seconds.filter(|_| !breaks("says-how-long-to-wait"));
            Err(Error::Throttled(seconds.map(|seconds| seconds * 1_000)))
        }
        500.. if breaks("a-fault-says-nothing-of-the-grant") => Err(dead()),
        500.. => Err(outage(true)),
        status => Ok(Answer { status, body: String::from_utf8_lossy(&response.body).into_owned() }),
    }
}
