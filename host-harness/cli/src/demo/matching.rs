//! Which user of Microsoft each staff member is, and why some are none.

use std::collections::{BTreeMap, HashMap};
use std::io;

use anyhow::{Context as _, Result, ensure};
use indicatif::ProgressBar;
use serde::Serialize;
use video_platform::{MatchReport, MatchState, StaffMatch, StaffMember};

use super::connecting::Connected;
use super::promise::Kept;
use super::stage::Stage;
use super::teller::Tell;
use crate::screen::{INDENT, Screen, Tone, WIDTH, fitted, wrapped};

/// Records to read at once.
const PAGE: u32 = 500;
/// Columns of a staff member's id and name.
const ID: usize = 9;
const NAME: usize = 30;
/// Columns of the longest bar.
const BAR: usize = 50;

#[derive(Debug, Serialize)]
pub(super) struct Matched {
    total: usize,
    outcomes: BTreeMap<&'static str, usize>,
    others: Vec<NotMatched>,
    kept: Kept,
    /// Who can be booked.
    #[serde(skip)]
    bookable: Vec<StaffMember>,
}

#[derive(Debug, Serialize)]
struct NotMatched {
    staff: String,
    name: String,
    key: String,
    outcome: &'static str,
    reason: String,
}

impl Matched {
    /// A staff member who can be booked.
    pub(super) fn first(&self) -> Result<&StaffMember> {
        self.bookable.first().context("nobody on the staff list is matched, so nobody can be booked")
    }

    /// The id of a staff member whom Microsoft does not know, if there is one.
    pub(super) fn unknown(&self) -> Option<&str> {
        let not_found = word(MatchState::NotFound);
        self.others.iter().find(|other| other.outcome == not_found).map(|other| other.staff.as_str())
    }

    /// Another one, if there is another.
    pub(super) fn second(&self) -> Result<&StaffMember> {
        self.bookable.get(1).map_or_else(|| self.first(), Ok)
    }
}

/// The word for a state in the data.
pub(crate) fn word(state: MatchState) -> &'static str {
    match state {
        MatchState::Matched => "matched",
        MatchState::NotFound => "not_found",
        MatchState::Alias => "alias_of",
        MatchState::Guest => "guest",
        MatchState::Disabled => "disabled",
        MatchState::Unlicensed => "unlicensed",
        MatchState::Ambiguous => "ambiguous",
        MatchState::Shared => "shared",
        MatchState::NoKey => "no_key",
        MatchState::Unknown => "unknown",
    }
}

/// The same for people.
pub(crate) fn label(word: &str) -> String {
    match word {
        "alias_of" => "alias of another name".to_owned(),
        "shared" => "same key twice".to_owned(),
        "no_key" => "no e-mail".to_owned(),
        other => other.replace('_', " "),
    }
}

pub(super) async fn match_all(stage: &Stage, connected: &Connected, bar: &ProgressBar) -> Result<Matched> {
    let report = stage
        .platform
        .rematch(&connected.integration, |progress| {
            bar.set_message(format!("Matching: {} of {}", progress.done, progress.total));
        })
        .await?;
    let staff: HashMap<String, StaffMember> =
        everybody(stage).await?.into_iter().map(|member| (member.id.clone(), member)).collect();
    let mut matched = Vec::new();
    let mut not_matched = Vec::new();
    let mut wrong = Vec::new();
    for found in stored(stage, connected).await? {
        let member = staff.get(&found.staff).context("an outcome without a staff member")?;
        if found.state == MatchState::Matched {
            if !is_the_user(stage, member, &found) {
                wrong.push(member.label().to_owned());
            }
            matched.push(member.clone());
        } else {
            not_matched.push(NotMatched {
                staff: member.id.clone(),
                name: member.label().to_owned(),
                key: member.email.clone(),
                outcome: word(found.state),
                reason: found.reason.unwrap_or_default(),
            });
        }
    }
    let mut kept = Kept::default();
    check(&report, staff.len(), &matched, &not_matched, &wrong, &mut kept)?;
    // The most frequent problem first, and the staff in the order of their ids within each.
    let outcomes: BTreeMap<_, _> =
        report.outcomes.iter().map(|(state, number)| (word(*state), *number)).collect();
    let frequency = |one: &NotMatched| outcomes.get(one.outcome).copied().unwrap_or_default();
    not_matched.sort_by(|a, b| {
        frequency(b).cmp(&frequency(a)).then(a.outcome.cmp(b.outcome)).then(a.staff.cmp(&b.staff))
    });
    Ok(Matched { total: report.total, outcomes, others: not_matched, kept, bookable: matched })
}

fn check(
    report: &MatchReport,
    staff: usize,
    matched: &[StaffMember],
    not_matched: &[NotMatched],
    wrong: &[String],
    kept: &mut Kept,
) -> Result<()> {
    ensure!(report.unknown.is_empty(), "Microsoft gave no answer for {:?}", report.unknown);
    kept.check(
        matched.len() == report.matched() && matched.len() + not_matched.len() == staff,
        format!("Each of the {staff} staff has one outcome, and the platform stored it."),
        format_args!("{} are matched and {} are not.", matched.len(), not_matched.len()),
    )?;
    kept.check(
        wrong.is_empty(),
        format!("Each of the {} matches is the user who signs in with that e-mail.", matched.len()),
        format_args!("not so for {}.", wrong.join(", ")),
    )?;
    let silent: Vec<_> = not_matched.iter().filter(|one| one.reason.is_empty()).collect();
    kept.check(
        silent.is_empty(),
        format!("Each of the {} others is told why.", not_matched.len()),
        format_args!("{silent:?}"),
    )
}

/// Whether Microsoft's directory has, under the matched id, an enabled user who signs in with the key.
fn is_the_user(stage: &Stage, member: &StaffMember, found: &StaffMatch) -> bool {
    let user = found.user.as_ref().and_then(|user| stage.microsoft.directory().user(&user.id));
    user.is_some_and(|user| {
        user.account_enabled
            && user.user_principal_name.to_lowercase() == member.email.trim().to_lowercase()
            && found.user.as_ref().is_some_and(|found| found.id == user.id)
    })
}

async fn everybody(stage: &Stage) -> Result<Vec<StaffMember>> {
    let mut all = Vec::<StaffMember>::new();
    loop {
        let after = all.last().map(|member| member.id.clone());
        let page = stage.platform.staff(after.as_deref(), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

async fn stored(stage: &Stage, connected: &Connected) -> Result<Vec<StaffMatch>> {
    let mut all = Vec::<StaffMatch>::new();
    loop {
        let after = all.last().map(|found| found.staff.clone());
        let page = stage.platform.matches(&connected.integration, after.as_deref(), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

impl Tell for Matched {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        let mut outcomes: Vec<_> = self.outcomes.iter().collect();
        outcomes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        for (word, number) in outcomes {
            let bar = "▪".repeat((number * BAR).div_ceil(self.total.max(1)));
            let tone = if *word == "matched" { Tone::Good } else { Tone::Bad };
            let bar = screen.paint(tone, bar);
            screen.line(format!("   {}{number:>4}  {bar}", fitted(&label(word), 22)))?;
        }
        for group in self.others.chunk_by(|a, b| a.outcome == b.outcome) {
            tell_group(screen, group)?;
        }
        screen.gap()
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}

/// Staff with the same outcome. A reason that is the same for all of several is told once.
fn tell_group(screen: &mut Screen, group: &[NotMatched]) -> io::Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    let once = group.len() > 1 && group.iter().all(|one| one.reason == first.reason);
    screen.gap()?;
    let label = screen.paint(Tone::Strong, sentence_case(&label(first.outcome)));
    let reason = if once { format!(": {}", first.reason) } else { String::new() };
    screen.text(&format!("{label}{}", screen.paint(Tone::Faint, reason)))?;
    for one in group {
        let key = if one.key.is_empty() { "—" } else { &one.key };
        screen.line(format!("   {}{}{key}", fitted(&one.staff, ID), fitted(&one.name, NAME)))?;
        let reason = if once { Vec::new() } else { wrapped(&one.reason, WIDTH - INDENT - ID) };
        for line in reason {
            screen.line(format!("   {:ID$}{}", "", screen.paint(Tone::Faint, line)))?;
        }
    }
    Ok(())
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
