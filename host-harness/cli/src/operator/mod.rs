//! The operator's port: metrics for Prometheus, health for whoever starts and balances hosts, and one page
//! with what to look at first. It asks nobody who they are, so it listens where only operators come.

mod catalogue;
mod gauges;
mod health;
mod page;
mod scrape;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusHandle, PrometheusRecorder};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use video_console::Console;
use video_platform::Platform;
use video_platform::figures::Figures;

pub use catalogue::{metrics, recorder};
pub use scrape::{Sample, samples};

/// How long the database is waited for. Shorter than Prometheus waits for all of it (10 s).
const PATIENCE: Duration = Duration::from_secs(5);

/// For how long figures from the database are told again: several may ask.
const FRESH: Duration = Duration::from_secs(2);

/// How often counted durations are sorted in, if nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Type of Prometheus' text.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the port tells of. Cheap to clone.
#[derive(Clone)]
pub struct Operator {
    inner: Arc<Inner>,
}

struct Inner {
    platform: Platform,
    console: Console,
    counted: PrometheusHandle,
    stopping: AtomicBool,
    figures: Mutex<Option<(Instant, Arc<Figures>)>>,
}

impl Operator {
    /// The port of a platform and its pages; `counted` is what was [installed](recorder) to count.
    pub fn new(platform: Platform, console: Console, counted: PrometheusHandle) -> Self {
        let (stopping, figures) = (AtomicBool::new(false), Mutex::default());
        Self { inner: Arc::new(Inner { platform, console, counted, stopping, figures }) }
    }

    /// Tells from now on that the host is not ready any more.
    pub fn stopping(&self) {
        self.inner.stopping.store(true, Ordering::Relaxed);
    }

    /// Serves until `stop`.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> Result<()> {
        let counted = self.inner.counted.clone();
        let upkeep = async {
            loop {
                tokio::time::sleep(UPKEEP).await;
                counted.run_upkeep();
            }
        };
        let served = axum::serve(listener, self.router()).with_graceful_shutdown(stop.cancelled_owned());
        tokio::select! {
            served = served.into_future() => served.context("the operator's port cannot be served any more"),
            () = upkeep => Ok(()),
        }
    }

    /// All that the port answers.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(show))
            .route("/metrics", get(metrics_text))
            .route("/live", get(health::live))
            .route("/ready", get(health::ready))
            .with_state(self)
    }

    /// What Prometheus reads.
    pub async fn text(&self) -> String {
        self.text_by(&self.figures().await)
    }

    fn text_by(&self, figures: &Result<Arc<Figures>, String>) -> String {
        if let Err(problem) = figures {
            tracing::warn!(problem, "the platform's figures cannot be read");
        }
        let ready = self.health_by(figures).ready;
        let mut text = self.inner.counted.render();
        text.push_str(&gauges::render(self, ready, figures.as_deref().ok()));
        text
    }

    /// The platform's figures, at most a moment old; or why there are none.
    async fn figures(&self) -> Result<Arc<Figures>, String> {
        let reading = async {
            // One reads for all who ask meanwhile.
            let mut known = self.inner.figures.lock().await;
            if let Some((at, figures)) = &*known
                && at.elapsed() < FRESH
            {
                return Ok(figures.clone());
            }
            *known = None;
            let figures = Arc::new(self.inner.platform.figures().await.map_err(|error| error.to_string())?);
            *known = Some((Instant::now(), figures.clone()));
            Ok(figures)
        };
        let late = |_| Err(format!("The database did not answer within {} s.", PATIENCE.as_secs()));
        timeout(PATIENCE, reading).await.unwrap_or_else(late)
    }
}

/// The recorder of all metrics, for the whole process; and what renders them.
pub fn install() -> Result<PrometheusHandle> {
    let recorder: PrometheusRecorder = recorder()?;
    let handle = recorder.handle();
    ::metrics::set_global_recorder(recorder)
        .map_err(|_| anyhow::anyhow!("something else counts in this process already"))?;
    catalogue::begin();
    Ok(handle)
}

/// Whether nobody but this machine reaches an address.
pub fn is_private(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

async fn metrics_text(State(operator): State<Operator>) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], operator.text().await).into_response()
}

async fn show(State(operator): State<Operator>) -> Response {
    let figures = operator.figures().await;
    let (health, text) = (operator.health_by(&figures), operator.text_by(&figures));
    let page = page::page(&operator, &health, figures.as_deref().ok(), &samples(&text));
    (StatusCode::OK, Html(page.into_string())).into_response()
}
