//! Hosts of other processes, on a folder that several may share: how a test starts one, and how that one
//! becomes a platform in front of the test's stand-in.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use mock_graph::MockGraph;
use tokio::process::Command;
use video_host::calls::CallPolicy;
use video_host::clock::{Clock, ShiftedClock};
use video_host::egress::Trust;
use video_host::{Host, HostConfig, Plugin};
use video_platform::Platform;

use crate::{authorities, manifest, routes};

/// Where the stand-in listens.
const MICROSOFT: &str = "MICROSOFT";
/// The file of its CA certificate.
const MICROSOFT_CA: &str = "MICROSOFT_CA";
/// By how many seconds the clock is moved.
pub const ADVANCE: &str = "ADVANCE";

/// A command that will find the stand-in, and the time, by [`platform`]. `ca` is the file that the
/// stand-in's certificate was written to; the clock is moved by `advance` seconds.
pub fn command(program: &Path, microsoft: &MockGraph, ca: &Path, advance: u64) -> Command {
    let mut command = Command::new(program);
    command
        .env(MICROSOFT, microsoft.addr().to_string())
        .env(MICROSOFT_CA, ca)
        .env(ADVANCE, advance.to_string())
        .kill_on_drop(true);
    command
}

/// A variable that the test sets for its processes.
pub fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

/// A host on a folder with the Teams plugin, in front of the stand-in that [`command`] has named. It makes
/// every call once: what the suites of processes are about is what the platform makes of a failure, and the
/// host's own repetitions, which take real time here, have a suite of theirs.
pub async fn host(folder: &Path, clock: Arc<dyn Clock>) -> Result<(Host, Plugin)> {
    let mut config = HostConfig::new(folder);
    config.resolver = Arc::new(routes(variable(MICROSOFT)?.parse()?));
    config.trust = Trust::Only(authorities(&std::fs::read_to_string(variable(MICROSOFT_CA)?)?)?);
    config.clock = clock;
    config.calls = CallPolicy::once();
    let host = Host::start(config).await?;
    let teams = host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
    Ok((host, teams))
}

/// The platform on a folder, with the Teams plugin installed, as [`command`] has prepared it; and its
/// host and clock.
pub async fn platform(folder: &Path) -> Result<(Platform, Host, Arc<ShiftedClock>)> {
    let clock = Arc::new(ShiftedClock::default());
    clock.advance(Duration::from_secs(variable(ADVANCE)?.parse()?));
    let (host, teams) = host(folder, clock.clone()).await?;
    let platform = Platform::open(host.clone()).await?;
    platform.providers().install(teams);
    Ok((platform, host, clock))
}
