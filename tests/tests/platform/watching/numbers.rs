//! Metrics: what is scraped is what happened.

use std::collections::BTreeMap;

use anyhow::Result;
use host_harness::operator::{self, Sample};

use mock_graph::{Action, Fault, Operation};

use super::{Port, assert_private, day, sum};
use crate::stage::{Stage, booking};

/// Exchanges by class and status, as the stand-in took them down.
fn received(stage: &Stage) -> BTreeMap<(String, String), f64> {
    let mut received = BTreeMap::new();
    for request in stage.world.microsoft.journal().requests() {
        let class = if request.host.starts_with("login.") { "identity" } else { "api" };
        let status =
            request.answer.and_then(|answer| answer.status).map_or("none".into(), |it| it.to_string());
        *received.entry((class.to_owned(), status)).or_default() += 1.0;
    }
    received
}

fn counted(samples: &[Sample]) -> BTreeMap<(String, String), f64> {
    let of = samples.iter().filter(|it| it.name == "video_exchanges_total");
    of.map(|it| ((it.label("class").to_owned(), it.label("status").to_owned()), it.value)).collect()
}

#[tokio::test]
async fn what_prometheus_reads_is_what_microsoft_received_and_what_people_were_told() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    // From here on: what came before is in nobody's numbers.
    let recorder = operator::recorder()?;
    let port = Port::open(&stage, recorder.handle()).await?;
    let listening = metrics::set_default_local_recorder(&recorder);
    day(&stage).await?;
    drop(listening);

    let (head, text) = port.get("/metrics").await?;
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    let scraped = operator::samples(&text);
    assert_eq!(counted(&scraped), received(&stage));
    let exchanges = sum(&scraped, "video_exchanges_total", &[]);
    assert!(exchanges >= 7.0, "{exchanges}");
    assert!((sum(&scraped, "video_exchange_seconds_count", &[]) - exchanges).abs() < 0.1);

    let calls = |function, outcome| {
        sum(&scraped, "video_calls_total", &[("function", function), ("outcome", outcome)])
    };
    assert_eq!(calls("create-meeting", "ok").to_string(), "2");
    assert_eq!(calls("create-meeting", "throttled").to_string(), "1");
    assert_eq!(calls("create-meeting", "needs_reauthorization").to_string(), "1");
    assert_eq!(calls("update-meeting", "ok").to_string(), "1");
    assert_eq!(calls("cancel-meeting", "ok").to_string(), "1");
    let seconds = [("function", "create-meeting"), ("le", "+Inf")];
    assert_eq!(sum(&scraped, "video_call_seconds_bucket", &seconds).to_string(), "4");

    let booked =
        |outcome| sum(&scraped, "video_bookings_total", &[("operation", "book"), ("outcome", outcome)]);
    assert_eq!((booked("ok").to_string(), booked("waiting").to_string()), ("2".into(), "2".into()));
    let refreshes = |outcome| sum(&scraped, "video_refreshes_total", &[("outcome", outcome)]);
    assert_eq!((refreshes("renewed").to_string(), refreshes("dead").to_string()), ("1".into(), "1".into()));

    // What the database tells.
    let one = |name, labels: &[_]| sum(&scraped, name, labels).to_string();
    assert_eq!(one("video_appointments_unfinished", &[("status", "requested")]), "2");
    // The first waits since before the second hour.
    assert!(sum(&scraped, "video_appointments_unfinished_oldest_seconds", &[]) > 7_000.0);
    let dead = [("provider", "microsoft-teams"), ("state", "needs_reauthorization")];
    assert_eq!(one("video_integrations", &dead), "1");
    assert!(sum(&scraped, "video_integration_trouble_since_seconds", &[("integration", id.as_str())]) > 0.0);
    assert_eq!(one("video_quota_meetings", &[("integration", id.as_str())]), "2");
    assert_eq!(one("video_quota_limit", &[("integration", id.as_str())]), "2000");
    assert_eq!((one("video_ready", &[]), one("video_store_up", &[])), ("1".into(), "1".into()));
    assert_private(text.as_bytes(), &stage, "the metrics");
    Ok(())
}

#[tokio::test]
async fn a_metric_is_described_and_has_the_labels_that_are_said() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let recorder = operator::recorder()?;
    let port = Port::open(&stage, recorder.handle()).await?;
    let listening = metrics::set_default_local_recorder(&recorder);
    day(&stage).await?;
    drop(listening);
    let (_, text) = port.get("/metrics").await?;
    let known: BTreeMap<_, _> = operator::metrics().map(|metric| (metric.name, metric)).collect();
    for sample in operator::samples(&text) {
        let endings = ["_bucket", "_sum", "_count"];
        let bare = endings.iter().find_map(|ending| sample.name.strip_suffix(ending));
        let metric = known.get(sample.name.as_str()).or_else(|| known.get(bare?));
        let Some(metric) = metric else { anyhow::bail!("{} is not in the list", sample.name) };
        let labels: Vec<_> = sample.labels.keys().map(String::as_str).filter(|name| *name != "le").collect();
        let mut said = metric.labels.to_vec();
        said.sort_unstable();
        assert_eq!(labels, said, "{}", sample.name);
        assert!(text.contains(&format!("# HELP {} ", metric.name)), "{}", metric.name);
    }
    Ok(())
}

#[tokio::test]
async fn what_has_healed_is_not_told_any_more() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let port = Port::open(&stage, operator::recorder()?.handle()).await?;
    day(&stage).await?;
    let trouble = "video_integration_trouble_since_seconds";
    assert!(port.scrape().await?.iter().any(|it| it.name == trouble));
    stage.reauthorize(&id).await?;
    stage.platform.resume().await?;
    // Figures are told again for two seconds: another port has none yet.
    let port = Port::open(&stage, operator::recorder()?.handle()).await?;
    let scraped = port.scrape().await?;
    assert!(!scraped.iter().any(|it| it.name == trouble), "{scraped:?}");
    assert_eq!(sum(&scraped, "video_appointments_unfinished", &[]).to_string(), "0");
    Ok(())
}

#[tokio::test]
async fn staff_who_wait_to_be_matched_are_counted_until_they_are() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let job = stage.platform.start_rematch(&id).await?;
    let port = Port::open(&stage, operator::recorder()?.handle()).await?;
    let scraped = port.scrape().await?;
    let one = |name, labels: &[_]| sum(&scraped, name, labels).to_string();
    assert_eq!(one("video_match_jobs", &[]), "1");
    assert_eq!(one("video_match_job_staff", &[("integration", id.as_str())]), "2");
    assert_eq!(one("video_match_job_staff_done", &[("integration", id.as_str())]), "0");
    stage.platform.run_due_jobs().await?;
    assert_eq!(stage.platform.rematch_progress(&job).await?.state, video_platform::JobState::Finished);
    let port = Port::open(&stage, operator::recorder()?.handle()).await?;
    let scraped = port.scrape().await?;
    assert_eq!(sum(&scraped, "video_match_jobs", &[]).to_string(), "0");
    assert_eq!(sum(&scraped, "video_match_queue", &[]).to_string(), "0");
    Ok(())
}

#[tokio::test]
async fn nobody_waits_for_an_integration_that_is_disconnected() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    stage.world.microsoft.faults().inject(Fault::always(Operation::CreateMeeting, Action::status(503)));
    assert!(stage.platform.book(&booking("a", "adele")).await.is_err());
    stage
        .platform
        .import_staff(&b"id,name,email,user_name\nadele,Adele Vance,changed@contoso.com,\n"[..])
        .await?;
    let waiting = async || -> Result<[String; 2]> {
        let scraped = Port::open(&stage, operator::recorder()?.handle()).await?.scrape().await?;
        let one = |name| sum(&scraped, name, &[]).to_string();
        Ok([one("video_match_queue"), one("video_appointments_unfinished")])
    };
    assert_eq!(waiting().await?, ["1", "1"]);
    stage.platform.disconnect(&id).await?;
    assert_eq!(waiting().await?, ["0", "0"], "nobody would ever be asked for, and nothing made");
    Ok(())
}

#[tokio::test]
async fn a_booking_that_nobody_waits_for_any_more_is_counted_as_abandoned() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let recorder = operator::recorder()?;
    let port = Port::open(&stage, recorder.handle()).await?;
    let _listening = metrics::set_default_local_recorder(&recorder);
    let held = stage.world.microsoft.faults().hold(mock_graph::Operation::CreateMeeting, true);
    let (platform, request) = (stage.platform.clone(), booking("a", "adele"));
    let booking = tokio::spawn(async move { platform.book(&request).await });
    held.reached().await;
    booking.abort();
    assert!(booking.await.is_err_and(|error| error.is_cancelled()));
    held.release();
    let scraped = port.scrape().await?;
    let abandoned = [("outcome", "abandoned")];
    assert_eq!(sum(&scraped, "video_bookings_total", &abandoned).to_string(), "1");
    assert_eq!(sum(&scraped, "video_calls_total", &abandoned).to_string(), "1");
    assert_eq!(sum(&scraped, "video_exchanges_total", &[("status", "abandoned")]).to_string(), "1");
    Ok(())
}
