//! Why somebody is not matched, as a sentence that tells what to mend.

use video_host::provider::{Description, MatchOutcome, User};

use super::{MatchState, store::Answer};
use crate::integration::MatchField;

/// Names of one sentence; the others are counted.
pub(super) const NAMED: usize = 5;

/// What the provider's outcome means for a staff member; none if it gave none.
pub(super) fn of_outcome(
    outcome: MatchOutcome,
    description: &Description,
    field: MatchField,
) -> Result<Answer, u64> {
    let not = |state, user, reason| Ok(Answer { state, user, reason: Some(reason) });
    let Description { name, match_key, .. } = description;
    match outcome {
        MatchOutcome::Matched(user) => {
            Ok(Answer { state: MatchState::Matched, user: Some(user), reason: None })
        }
        MatchOutcome::NotFound => not(MatchState::NotFound, None, format!("no user with this {match_key}")),
        MatchOutcome::AliasOf(user) => {
            let reason =
                format!("signs in as {}; the {} in the staff record is an alias", user.key, field.label());
            not(MatchState::Alias, Some(user), reason)
        }
        MatchOutcome::Guest(user) => {
            let reason = format!(
                "{} is a guest of the organisation; only its members can be given meetings",
                user.key
            );
            not(MatchState::Guest, Some(user), reason)
        }
        MatchOutcome::Disabled(user) => {
            let reason = format!("the account {} is disabled", user.key);
            not(MatchState::Disabled, Some(user), reason)
        }
        MatchOutcome::Unlicensed(user) => {
            let reason = format!("{} has no licence for {name} meetings", user.key);
            not(MatchState::Unlicensed, Some(user), reason)
        }
        MatchOutcome::Ambiguous(users) => {
            let users: Vec<_> = users.iter().map(title).collect();
            not(
                MatchState::Ambiguous,
                None,
                format!("several users answer to it: {}", listed(&users, users.len())),
            )
        }
        MatchOutcome::RetryLater(ms) => Err(ms),
    }
}

/// Whoever else has the key: some of them by name, and how many there are.
pub(super) fn shared(others: &[String], count: usize) -> Answer {
    let reason = Some(format!("shared with {}", listed(others, count)));
    Answer { state: MatchState::Shared, user: None, reason }
}

/// Whoever else is the same user of the provider, by another key.
pub(super) fn same_user(key: &str, others: &[String]) -> String {
    format!("{key} is also the user of {}: only one of them can be", listed(others, others.len()))
}

/// Whoever else leads to the same user, of whom only one is that user.
pub(super) fn leads_there_too(others: &[String]) -> String {
    let leads = if others.len() == 1 { "leads" } else { "lead" };
    format!("{} {leads} to the same user", listed(others, others.len()))
}

/// No key to ask for.
pub(super) fn no_key(field: MatchField) -> Answer {
    let reason = Some(format!("the staff record has no {}", field.label()));
    Answer { state: MatchState::NoKey, user: None, reason }
}

/// Nothing known before, and no answer now.
pub(super) const UNKNOWN: &str = "unknown: the provider gave no answer yet; match again later";

fn title(user: &User) -> String {
    if user.display_name.is_empty() {
        user.key.clone()
    } else {
        format!("{} ({})", user.display_name, user.key)
    }
}

fn listed(names: &[String], count: usize) -> String {
    let first = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match count.saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
