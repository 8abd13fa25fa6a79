//! The program: arguments in, exit code out.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use host_harness::arguments::Arguments;
use host_harness::screen::Screen;
use host_harness::watching::{self, Logs};

fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        // Whoever reads has enough, as `head` has: that needs no words.
        Err(error) if is_broken_pipe(&error) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "host-harness: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if !arguments.command.configures_logs() {
        watching::start(&Logs::default(), None)?;
    }
    let runtime = tokio::runtime::Runtime::new().context("the asynchronous runtime does not start")?;
    runtime.block_on(host_harness::run(arguments.command, &mut Screen::stdout()))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
