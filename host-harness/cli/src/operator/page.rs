//! The five things to look at first, for whoever has no Grafana at hand: the same as on its dashboard.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use video_platform::LoadedPlugin;
use video_platform::figures::Figures;

use super::gauges::short;
use super::health::Health;
use super::{Operator, Sample};

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --warn: #9a6700; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --warn: #d29922; --bad: #f85149; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; } h2 { font-size: 1rem; margin: 0 0 .4rem; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1rem; margin-top: 1rem; }
section { border: 1px solid var(--line); border-top: 4px solid var(--good); border-radius: 6px; padding: .8rem 1rem; }
section.warn { border-top-color: var(--warn); } section.bad { border-top-color: var(--bad); }
.said { font-weight: 600; overflow-wrap: anywhere; } .warn .said { color: var(--warn); } .bad .said { color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td { padding: .1rem 0; overflow-wrap: anywhere; } td:last-child { text-align: right; white-space: nowrap; padding-left: 1rem; } .faint { opacity: .7; }
";

/// How urgent something is; the worst that was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Good,
    Warn,
    Bad,
}

impl Urgency {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// One of the things: how it is, in a sentence and in numbers.
struct Panel {
    title: &'static str,
    urgency: Urgency,
    said: String,
    rows: Vec<(String, String)>,
}

/// The page.
pub(super) fn page(
    operator: &Operator,
    health: &Health,
    figures: Option<&Figures>,
    samples: &[Sample],
) -> Markup {
    let now_ms = operator.inner.platform.providers().host().clock().now_ms();
    let mut panels = Vec::new();
    if let Some(figures) = figures {
        panels.push(bookings(figures, samples, now_ms));
        panels.push(connections(figures, now_ms));
        panels.push(providers(samples));
        panels.push(quotas(figures));
    }
    let mut here = here(health, figures, samples, now_ms);
    here.rows.extend(plugins(operator, now_ms));
    panels.push(here);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content="10";
                title { "Video appointments: what to look at first" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "What to look at first" }
                p.faint {
                    @if health.ready { "This host is ready." } @else { "This host is not ready." }
                    " Counts are since its start; loaded again every ten seconds. "
                    a href="/metrics" { "Metrics" } " · " a href="/ready" { "Health" }
                }
                main {
                    @for panel in &panels {
                        section class=(panel.urgency.class()) {
                            h2 { (panel.title) }
                            p.said { (panel.said) }
                            table { tbody {
                                @for (name, value) in &panel.rows { tr { td { (name) } td { (value) } } }
                            } }
                        }
                    }
                }
            }
        }
    }
}

/// 1. Can people book?
fn bookings(figures: &Figures, samples: &[Sample], now_ms: i64) -> Panel {
    let outcome = |of: &str| sum(samples, "video_bookings_total", |it| it.label("outcome") == of);
    let waiting = figures.unfinished.iter().find(|it| it.status == "requested");
    let (urgency, said) = match waiting {
        None => (Urgency::Good, "Every booking has its link.".to_owned()),
        Some(it) => {
            let age = now_ms.saturating_sub(it.since);
            // A minute is one round of the upkeep.
            let urgency = if age > 10 * 60_000 { Urgency::Bad } else { Urgency::Warn };
            (urgency, format!("{} without a link yet, the first for {}.", it.count, ago(age)))
        }
    };
    let others = |it: &Sample| !matches!(it.label("outcome"), "ok" | "waiting" | "refused");
    let mut rows = vec![
        ("done".to_owned(), count(outcome("ok"))),
        ("waited for the provider".to_owned(), count(outcome("waiting"))),
        ("refused by the provider".to_owned(), count(outcome("refused"))),
        ("ended otherwise".to_owned(), count(sum(samples, "video_bookings_total", others))),
    ];
    for it in figures.unfinished.iter().filter(|it| it.status != "requested") {
        rows.push((format!("still {}", it.status), it.count.to_string()));
    }
    if figures.strays > 0 {
        rows.push(("meetings still to be ended".to_owned(), figures.strays.to_string()));
    }
    Panel { title: "1. Bookings", urgency, said, rows }
}

/// 2. Are organisations connected?
fn connections(figures: &Figures, now_ms: i64) -> Panel {
    let (urgency, said) = match figures.troubled.first() {
        None => (Urgency::Good, "No connection needs anybody.".to_owned()),
        Some(first) => (
            Urgency::Bad,
            format!(
                "{} has been in the state {} for {}.",
                first.name,
                first.state.replace('_', " "),
                ago(now_ms.saturating_sub(first.since))
            ),
        ),
    };
    let mut rows: Vec<_> = figures
        .integrations
        .iter()
        .map(|it| (format!("{}, {}", it.provider, it.state.replace('_', " ")), it.count.to_string()))
        .collect();
    let unavailable: i64 = figures.integrations.iter().map(|it| it.unavailable).sum();
    rows.push(("throttled, or with an outage".to_owned(), unavailable.to_string()));
    Panel { title: "2. Connections", urgency, said, rows }
}

/// 3. Does the provider answer?
fn providers(samples: &[Sample]) -> Panel {
    let exchanges = |of: fn(&str) -> bool| {
        sum(samples, "video_exchanges_total", |it| it.label("class") == "api" && of(it.label("status")))
    };
    let left_alone = sum(samples, "video_circuits_open", |_| true);
    let throttled = exchanges(|status| status == "429");
    let (urgency, said) = if left_alone > 0.0 {
        (Urgency::Bad, format!("{} tenants are left alone for a while.", count(left_alone)))
    } else {
        (Urgency::Good, "Nobody is left alone.".to_owned())
    };
    let seconds = sum(samples, "video_exchange_seconds_sum", |it| it.label("class") == "api");
    let all = sum(samples, "video_exchange_seconds_count", |it| it.label("class") == "api");
    let mean = if all > 0.0 { format!("{:.0} ms", seconds / all * 1_000.0) } else { "–".to_owned() };
    let rows = vec![
        ("answered with success".to_owned(), count(exchanges(|status| status.starts_with('2')))),
        ("throttled (429)".to_owned(), count(throttled)),
        ("failed there (5xx)".to_owned(), count(exchanges(|status| status.starts_with('5')))),
        (
            "no answer".to_owned(),
            count(exchanges(|status| !status.starts_with(|c: char| c.is_ascii_digit()))),
        ),
        ("an answer takes, on average".to_owned(), mean),
        (
            "tokens renewed".to_owned(),
            count(sum(samples, "video_refreshes_total", |it| it.label("outcome") == "renewed")),
        ),
        (
            "grants found dead".to_owned(),
            count(sum(samples, "video_refreshes_total", |it| it.label("outcome") == "dead")),
        ),
    ];
    Panel { title: "3. Providers", urgency, said, rows }
}

/// 4. Is a quota near its end?
fn quotas(figures: &Figures) -> Panel {
    let share = |meetings: i64, limit: u32| meetings.saturating_mul(100) / i64::from(limit.max(1));
    let worst = figures.quotas.iter().max_by_key(|it| share(it.meetings, it.limit));
    let (urgency, said) = match worst.map(|it| share(it.meetings, it.limit)) {
        None => (Urgency::Good, "No meetings yet this month.".to_owned()),
        Some(used) => {
            let urgency = match used {
                100.. => Urgency::Bad,
                80..=99 => Urgency::Warn,
                _ => Urgency::Good,
            };
            (urgency, format!("The busiest has used {used} % of a month's meetings."))
        }
    };
    let row =
        |it: &video_platform::figures::Quota| (it.name.clone(), format!("{} of {}", it.meetings, it.limit));
    let rows = figures.quotas.iter().take(5).map(row).collect();
    Panel { title: "4. Quotas of organizers", urgency, said, rows }
}

/// 5. Does this host keep up?
fn here(health: &Health, figures: Option<&Figures>, samples: &[Sample], now_ms: i64) -> Panel {
    let one = |name: &str| sum(samples, name, |_| true);
    let calls = |plugin: &str, name: &str| sum(samples, name, |it| it.label("provider") == plugin);
    let mut places = samples.iter().filter(|it| it.name == "video_calls_at_once");
    let full = places.find(|it| calls(it.label("provider"), "video_calls_running") >= it.value);
    let held_back = one("video_plugins_held_back");
    let (urgency, said) = if let Some(problem) = health.problems.first() {
        (Urgency::Bad, problem.clone())
    } else if let Some(missing) = health.missing.first() {
        (Urgency::Bad, missing.clone())
    } else if let Some(full) = full {
        (Urgency::Bad, format!("All places for calls of {} are taken.", full.label("provider")))
    } else if let Some(refused) = health.refused.first() {
        (Urgency::Warn, format!("A manifest is not taken. {refused}"))
    } else if held_back > 0.0 {
        (Urgency::Warn, "A plugin misbehaved, and is held back.".to_owned())
    } else {
        (Urgency::Good, "The database answers, and there is room.".to_owned())
    };
    let mut rows = vec![
        ("calls now".to_owned(), count(one("video_calls_running"))),
        ("database errors".to_owned(), count(one("video_store_errors_total"))),
        ("plugins held back".to_owned(), count(held_back)),
    ];
    if let Some(figures) = figures {
        let age = figures.queue_since.map(|since| ago(now_ms.saturating_sub(since)));
        let age = age.map_or_else(String::new, |age| format!(", the first for {age}"));
        rows.push(("staff to ask for".to_owned(), format!("{}{age}", figures.queue)));
        for job in figures.jobs.iter().take(5) {
            rows.push((format!("matching {}", job.integration), format!("{} of {}", job.done, job.total)));
        }
    }
    Panel { title: "5. This host", urgency, said, rows }
}

/// What is loaded, and since when.
fn plugins(operator: &Operator, now_ms: i64) -> Vec<(String, String)> {
    let told = |plugin: LoadedPlugin| {
        let LoadedPlugin { id, version, digest, since, .. } = plugin;
        (format!("{id} {version}, {}", short(&digest)), format!("for {}", ago(now_ms.saturating_sub(since))))
    };
    operator.inner.platform.providers().loaded().into_iter().map(told).collect()
}

fn sum(samples: &[Sample], name: &str, of: impl Fn(&Sample) -> bool) -> f64 {
    samples.iter().filter(|it| it.name == name && of(it)).fold(0.0, |sum, it| sum + it.value)
}

fn count(value: f64) -> String {
    format!("{value:.0}")
}

/// A time that has gone by, in the largest unit of which there are two.
fn ago(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1_000;
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
