//! What the operator sees of bookings: numbers, traces and log lines.

mod health;
mod lines;
mod numbers;
mod picture;
mod traces;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use host_harness::operator::{Operator, Sample, samples};
use host_harness::watching::{LogFormat, Logs, Traces};
use metrics_exporter_prometheus::PrometheusHandle;
use mock_graph::{Action, Fault, Operation, contoso};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use url::Url;
use video_console::{Console, Settings};

use crate::stage::{HOUR, START, Stage, TOKEN_LIFE, booking};

/// An operator's port, served for as long as the test lasts.
struct Port {
    operator: Operator,
    address: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl Port {
    async fn open(stage: &Stage, counted: PrometheusHandle) -> Result<Self> {
        let settings = Settings::new(Url::parse("http://localhost:1")?);
        let console = Console::open(stage.platform.clone(), settings).await?;
        let operator = Operator::new(stage.platform.clone(), console, counted);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, stop) = (listener.local_addr()?, CancellationToken::new());
        tokio::spawn(operator.clone().serve(listener, stop.clone()));
        Ok(Self { operator, address, _stop: stop.drop_guard() })
    }

    /// The head of the answer, and what it says.
    async fn get(&self, path: &str) -> Result<(String, String)> {
        let mut stream = TcpStream::connect(self.address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (head, body) = answer.split_once("\r\n\r\n").context("an answer")?;
        Ok((head.to_owned(), body.to_owned()))
    }

    /// What Prometheus would read.
    async fn scrape(&self) -> Result<Vec<Sample>> {
        Ok(samples(&self.get("/metrics").await?.1))
    }
}

/// The sum of the numbers of a name with these labels.
fn sum(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> f64 {
    let of = |it: &&Sample| it.name == name && labels.iter().all(|(label, value)| it.label(label) == *value);
    samples.iter().filter(of).map(|it| it.value).sum()
}

/// A collector that takes whatever it is sent.
struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Bytes>>>,
}

impl Collector {
    async fn open() -> Result<Self> {
        let taken = Arc::<Mutex<Vec<Bytes>>>::default();
        let take = async |State(taken): State<Arc<Mutex<Vec<Bytes>>>>, body: Bytes| {
            taken.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        };
        let router = Router::new().route("/v1/traces", axum::routing::post(take)).with_state(taken.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, taken })
    }

    fn traces(&self) -> Traces {
        Traces { endpoint: format!("http://{}/v1/traces", self.address), sample: 1.0 }
    }

    /// Everything that was sent, as it came.
    fn bytes(&self) -> Vec<u8> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).concat()
    }

    fn spans(&self) -> Result<Vec<Span>> {
        let mut spans = Vec::new();
        for body in &*self.taken.lock().unwrap_or_else(PoisonError::into_inner) {
            let request = ExportTraceServiceRequest::decode(body.clone())?;
            let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            spans.extend(scopes.flat_map(|scope| scope.spans));
        }
        spans.sort_by_key(|span| span.start_time_unix_nano);
        Ok(spans)
    }
}

/// An attribute of a span, as text.
fn attribute(span: &Span, name: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

/// A day of bookings: two that go well, one that is throttled, one that is moved after the token's end, one
/// that is cancelled, and in the end a grant that is dead.
async fn day(stage: &Stage) -> Result<()> {
    let (platform, faults) = (&stage.platform, stage.world.microsoft.faults());
    platform.book(&booking("a", "adele")).await?;
    platform.book(&booking("b", "mod")).await?;
    faults.inject(Fault::once(Operation::CreateMeeting, Action::throttled("60")));
    let waiting = platform.book(&booking("c", "adele")).await;
    anyhow::ensure!(matches!(waiting, Err(video_platform::BookingError::Waiting { .. })), "{waiting:?}");
    stage.world.advance(TOKEN_LIFE);
    platform.move_appointment("a", START + 24 * HOUR, START + 25 * HOUR).await?;
    platform.cancel("b").await?;
    stage.world.advance(TOKEN_LIFE);
    faults.inject(Fault::always(Operation::Token, Action::Aadsts(50_173)));
    let dead = platform.book(&booking("d", "adele")).await;
    anyhow::ensure!(dead.is_err(), "the grant is dead");
    faults.clear();
    Ok(())
}

/// What names a person, an organisation's appointment or a way in, and is no business of who collects.
fn private(stage: &Stage) -> Vec<String> {
    let mut private = stage.world.microsoft.issued_secrets();
    let known = [contoso::ADVISER, contoso::ADMINISTRATOR, contoso::SERVICE_ACCOUNT, contoso::ADVISER_ID];
    private.extend(known.map(str::to_owned));
    let words =
        ["Adele", "A Customer", "customer@example.com", "Mortgage", "teams.microsoft.com", "adele", "AdeleV"];
    private.extend(words.map(str::to_owned));
    private.extend(stage.world.microsoft.meetings().into_iter().map(|meeting| meeting.join_web_url));
    private.push(contoso::CLIENT_SECRET.to_owned());
    private
}

/// That none of it stands in what was written.
fn assert_private(written: &[u8], stage: &Stage, what: &str) {
    let private = private(stage);
    assert!(private.len() > 15, "codes, verifiers, tokens: {}", private.len());
    for word in private {
        assert!(!end_to_end::find(written, word.as_bytes()), "`{word:.12}` is in {what}");
    }
}

fn quiet() -> Logs {
    Logs { format: LogFormat::Text, filter: Some("off".to_owned()) }
}
