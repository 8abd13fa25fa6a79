//! What a host tells those who watch it: numbers through the facade `metrics`, and spans through `tracing`.
//! While nobody listens, neither costs more than a look at a flag.
//!
//! Neither names a person, an address, an appointment or an integration: labels and fields are this host's own
//! words, plugins' ids, status codes, and the hosts that the operator granted.

use std::sync::Arc;

use bytes::Bytes;
use metrics::{SharedString, counter, histogram};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::egress::{Grant, Purpose};
use crate::sandbox::CallError;
use crate::transport::{BoxFuture, SendError, Transport};
use crate::vault::CredentialError;

/// Target of the spans that make a trace. No other span and no event belongs in one: their texts may name
/// people.
pub const TRACE: &str = "video_host::trace";

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Counts up from the start of the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Seconds, sorted by how many.
    Histogram,
}

/// A number that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// By what it is told apart.
    pub labels: &'static [&'static str],
    /// What it says, as a sentence.
    pub help: &'static str,
}

/// What is counted while calls are made.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "video_calls_total",
        kind: Kind::Counter,
        labels: &["provider", "function", "outcome"],
        help: "Calls of plugins with all their repetitions, by how they ended: ok, the name of the error, or \
               abandoned by who asked.",
    },
    Metric {
        name: "video_call_seconds",
        kind: Kind::Histogram,
        labels: &["provider", "function"],
        help: "How long calls of plugins took, with all their repetitions and waits.",
    },
    Metric {
        name: "video_exchanges_total",
        kind: Kind::Counter,
        labels: &["class", "status"],
        help: "Requests to providers, by whether they went to an API or an identity host, and by the status of the \
               answer or why there is none.",
    },
    Metric {
        name: "video_exchange_seconds",
        kind: Kind::Histogram,
        labels: &["class"],
        help: "How long providers took to answer, or not to.",
    },
    Metric {
        name: "video_refreshes_total",
        kind: Kind::Counter,
        labels: &["outcome"],
        help: "Renewals of access tokens by how they ended; `dead` means that somebody has to sign in again.",
    },
    Metric {
        name: "video_store_errors_total",
        kind: Kind::Counter,
        labels: &["tables"],
        help: "Statements that the database refused or did not answer.",
    },
];

/// Counts a statement that the database did not do.
pub fn store_failed(tables: &'static str) {
    counter!("video_store_errors_total", "tables" => tables).increment(1);
}

/// Counts a renewal.
pub(crate) fn refreshed<T>(answer: &Result<T, CredentialError>, dead: bool) {
    let outcome = match answer {
        Ok(_) => "renewed",
        Err(_) if dead => "dead",
        Err(CredentialError::Refused(_)) => "refused",
        Err(CredentialError::Unavailable(_)) => "unavailable",
        Err(CredentialError::NotSent(_)) => "not_sent",
        Err(CredentialError::NoAnswer(_)) => "no_answer",
        Err(CredentialError::Denied(_) | CredentialError::Misconfigured(_)) => "misconfigured",
        Err(CredentialError::Missing | CredentialError::Store(_)) => "store",
    };
    counter!("video_refreshes_total", "outcome" => outcome).increment(1);
    Span::current().record("outcome", outcome);
}

/// The span of a renewal, which ends with [`refreshed`].
pub(crate) fn refresh() -> Span {
    tracing::info_span!(target: TRACE, "renew the access token", outcome = Empty)
}

/// One call of a plugin, from the first attempt to the last. Counted when it is dropped, so that calls that
/// nobody waits for any more are counted too.
pub(crate) struct Call {
    provider: Arc<str>,
    function: &'static str,
    begun: Instant,
    outcome: &'static str,
    /// The span to make the call in.
    pub(crate) span: Span,
}

impl Call {
    pub(crate) fn begin(provider: &Arc<str>, function: &'static str) -> Self {
        let span = tracing::info_span!(
            target: TRACE,
            "call the plugin",
            provider = &**provider,
            function,
            attempts = Empty,
            outcome = Empty,
            otel.status_code = Empty
        );
        Self { provider: provider.clone(), function, begun: Instant::now(), outcome: "abandoned", span }
    }

    pub(crate) fn ended<T>(mut self, outcome: &Result<T, CallError>) {
        self.outcome = outcome.as_ref().err().map_or("ok", CallError::name);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.span.record("outcome", self.outcome);
        if self.outcome != "ok" {
            self.span.record("otel.status_code", "ERROR");
        }
        let provider = || SharedString::from(self.provider.clone());
        histogram!("video_call_seconds", "provider" => provider(), "function" => self.function)
            .record(self.begun.elapsed());
        counter!(
            "video_calls_total",
            "provider" => provider(),
            "function" => self.function,
            "outcome" => self.outcome
        )
        .increment(1);
    }
}

/// A transport of which each exchange is counted and has a span.
pub(crate) struct Watched {
    transport: Arc<dyn Transport>,
    /// What the operator grants, to tell APIs from identity hosts; none: the latter only.
    grant: Option<Arc<Grant>>,
}

impl Watched {
    /// Requests of plugins.
    pub(crate) fn plugins(transport: Arc<dyn Transport>, grant: Arc<Grant>) -> Self {
        Self { transport, grant: Some(grant) }
    }

    /// The vault's own.
    pub(crate) fn vault(transport: Arc<dyn Transport>) -> Self {
        Self { transport, grant: None }
    }
}

impl Transport for Watched {
    fn send(
        &self,
        request: http::Request<Bytes>,
        deadline: Instant,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>> {
        let of_api = |grant: &Arc<Grant>| grant.permits(request.uri(), Purpose::Authorized).is_ok();
        let class = if self.grant.as_ref().is_some_and(of_api) { "api" } else { "identity" };
        // Never the path or the query: they hold names and ids of people.
        let span = tracing::info_span!(
            target: TRACE,
            "exchange",
            otel.kind = "client",
            http.request.method = request.method().as_str(),
            server.address = request.uri().host().unwrap_or_default(),
            class,
            http.response.status_code = Empty,
            error.type = Empty,
            otel.status_code = Empty,
            request_id = Empty
        );
        let exchange = Exchange { class, begun: Instant::now(), status: "abandoned".into(), span };
        let answer = self.transport.send(request, deadline).instrument(exchange.span.clone());
        Box::pin(async move {
            let answer = answer.await;
            exchange.ended(&answer);
            answer
        })
    }
}

/// One exchange. Counted when it is dropped, as a [`Call`] is.
struct Exchange {
    class: &'static str,
    begun: Instant,
    status: SharedString,
    span: Span,
}

impl Exchange {
    fn ended(mut self, answer: &Result<http::Response<Bytes>, SendError>) {
        let why_not = match answer {
            Ok(response) => {
                let status = response.status();
                self.span.record("http.response.status_code", status.as_u16());
                if status.is_client_error() || status.is_server_error() {
                    self.span.record("otel.status_code", "ERROR");
                }
                if let Some(id) = request_id(response) {
                    self.span.record("request_id", id);
                }
                self.status = status.as_str().to_owned().into();
                return;
            }
            Err(SendError::Denied(_)) => "denied",
            Err(SendError::NotSent(_)) => "not_sent",
            Err(SendError::NoAnswer(_)) => "no_answer",
            Err(SendError::TooLarge(_)) => "too_large",
            Err(SendError::Deadline) => "deadline",
        };
        self.span.record("error.type", why_not);
        self.span.record("otel.status_code", "ERROR");
        self.status = why_not.into();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let status = std::mem::replace(&mut self.status, SharedString::const_str(""));
        histogram!("video_exchange_seconds", "class" => self.class).record(self.begun.elapsed());
        counter!("video_exchanges_total", "class" => self.class, "status" => status).increment(1);
    }
}

/// The id under which the provider's support finds a request, if it is a UUID and so nothing else: Graph
/// (<https://learn.microsoft.com/graph/best-practices-concept>) and Entra send one.
fn request_id(response: &http::Response<Bytes>) -> Option<&str> {
    let headers = response.headers();
    let id = headers.get("request-id").or_else(|| headers.get("x-ms-request-id"))?.to_str().ok()?;
    let is_uuid = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_uuid.then_some(id)
}
