//! What is done for each rule.

mod connecting;
mod directory;
mod ending;
mod inputs;
mod joining;
mod meetings;
mod outages;

use std::fmt::{Debug, Display};

use video_host::CallError;
use video_host::provider::Error;

use crate::bench::{Bench, came};
use crate::rule::Rule;

/// Why a rule is not kept.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It is broken.
    Broken { did: String, came: String },
    /// It cannot apply.
    NotApplicable(String),
    /// What it takes for granted does not work.
    NotJudged(String),
}

pub(crate) type Outcome = Result<(), Stop>;

impl Stop {
    pub(crate) fn broken(did: impl Into<String>, came: impl Into<String>) -> Self {
        Self::Broken { did: did.into(), came: came.into() }
    }

    /// The suite's own trouble.
    pub(crate) fn suite(error: impl Display) -> Self {
        Self::NotJudged(format!("the suite had trouble of its own: {error}"))
    }
}

/// Broken unless it holds.
fn holds(holds: bool, did: impl Into<String>, came: impl Into<String>) -> Outcome {
    if holds { Ok(()) } else { Err(Stop::broken(did, came)) }
}

/// The value of a call that has to succeed.
fn succeeded<T: Debug>(ended: Result<T, CallError>, did: &str) -> Result<T, Stop> {
    match ended {
        Ok(value) => Ok(value),
        ended => Err(Stop::broken(did, came(&ended))),
    }
}

/// Broken unless the call ended with an error that fits.
fn refused<T: Debug>(ended: &Result<T, CallError>, fits: impl FnOnce(&Error) -> bool, did: &str) -> Outcome {
    let right = matches!(ended, Err(CallError::Provider(error)) if fits(error));
    holds(right, did, came(ended))
}

pub(crate) async fn judge(rule: Rule, bench: &Bench<'_>) -> Outcome {
    match rule {
        // It was loaded, or there would be no bench.
        Rule::LoadsAndDescribesItself => Ok(()),
        Rule::DescribesItselfAlwaysTheSame => connecting::describes_the_same(bench).await,
        Rule::SaysThatItIsNotConnected => connecting::not_connected(bench).await,
        Rule::ChecksTheSetup => connecting::setup(bench).await,
        Rule::Connects => connecting::connects(bench).await,
        Rule::BeginningLeavesTheConnection => connecting::beginning(bench).await,
        Rule::RefusesACallbackThatNobodyBegan => connecting::nobody_began(bench).await,
        Rule::RefusesACallbackWithoutAnAnswer => connecting::without_an_answer(bench).await,
        Rule::ADeclinedSignInConnectsNothing => connecting::declined(bench).await,
        Rule::LinksAreHttps => meetings::links(bench).await,
        Rule::GivesWhatWasAskedFor => meetings::as_asked(bench).await,
        Rule::CreatingTwiceIsOneMeeting => meetings::twice(bench).await,
        Rule::CreatingAfterARestartIsOneMeeting => meetings::after_a_restart(bench).await,
        Rule::CreatingAtOnceIsOneMeeting => meetings::at_once(bench).await,
        Rule::AppointmentsHaveTheirOwnMeetings => meetings::their_own(bench).await,
        Rule::MovingKeepsTheLink => meetings::moving(bench).await,
        Rule::MovingWhatIsGoneIsNotFound => meetings::moving_what_is_gone(bench).await,
        Rule::CancellingWhatIsGoneSucceeds => meetings::cancelling_what_is_gone(bench).await,
        Rule::LooksUpHowItIs => meetings::looks_up(bench).await,
        Rule::LookingUpChangesNothing => meetings::only_reads(bench).await,
        Rule::MatchesEachKeyInOrder => inputs::matching(bench).await,
        Rule::AnswersAFullBatch => inputs::full_batch(bench).await,
        Rule::ListsEveryUser => directory::lists(bench).await,
        Rule::TellsHowManyUsersThereAre => directory::counts(bench).await,
        Rule::GivesALinkForJoining => joining::links(bench).await,
        Rule::HasTheHostSign => joining::signs(bench).await,
        Rule::ParticipantsHaveTheirOwnLinks => joining::their_own(bench).await,
        Rule::ATokenLeadsWhereItMay => joining::leads(bench).await,
        Rule::ATokenIsStoredNowhere => joining::stored(bench).await,
        Rule::RefusesMalformedInput => inputs::malformed(bench).await,
        Rule::TakesWhatIsAllowed => inputs::allowed(bench).await,
        Rule::SaysThatNothingHappened => outages::unreachable(bench).await,
        Rule::SaysThatItMayHaveHappened => outages::may_have_happened(bench).await,
        Rule::ALostAnswerMakesNoSecondMeeting => outages::lost_answer(bench).await,
        Rule::SaysHowLongToWait => outages::throttled(bench).await,
        Rule::AFaultSaysNothingOfTheGrant => outages::down(bench).await,
        Rule::SaysThatTheGrantIsDead => outages::dead_grant(bench).await,
        Rule::ReauthorizingKeepsAccountAndLinks => ending::reauthorizing(bench).await,
        Rule::RefusesAnotherAccount => ending::another_account(bench).await,
        Rule::DisconnectsTwice => ending::twice(bench).await,
        Rule::DisconnectingLeavesNothingBehind => ending::nothing_behind(bench).await,
        Rule::DisconnectsWithADeadGrant => ending::dead_grant(bench).await,
        Rule::IntegrationsShareNothing => ending::share_nothing(bench).await,
    }
}
