//! Comparing a platform's appointments with the meetings that its providers have.

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use video_platform::{
    Difference, Discrepancy, Mending, ReconcileMode, ReconcileOptions, Reconciliation, Skipped,
};

use crate::arguments::ReconcileArguments;
use crate::configured;
use crate::demo::times::Slot;
use crate::screen::{Screen, Tone, count};

/// What the exit code is if something differs at the end, or could not be compared.
const DIFFERS: u8 = 2;

/// Compares, tells, and gives the exit code.
pub async fn run(arguments: &ReconcileArguments, screen: &mut Screen) -> Result<ExitCode> {
    let platform = configured::open(&arguments.platform).await?;
    let mode = if arguments.mend {
        ReconcileMode::Mend { recreate: arguments.recreate }
    } else {
        ReconcileMode::DryRun
    };
    let options =
        ReconcileOptions { integration: arguments.integration.clone(), mode, since: arguments.since };
    let bar = crate::screen::spinner("Comparing");
    let found = platform
        .reconcile(&options, |progress| {
            bar.set_message(match progress.waiting {
                Some(wait) => {
                    format!("Microsoft wants to be left alone for {} s …", wait.as_secs_f64().ceil())
                }
                None => format!("{} compared …", count(progress.compared as u64, "appointment")),
            });
        })
        .await;
    bar.finish_and_clear();
    let report = Report::of(mode, &found?)?;
    if arguments.json {
        screen.json(&report)?;
    } else {
        report.show(screen)?;
    }
    Ok(if report.agrees() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) })
}

/// A time as an argument: with an offset, or a day, which begins at midnight UTC.
pub fn time(text: &str) -> Result<i64, String> {
    let instant = text.parse::<Timestamp>().or_else(|_| {
        text.parse::<Date>().and_then(|day| day.to_zoned(TimeZone::UTC)).map(|start| start.timestamp())
    });
    instant
        .map(Timestamp::as_millisecond)
        .map_err(|_| "this is no time, such as 2027-01-31 or 2027-01-31T09:00:00Z".to_owned())
}

/// What a reconciliation came to, for people and for programs.
#[derive(Debug, Serialize)]
struct Report {
    /// Whether nothing was to be changed.
    dry_run: bool,
    /// Appointments that were compared.
    compared: usize,
    /// Those of which nothing is said because somebody changed them meanwhile.
    changed_meanwhile: usize,
    differences: Vec<Line>,
    not_compared: Vec<NotCompared>,
}

#[derive(Debug, Serialize)]
struct Line {
    appointment: String,
    integration: String,
    staff: String,
    /// From when to when.
    when: Slot,
    what: &'static str,
    /// The same, as a sentence.
    sentence: String,
    outcome: &'static str,
    /// The same, as a sentence; empty if there is nothing to say.
    remark: String,
    /// The link that the appointment has now, if it is another one than before.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_link: Option<String>,
}

#[derive(Debug, Serialize)]
struct NotCompared {
    integration: String,
    name: String,
    reason: String,
}

/// The kinds of differences, in the order in which they are counted for people.
const KINDS: [&str; 8] =
    ["missing", "moved", "alive", "unlinked", "unconfirmed", "stray", "other-link", "unknown"];

impl Report {
    fn of(mode: ReconcileMode, found: &Reconciliation) -> Result<Self> {
        let not_compared = |skipped: &Skipped| NotCompared {
            integration: skipped.integration.to_string(),
            name: skipped.name.clone(),
            reason: skipped.reason.clone(),
        };
        Ok(Self {
            dry_run: mode == ReconcileMode::DryRun,
            compared: found.compared,
            changed_meanwhile: found.changed_meanwhile,
            differences: found.differences.iter().map(Line::of).collect::<Result<_>>()?,
            not_compared: found.skipped.iter().map(not_compared).collect(),
        })
    }

    fn agrees(&self) -> bool {
        self.not_compared.is_empty() && self.differences.iter().all(Line::is_mended)
    }

    fn show(&self, screen: &mut Screen) -> io::Result<()> {
        let remark = if self.dry_run { "dry run: nothing was changed" } else { "" };
        screen.title("Appointments and their meetings", remark)?;
        screen.fact("Compared", &count(self.compared as u64, "appointment"))?;
        if self.changed_meanwhile > 0 {
            screen.fact(
                "Changed",
                &format!("{} while being compared; nothing is said of them", self.changed_meanwhile),
            )?;
        }
        screen.fact("Differ", &self.counted())?;
        if !self.dry_run {
            let mended = self.differences.iter().filter(|line| line.is_mended()).count();
            screen.fact("Mended", &format!("{mended} of {}", self.differences.len()))?;
        }
        for skipped in &self.not_compared {
            screen.fact(
                "Not compared",
                &format!("{} ({}): {}", skipped.name, skipped.integration, skipped.reason),
            )?;
        }
        if !self.differences.is_empty() {
            screen.gap()?;
        }
        for line in &self.differences {
            let (mark, tone) = if line.is_mended() { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
            let when = line.when.text().unwrap_or_default();
            let told =
                format!("{} ({}, {when}) {} {}", line.appointment, line.staff, line.sentence, line.remark);
            screen.marked(mark, tone, told.trim_end())?;
        }
        screen.gap()?;
        match self.advice() {
            Some(advice) => screen.text(&advice),
            None if self.agrees() => screen.marked("✓", Tone::Good, "Both sides agree."),
            None => screen.marked(
                "✗",
                Tone::Bad,
                "Not everything agrees. Run it again when the reasons above are gone.",
            ),
        }
    }

    /// How many there are of each kind.
    fn counted(&self) -> String {
        let of = |kind: &str| self.differences.iter().filter(|line| line.what == kind).count();
        let kinds: Vec<_> =
            KINDS.iter().map(|kind| (of(kind), kind)).filter(|(number, _)| *number > 0).collect();
        let kinds: Vec<_> = kinds.iter().map(|(number, kind)| format!("{number} {kind}")).collect();
        match self.differences.len() {
            0 => "none".to_owned(),
            all => format!("{all}: {}", kinds.join(", ")),
        }
    }

    /// What to do about what a dry run found.
    fn advice(&self) -> Option<String> {
        let has = |kinds: &[&str]| self.differences.iter().any(|line| kinds.contains(&line.what));
        let mut advice = String::new();
        if self.dry_run && has(&["moved", "alive", "unlinked", "unconfirmed", "stray"]) {
            advice.push_str("--mend mends what can be mended without changing a link. ");
        }
        let left = |line: &Line| line.what == "missing" && !line.is_mended();
        if self.differences.iter().any(left) {
            advice.push_str("--mend --recreate has missing meetings made again, for appointments that are not over: their links change.");
        }
        (!advice.is_empty()).then(|| advice.trim_end().to_owned())
    }
}

impl Line {
    fn of(difference: &Difference) -> Result<Self> {
        let Difference { appointment, what, mending } = difference;
        let (what, sentence) = told(what)?;
        let (outcome, remark, new_link) = match mending {
            Mending::Reported => ("reported", String::new(), None),
            Mending::Mended => ("mended", "Mended.".to_owned(), None),
            Mending::Recreated { link } => {
                ("recreated", "Another was made, with another link.".to_owned(), Some(link.clone()))
            }
            Mending::Failed { reason } => ("failed", format!("Not mended: {reason}"), None),
        };
        Ok(Self {
            appointment: appointment.id.clone(),
            integration: appointment.integration.as_ref().map(ToString::to_string).unwrap_or_default(),
            staff: appointment.staff.clone(),
            when: Slot { start: appointment.start, end: appointment.end },
            what,
            sentence,
            outcome,
            remark,
            new_link,
        })
    }

    fn is_mended(&self) -> bool {
        matches!(self.outcome, "mended" | "recreated")
    }
}

/// The kind of a difference, and what is said of the appointment.
fn told(what: &Discrepancy) -> Result<(&'static str, String)> {
    Ok(match what {
        Discrepancy::Missing => ("missing", "is booked here, and its meeting is gone there.".to_owned()),
        Discrepancy::Moved { start, end } => {
            let there = Slot { start: *start, end: *end }.text()?;
            ("moved", format!("is {there} there. What is here holds."))
        }
        Discrepancy::Alive => ("alive", "is cancelled here, and its meeting is alive there.".to_owned()),
        Discrepancy::Unlinked => ("unlinked", "is wanted here, and has no link yet.".to_owned()),
        Discrepancy::Unconfirmed => {
            ("unconfirmed", "was changed here, which was never confirmed there.".to_owned())
        }
        Discrepancy::Stray => ("stray", "has a former meeting that is still to be ended there.".to_owned()),
        Discrepancy::OtherLink { .. } => {
            ("other-link", "has another link there. The one that people have is kept.".to_owned())
        }
        Discrepancy::Unknown { reason } => ("unknown", format!("cannot be compared: {reason}")),
    })
}
