//! Pictures for `docs/operations`: the trace of one booking, and the operator's page.
//! `BROWSER=required cargo test --workspace --test platform -- --ignored pictures`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use end_to_end::listen;
use host_harness::{operator, watching};
use opentelemetry_proto::tonic::trace::v1::Span;

use super::{Collector, Port, attribute, day, quiet};
use crate::stage::{Stage, TOKEN_LIFE, booking};

const ROW: usize = 30;
const LEFT: usize = 330;
const WIDTH: usize = 560;

fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Below one another as they were caused, beside one another as they took.
fn drawn(spans: &[Span]) -> Result<String> {
    let root = spans.iter().find(|span| span.parent_span_id.is_empty()).context("a root")?;
    let (begin, whole) = (root.start_time_unix_nano, root.end_time_unix_nano - root.start_time_unix_nano);
    let mut rows = Vec::new();
    below(spans, &root.parent_span_id, 0, &mut rows);
    let height = rows.len() * ROW + 50;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"24\" font-size=\"15\">One booking whose access token had ended: {} ms</text>\n",
        LEFT + WIDTH + 110,
        whole / 1_000_000
    );
    for (row, (span, depth)) in rows.into_iter().enumerate() {
        let y = row * ROW + 46;
        let at = |time: u64| usize::try_from((time - begin) * WIDTH as u64 / whole.max(1));
        let (from, to) = (at(span.start_time_unix_nano)?, at(span.end_time_unix_nano)?);
        let colour = match span.name.as_str() {
            "exchange" if attribute(span, "class") == "identity" => "#8250df",
            "exchange" => "#0969da",
            "call the plugin" => "#1a7f37",
            _ => "#6e7781",
        };
        let what =
            ["operation", "function", "http.request.method", "server.address", "http.response.status_code"];
        let said: Vec<_> =
            what.iter().map(|name| attribute(span, name)).filter(|it| !it.is_empty()).collect();
        let took = (span.end_time_unix_nano - span.start_time_unix_nano) / 1_000;
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\">{}</text>\n\
             <text x=\"{}\" y=\"{}\" font-size=\"11\" fill=\"#57606a\">{}</text>\n\
             <rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"14\" rx=\"2\" fill=\"{colour}\"/>\n\
             <text x=\"{}\" y=\"{}\" font-size=\"11\">{}.{} ms</text>",
            12 + depth * 16,
            y + 9,
            span.name,
            12 + depth * 16,
            y + 22,
            said.join(" "),
            LEFT + from,
            (to - from).max(2),
            LEFT + from.max(to) + 6,
            y + 11,
            took / 1_000,
            took % 1_000 / 100
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn below<'a>(spans: &'a [Span], parent: &[u8], depth: usize, rows: &mut Vec<(&'a Span, usize)>) {
    for span in spans.iter().filter(|span| span.parent_span_id == parent) {
        rows.push((span, depth));
        below(spans, &span.span_id, depth + 1, rows);
    }
}

#[tokio::test]
#[ignore = "writes files"]
async fn pictures() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    stage.world.advance(TOKEN_LIFE);
    let collector = Collector::open().await?;
    let (subscriber, watching) = watching::subscriber(&quiet(), Some(&collector.traces()), std::io::sink)?;
    let listening = listen(subscriber);
    stage.platform.book(&booking("z", "adele")).await?;
    drop(listening);
    watching.end(Duration::from_secs(30)).await;
    std::fs::write(folder()?.join("trace.svg"), drawn(&collector.spans()?)?)?;

    let recorder = operator::recorder()?;
    let port = Port::open(&stage, recorder.handle()).await?;
    let counting = metrics::set_default_local_recorder(&recorder);
    day(&stage).await?;
    drop(counting);
    let browser = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let profile = tempfile::tempdir()?;
    let taken = tokio::process::Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1100,820",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--screenshot={}", folder()?.join("page.png").display()))
        .arg(format!("http://{}/", port.address))
        .status()
        .await?;
    ensure!(taken.success(), "no picture was taken");
    Ok(())
}
