//! `check`: a plugin held against every rule of the contract.

mod microsoft;
mod nobody;
mod setup;

use std::fs;
use std::io;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
pub use microsoft::Microsoft;
use provider_conformance::{Backend, Judged, Report, Verdict, check};

use crate::arguments::CheckOptions;
use crate::inspect;
use crate::screen::{Screen, Tone, bytes, count};
use nobody::Nobody;

/// The exit code of a plugin that does not pass.
const NOT_PASSED: u8 = 2;

/// Checks a plugin, and says whether it passes.
pub async fn run(options: &CheckOptions, screen: &mut Screen) -> Result<ExitCode> {
    let file = &options.plugin;
    let component = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let limits = inspect::limits(options.memory, options.size);
    let inspection = inspect::inspect(file, &limits).await?;
    let backend: Box<dyn Backend> = if inspection.sends_to(Microsoft::GRAPH) {
        Box::new(Microsoft::start(&options.setup, &options.setting).await?)
    } else {
        Box::new(Nobody::new(options, limits))
    };
    setup::fits(&inspection, &options.setup, &backend.setup())?;
    let report = check(&component, backend.as_ref()).await?;
    if options.json {
        screen.json(&report)?;
    } else {
        show(&report, screen)?;
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::from(NOT_PASSED) })
}

/// A name and a value, of an argument.
pub fn pair(argument: &str) -> Result<(String, String), String> {
    match argument.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("`{argument}` is not NAME=VALUE")),
    }
}

/// For authors: what is broken with all there is to say of it, the rest in a line each.
fn show(report: &Report, screen: &mut Screen) -> io::Result<()> {
    let subject = &report.subject;
    let name = subject.name.as_deref().unwrap_or("A component that the host does not load");
    screen.title(name, &bytes(subject.size as u64))?;
    if let (Some(id), Some(version)) = (&subject.id, &subject.version) {
        screen.fact("Id", &format!("{id}, version {version}"))?;
    }
    screen.fact("SHA-256", &subject.sha256)?;
    screen.gap()?;
    report.judged.iter().try_for_each(|judged| tell(judged, screen))?;
    screen.gap()?;
    let counted = |verdict| report.count(verdict) as u64;
    let (kept, broken) = (counted(Verdict::Kept), counted(Verdict::Broken));
    let (not_judged, not_applicable) = (counted(Verdict::NotJudged), counted(Verdict::NotApplicable));
    let others = format!("{not_judged} not judged, {not_applicable} not applicable");
    if report.passed() {
        return screen.marked("✓", Tone::Good, &format!("All {} kept; {others}.", count(kept, "rule")));
    }
    let broken = count(broken, "rule");
    screen.marked(
        "✗",
        Tone::Bad,
        &format!("{broken} broken, {kept} kept, {others}. Mend the first one first."),
    )
}

fn tell(judged: &Judged, screen: &mut Screen) -> io::Result<()> {
    let why = judged.why.as_deref().unwrap_or_default();
    match judged.verdict {
        Verdict::Kept => screen.marked("✓", Tone::Good, judged.rule),
        Verdict::NotApplicable => {
            screen.marked("–", Tone::Faint, &format!("{}: not applicable: {why}", judged.rule))
        }
        Verdict::NotJudged => screen.marked("?", Tone::Bad, &format!("{}: not judged: {why}", judged.rule)),
        Verdict::Broken => {
            screen.marked("✗", Tone::Bad, judged.rule)?;
            screen.fact("  did", judged.did.as_deref().unwrap_or_default())?;
            screen.fact("  came", judged.came.as_deref().unwrap_or_default())?;
            screen.fact("  contract", &format!("“{}”", judged.contract))?;
            screen.fact("  read", &judged.read)
        }
    }
}
