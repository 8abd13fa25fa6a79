#![doc = include_str!("../README.md")]

mod arguments;
mod create_meeting;
mod growth;
mod hosts;
mod matching;
mod meter;
mod report;
mod sandbox;
mod sides;
mod stage;
mod start;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use tokio::runtime::Runtime;

pub use arguments::{Arguments, Part};
pub use report::{Aim, Cell, Figure, Machine, Report, Row, Table};

/// Measures what was asked for, and writes it down. `tools` is the folder for other languages' packages.
pub fn run(arguments: &Arguments, tools: &Path) -> Result<ExitCode> {
    if let Some(side) = arguments.side {
        sides::serve(side)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.bench {
        say("Nothing is tested here; `cargo bench` measures.");
        return Ok(ExitCode::SUCCESS);
    }
    let folder = arguments.output();
    std::fs::create_dir_all(&folder)?;
    let runtime = Runtime::new()?;
    for part in arguments.parts() {
        let report = runtime.block_on(measure(part, arguments, tools, &folder))?;
        report.keep(&folder)?;
        say(&report.markdown());
    }
    report::whole(&folder)?;
    say(&format!("Written to {}.", folder.display()));
    Ok(ExitCode::SUCCESS)
}

async fn measure(part: Part, arguments: &Arguments, tools: &Path, folder: &Path) -> Result<Report> {
    match part {
        Part::CreateMeeting => create_meeting::measure(arguments, tools, folder).await,
        Part::Sandbox => sandbox::measure(arguments, tools).await,
        Part::Start => start::measure(arguments).await,
        Part::Matching => matching::measure(arguments).await,
        Part::Growth => growth::measure(arguments).await,
        Part::Hosts => hosts::measure(arguments, tools).await,
    }
}

/// To whoever started the program.
#[allow(clippy::print_stdout)]
fn say(text: &str) {
    println!("{text}");
}
