//! Microsoft Graph v1.0, as far as a provider of meetings uses it.

mod access;
mod batch;
mod error;
mod filter;
mod licences;
mod meeting_body;
mod meeting_json;
mod meeting_request;
mod meeting_store;
mod meetings;
mod organizer;
mod route;
mod throttle;
mod user_json;
mod user_list;
mod users;

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::login::AccessToken;
use crate::shared::Shared;
use crate::wire::{Form, Incoming, Reply, Trace};

pub(crate) use access::bearer;
pub(crate) use error::GraphError;
pub(crate) use meeting_store::Meetings;
pub use meeting_store::{Attendee, StoredMeeting};
pub(crate) use route::Resource;
pub(crate) use throttle::Throttle;

/// One call, on its own or inside a batch.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) resource: Resource,
    /// What follows `/v1.0`, without the query.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// `https://host/v1.0`: links lead back to the host that was asked.
    pub(crate) base: &'a str,
    pub(crate) token: &'a AccessToken,
    pub(crate) trace: &'a Trace,
}

impl Call<'_> {
    pub(crate) fn parameters(&self) -> Form {
        Form::parse(self.query.as_bytes())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What follows the version in a path; `None` if the path is not one of Graph v1.0.
pub(crate) fn below_version(path: &str) -> Option<&str> {
    let rest = path.trim_start_matches('/').strip_prefix("v1.0")?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// Answers a request.
pub(crate) async fn answer(
    shared: &Shared,
    resource: &Resource,
    incoming: &Incoming,
    trace: &Trace,
) -> Reply {
    let token = match bearer(shared, &incoming.headers, Some(&incoming.host()), trace) {
        Ok(token) => token,
        Err(error) => return error.reply(trace),
    };
    let base = format!("https://{}/v1.0", incoming.authority);
    let call = Call {
        method: &incoming.method,
        resource: resource.clone(),
        path: below_version(&incoming.path).unwrap_or_default(),
        query: &incoming.query,
        headers: &incoming.headers,
        body: &incoming.body,
        base: &base,
        token: &token,
        trace,
    };
    match call.resource {
        Resource::Batch if call.method == Method::POST => batch::answer(shared, &call).await,
        Resource::Batch => method_not_allowed().reply(trace),
        _ => execute(shared, &call),
    }
}

/// Charges and carries out one call. Nothing here waits, so no lock is held across an await.
pub(crate) fn execute(shared: &Shared, call: &Call) -> Reply {
    let units = throttle::units(&call.resource, call.method, &call.parameters());
    let charge = shared.throttle.charge(shared, call.token, units, call.trace.at);
    let mut reply = match charge.refused {
        Some(error) => error.reply(call.trace),
        None => carry_out(shared, call).unwrap_or_else(|error| error.reply(call.trace)),
    };
    reply.units = charge.units;
    reply.early = charge.early;
    reply.with("x-ms-resource-unit", &charge.units.to_string())
}

fn carry_out(shared: &Shared, call: &Call) -> Result<Reply, GraphError> {
    match (&call.resource, call.method.as_str()) {
        (Resource::Me, "GET") => users::me(shared, call),
        (Resource::User(key), "GET") => users::one(shared, call, key),
        (Resource::Users, "GET") => user_list::list(shared, call),
        (Resource::UserCount, "GET") => user_list::count(shared, call),
        (Resource::LicenceDetails(who), "GET") => licences::details(shared, call, who),
        (Resource::TeamsLicence(who), "GET") => licences::teams(shared, call, who),
        (Resource::Skus, "GET") => licences::subscribed(shared, call),
        (Resource::Meetings(who), "GET") => meetings::find(shared, call, who),
        (Resource::Meetings(who), "POST") => meetings::create(shared, call, who),
        (Resource::CreateOrGet(who), "POST") => meetings::create_or_get(shared, call, who),
        (Resource::Meeting(who, id), "GET") => meetings::get(shared, call, who, id),
        (Resource::Meeting(who, id), "PATCH") => meetings::update(shared, call, who, id),
        (Resource::Meeting(who, id), "DELETE") => meetings::delete(shared, call, who, id),
        (Resource::Unknown | Resource::UserDelta, _) => Err(GraphError::bad_request(
            "BadRequest",
            format!(
                "Resource not found for the segment '{}'.",
                call.path.trim_start_matches('/').split('/').next().unwrap_or_default()
            ),
        )),
        _ => Err(method_not_allowed()),
    }
}

/// Makes a listing say that it goes on at `origin`; what is no listing stays as it is.
pub(crate) fn lead_to(body: &mut Value, origin: &str) {
    if !body["value"].is_array() {
        return;
    }
    let path = body["@odata.nextLink"]
        .as_str()
        .and_then(|link| link.split_once("/v1.0").map(|(_, path)| path.to_owned()))
        .unwrap_or_else(|| "/users?$skiptoken=elsewhere".to_owned());
    body["@odata.nextLink"] = Value::from(format!("{origin}/v1.0{path}"));
}

fn method_not_allowed() -> GraphError {
    GraphError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "Request_BadRequest",
        "Specified HTTP method is not allowed for the request target.",
    )
}
