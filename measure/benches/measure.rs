//! `cargo bench`: every comparison, on this machine. See the README beside this crate.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use measure::Arguments;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    // The packages of the suite of clients are in the same folder.
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("measure");
    measure::run(&arguments, &tools)
}
