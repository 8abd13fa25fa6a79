//! From a request to what is done about it: which surface it is for, which faults apply, what is
//! recorded.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use crate::clock::http_date;
use crate::control;
use crate::faults::{Action, Plan};
use crate::graph::{self, GraphError, Resource};
use crate::hosts::{self, Surface};
use crate::login::{self, Aadsts, LoginRoute};
use crate::operation::Operation;
use crate::shared::Shared;
use crate::wire::{Incoming, Reply, Trace};

/// What goes back on the wire.
#[derive(Debug)]
pub(crate) enum Outcome {
    Send(Reply),
    /// Half of the body, then the connection closes.
    Cut(Reply),
    /// The connection closes at once.
    Drop,
}

enum Route {
    Login(LoginRoute),
    Graph(Resource),
    Nowhere,
}

impl Route {
    fn of(incoming: &Incoming) -> Self {
        let graph = || graph::below_version(&incoming.path).map(|path| Self::Graph(Resource::of(path)));
        let login = || LoginRoute::of(&incoming.path).map(Self::Login);
        match hosts::surface(&incoming.host()) {
            Surface::Login => login(),
            Surface::Graph => graph(),
            Surface::Either => graph().or_else(login),
        }
        .unwrap_or(Self::Nowhere)
    }

    fn operation(&self, incoming: &Incoming) -> Operation {
        match self {
            Self::Login(route) => route.operation(),
            Self::Graph(resource) => resource.operation(&incoming.method),
            Self::Nowhere => Operation::Other,
        }
    }
}

/// Answers one request. It runs to its end whatever becomes of the connection, because at
/// Microsoft an effect does not depend on anyone waiting for the answer.
pub(crate) async fn answer(shared: Arc<Shared>, incoming: Incoming) -> Outcome {
    if control::is_for(&incoming) {
        return Outcome::Send(control::answer(&shared, &incoming));
    }
    let route = Route::of(&incoming);
    let operation = route.operation(&incoming);
    let record = shared.journal.received(&incoming, operation, shared.clock.now());
    let latency = Duration::from_nanos(shared.latency_ns.load(Ordering::Relaxed));
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let url = incoming.path_and_query();
    let plan = shared.faults.plan(operation, &url, &incoming.body);
    for gate in &plan.hold_before {
        gate.pass().await;
    }
    // The trace is made after any wait, so that a parked request is judged by the clock it wakes
    // up to.
    let trace = shared.trace(&incoming);
    let reply = if plan.decided_before_effect() {
        instead(&shared, &route, &incoming, &plan, &trace)
    } else {
        carry_out(&shared, &route, &incoming, &plan, &trace).await
    };
    let outcome = finish(&route, &plan, reply, &trace);
    for gate in &plan.hold_after {
        gate.pass().await;
    }
    if !plan.slow.is_zero() {
        tokio::time::sleep(plan.slow).await;
    }
    let now = shared.clock.now();
    match &outcome {
        (Outcome::Send(reply) | Outcome::Cut(reply), _) => {
            shared.journal.answered(&record, reply, false, now);
        }
        (Outcome::Drop, reply) => shared.journal.answered(&record, reply, true, now),
    }
    outcome.0
}

async fn carry_out(shared: &Shared, route: &Route, incoming: &Incoming, plan: &Plan, trace: &Trace) -> Reply {
    match route {
        Route::Login(route) => login::answer(shared, route, incoming, trace, plan.omit_refresh_token),
        Route::Graph(resource) => graph::answer(shared, resource, incoming, trace).await,
        Route::Nowhere => Reply::new(StatusCode::NOT_FOUND),
    }
}

/// The answer of a fault that leaves nothing to happen.
fn instead(shared: &Shared, route: &Route, incoming: &Incoming, plan: &Plan, trace: &Trace) -> Reply {
    match (&plan.decides, route) {
        (Some(Action::Status { status, retry_after }), _) => {
            note_wait(shared, incoming, retry_after.as_deref(), trace);
            status_reply(route, *status, retry_after.clone(), trace)
        }
        (Some(Action::ClaimsChallenge), _) => GraphError::claims_challenge(trace).reply(trace),
        (Some(Action::Aadsts(code)), Route::Login(route)) => {
            let error = Aadsts::new(*code).for_interaction(shared.config.interaction_refusal);
            login::injected(shared, route, incoming, &error, trace)
        }
        (Some(Action::AadstsAs { code, error }), Route::Login(route)) => {
            login::injected(shared, route, incoming, &Aadsts::new(*code).called(error), trace)
        }
        (Some(Action::Aadsts(code) | Action::AadstsAs { code, .. }), _) => Aadsts::new(*code).reply(trace),
        _ => Reply::new(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// So that calls made before the end of a `Retry-After` are marked in the journal.
fn note_wait(shared: &Shared, incoming: &Incoming, retry_after: Option<&str>, trace: &Trace) {
    let seconds = retry_after.and_then(|text| text.parse().ok());
    if let (Some(seconds), Ok(token)) = (seconds, graph::bearer(shared, &incoming.headers, None, trace)) {
        shared.throttle.asked_to_wait(&token, seconds, trace.at);
    }
}

fn status_reply(route: &Route, status: u16, retry_after: Option<String>, trace: &Trace) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match route {
        Route::Graph(_) => GraphError::of_status(status, retry_after).reply(trace),
        Route::Login(_) | Route::Nowhere => {
            // The identity platform words an outage as AADSTS90033, whatever the status.
            let transient = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            let code = if transient { 90033 } else { 9_002_313 };
            let mut reply = Aadsts::new(code).reply(trace);
            reply.status = status;
            match retry_after {
                Some(after) => reply.with("retry-after", &after),
                None => reply,
            }
        }
    }
}

/// Applies what a fault does to a finished answer. The reply beside the outcome is what the
/// journal keeps when nothing is sent.
fn finish(route: &Route, plan: &Plan, reply: Reply, trace: &Trace) -> (Outcome, Reply) {
    let reply = match &plan.decides {
        Some(Action::StatusAfter { status }) => {
            let effect = reply.effect;
            let mut changed = status_reply(route, *status, None, trace);
            changed.effect = effect;
            changed
        }
        Some(Action::Malformed) => malformed(reply),
        Some(Action::Oversized(bytes)) => oversized(reply, *bytes),
        Some(Action::NextLink(origin)) => leading_to(reply, origin),
        _ => reply,
    };
    let reply = stamped(route, reply, trace);
    let kept = Reply { body: Bytes::new(), ..reply.clone() };
    match plan.decides {
        Some(Action::DropBefore | Action::DropAfter) => (Outcome::Drop, kept),
        Some(Action::Truncate) => (Outcome::Cut(reply), kept),
        _ => (Outcome::Send(reply), kept),
    }
}

fn malformed(mut reply: Reply) -> Reply {
    reply.body = Bytes::from_static(b"<html><body>upstream connect error</body></html>{\"value\":[");
    reply
}

/// A listing whose next page is said to be at another origin.
fn leading_to(mut reply: Reply, origin: &str) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&reply.body) else {
        return reply;
    };
    graph::lead_to(&mut body, origin);
    reply.body = Bytes::from(body.to_string());
    reply
}

/// JSON stays JSON, with one huge unknown property; anything else grows by spaces.
fn oversized(mut reply: Reply, bytes: usize) -> Reply {
    let body = &reply.body;
    let grown = if reply.is_json() && body.starts_with(b"{") && body.len() > 2 {
        let mut grown = b"{\"padding\":\"".to_vec();
        grown.resize(grown.len() + bytes, b'x');
        grown.extend_from_slice(b"\",");
        grown.extend_from_slice(&body[1..]);
        grown
    } else {
        let mut grown = body.to_vec();
        grown.resize(grown.len() + bytes, b' ');
        grown
    };
    reply.body = Bytes::from(grown);
    reply
}

/// The headers that every answer carries.
fn stamped(route: &Route, reply: Reply, trace: &Trace) -> Reply {
    let client = trace.client_request_id.as_deref();
    let mut reply = reply.with("date", &http_date(trace.at));
    reply = match route {
        Route::Graph(_) => reply
            .with("request-id", &trace.request_id)
            .with("client-request-id", client.unwrap_or(&trace.request_id)),
        Route::Login(_) | Route::Nowhere => {
            let reply = reply.with("x-ms-request-id", &trace.request_id);
            match client {
                Some(client) => reply.with("client-request-id", client),
                None => reply,
            }
        }
    };
    reply
        .headers
        .entry(header::STRICT_TRANSPORT_SECURITY)
        .or_insert(HeaderValue::from_static("max-age=31536000"));
    reply
}
