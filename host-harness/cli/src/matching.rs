//! `match`: a staff file in, an outcome for each row out.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use serde::Serialize;
use video_platform::{IntegrationId, MatchPlan, MatchState, Platform, Progress, Way};

use crate::arguments::MatchOptions;
use crate::demo::{Sample, outcome_label, outcome_word};
use crate::screen::{Screen, Tone, fitted, took};

/// Records to read at once.
const PAGE: u32 = 1_000;
/// Rows that are named on the screen; the others are counted.
const NAMED: usize = 20;

/// One row of the result.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    email: String,
    outcome: &'static str,
    user_id: String,
    user: String,
    reason: String,
    same_user: String,
}

/// Matches the staff of a file, or tells what that would cost.
pub(crate) async fn run(options: &MatchOptions, screen: &mut Screen) -> Result<()> {
    if let Some(output) = &options.output {
        ensure!(
            format(output).is_some(),
            "{} is neither .csv nor .json; name the result so",
            output.display()
        );
    }
    let sample = Sample::open(options.staff.clone(), options.manifest.clone()).await?;
    let ended = with(&sample, options, screen).await;
    sample.close().await;
    ended
}

async fn with(sample: &Sample, options: &MatchOptions, screen: &mut Screen) -> Result<()> {
    screen.title("Match the staff", &options.staff.display().to_string())?;
    for row in sample.rejected.iter().take(NAMED) {
        screen.marked("✗", Tone::Bad, row)?;
    }
    if sample.rejected.len() > NAMED {
        screen.text(&format!("and {} more rows that were left out", sample.rejected.len() - NAMED))?;
    }
    let platform = sample.platform();
    let plan = platform.plan_rematch(sample.integration()).await?;
    tell_plan(screen, &plan)?;
    if options.plan {
        return Ok(());
    }
    let bar = ProgressBar::new(plan.staff);
    let style = ProgressStyle::with_template("   {bar:40} {pos} of {len}  {msg}")?;
    bar.set_style(style);
    let (before, begun) = (sample.calls(), std::time::Instant::now());
    platform.start_rematch_by(sample.integration(), plan.way).await?;
    let report = platform.rematch(sample.integration(), |progress| show(&bar, &progress)).await;
    bar.finish_and_clear();
    let report = report?;
    let took_all = begun.elapsed();

    let rows = rows(platform, sample.integration()).await?;
    let mut outcomes = BTreeMap::<_, usize>::new();
    for row in &rows {
        *outcomes.entry(row.outcome).or_default() += 1;
    }
    let mut outcomes: Vec<_> = outcomes.into_iter().collect();
    outcomes.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    screen.gap()?;
    for (word, number) in outcomes {
        let tone = if word == outcome_word(MatchState::Matched) { Tone::Good } else { Tone::Bad };
        let number = screen.paint(tone, format!("{:>9}", count(number as u64)));
        screen.line(format!("{number}  {}", outcome_label(word)))?;
    }
    screen.gap()?;
    screen
        .fact("Calls", &format!("{} to Microsoft, in {}", count(sample.calls() - before), took(took_all)))?;
    if !report.unknown.is_empty() {
        let unknown = count(report.unknown.len() as u64);
        screen
            .fact("No answer", &format!("for {unknown}; they stay what they were, match them again later"))?;
    }
    match &options.output {
        Some(output) => {
            write(&rows, output)?;
            screen.fact("Written", &output.display().to_string())?;
        }
        None => tell_rows(screen, &rows)?,
    }
    Ok(())
}

fn tell_plan(screen: &mut Screen, plan: &MatchPlan) -> Result<()> {
    let staff = count(plan.staff);
    let keys = format!("asking for keys takes {}", calls(plan.by_keys));
    let plan = match (plan.way, plan.by_directory, plan.users) {
        (Way::Directory, Some(pages), Some(users)) => {
            format!("read the directory of {} users in {}; {keys}", count(users), calls(pages))
        }
        (Way::Keys, Some(pages), Some(users)) => {
            format!("{keys}; reading the directory of {} users would take {}", count(users), calls(pages))
        }
        _ => keys,
    };
    screen.fact("Plan", &format!("{staff} staff: {plan}, and one more for each 150 who are missed"))?;
    Ok(())
}

fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

fn calls(number: u64) -> String {
    if number == 1 { "1 call".to_owned() } else { format!("{} calls", count(number)) }
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.total as u64);
    bar.set_position(progress.done as u64);
    let left = progress.left.filter(|left| *left >= Duration::from_secs(1));
    bar.set_message(match (progress.waiting, left) {
        (Some(wait), _) => format!("Microsoft asks to wait for {}", HumanDuration(wait)),
        (None, Some(left)) => format!("{} calls, {} left", progress.calls, HumanDuration(left)),
        (None, None) => format!("{} calls", progress.calls),
    });
}

/// A row for each staff member, in the order of their ids.
async fn rows(platform: &Platform, integration: &IntegrationId) -> Result<Vec<Row>> {
    let mut rows = Vec::<Row>::new();
    loop {
        let after = rows.last().map(|row| row.id.clone());
        let staff = platform.staff(after.as_deref(), PAGE).await?;
        let found = platform.matches(integration, after.as_deref(), PAGE).await?;
        let mut found: HashMap<_, _> = found.into_iter().map(|one| (one.staff.clone(), one)).collect();
        if staff.is_empty() {
            return Ok(rows);
        }
        for member in staff {
            let one = found.remove(&member.id);
            let user = one.as_ref().and_then(|one| one.user.clone());
            rows.push(Row {
                outcome: outcome_word(one.as_ref().map_or(MatchState::Unknown, |one| one.state)),
                reason: one.as_ref().and_then(|one| one.reason.clone()).unwrap_or_default(),
                same_user: one.and_then(|one| one.same_user).unwrap_or_default(),
                user_id: user.as_ref().map(|user| user.id.clone()).unwrap_or_default(),
                user: user.map(|user| user.key).unwrap_or_default(),
                id: member.id,
                name: member.name,
                email: member.email,
            });
        }
    }
}

fn tell_rows(screen: &mut Screen, rows: &[Row]) -> Result<()> {
    let others: Vec<_> = rows.iter().filter(|row| row.outcome != outcome_word(MatchState::Matched)).collect();
    screen.gap()?;
    for row in others.iter().take(NAMED) {
        let id = screen.paint(Tone::Strong, fitted(&row.id, 10));
        screen.text(&format!("{id}{}", row.reason))?;
    }
    if others.len() > NAMED {
        let more = others.len() - NAMED;
        screen.text(&format!("and {} more; --output FILE.csv has a row for each", count(more as u64)))?;
    }
    Ok(())
}

fn format(output: &Path) -> Option<&'static str> {
    let extension = output.extension()?.to_str()?.to_ascii_lowercase();
    ["csv", "json"].into_iter().find(|known| *known == extension)
}

fn write(rows: &[Row], output: &Path) -> Result<()> {
    let cannot = || format!("cannot write {}", output.display());
    let file = File::create(output).with_context(cannot)?;
    if format(output) == Some("json") {
        serde_json::to_writer_pretty(std::io::BufWriter::new(file), rows).with_context(cannot)?;
        return Ok(());
    }
    let mut writer = csv::Writer::from_writer(file);
    for row in rows {
        writer.serialize(row).with_context(cannot)?;
    }
    writer.flush().with_context(cannot)
}
