//! Traces on their way to a collector, in batches and beside everything else: a collector that is slow or
//! gone costs the spans that do not fit into the queue, and nobody's time.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::KeyValue;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use video_host::egress::{Trust, tls};

use super::Traces;

/// For one batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// Largest answer of a collector.
const ANSWER: usize = 1 << 20;

/// What sends spans to the collector.
pub(super) fn exported(traces: &Traces) -> Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::new(&traces.endpoint)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&traces.endpoint)
        .with_timeout(PATIENCE)
        .build()
        .context("traces cannot be sent")?;
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    // `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` are taken over, too.
    let mut resource = Resource::builder().with_attribute(version);
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("host-harness");
    }
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(traces.sample))))
        .with_resource(resource.build())
        .build())
}

/// A collector, asked on the program's own runtime: spans are batched on a thread that has none.
#[derive(Debug)]
struct Collector {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
}

impl Collector {
    fn new(endpoint: &str) -> Result<Self> {
        let runtime = Handle::try_current().context("traces are sent from within a runtime")?;
        // Who talks to a collector on this machine needs no certificate authorities.
        let trust = if endpoint.starts_with("https:") { Trust::System } else { Trust::Only(Vec::new()) };
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls(trust)?).https_or_http().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), runtime })
    }
}

impl HttpClient for Collector {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let client = self.client.clone();
        let exchange = self.runtime.spawn(async move {
            let answered = async {
                let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
                let body = Limited::new(body, ANSWER).collect().await?.to_bytes();
                Ok::<_, HttpError>(Response::from_parts(head, body))
            };
            tokio::time::timeout(PATIENCE, answered).await
        });
        Box::pin(async move {
            let answer = match exchange.await {
                Ok(Ok(answer)) => answer,
                Ok(Err(late)) => Err(late.into()),
                Err(ended) => Err(ended.into()),
            };
            let taken = answer.as_ref().is_ok_and(|answer| answer.status().is_success());
            let outcome = if taken { "ok" } else { "failed" };
            metrics::counter!("video_trace_exports_total", "outcome" => outcome).increment(1);
            answer
        })
    }
}
