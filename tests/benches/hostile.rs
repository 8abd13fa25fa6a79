//! What a good plugin notices of evil ones beside it: create-meeting with 8 in flight in front of 20 ms of
//! latency, alone and beside a caller for each evil, in turns and in one process.
//!
//! `cargo bench -p end-to-end --bench hostile` prints a table in Markdown. Each evil is called again a tenth
//! of a second after the call before ended, whatever it ended with. `EACH=1` has one evil at a time beside the
//! good plugin instead of all: which of them costs what.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use end_to_end::{World, WorldOptions, appointment, manifest};
use tokio::task::JoinSet;
use video_host::calls::CallPolicy;
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
    // What production does about plugins that misbehave; and every call of the evil ones is made.
    let calls = CallPolicy { holds_back: CallPolicy::default().holds_back, ..CallPolicy::once() };
    let options = WorldOptions { calls: Some(calls), ..WorldOptions::default() };
    let (world, teams) = World::connected(options).await?;
    world.microsoft.set_latency(UPSTREAM);
    let limits = Limits { deadline: Duration::from_secs(5), ..Limits::default() };
    let evil = world.host.load(plugin_artifacts::EVIL, &Manifest { limits, ..manifest()? }).await?;
    let counter = Arc::new(AtomicU64::new(0));
    round(&teams, &counter).await?;
    println!(
        "| beside | alone, calls a second | beside it | ratio, median of rounds | evil calls a second |"
    );
    println!("| --- | --- | --- | --- | --- |");
    let together = ("all of them", EVILS.to_vec(), ROUNDS);
    let each = || EVILS.into_iter().map(|evil| (evil, vec![evil], 3)).collect();
    let stages = if std::env::var_os("EACH").is_some() { each() } else { vec![together] };
    for (name, deeds, rounds) in stages {
        let (mut alone, mut beside, mut ratios, mut calls) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let one = round(&teams, &counter).await?;
            let evils = Evils::begin(&evil, &deeds)?;
            let other = round(&teams, &counter).await?;
            calls.push(evils.end().await?);
            alone.push(one);
            beside.push(other);
            ratios.push(other / one);
        }
        let ratio = median(&mut ratios);
        println!(
            "| {name} | {:.0} | {:.0} | {ratio:.2} ({:.2} to {:.2}) | {:.1} |",
            median(&mut alone),
            median(&mut beside),
            ratios[0],
            ratios[rounds - 1],
            median(&mut calls),
        );
    }
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

/// A caller for each evil, until the round is over.
struct Evils {
    begun: Instant,
    calls: Arc<AtomicU64>,
    callers: JoinSet<()>,
}

impl Evils {
    fn begin(plugin: &Plugin, deeds: &[&'static str]) -> Result<Self> {
        let calls = Arc::<AtomicU64>::default();
        let mut callers = JoinSet::new();
        for evil in deeds.iter().copied() {
            let nth = EVILS.iter().position(|it| *it == evil).unwrap_or_default();
            let provider = plugin.on(&format!("evil-{nth}").parse()?);
            let calls = calls.clone();
            callers.spawn(async move {
                loop {
                    // What it comes to is for the suites.
                    let _ = provider.create_meeting(&appointment(evil)).await;
                    calls.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        Ok(Self { begun: Instant::now(), calls, callers })
    }

    /// Ends them, and gives how many of their calls ended a second until now.
    async fn end(mut self) -> Result<f64> {
        let calls = f64::from(u32::try_from(self.calls.load(Ordering::Relaxed))?);
        let calls = calls / self.begun.elapsed().as_secs_f64();
        self.callers.shutdown().await;
        Ok(calls)
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
