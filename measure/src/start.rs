//! From a component's bytes to the first link.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use end_to_end::{INTEGRATION, World, manifest};
use tempfile::TempDir;
use video_host::clock::ShiftedClock;
use video_host::{Host, Memory};

use crate::Arguments;
use crate::arguments::Part;
use crate::report::{Aim, Cell, Figure, Report, Row, Table};
use crate::sides::ours::request;
use crate::stage::Stage;

/// What ships.
const PLUGINS: [(&str, &[u8]); 2] =
    [("Teams", plugin_artifacts::TEAMS), ("Jitsi Meet", plugin_artifacts::JITSI)];

pub(crate) async fn measure(arguments: &Arguments) -> Result<Report> {
    let mut report = Report::of(Part::Start, "From a component to the first link")?;
    let stage = Stage::set().await?;
    let mut loaded = Table {
        title: "Components".to_owned(),
        columns: [
            "plugin",
            "component, bytes",
            "compiled code, bytes",
            "load with compiling, ms",
            "from the cache, ms",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: Vec::new(),
    };
    for (name, component) in PLUGINS {
        let (mut compiled, mut cached, mut code) = (Vec::new(), Vec::new(), 0);
        for _ in 0..arguments.rounds() {
            let folder = TempDir::new()?;
            compiled.push(load(folder.path(), &stage, component, false).await?);
            cached.push(load(folder.path(), &stage, component, true).await?);
            code = size(&folder.path().join("compiled"))?;
        }
        let (compiled, cached) = (Figure::of("ms", compiled), Figure::of("ms", cached));
        if name == "Teams" {
            #[allow(clippy::cast_precision_loss)]
            let kib = Figure::once("KiB", component.len() as f64 / 1_024.0);
            report.aims.push(Aim::at_most("Teams' component", 300.0, kib));
            report.aims.push(Aim::at_most("Teams loaded from the cache", 10.0, cached.clone()));
        }
        let sizes = [component.len().to_string(), code.to_string()].map(Cell::Text);
        let [bytes, code] = sizes;
        loaded.rows.push(Row {
            cells: vec![name.into(), bytes, code, compiled.into(), cached.into()],
            repeat: String::new(),
        });
    }
    report.tables.push(loaded);
    report.tables.push(first_calls(&stage, arguments.rounds()).await?);
    report.notes.extend(NOTES.map(str::to_owned));
    stage.microsoft.shutdown().await;
    Ok(report)
}

const NOTES: [&str; 2] = [
    "Loading is everything from the file's bytes to a plugin that can be called: digest, signature of the \
     cached code, checks, linking, and an instance that describes itself.",
    "The first create-meeting after a start connects, over TLS, and reads the token from the store.",
];

async fn start(folder: &Path, stage: &Stage) -> Result<Host> {
    World::host(folder, &stage.microsoft, Arc::new(ShiftedClock::default()), Memory::Pooled).await
}

/// Milliseconds until the component is loaded by a new host.
async fn load(folder: &Path, stage: &Stage, component: &[u8], from_cache: bool) -> Result<f64> {
    let host = start(folder, stage).await?;
    let begun = Instant::now();
    let plugin = host.load(component, &manifest()?).await?;
    let took = begun.elapsed();
    ensure!(plugin.from_cache() == from_cache, "from the cache: {}", plugin.from_cache());
    Ok(milliseconds(took))
}

/// Bytes of the files in a folder.
fn size(folder: &Path) -> Result<u64> {
    let entries = std::fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

async fn first_calls(stage: &Stage, rounds: usize) -> Result<Table> {
    let names =
        ["a host starts", "Teams is loaded, from the cache", "the first create-meeting", "the second"];
    let mut samples = names.map(|_| Vec::new());
    for round in 0..rounds {
        let times = first_call(stage, round).await?;
        for (samples, time) in samples.iter_mut().zip(times) {
            samples.push(milliseconds(time));
        }
    }
    let rows = names.into_iter().zip(samples).map(|(name, samples)| Row {
        cells: vec![name.into(), Figure::of("ms", samples).into()],
        repeat: String::new(),
    });
    Ok(Table {
        title: "A connected integration, from nothing to a link".to_owned(),
        columns: ["step", "ms"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    })
}

async fn first_call(stage: &Stage, round: usize) -> Result<[Duration; 4]> {
    let mut marks = vec![Instant::now()];
    let host = start(&stage.data(), stage).await?;
    marks.push(Instant::now());
    let teams = host.load(plugin_artifacts::TEAMS, &manifest()?).await?.on(&INTEGRATION.parse()?);
    marks.push(Instant::now());
    for call in 0..2 {
        teams.create_meeting(&request(&format!("first-{round}-{call}"))).await?;
        marks.push(Instant::now());
    }
    let mut steps = marks.windows(2).map(|pair| pair[1] - pair[0]);
    Ok(std::array::from_fn(|_| steps.next().unwrap_or_default()))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
