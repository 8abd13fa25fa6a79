//! What the system has counted of a process.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A process on this machine, from outside: all sides are measured with the same yardstick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(u32);

/// What each thread of a process has had of the processors, in nanoseconds, by its id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Threads(HashMap<u32, u64>);

impl Threads {
    /// Processor time since `before`, in the threads and in the system on their behalf. Of threads that have
    /// ended since then it is not known.
    pub(crate) fn since(&self, before: &Self) -> Duration {
        let each = self.0.iter().map(|(thread, now)| {
            let then = before.0.get(thread).copied().unwrap_or(0);
            now.saturating_sub(then)
        });
        Duration::from_nanos(each.sum())
    }
}

impl Process {
    pub(crate) fn of(pid: u32) -> Self {
        Self(pid)
    }

    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// Its number.
    pub(crate) fn id(self) -> u32 {
        self.0
    }

    /// What its threads have had of the processors (`man 5 proc`, and the kernel's `sched-stats`). The clocks of
    /// whole processes count in hundredths of a second.
    pub(crate) fn threads(self) -> Result<Threads> {
        let mut threads = HashMap::new();
        for entry in fs::read_dir(self.file("task"))? {
            let entry = entry?;
            // One that has ended meanwhile.
            let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) else { continue };
            let time = text.split_whitespace().next().and_then(|time| time.parse().ok());
            let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let (id, time) = id.zip(time).context("this system does not count threads' processor time")?;
            threads.insert(id, time);
        }
        Ok(Threads(threads))
    }

    /// Memory that is in use now, in KiB, but for [what is mapped more than once](Self::mapped_often).
    pub(crate) fn resident(self) -> Result<u64> {
        Ok(self.status("VmRSS:")?.saturating_sub(self.mapped_often()?))
    }

    /// The most memory that was in use at once since [`Self::forget_peak`], in KiB, but for
    /// [what is mapped more than once](Self::mapped_often).
    pub(crate) fn peak(self) -> Result<u64> {
        Ok(self.status("VmHWM:")?.saturating_sub(self.mapped_often()?))
    }

    /// Pages of shared memory, in KiB, which the system counts again wherever they are mapped: a component's
    /// image is there once, and each place of an instance maps it and keeps it mapped. A page that an instance
    /// has written is its own, and counted as such.
    fn mapped_often(self) -> Result<u64> {
        self.status("RssShmem:")
    }

    /// Begins looking for the peak from here (`man 5 proc_pid_clear_refs`).
    pub(crate) fn forget_peak(self) -> Result<()> {
        fs::write(self.file("clear_refs"), "5").context("the peak of memory cannot be reset")
    }

    fn status(self, line: &str) -> Result<u64> {
        let status = fs::read_to_string(self.file("status"))?;
        let found = status.lines().find_map(|it| it.strip_prefix(line));
        let number = found.and_then(|it| it.split_whitespace().next());
        Ok(number.with_context(|| format!("no {line}"))?.parse()?)
    }

    fn file(self, name: &str) -> String {
        format!("/proc/{}/{name}", self.0)
    }
}
