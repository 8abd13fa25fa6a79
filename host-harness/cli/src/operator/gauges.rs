//! How things are in this moment. Written anew each time, so that what is gone is not told any more.

use std::collections::BTreeMap;

use metrics::{counter, gauge};
use video_platform::figures::Figures;

use super::{Operator, catalogue, health};

/// What the port tells besides what was counted. Without figures the database did not answer.
pub(super) fn render(operator: &Operator, ready: bool, figures: Option<&Figures>) -> String {
    let recorder = match catalogue::of_the_moment() {
        Ok(recorder) => recorder,
        Err(error) => {
            tracing::error!(%error, "metrics of the moment cannot be told");
            return String::new();
        }
    };
    let now_ms = operator.inner.platform.providers().host().clock().now_ms();
    metrics::with_local_recorder(&recorder, || {
        gauge!("video_ready").set(flag(ready));
        gauge!("video_store_up").set(flag(figures.is_some()));
        of_the_process(operator);
        if let Some(figures) = figures {
            of_the_platform(figures, now_ms);
            let loaded = operator.inner.platform.providers().loaded();
            for (provider, integrations) in health::missing(&loaded, figures) {
                gauge!("video_plugin_missing", "provider" => provider.to_owned()).set(number(integrations));
            }
        }
    });
    recorder.handle().render()
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point, and nothing here comes near 2^52")]
fn number(value: impl TryInto<i64>) -> f64 {
    value.try_into().map_or(f64::MAX, |value: i64| value as f64)
}

fn seconds(milliseconds: i64) -> f64 {
    number(milliseconds) / 1_000.0
}

/// As much of a digest as tells versions apart.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn flag(set: bool) -> f64 {
    if set { 1.0 } else { 0.0 }
}

fn of_the_process(operator: &Operator) {
    let inner = &operator.inner;
    let plugins = inner.platform.providers();
    let host = plugins.host();
    gauge!("video_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    for plugin in plugins.loaded() {
        let digest = short(&plugin.digest).to_owned();
        gauge!("video_plugin_since_seconds", "provider" => plugin.id.clone()).set(seconds(plugin.since));
        gauge!("video_plugin_info", "provider" => plugin.id, "version" => plugin.version, "digest" => digest)
            .set(1.0);
    }
    let refused = plugins.refused().into_iter().map(|refused| refused.provider);
    for (provider, manifests) in each(operator, refused) {
        gauge!("video_plugin_refused", "provider" => provider).set(flag(manifests > 0.0));
    }
    gauge!("video_pages_under_way").set(number(inner.console.under_way()));
    for plugin in plugins.all() {
        let provider = &plugin.description().id;
        gauge!("video_calls_running", "provider" => provider.clone()).set(number(plugin.calls_running()));
        gauge!("video_calls_at_once", "provider" => provider.clone()).set(number(plugin.calls_at_once()));
    }
    if let Some(pool) = host.pool() {
        gauge!("video_pool_in_use", "of" => "instances").set(number(pool.instances));
        gauge!("video_pool_in_use", "of" => "memories").set(number(pool.memories));
        gauge!("video_pool_in_use", "of" => "stacks").set(number(pool.stacks));
    }

    let calls = host.call_counts();
    counter!("video_call_attempts_total").absolute(calls.attempts);
    counter!("video_call_retries_total").absolute(calls.retries);
    counter!("video_calls_given_up_total").absolute(calls.given_up);
    counter!("video_calls_left_alone_total").absolute(calls.refused);
    counter!("video_circuits_opened_total").absolute(calls.circuits_opened);
    counter!("video_call_wait_seconds_total").absolute(calls.waited_ms / 1_000);
    let connections = host.store().connections();
    gauge!("video_store_connections", "state" => "busy").set(number(connections.busy));
    gauge!("video_store_connections", "state" => "idle").set(number(connections.idle));
    gauge!("video_store_connections_limit").set(number(connections.limit));
    let traffic = host.traffic();
    counter!("video_connections_opened_total").absolute(traffic.connections);
    counter!("video_received_bytes_total").absolute(traffic.bytes_in);
    counter!("video_sent_bytes_total").absolute(traffic.bytes_out);

    let open = host.circuits().into_iter().map(|circuit| circuit.provider);
    let held_back = host.held_back().into_iter().map(|held| held.provider);
    for (provider, tenants) in each(operator, open) {
        gauge!("video_circuits_open", "provider" => provider).set(tenants);
    }
    for (provider, tenants) in each(operator, held_back) {
        gauge!("video_plugins_held_back", "provider" => provider).set(tenants);
    }
}

/// How often each plugin that is loaded comes in a list: also those that do not.
fn each(operator: &Operator, named: impl Iterator<Item = String>) -> BTreeMap<String, f64> {
    let loaded = operator.inner.platform.providers().loaded();
    let mut counts: BTreeMap<_, _> = loaded.into_iter().map(|plugin| (plugin.id, 0.0)).collect();
    for provider in named {
        *counts.entry(provider).or_default() += 1.0;
    }
    counts
}

fn of_the_platform(figures: &Figures, now_ms: i64) {
    let mut unavailable = BTreeMap::<&str, i64>::new();
    for of in &figures.integrations {
        *unavailable.entry(&of.provider).or_default() += of.unavailable;
        gauge!("video_integrations", "provider" => of.provider.clone(), "state" => of.state)
            .set(number(of.count));
    }
    for (provider, count) in unavailable {
        gauge!("video_integrations_unavailable", "provider" => provider.to_owned()).set(number(count));
    }
    for it in &figures.troubled {
        gauge!(
            "video_integration_trouble_since_seconds",
            "integration" => it.integration.to_string(),
            "provider" => it.provider.clone(),
            "state" => it.state
        )
        .set(seconds(it.since));
    }
    for quota in &figures.quotas {
        let integration = quota.integration.to_string();
        gauge!("video_quota_meetings", "integration" => integration.clone()).set(number(quota.meetings));
        gauge!("video_quota_limit", "integration" => integration).set(f64::from(quota.limit));
    }
    for status in ["requested", "moving", "reassigning", "cancelling"] {
        let found = figures.unfinished.iter().find(|it| it.status == status);
        let (count, since) = found.map_or((0, now_ms), |it| (it.count, it.since));
        gauge!("video_appointments_unfinished", "status" => status).set(number(count));
        gauge!("video_appointments_unfinished_oldest_seconds", "status" => status)
            .set(seconds((now_ms - since).max(0)));
    }
    gauge!("video_meetings_astray").set(number(figures.strays));
    gauge!("video_match_jobs").set(number(figures.jobs_running));
    for job in &figures.jobs {
        let integration = job.integration.to_string();
        gauge!("video_match_job_staff", "integration" => integration.clone()).set(number(job.total));
        gauge!("video_match_job_staff_done", "integration" => integration).set(number(job.done));
    }
    gauge!("video_match_queue").set(number(figures.queue));
    let since = figures.queue_since.unwrap_or(now_ms);
    gauge!("video_match_queue_oldest_seconds").set(seconds((now_ms - since).max(0)));
    gauge!("video_staff_changes").set(number(figures.changes));
    gauge!("video_staff_changes_left").set(number(figures.changes_left));
}
