//! Log lines as JSON: each an object, found by its trace, without a secret.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use end_to_end::{Log, listen};
use host_harness::watching::{self, LogFormat, Logs};
use serde_json::Value;

use super::{Collector, day};
use crate::stage::Stage;

fn everything() -> Logs {
    Logs { format: LogFormat::Json, filter: Some("trace".to_owned()) }
}

#[tokio::test]
async fn lines_are_json_with_the_id_of_their_trace_and_without_a_secret() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let (collector, log) = (Collector::open().await?, Log::default());
    let (subscriber, watching) = watching::subscriber(&everything(), Some(&collector.traces()), log.clone())?;
    let listening = listen(subscriber);
    day(&stage).await?;
    drop(listening);
    watching.end(Duration::from_secs(30)).await;

    let written = log.take();
    let text = String::from_utf8(written.clone())?;
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let booked = |line: &&Value| line["fields"]["step"] == "appointment.booked";
    let line = lines.iter().find(booked).context("a step of a booking")?;
    assert_eq!((&line["level"], &line["target"]), (&"DEBUG".into(), &"video_host::step".into()));
    let trace = line["trace_id"].as_str().context("its trace")?;
    let spans = collector.spans()?;
    let root = spans.iter().find(|span| hex(&span.trace_id) == trace).context("the trace was exported")?;
    assert_eq!(root.name, "change the appointment");
    assert_eq!(line["span_id"], hex(&root.span_id));
    for secret in stage.world.microsoft.issued_secrets() {
        assert!(!end_to_end::find(&written, secret.as_bytes()), "{secret:.6}… is in the log");
    }
    Ok(())
}

#[tokio::test]
async fn lines_have_the_id_of_a_trace_also_where_nobody_collects_traces() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let log = Log::default();
    let (subscriber, _watching) = watching::subscriber(&everything(), None, log.clone())?;
    let listening = listen(subscriber);
    day(&stage).await?;
    drop(listening);
    let text = String::from_utf8(log.take())?;
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let traces: std::collections::BTreeSet<_> =
        lines.iter().filter_map(|line| line["trace_id"].as_str()).collect();
    // Four bookings, a move and a cancellation.
    assert_eq!(traces.len(), 6, "{traces:?}");
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A text takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
