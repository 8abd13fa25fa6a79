//! Mixed calls for as long as it is told to: good ones, and traps, timeouts and garbage among them. Memory,
//! descriptors and instances have to be flat.
//!
//! `cargo run -p end-to-end --bin soak -- --minutes 60`. Host, plugins and the stand-in are one process; the
//! appointments are always the same, so that what the stand-in keeps does not grow either. The first third of
//! the time is for warming up; then the median of the second third is held against that of the last.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use end_to_end::{World, WorldOptions, appointment, manifest};
use mock_graph::{Action, Config, Fault, Operation, contoso};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use video_host::calls::CallPolicy;
use video_host::provider::{Cancellation, Look, MeetingReference};
use video_host::{Limits, Manifest, Plugin, Pool};

/// Callers at a time.
const CALLERS: u64 = 8;
/// Appointments of each caller.
const APPOINTMENTS: usize = 20;
/// How often it is looked at what is used.
const SAMPLE: Duration = Duration::from_millis(500);

/// What the evil plugin does, by the appointment.
const EVILS: [&str; 14] = [
    "trap",
    "exit",
    "recurse",
    "grow",
    "spin",
    "sleep",
    "post and trap",
    "flood the log",
    "link:javascript",
    "error:long",
    "overflow keys",
    "use up requests",
    "https://169.254.169.254/latest/meta-data/",
    "long",
];

#[derive(Parser)]
struct Arguments {
    /// For how long
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// By how many MiB memory may grow, or by a twentieth if that is more. Places for instances, the
    /// allocator's arenas and the database's pages fill up during the first two minutes; instances that were
    /// left behind would be a hundred MiB in the third of a minute.
    #[arg(long, default_value_t = 32)]
    tolerance_mib: u64,
    /// By how many descriptors the end may differ from the middle
    #[arg(long, default_value_t = 8)]
    tolerance_descriptors: u64,
    /// What the calls are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What is used at a moment.
#[derive(Clone, Copy)]
struct Sample {
    resident: u64,
    descriptors: u64,
    calls: usize,
    pool: Pool,
}

impl Sample {
    fn take(world: &World) -> Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").context("soaking needs Linux")?;
        let resident = status
            .lines()
            .find_map(|line| {
                line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()
            })
            .context("/proc/self/status has no VmRSS")?;
        let descriptors = std::fs::read_dir("/proc/self/fd")?.count() as u64;
        let pool = world.host.pool().context("memories are pooled, as in production")?;
        Ok(Self { resident: resident << 10, descriptors, calls: world.host.calls_running(), pool })
    }
}

/// What came of the calls.
#[derive(Default)]
struct Counts {
    good: AtomicU64,
    failed: AtomicU64,
    evil: AtomicU64,
    swaps: AtomicU64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let lasts = Duration::try_from_secs_f64(arguments.minutes * 60.0)?;
    let microsoft = Config { journal_capacity: 100, ..Config::default() };
    // As in production: who misbehaves is held back, who does not answer is left alone.
    let calls = Some(CallPolicy::default());
    let (world, _) = World::connected(WorldOptions { microsoft, calls, ..WorldOptions::default() }).await?;
    let world = Arc::new(world);
    let evil = world.host.load(plugin_artifacts::EVIL, &evil_manifest()?).await?;
    let (over, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Counts::default()));
    let mut callers = JoinSet::new();
    for nth in 0..CALLERS {
        let drawn = ChaCha8Rng::seed_from_u64(arguments.seed.wrapping_add(nth));
        let caller = Caller { nth, world: world.clone(), evil: evil.clone(), counts: counts.clone(), drawn };
        callers.spawn(caller.run(over.clone()));
    }

    let begun = Instant::now();
    let mut samples = Vec::new();
    while begun.elapsed() < lasts {
        tokio::time::sleep(SAMPLE).await;
        samples.push(Sample::take(&world)?);
    }
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    // What was given up is dropped by whoever ran it, which may be a moment later.
    let patience = Instant::now();
    while !nothing_held(&Sample::take(&world)?) && patience.elapsed() < Duration::from_secs(10) {
        tokio::task::yield_now().await;
    }
    let left = Sample::take(&world)?;
    report(&arguments, &samples, left, &counts)
}

fn nothing_held(sample: &Sample) -> bool {
    sample.calls == 0 && sample.pool == Pool::default()
}

fn evil_manifest() -> Result<Manifest> {
    let limits = Limits {
        memory: 4 << 20,
        deadline: Duration::from_millis(300),
        processor_time: Duration::from_millis(50),
        requests: 3,
        ..Limits::default()
    };
    Ok(Manifest { limits, ..manifest()? })
}

fn median(samples: &[Sample], of: impl Fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<_> = samples.iter().map(of).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn report(arguments: &Arguments, samples: &[Sample], left: Sample, counts: &Counts) -> Result<()> {
    let third = samples.len() / 3;
    ensure!(third > 4, "too short to tell anything: {} samples", samples.len());
    let (middle, end) = (&samples[third..2 * third], &samples[2 * third..]);
    let memory = [median(middle, |sample| sample.resident), median(end, |sample| sample.resident)];
    let descriptors = [median(middle, |sample| sample.descriptors), median(end, |sample| sample.descriptors)];
    let busiest = samples.iter().map(|sample| sample.calls).max().unwrap_or_default();
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{} good calls, {} of them in vain, as one in ten meets a fault; {} evil ones; {} plugins loaded again",
        count(&counts.good),
        count(&counts.failed),
        count(&counts.evil),
        count(&counts.swaps),
    )?;
    writeln!(out, "memory: {} MiB in the middle, {} MiB at the end", memory[0] >> 20, memory[1] >> 20)?;
    writeln!(out, "descriptors: {} in the middle, {} at the end", descriptors[0], descriptors[1])?;
    writeln!(out, "calls running: {busiest} at most, {} when all had ended", left.calls)?;
    let most = samples.iter().map(|sample| sample.pool.instances).max().unwrap_or_default();
    writeln!(
        out,
        "of the pool: {most} core instances at most; {} instances, {} memories, {} stacks when all had ended",
        left.pool.instances, left.pool.memories, left.pool.stacks,
    )?;

    ensure!(count(&counts.good) > 2 * count(&counts.failed), "more calls failed than faults explain");
    ensure!(count(&counts.evil) > 0, "nothing evil was called");
    let tolerance = (arguments.tolerance_mib << 20).max(memory[0] / 20);
    ensure!(
        memory[1] <= memory[0] + tolerance,
        "memory grew by {} MiB, and {} MiB are tolerated",
        (memory[1] - memory[0]) >> 20,
        tolerance >> 20
    );
    ensure!(
        descriptors[1] <= descriptors[0] + arguments.tolerance_descriptors,
        "{} descriptors more, and {} are tolerated",
        descriptors[1] - descriptors[0],
        arguments.tolerance_descriptors
    );
    ensure!(most > 0, "no call ever had an instance of the pool");
    ensure!(nothing_held(&left), "{} calls still hold {:?}", left.calls, left.pool);
    writeln!(out, "flat")?;
    Ok(())
}

/// One of those who call.
struct Caller {
    nth: u64,
    world: Arc<World>,
    evil: Plugin,
    counts: Arc<Counts>,
    drawn: ChaCha8Rng,
}

impl Caller {
    async fn run(mut self, over: Arc<AtomicBool>) -> Result<()> {
        while !over.load(Ordering::Relaxed) {
            match self.drawn.random_range(0..100) {
                0..70 => self.good().await?,
                70..99 => self.evil().await?,
                _ => self.load_again().await?,
            }
        }
        Ok(())
    }

    /// A call of the Teams plugin; one in ten meets a fault.
    async fn good(&mut self) -> Result<()> {
        let teams = self.world.teams_on(end_to_end::INTEGRATION)?;
        let id = format!("{}-{}", self.nth, self.drawn.random_range(0..APPOINTMENTS));
        let faulty = self.drawn.random_range(0..10) == 0;
        if faulty {
            let action = match self.drawn.random_range(0..4) {
                0 => Action::status(503),
                1 => Action::DropAfter,
                2 => Action::Malformed,
                _ => Action::Truncate,
            };
            self.world.microsoft.faults().inject(Fault::once(Operation::Any, action));
        }
        let reference = || MeetingReference {
            appointment_id: id.clone(),
            meeting_id: None,
            organizer_id: None,
            staff: None,
        };
        let cancellation: Cancellation = reference();
        let ended = match self.drawn.random_range(0..6) {
            0 => teams.check().await.is_ok(),
            1 => teams.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await.is_ok(),
            2 => teams.update_meeting(&appointment(&id)).await.is_ok(),
            3 => teams.cancel_meeting(&cancellation).await.is_ok(),
            4 => teams.look_up_meetings(&[reference()]).await.is_ok(),
            _ => teams.create_meeting(&appointment(&id)).await.is_ok(),
        };
        self.counts.good.fetch_add(1, Ordering::Relaxed);
        self.counts.failed.fetch_add(u64::from(!ended), Ordering::Relaxed);
        Ok(())
    }

    async fn evil(&mut self) -> Result<()> {
        let evil = EVILS[self.drawn.random_range(0..EVILS.len())];
        let provider = self.evil.on(&format!("evil-{}", self.nth).parse()?);
        // What it comes to is for the suites.
        let _ = provider.create_meeting(&appointment(evil)).await;
        self.counts.evil.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Another version, as far as the host can tell: what was loaded before is dropped when its calls end.
    async fn load_again(&mut self) -> Result<()> {
        self.evil = self.world.host.load(plugin_artifacts::EVIL, &evil_manifest()?).await?;
        self.counts.swaps.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
