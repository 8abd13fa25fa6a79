//! What a good plugin notices of evil ones beside it: create-meeting with 8 in flight in front of 20 ms of
//! latency, alone and beside a caller for each evil, in turns and in one process.
//!
//! `cargo bench -p end-to-end --bench hostile` prints a table in Markdown. Each evil is called again a tenth
//! of a second after the call before ended, whatever it ended with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use end_to_end::{World, WorldOptions, appointment, manifest};
use tokio::task::JoinSet;
use video_host::{Limits, Manifest, Plugin, Provider};

const ROUNDS: usize = 5;
const CALLS: u64 = 400;
const IN_FLIGHT: u64 = 8;
const UPSTREAM: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_millis(100);

const EVILS: [&str; 12] = [
    "spin",
    "spin between trifles",
    "grow",
    "recurse",
    "trap",
    "exit",
    "sleep",
    "post and trap",
    "flood the log",
    "long lines",
    "long",
    "overflow storage",
];

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo test` runs benches too, with `--test`: there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    world.microsoft.set_latency(UPSTREAM);
    let limits = Limits { deadline: Duration::from_secs(5), ..Limits::default() };
    let evil = world.host.load(plugin_artifacts::EVIL, &Manifest { limits, ..manifest()? }).await?;
    let counter = Arc::new(AtomicU64::new(0));
    round(&teams, &counter).await?;
    let (mut alone, mut beside, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let one = round(&teams, &counter).await?;
        let evils = Evils::begin(&evil)?;
        let other = round(&teams, &counter).await?;
        evils.end().await?;
        alone.push(one);
        beside.push(other);
        ratios.push(other / one);
    }
    println!("| good plugin | calls a second, median of {ROUNDS} rounds |");
    println!("| --- | --- |");
    println!("| alone | {:.0} |", median(&mut alone));
    println!("| beside {} evil ones | {:.0} |", EVILS.len(), median(&mut beside));
    let ratio = median(&mut ratios);
    println!("| ratio | {ratio:.2} ({:.2} to {:.2}) |", ratios[0], ratios[ROUNDS - 1]);
    world.microsoft.shutdown().await;
    Ok(())
}

/// Calls a second; every one has to succeed.
async fn round(teams: &Provider, counter: &Arc<AtomicU64>) -> Result<f64> {
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (teams, counter) = (teams.clone(), counter.clone());
        callers.spawn(async move {
            for _ in 0..CALLS / IN_FLIGHT {
                let id = counter.fetch_add(1, Ordering::Relaxed);
                let made = teams.create_meeting(&appointment(&format!("good-{id}"))).await?;
                ensure!(made.created, "good-{id} was there");
            }
            Ok(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    let calls = f64::from(u32::try_from(CALLS)?);
    Ok(calls / begun.elapsed().as_secs_f64())
}

/// A caller for each evil, until it is told to end.
struct Evils {
    over: Arc<AtomicBool>,
    callers: JoinSet<Result<()>>,
}

impl Evils {
    fn begin(plugin: &Plugin) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for (nth, evil) in EVILS.into_iter().enumerate() {
            let (provider, over) = (plugin.on(&format!("evil-{nth}").parse()?), over.clone());
            callers.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    // What it comes to is for the suites.
                    let _ = provider.create_meeting(&appointment(evil)).await;
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(())
            });
        }
        Ok(Self { over, callers })
    }

    async fn end(mut self) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.callers.join_next().await {
            ended??;
        }
        Ok(())
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
