//! Requests and answers: the only place that sends HTTP.

pub(crate) mod batch;
pub(crate) mod page;
pub(crate) mod refusal;
pub(crate) mod retry;
pub(crate) mod user;

use http::header::HeaderName;
use http::{Method, StatusCode};

use crate::bindings::provider::{Error, GrantProblem};
use crate::bindings::{http as wire, types::Parameter};
use crate::failure;
use crate::host::Host;
use crate::identity::grant;
use crate::json::Json;
use refusal::Refusal;

/// RFC 7240.
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// Asks for what an index tells, which may be behind ("Advanced query capabilities", Graph).
const CONSISTENCY_LEVEL: HeaderName = HeaderName::from_static("consistencylevel");

/// One request, not yet sent.
pub(crate) struct Request<'a> {
    method: Method,
    url: String,
    body: Option<Vec<u8>>,
    credential: Option<&'a str>,
    /// Whether the other side may be changed by it.
    writes: bool,
    /// Whether an index may answer, which may be behind.
    eventual: bool,
}

impl<'a> Request<'a> {
    /// Asks without a credential.
    pub(crate) fn anonymous(url: String) -> Self {
        Self { method: Method::GET, url, body: None, credential: None, writes: false, eventual: false }
    }

    /// Asks for something.
    pub(crate) fn get(url: String, credential: &'a str) -> Self {
        Self { credential: Some(credential), ..Self::anonymous(url) }
    }

    /// Asks for several things in one request, none of which changes anything.
    pub(crate) fn batch(url: String, body: Vec<u8>, credential: &'a str) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(url, credential) }
    }

    /// Changes something.
    pub(crate) fn write(method: Method, url: String, body: Option<Vec<u8>>, credential: &'a str) -> Self {
        Self { method, body, writes: true, ..Self::get(url, credential) }
    }

    /// Lets an index answer, which may be behind.
    pub(crate) fn eventual(self) -> Self {
        Self { eventual: true, ..self }
    }

    /// Sends it and hands over the whole answer, whatever its status.
    pub(crate) fn send(self, host: &dyn Host) -> Result<Answer, Failure> {
        let writes = self.writes;
        let mut headers = vec![header(&http::header::ACCEPT, "application/json")];
        if self.body.is_some() {
            headers.push(header(&http::header::CONTENT_TYPE, "application/json"));
        }
        if self.eventual {
            headers.push(header(&CONSISTENCY_LEVEL, "eventual"));
        }
        if writes {
            // Or roles that came later, such as that of a co-organizer, read as
            // `unknownFutureValue`, and no meeting that has one would be as it was wished for
            // ("Best practices", Graph: handling future members in evolvable enumerations).
            headers.push(header(&PREFER, "include-unknown-enum-members"));
        }
        let request = wire::Request {
            method: method(&self.method),
            url: self.url,
            headers,
            body: self.body,
            credential: self.credential.map(str::to_owned),
        };
        let response = host.send(&request).map_err(|error| not_answered(error, writes))?;
        let status = StatusCode::from_u16(response.status).map_err(|_| {
            Failure::from(failure::internal("The answer had a status that HTTP does not know."))
        })?;
        Ok(Answer { status, headers: response.headers, body: response.body, writes })
    }

    /// Sends it and hands over an answer that says yes.
    pub(crate) fn succeed(self, host: &dyn Host) -> Result<Answer, Failure> {
        let answer = self.send(host)?;
        if answer.status.is_success() { Ok(answer) } else { Err(answer.refused()) }
    }
}

/// A whole answer.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: StatusCode,
    headers: Vec<Parameter>,
    body: Vec<u8>,
    writes: bool,
}

impl Answer {
    /// The body, which has to be JSON. Microsoft answers with JSON only: what is none was made on the
    /// way by a fault of some server, and a request that changes something may have done so.
    pub(crate) fn json(&self) -> Result<Json<'_>, Error> {
        Json::read(&self.body)
            .ok_or_else(|| failure::unavailable(self.writes, None, "Microsoft's answer could not be read."))
    }

    /// The number that is the whole body, if it is one; a byte order mark may stand before it.
    pub(crate) fn count(&self) -> Option<u64> {
        let text = std::str::from_utf8(&self.body).ok()?;
        text.trim_start_matches('\u{feff}').trim().parse().ok()
    }

    /// The error that this answer is.
    pub(crate) fn refused(&self) -> Failure {
        let refusal = Refusal {
            status: self.status,
            retry_after: self.header(&http::header::RETRY_AFTER).and_then(retry::wait),
            challenge: self.header(&http::header::WWW_AUTHENTICATE),
            body: &Json::read(&self.body).unwrap_or(Json::Null),
            writes: self.writes,
        };
        Failure { status: Some(self.status), too_large: false, error: refusal.error() }
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name.as_str()))
            .map(|header| header.value.as_str())
    }
}

/// Why there is no good answer: the contract's error, and what a caller may want to tell apart.
pub(crate) struct Failure {
    /// The status, if there was an answer.
    pub(crate) status: Option<StatusCode>,
    /// Whether the answer was more than the host allows.
    pub(crate) too_large: bool,
    /// What it means to the caller.
    pub(crate) error: Error,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { status: None, too_large: false, error }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

fn header(name: &HeaderName, value: &str) -> Parameter {
    Parameter { name: name.as_str().to_owned(), value: value.to_owned() }
}

fn method(method: &Method) -> wire::Method {
    match *method {
        Method::POST => wire::Method::Post,
        Method::PATCH => wire::Method::Patch,
        Method::DELETE => wire::Method::Delete,
        _ => wire::Method::Get,
    }
}

/// What it means that there is no answer. What only reads has no effect, answered or not.
fn not_answered(error: wire::Error, writes: bool) -> Failure {
    let mut too_large = false;
    let error = match error {
        wire::Error::Denied(why) => failure::denied(&why),
        wire::Error::NotSent(why) => failure::unreachable(&why),
        wire::Error::NoAnswer(why) => failure::unavailable(
            writes,
            None,
            failure::because("The connection to Microsoft ended before its answer.", &why),
        ),
        wire::Error::TooLarge(_) => {
            too_large = true;
            failure::unavailable(writes, None, "Microsoft's answer was larger than this host allows.")
        }
        wire::Error::Deadline => failure::unavailable(writes, None, "Microsoft did not answer in time."),
        wire::Error::Credential(failure) => without_token(failure),
    };
    Failure { status: None, too_large, error }
}

/// What it means that the credential gave no access token.
fn without_token(failure: wire::CredentialFailure) -> Error {
    match failure {
        wire::CredentialFailure::Missing => Error::NotConnected,
        wire::CredentialFailure::Refused(oauth) => grant::refused(&oauth),
        wire::CredentialFailure::Unavailable(retry_after) => failure::unavailable(
            false,
            retry_after,
            "Microsoft's sign-in service did not renew the access to the connected account. The \
             connection itself is not in question.",
        ),
        wire::CredentialFailure::Misconfigured(why) => failure::unconfigured(&why),
    }
}

/// What an answer means in which the object id is not the connected account's.
pub(crate) fn foreign_grant(connected: &str, found: &str) -> Error {
    failure::needs_reauthorization(
        GrantProblem::Other,
        [
            "The stored authorization is that of ",
            found,
            ", but the connected account is ",
            connected,
            ". Reauthorize with the connected account.",
        ]
        .concat(),
    )
}
