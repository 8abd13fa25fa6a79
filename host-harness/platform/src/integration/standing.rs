//! What an answer makes of an integration: a function of how it stood, what was asked and what came
//! back. The rows are changed by it alone, so that the rules stand here.
//!
//! - A throttled call, a fault or a lost connection lies over the state, and never replaces it.
//! - A dead grant stays dead until somebody signs in again or a check succeeds. A late success of another
//!   call, made with a token that was still good, does not revive it, and no misconfiguration hides it.
//! - A refusal is cleared by what was refused: that users are found does not mean that meetings are made.
//! - What is pending or disconnected is changed by signing in and disconnecting only.

use video_host::CallError;
use video_host::provider::{Error, Refusal, RefusalProblem};

use super::state::{Asked, IntegrationState, Unavailable};
use crate::word::words;

/// The time between two notes of a success when nothing else changes, in milliseconds.
const SUCCESS_NOTED_EVERY: i64 = 60_000;
/// The end of an outage is moved only if it is later by this, in milliseconds.
const UNTIL_MOVES_BY: i64 = 1_000;

/// Who organises new meetings, as the last one that was made tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrganizedBy {
    /// The connected account.
    Account,
    /// Each staff member.
    Staff,
}

words!(OrganizedBy { Account = "account", Staff = "staff" });

/// What the provider was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question<'a> {
    /// Whether the connection works.
    Check,
    /// For a batch of users.
    Users,
    /// Whether one user could be given meetings.
    OneUser,
    /// To let somebody sign in.
    SignIn,
    /// To make a meeting; with its organizer once it is made.
    NewMeeting(Option<&'a str>),
    /// To change or end a meeting of this organizer, if that is known.
    OldMeeting(Option<&'a str>),
}

impl Question<'_> {
    /// What it asks for of everybody; none if it is about one.
    fn asked(self) -> Option<Asked> {
        match self {
            Self::Check => Some(Asked::Check),
            Self::Users => Some(Asked::Users),
            Self::NewMeeting(_) | Self::OldMeeting(_) => Some(Asked::Meetings),
            Self::OneUser | Self::SignIn => None,
        }
    }
}

/// How an integration stands, as far as answers change it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    pub(super) state: IntegrationState,
    /// Since when it is in its state, in milliseconds since 1970.
    pub(super) since: i64,
    pub(super) unavailable: Option<Unavailable>,
    /// Milliseconds since 1970.
    pub(super) last_success: Option<i64>,
    /// The connected account's id.
    pub(super) account: Option<String>,
    /// None as long as no meeting was made since it was connected as it is.
    pub(super) organized_by: Option<OrganizedBy>,
}

impl Standing {
    /// How it stands after an answer.
    pub(super) fn after(&self, question: Question<'_>, answer: Result<(), &CallError>, now: i64) -> Self {
        if matches!(self.state, IntegrationState::Pending | IntegrationState::Disconnected) {
            return self.clone();
        }
        match answer {
            Ok(()) => self.succeeded(question, now),
            Err(CallError::Provider(error)) => self.failed(question, error, now),
            // The plugin or this host failed, not the provider.
            Err(CallError::Failed { .. }) => self.clone(),
        }
    }

    /// Somebody signed in, with this account.
    pub(super) fn signed_in(&self, account: &str, now: i64) -> Self {
        if self.state == IntegrationState::Disconnected {
            return self.clone();
        }
        let same = self.account.as_deref() == Some(account);
        Self {
            unavailable: None,
            last_success: Some(now),
            account: Some(account.to_owned()),
            organized_by: self.organized_by.filter(|_| same),
            ..self.moved_to(IntegrationState::Connected, now)
        }
    }

    /// Its credentials are gone.
    pub(super) fn disconnected(&self, now: i64) -> Self {
        if self.state == IntegrationState::Pending {
            return self.clone();
        }
        Self { unavailable: None, ..self.moved_to(IntegrationState::Disconnected, now) }
    }

    fn succeeded(&self, question: Question<'_>, now: i64) -> Self {
        let clears = match &self.state {
            IntegrationState::NeedsReauthorization { .. } => matches!(question, Question::Check),
            IntegrationState::Refused { asked, .. } => match question {
                Question::NewMeeting(_) | Question::OldMeeting(_) => *asked != Asked::Users,
                Question::Check => *asked == Asked::Check,
                Question::Users => *asked == Asked::Users,
                Question::OneUser | Question::SignIn => false,
            },
            _ => true,
        };
        let mut after = if clears { self.moved_to(IntegrationState::Connected, now) } else { self.clone() };
        after.unavailable = None;
        if let Question::NewMeeting(Some(organizer)) = question {
            after.organized_by =
                Some(if self.is_account(organizer) { OrganizedBy::Account } else { OrganizedBy::Staff });
        }
        let due =
            self.last_success.is_none_or(|last| now.abs_diff(last) >= SUCCESS_NOTED_EVERY.unsigned_abs());
        if due || after != *self {
            after.last_success = Some(now);
        }
        after
    }

    fn failed(&self, question: Question<'_>, error: &Error, now: i64) -> Self {
        use IntegrationState as S;
        let dead = matches!(self.state, S::NeedsReauthorization { .. });
        let became = |state| Self { unavailable: None, ..self.moved_to(state, now) };
        match error {
            Error::Throttled(after) => self.unavailable(*after, &message(error), now),
            Error::Unavailable(outage) => self.unavailable(outage.retry_after, &outage.message, now),
            Error::NeedsReauthorization(grant) => {
                became(S::NeedsReauthorization { cause: grant.problem, message: grant.message.clone() })
            }
            Error::NotConnected => self.disconnected(now),
            // It says what this host lacks, and not that the provider answered.
            Error::Misconfigured(it) if !dead => {
                self.moved_to(S::Misconfigured { cause: it.problem, message: it.message.clone() }, now)
            }
            Error::Refused(refusal) => match question.asked() {
                Some(asked) if !dead && self.concerns_all(question, refusal) => {
                    became(S::Refused { cause: refusal.problem, asked, message: refusal.message.clone() })
                }
                // It answered, so it is there.
                _ => Self { unavailable: None, ..self.clone() },
            },
            Error::Misconfigured(_)
            | Error::InvalidInput(_)
            | Error::SignInFailed(_)
            | Error::AccountMismatch(_)
            | Error::NotFound(_)
            | Error::Internal(_) => self.clone(),
        }
    }

    /// Whether a refusal concerns everybody, or the one staff member who was asked for.
    ///
    /// A check and a batch of users ask for nobody in particular. A permission is one "of what is
    /// connected" by the contract, so everybody lacks it. A licence is one "of whoever the meeting is
    /// for", and a policy may cover some and not others: they concern everybody where the connected
    /// account organises. Who organises is known from the meeting, or from the last one that was made.
    /// As long as none was made since connecting, a missing policy is taken for one that nobody has
    /// granted yet, which is what a new connection lacks; the first meeting that is made corrects it.
    fn concerns_all(&self, question: Question<'_>, refusal: &Refusal) -> bool {
        let organizer = match question {
            Question::Check | Question::Users => return true,
            // A sign-in is refused as such: what is connected is not touched by it.
            Question::OneUser | Question::SignIn => return false,
            Question::NewMeeting(organizer) | Question::OldMeeting(organizer) => organizer,
        };
        match (refusal.problem, organizer) {
            (RefusalProblem::Permission, _) => true,
            (RefusalProblem::Other, _) => false,
            (RefusalProblem::Policy | RefusalProblem::Licence, Some(organizer)) => self.is_account(organizer),
            (RefusalProblem::Policy, None) => self.organized_by != Some(OrganizedBy::Staff),
            (RefusalProblem::Licence, None) => self.organized_by == Some(OrganizedBy::Account),
        }
    }

    fn is_account(&self, organizer: &str) -> bool {
        self.account.as_deref() == Some(organizer)
    }

    /// The same state for the same reason keeps its first words and its time.
    fn moved_to(&self, state: IntegrationState, now: i64) -> Self {
        if self.state.same_as(&state) { self.clone() } else { Self { state, since: now, ..self.clone() } }
    }

    fn unavailable(&self, after: Option<u64>, message: &str, now: i64) -> Self {
        let wait = after.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
        let until = wait.map(|wait| now.saturating_add(wait));
        let unavailable = match &self.unavailable {
            None => Unavailable { since: now, until, message: message.to_owned() },
            Some(before) => {
                let known = before.until.filter(|known| *known > now);
                let until = match (known, until) {
                    (Some(known), Some(new)) if new < known.saturating_add(UNTIL_MOVES_BY) => Some(known),
                    (known, new) => new.or(known),
                };
                Unavailable { until, ..before.clone() }
            }
        };
        Self { unavailable: Some(unavailable), ..self.clone() }
    }
}

/// A throttled call has no words of its own.
fn message(error: &Error) -> String {
    CallError::Provider(error.clone()).to_string()
}
