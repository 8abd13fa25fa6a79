//! What can be asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::sides::SideName;

/// Measures the plugins in the host against what people would use instead, on this machine, and writes tables
/// and pictures.
///
/// All of it takes about a quarter of an hour. What is measured with nothing left out and nothing shortened goes
/// to docs/measurements; anything else to target/measurements, as no figure to keep comes of it.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "measure", bin_name = "cargo bench --")]
pub struct Arguments {
    /// What to measure [default: everything]
    pub parts: Vec<Part>,
    /// A look at it in a minute: less of everything, and figures that are good for nothing else
    #[arg(long)]
    pub quick: bool,
    /// Of create-meeting only this latency of the stand-in, in milliseconds; repeatable
    #[arg(long, value_name = "MS")]
    pub latency: Vec<u64>,
    /// Of create-meeting only this many calls in flight; repeatable
    #[arg(long, value_name = "N")]
    pub in_flight: Vec<usize>,
    /// Of create-meeting only this side beside ours; repeatable
    #[arg(long, value_name = "SIDE")]
    pub against: Vec<SideName>,
    /// Rounds of ours and plain Rust [default: 9]
    #[arg(long, value_name = "N")]
    pub rounds: Option<usize>,
    /// Folder for what is written
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// One side of a comparison, in a process of its own
    #[arg(long, hide = true)]
    pub side: Option<SideName>,
    /// What cargo says to a benchmark.
    #[arg(long, hide = true)]
    pub bench: bool,
}

/// A part of the measurements, with a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// One create-meeting against other ways of making it
    CreateMeeting,
    /// What the sandbox costs by itself, and what a create-meeting is made of
    Sandbox,
    /// From a component's bytes to the first link
    Start,
    /// Matching staff, against asking for each user and against reading the directory
    Matching,
    /// Whether a large store makes anything slower
    Growth,
    /// One, two and three hosts on one PostgreSQL
    Hosts,
}

impl Arguments {
    /// What to measure.
    pub fn parts(&self) -> Vec<Part> {
        if self.parts.is_empty() { Part::value_variants().to_vec() } else { self.parts.clone() }
    }

    /// Where to write.
    pub fn output(&self) -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let shortened = self.quick
            || self.rounds.is_some()
            || !(self.latency.is_empty() && self.in_flight.is_empty() && self.against.is_empty());
        let folder = if shortened { "target/measurements" } else { "docs/measurements" };
        self.output.clone().unwrap_or_else(|| root.join(folder))
    }

    /// Rounds of what is compared most closely.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { 9 }).max(1)
    }

    /// How long each side has for one line in one round.
    pub(crate) fn stretch(&self) -> Duration {
        Duration::from_millis(if self.quick { 300 } else { 1_000 })
    }
}
