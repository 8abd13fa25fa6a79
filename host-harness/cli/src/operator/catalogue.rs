//! Every metric that there is.

use anyhow::Result;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use video_host::watch::{Kind, Metric};

/// Seconds up to which durations are counted together. Calls have 30 s by default, and a booking may take
/// a minute with its repetitions.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0];

/// What only this program counts.
const COUNTED: &[Metric] = &[
    counts(
        "video_pages_refused_total",
        &[],
        "Requests to the pages that were refused because the host stops.",
    ),
    counts("video_trace_exports_total", &["outcome"], "Batches of spans that were sent to the collector."),
];

/// What is read when somebody asks.
pub(super) const READ: &[Metric] = &[
    shows("video_build_info", &["version"], "1; its label is the version of the program."),
    shows(
        "video_ready",
        &[],
        "1 if the host takes requests: the database answers, a plugin is loaded, and it does \
        not stop.",
    ),
    shows("video_store_up", &[], "1 if the database answers."),
    shows(
        "video_store_connections",
        &["state"],
        "Connections of this host to the database; those that are `busy` are at work for somebody.",
    ),
    shows(
        "video_store_connections_limit",
        &[],
        "How many a host has at most; who finds them all busy waits for 5 s, and is refused then.",
    ),
    shows(
        "video_plugin_info",
        &["provider", "version", "digest"],
        "1 for each plugin that is loaded, with its version and how its SHA-256 begins.",
    ),
    shows(
        "video_plugin_since_seconds",
        &["provider"],
        "Since when calls go to that version, in seconds since 1970.",
    ),
    shows(
        "video_plugin_refused",
        &["provider"],
        "1 if the newest manifest of a plugin was not taken: what was loaded before goes on.",
    ),
    shows(
        "video_plugin_missing",
        &["provider"],
        "Integrations that need a plugin which is not loaded on this host: nobody books there.",
    ),
    shows("video_pages_under_way", &[], "Requests to the pages that are not answered yet."),
    shows("video_calls_running", &["provider"], "Calls of a plugin that run now."),
    shows(
        "video_calls_at_once",
        &["provider"],
        "How many of a plugin's can run at once; the next ones wait.",
    ),
    shows(
        "video_pool_in_use",
        &["of"],
        "What calls hold of the engine's pool: core instances, memories and stacks. Without calls there are none.",
    ),
    counts("video_call_attempts_total", &[], "Attempts of calls that were made in the sandbox."),
    counts("video_call_retries_total", &[], "Calls that were put off to be tried once more, each time."),
    counts(
        "video_calls_given_up_total",
        &[],
        "Calls that failed although they were worth repeating: no time was \
        left.",
    ),
    counts(
        "video_calls_left_alone_total",
        &[],
        "Calls that failed at once because their provider is left alone.",
    ),
    counts(
        "video_circuits_opened_total",
        &[],
        "How often a provider was found not to answer, and left alone.",
    ),
    counts("video_call_wait_seconds_total", &[], "What calls waited between attempts, all together."),
    shows("video_circuits_open", &["provider"], "Tenants for which the provider is left alone now."),
    shows(
        "video_plugins_held_back",
        &["provider"],
        "Tenants for which the plugin misbehaved in the last minute.",
    ),
    counts("video_connections_opened_total", &[], "TCP connections to providers."),
    counts("video_received_bytes_total", &[], "Bytes received from providers, TLS included."),
    counts("video_sent_bytes_total", &[], "Bytes sent to providers, TLS included."),
    shows("video_integrations", &["provider", "state"], "Integrations by the state of their connection."),
    shows(
        "video_integrations_unavailable",
        &["provider"],
        "Integrations whose provider throttles them or has an \
        outage, whatever their state.",
    ),
    shows(
        "video_integration_trouble_since_seconds",
        &["integration", "provider", "state"],
        "Since when an \
        integration needs somebody, in seconds since 1970.",
    ),
    shows(
        "video_quota_meetings",
        &["integration"],
        "Meetings that the busiest organizer of an integration was \
        given this month (UTC): a hundred of each provider, and all that have had four fifths.",
    ),
    shows(
        "video_quota_limit",
        &["integration"],
        "How many the provider documents for one organizer and month.",
    ),
    shows(
        "video_appointments_unfinished",
        &["status"],
        "Appointments that their provider has not done yet; \
        `requested` waits for its link.",
    ),
    shows(
        "video_appointments_unfinished_oldest_seconds",
        &["status"],
        "How long ago the first of them was booked.",
    ),
    shows("video_meetings_astray", &[], "Meetings without an appointment that are still to be ended."),
    shows("video_match_jobs", &[], "Matchings of all staff that are under way."),
    shows("video_match_job_staff", &["integration"], "Staff of a matching that is under way; of a hundred."),
    shows("video_match_job_staff_done", &["integration"], "Of these, how many have an outcome."),
    shows("video_match_queue", &[], "Staff who are to be asked for."),
    shows("video_match_queue_oldest_seconds", &[], "How long ago the first of them was put on the list."),
    shows("video_staff_changes", &[], "Changes of many staff that are under way."),
    shows("video_staff_changes_left", &[], "Staff whom these have still to look at."),
];

const fn counts(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, labels, help }
}

const fn shows(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, help }
}

fn counted() -> impl Iterator<Item = &'static Metric> {
    [video_host::watch::METRICS, video_platform::watch::METRICS, COUNTED].into_iter().flatten()
}

/// Every metric that the operator's port tells.
pub fn metrics() -> impl Iterator<Item = &'static Metric> {
    counted().chain(READ)
}

/// What counts, described.
pub fn recorder() -> Result<PrometheusRecorder> {
    described(counted())
}

/// What shows how things are in one moment, described.
pub(super) fn of_the_moment() -> Result<PrometheusRecorder> {
    described(READ.iter())
}

fn described(all: impl Iterator<Item = &'static Metric>) -> Result<PrometheusRecorder> {
    let recorder = PrometheusBuilder::new().set_buckets(&SECONDS)?.build_recorder();
    metrics::with_local_recorder(&recorder, || {
        for Metric { name, kind, help, .. } in all {
            match kind {
                Kind::Counter => describe_counter!(*name, *help),
                Kind::Gauge => describe_gauge!(*name, *help),
                Kind::Histogram => describe_histogram!(*name, Unit::Seconds, *help),
            }
        }
    });
    Ok(recorder)
}

/// Begins at nought what alerts are about: a counter that is not there yet has no rate.
pub(super) fn begin() {
    for tables in ["console", "host", "platform"] {
        counter!("video_store_errors_total", "tables" => tables).increment(0);
    }
    for outcome in ["renewed", "dead", "unavailable"] {
        counter!("video_refreshes_total", "outcome" => outcome).increment(0);
    }
    for outcome in ["ok", "waiting", "refused", "store"] {
        counter!("video_bookings_total", "operation" => "book", "outcome" => outcome).increment(0);
    }
    counter!("video_pages_refused_total").increment(0);
}
