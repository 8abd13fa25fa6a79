//! Traces: the tree of a booking, and nothing of anybody in it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use end_to_end::listen;
use host_harness::watching;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;

use super::{Collector, Traces, assert_private, attribute, day, quiet};
use crate::stage::{Stage, booking};

const PATIENCE: Duration = Duration::from_secs(30);

/// The spans below another, a line each.
fn tree(spans: &[Span], below: &[u8], depth: usize, lines: &mut Vec<String>) {
    for span in spans.iter().filter(|span| span.parent_span_id == below) {
        let mut line = format!("{:1$}{2}", "", depth * 2, span.name);
        for name in [
            "operation",
            "function",
            "class",
            "http.request.method",
            "http.response.status_code",
            "attempts",
            "outcome",
        ] {
            let value = attribute(span, name);
            if !value.is_empty() {
                line.push(' ');
                line.push_str(&value);
            }
        }
        lines.push(line);
        tree(spans, &span.span_id, depth + 1, lines);
    }
}

#[tokio::test]
async fn a_trace_goes_from_the_booking_over_the_plugin_to_each_request_and_names_nobody() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let collector = Collector::open().await?;
    let (subscriber, watching) = watching::subscriber(&quiet(), Some(&collector.traces()), std::io::sink)?;
    let listening = listen(subscriber);
    day(&stage).await?;
    stage.platform.resume().await?;
    drop(listening);
    watching.end(PATIENCE).await;

    let spans = collector.spans()?;
    let mut lines = Vec::new();
    tree(&spans, b"", 0, &mut lines);
    assert_eq!(lines.len(), spans.len(), "no span has lost its parent");
    insta::assert_snapshot!(lines.join("\n"));
    for root in spans.iter().filter(|span| span.parent_span_id.is_empty()) {
        for span in spans.iter().filter(|span| span.trace_id == root.trace_id) {
            assert!(root.start_time_unix_nano <= span.start_time_unix_nano);
            assert!(span.end_time_unix_nano <= root.end_time_unix_nano);
        }
    }
    let exchange = spans.iter().find(|span| span.name == "exchange").context("an exchange")?;
    assert_eq!(attribute(exchange, "server.address"), "graph.microsoft.com");
    assert!(!attribute(exchange, "request_id").is_empty(), "what Microsoft's support asks for");
    assert_private(&collector.bytes(), &stage, "what was exported");
    assert!(end_to_end::find(&collector.bytes(), b"graph.microsoft.com"), "the search works");
    for request in stage.world.microsoft.journal().requests() {
        let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert!(!names.contains(&"traceparent"), "Microsoft is told of no trace: {names:?}");
    }
    Ok(())
}

#[tokio::test]
async fn without_a_collector_bookings_are_made_as_ever() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let traces = Traces { endpoint: format!("http://{gone}/v1/traces"), sample: 1.0 };
    let (subscriber, watching) = watching::subscriber(&quiet(), Some(&traces), std::io::sink)?;
    let listening = listen(subscriber);
    stage.platform.book(&booking("a", "adele")).await?;
    drop(listening);
    watching.end(PATIENCE).await;
    Ok(())
}

#[tokio::test]
async fn a_collector_that_does_not_answer_holds_up_no_booking() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let traces = Traces { endpoint: format!("http://{}/v1/traces", silent.local_addr()?), sample: 1.0 };
    let (subscriber, watching) = watching::subscriber(&quiet(), Some(&traces), std::io::sink)?;
    let listening = listen(subscriber);
    // More than the queue of spans holds (2,048), while the first batch waits for an answer.
    for number in 0..4 {
        stage.platform.book(&booking(&format!("a{number}"), "adele")).await?;
    }
    for _ in 0..2_100 {
        drop(stage.platform.book(&booking("a0", "adele")).await?);
    }
    drop(listening);
    // It is taken, and never answered.
    let connection = silent.accept().await?;
    watching.end(Duration::from_millis(1)).await;
    drop(connection);
    Ok(())
}

#[tokio::test]
async fn of_a_sample_of_none_nothing_is_sent() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let collector = Collector::open().await?;
    let traces = Traces { sample: 0.0, ..collector.traces() };
    let (subscriber, watching) = watching::subscriber(&quiet(), Some(&traces), std::io::sink)?;
    let listening = listen(subscriber);
    stage.platform.book(&booking("a", "adele")).await?;
    drop(listening);
    watching.end(PATIENCE).await;
    assert!(collector.spans()?.is_empty());
    Ok(())
}
