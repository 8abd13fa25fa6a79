//! A clock that several processes share.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use video_host::clock::{Clock, SystemClock, Waiter};
use video_host::transport::BoxFuture;

/// How often a process that waits by the file looks at it.
const LOOK: Duration = Duration::from_millis(10);

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

impl Waiter for FileClock {
    /// Waits by the file: who moves it ends the waits of all processes.
    fn wait(&self, time: Duration) -> BoxFuture<'_, ()> {
        let end = self.now_ms().saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        Box::pin(async move {
            while self.now_ms() < end {
                tokio::time::sleep(LOOK).await;
            }
        })
    }
}
