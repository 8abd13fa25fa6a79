//! What the program writes about itself while it runs: log lines, and traces for an OpenTelemetry collector.

mod json;
mod traces;

use std::time::Duration;

use anyhow::{Context as _, Result};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};
use video_host::watch::TRACE;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people, a line each.
    #[default]
    Text,
    /// One JSON object a line, with the id of the trace.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// How.
    pub format: LogFormat,
    /// What, as in `RUST_LOG`, which goes before it: `info,video_host=debug`. Warnings and errors by default.
    pub filter: Option<String>,
}

/// Where traces go.
#[derive(Debug, Clone)]
pub struct Traces {
    /// The collector's endpoint for OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`.
    pub endpoint: String,
    /// Which part of all traces is kept: 1 is all, 0.01 one in a hundred.
    pub sample: f64,
}

/// What has to be ended with the program.
#[derive(Debug)]
pub struct Watching {
    traces: Option<SdkTracerProvider>,
}

impl Watching {
    /// Sends what has not been sent, for `time` at the longest.
    pub async fn end(self, time: Duration) {
        let Some(traces) = self.traces else { return };
        let ended = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(time)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Whether the filter is one.
pub fn check_filter(filter: &str) -> Result<()> {
    EnvFilter::try_new(filter).map(drop).with_context(|| format!("`{filter}` is no filter for log lines"))
}

/// Has all of the process' log lines go to standard error, and its traces to the collector.
pub fn start(logs: &Logs, traces: Option<&Traces>) -> Result<Watching> {
    let (subscriber, watching) = subscriber(logs, traces, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).context("somebody listens already")?;
    Ok(watching)
}

/// The same for whoever sets it up otherwise. To be called within a tokio runtime if there are traces.
pub fn subscriber<W>(
    logs: &Logs,
    traces: Option<&Traces>,
    writer: W,
) -> Result<(impl Subscriber + Send + Sync + use<W>, Watching)>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let wanted = logs.filter.as_deref().unwrap_or("warn");
    let filter = match EnvFilter::try_from_default_env() {
        Ok(filter) => filter,
        Err(_) => EnvFilter::try_new(wanted)?,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = Vec::new();
    let provider = match traces {
        Some(traces) => Some(traces::exported(traces)?),
        // Lines of one booking are to be found by its id also where nobody collects traces.
        None if logs.format == LogFormat::Json => Some(SdkTracerProvider::default()),
        None => None,
    };
    if let Some(provider) = &provider {
        // Before the lines: it is what makes a trace's id known to them.
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("host-harness"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_of_a_trace));
        layers.push(spans.boxed());
    }
    layers.push(match logs.format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.event_format(json::Json).with_filter(filter).boxed(),
    });
    Ok((tracing_subscriber::registry().with(layers), Watching { traces: provider }))
}

/// Spans that are made for it, and no event: texts may name people.
fn is_of_a_trace(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == TRACE
}
