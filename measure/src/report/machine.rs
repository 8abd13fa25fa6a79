//! Where and when something was measured: no absolute figure means anything without it.

use std::fs;
use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// A machine at a time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Machine {
    /// Model of the processors.
    pub processor: String,
    /// How many of them this program may use.
    pub processors: usize,
    /// Memory, in GiB.
    pub memory: u64,
    /// The system.
    pub system: String,
    /// The compiler.
    pub rust: String,
    /// The commit that was measured; with a plus where something was changed since.
    pub commit: String,
    /// The day.
    pub day: String,
}

impl Machine {
    /// This one, now.
    pub(crate) fn this() -> Result<Self> {
        let memory = field("/proc/meminfo", "MemTotal");
        let kib: u64 = memory.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let changed =
            if said("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty() { "" } else { "+" };
        Ok(Self {
            processor: field("/proc/cpuinfo", "model name"),
            processors: std::thread::available_parallelism()?.get(),
            memory: kib.div_ceil(1 << 20),
            system: format!("Linux {}", kernel.trim()),
            rust: said("rustc", &["--version"]),
            commit: said("git", &["rev-parse", "--short", "HEAD"]) + changed,
            day: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        })
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { processor, processors, memory, system, rust, commit, day } = self;
        write!(f, "{processors} × {processor}, {memory} GiB, {system}, {rust}; commit {commit}, {day}")
    }
}

/// What stands behind a name in one of the system's files.
fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let found = pairs.find(|(found, _)| found.trim() == name);
    found.map_or_else(|| format!("no {name}"), |(_, value)| value.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    output.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned()).unwrap_or_default()
}
