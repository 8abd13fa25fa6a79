//! Matching a hundred thousand staff with Microsoft's resource units enforced: calls, time against what
//! the units alone allow, and memory.
//!
//! `cargo bench -p end-to-end --bench matching` prints a table in Markdown; it waits as long as Microsoft
//! says, so it takes minutes. `STAFF=10000` in the environment makes it smaller. The stand-in runs in the
//! same process: its directory is made before memory is looked at, and its journal is kept short.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use end_to_end::{SESSION, World, WorldOptions, manifest, setup_values};
use mock_graph::{Config, Operation, Organisation, SizeClass, User, contoso};
use video_host::calls::CallPolicy;
use video_host::provider::NextStep;
use video_host::{Host, HostConfig, Limits};
use video_platform::{Finished, MatchField, Platform, Setup, Way};

/// Resource units of the smallest tenant, and what they are counted in.
const UNITS: u64 = 3_500;
const WINDOW: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo test` runs benches too, with `--test`: there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let staff: usize = std::env::var("STAFF").map_or(Ok(100_000), |number| number.parse())?;
    let mut organisation = contoso::organisation();
    let users = User::generate(staff + staff / 2, contoso::DOMAIN, 1);
    let mut file = "id,name,email,user_name\n".to_owned();
    for (n, user) in users.iter().take(staff).enumerate() {
        // Three in a hundred are nobody.
        let missed = if n % 100 < 3 { "gone." } else { "" };
        writeln!(file, "s{n:06},,{missed}{},", user.user_principal_name)?;
    }
    organisation.users.extend(users);
    organisation = Organisation { size: SizeClass::Small, enforce_throttling: true, ..organisation };
    let microsoft = Config { organisations: vec![organisation], journal_capacity: 100, ..Config::default() };
    let world = world(microsoft).await?;
    let platform = Platform::open(world.host.clone()).await?;
    platform.providers().install(world.teams.clone());
    let setup = Setup { match_field: MatchField::Email, values: setup_values(contoso::TENANT_ID) };
    let begun = platform.start_connect("microsoft-teams", setup, SESSION, contoso::REDIRECT_URI).await?;
    let (id, NextStep::Visit(url)) = begun else { bail!("Teams needs a sign-in") };
    let parameters = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
    let finished = platform.finish_callback(SESSION, parameters).await?;
    ensure!(matches!(finished, Finished::Connected { .. }), "not connected");
    let before_import = Instant::now();
    platform.import_staff(file.as_bytes()).await?;
    drop(file);
    println!(
        "{staff} staff imported in {:.1} s; 3,500 resource units in 10 s.\n",
        before_import.elapsed().as_secs_f64()
    );
    println!(
        "| way | calls | of them refused or in vain | time | units alone allow | ratio | memory grew by | \
         the plugin's, at most |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for way in [Way::Keys, Way::Directory] {
        // The window before is over.
        tokio::time::sleep(WINDOW).await;
        world.microsoft.journal().clear();
        let memory = resident()?;
        let mut most = memory;
        let begun = Instant::now();
        platform.start_rematch_by(&id, way).await?;
        let report = platform.rematch(&id, |_| most = most.max(resident().unwrap_or(0))).await?;
        let took = begun.elapsed();
        ensure!(report.matched() == staff - staff.div_ceil(100) * 3, "{:?}", report.outcomes);
        ensure!(report.unknown.is_empty(), "{} unknown", report.unknown.len());
        let journal = world.microsoft.journal();
        let calls = journal.count(Operation::Any);
        let (fewest, units) = fewest(staff as u64, way);
        // The first window's units are there at once.
        let allowed = WINDOW * u32::try_from(units.div_ceil(UNITS).saturating_sub(1))?;
        let ratio = if allowed.is_zero() {
            "–".to_owned()
        } else {
            format!("{:.2}", took.as_secs_f64() / allowed.as_secs_f64())
        };
        println!(
            "| {way:?} | {calls} | {} | {:.1} s | {} s | {ratio} | {} MiB | {:.1} of {} MiB |",
            calls.saturating_sub(fewest),
            took.as_secs_f64(),
            allowed.as_secs(),
            most.saturating_sub(memory).div_ceil(1_024),
            mib(world.teams.most_memory()),
            mib(Limits::default().memory)
        );
    }
    world.microsoft.shutdown().await;
    Ok(())
}

/// A world in which time passes by itself, and calls are made as in production.
async fn world(microsoft: Config) -> Result<World> {
    let mut world = World::with(WorldOptions { microsoft, ..WorldOptions::default() }).await?;
    let folder = world.data.path();
    let config = HostConfig {
        waiter: HostConfig::new(folder).waiter,
        calls: CallPolicy::default(),
        ..World::config(folder, &world.microsoft, world.clock.clone())?
    };
    world.host = Host::start(config).await?;
    world.teams = world.host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
    Ok(world)
}

/// The fewest calls, and the units that they cost.
fn fewest(staff: u64, way: Way) -> (u64, u64) {
    match way {
        Way::Keys => {
            let missed = staff * 3 / 100;
            // Each miss is looked for by mail and by proxy address.
            (staff.div_ceil(300) + missed.div_ceil(150), staff.div_ceil(15) + 2 * missed.div_ceil(15))
        }
        Way::Directory => {
            let pages = (staff + staff / 2).div_ceil(999);
            (pages, pages)
        }
    }
}

/// Bytes as MiB.
fn mib(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / f64::from(1 << 20)
}

/// Memory of this process, in KiB.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("no number")?.parse()?)
}
