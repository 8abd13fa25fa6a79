//! A host in a process of its own: how a test tells it where Microsoft is, and what time.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use video_host::clock::{Clock, SystemClock};
use video_host::egress::Trust;
use video_host::{Host, HostConfig, Plugin};

use crate::{authorities, manifest, routes};

/// The machine's clock, moved by what stands in a file: all processes that share the file are moved at once.
#[derive(Debug)]
pub struct FileClock(File);

impl FileClock {
    /// A clock that nobody has moved yet.
    pub fn create(path: &Path) -> io::Result<Self> {
        std::fs::write(path, 0_i64.to_ne_bytes())?;
        Self::open(path)
    }

    /// The clock of another process.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(File::options().read(true).write(true).open(path)?))
    }

    /// Moves it forward, for all processes.
    pub fn advance(&self, by: Duration) -> Result<()> {
        let moved = self.shift_ms()? + i64::try_from(by.as_millis())?;
        Ok(self.0.write_all_at(&moved.to_ne_bytes(), 0)?)
    }

    fn shift_ms(&self) -> io::Result<i64> {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, 0)?;
        Ok(i64::from_ne_bytes(bytes))
    }
}

impl Clock for FileClock {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms() + self.shift_ms().expect("the file was made with eight bytes")
    }
}

/// A variable that the test sets for its processes.
pub fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set"))
}

/// A host on a folder with the Teams plugin, in front of the stand-in whose address is in `MICROSOFT` and whose
/// CA certificate's file is in `MICROSOFT_CA`.
pub async fn host_of_environment(folder: &str, clock: Arc<dyn Clock>) -> Result<(Host, Plugin)> {
    let mut config = HostConfig::new(folder);
    config.resolver = Arc::new(routes(variable("MICROSOFT")?.parse()?));
    config.trust = Trust::Only(authorities(&std::fs::read_to_string(variable("MICROSOFT_CA")?)?)?);
    config.clock = clock;
    let host = Host::start(config).await?;
    let teams = host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
    Ok((host, teams))
}
