//! Whether the process lives, and whether it is ready for requests.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use video_platform::LoadedPlugin;
use video_platform::figures::Figures;

use super::Operator;

/// How the host is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Health {
    pub(super) ready: bool,
    /// What is not right, as sentences; empty if it is ready.
    pub(super) problems: Vec<String>,
    /// Plugins that integrations need and that are not loaded, as sentences. The host is ready all the same: the
    /// others work, and a plugin may be gone because its operator meant it.
    pub(super) missing: Vec<String>,
    /// Manifests that were not taken, as sentences. The host is ready all the same: what was loaded before works.
    pub(super) refused: Vec<String>,
    version: &'static str,
    plugins: Vec<Loaded>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Loaded {
    id: String,
    version: String,
    digest: String,
    /// Since when calls go to it: milliseconds since 1970.
    since: i64,
}

impl Operator {
    pub(super) fn is_stopping(&self) -> bool {
        self.inner.stopping.load(Ordering::Relaxed)
    }

    pub(super) async fn health(&self) -> Health {
        self.health_by(&self.figures().await)
    }

    /// By figures that were asked for already: a database that does not answer is waited for once.
    pub(super) fn health_by(&self, figures: &Result<Arc<Figures>, String>) -> Health {
        let mut problems = Vec::new();
        if self.is_stopping() {
            problems.push("The host is stopping: requests go to another one.".to_owned());
        }
        let plugins = self.inner.platform.providers().loaded();
        if plugins.is_empty() {
            problems.push("No plugin is loaded, so nothing can be booked by video.".to_owned());
        }
        let missing = match figures {
            Ok(figures) => missing(&plugins, figures)
                .into_iter()
                .map(|(provider, integrations)| {
                    format!("{integrations} integrations need the plugin `{provider}`, which is not loaded.")
                })
                .collect(),
            Err(problem) => {
                problems.push(problem.clone());
                Vec::new()
            }
        };
        let told = |plugin: LoadedPlugin| {
            let LoadedPlugin { id, version, digest, since, .. } = plugin;
            Loaded { id, version, digest, since }
        };
        let plugins = plugins.into_iter().map(told).collect();
        let refused = self.inner.platform.providers().refused();
        let refused = refused.into_iter().map(|refused| refused.problem).collect();
        let version = env!("CARGO_PKG_VERSION");
        Health { ready: problems.is_empty(), problems, missing, refused, version, plugins }
    }
}

/// Plugins that are not loaded and that integrations need, with how many these are. Those that are disconnected, or
/// were never connected, need none.
pub(super) fn missing<'a>(loaded: &[LoadedPlugin], figures: &'a Figures) -> BTreeMap<&'a str, i64> {
    let mut missing = BTreeMap::<&str, i64>::new();
    for of in &figures.integrations {
        let live = !matches!(of.state, "disconnected" | "pending");
        if live && !loaded.iter().any(|plugin| plugin.id == of.provider) {
            *missing.entry(of.provider.as_str()).or_default() += of.count;
        }
    }
    missing
}

/// The process answers: whoever starts it need not start it again.
pub(super) async fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "live": true }))
}

/// 200 if requests may come here, 503 otherwise, and why.
pub(super) async fn ready(State(operator): State<Operator>) -> (StatusCode, Json<Health>) {
    let health = operator.health().await;
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}
