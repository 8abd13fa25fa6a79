//! Matching staff to users: few requests, and never "not found" for what was not answered.
//!
//! A look by user principal name comes first, and a second one, by mail and proxy addresses, for
//! what it did not find. Up to 300 keys take one request for the first look and, with up to 150 not
//! found, one more for the second.

mod ask;
mod keys;
mod question;
mod verdict;

use crate::bindings::log::Level;
use crate::bindings::provider::{Error, InputProblem, MatchOutcome};
use crate::connection::{self, Record};
use crate::failure;
use crate::graph::user::{BASIC, DirectoryUser, FULL, STATE};
use crate::graph::{batch, retry};
use crate::host::Host;
use ask::Reply;
use keys::Key;
use question::{CLAUSES, Question};
use verdict::Known;

/// How many keys one request takes: a batch of 20 filters of 15 values.
#[allow(clippy::cast_possible_truncation)]
pub(crate) const BEST_BATCH: u32 = (batch::MOST * CLAUSES) as u32;

/// One outcome for each key, in their order.
pub(crate) fn match_users(host: &dyn Host, keys: &[String]) -> Result<Vec<MatchOutcome>, Error> {
    if keys.len() > batch::MOST * CLAUSES {
        return Err(failure::invalid_input(
            "keys",
            InputProblem::Malformed,
            "At most 300 keys can be matched at once.",
        ));
    }
    let (keys, places) = keys::distinct(keys);
    let record = connection::require(host)?;
    let known = look(host, &record, &keys)?;
    let outcome = |place: Option<usize>| place.map_or(MatchOutcome::NotFound, |index| known[index].outcome());
    Ok(places.into_iter().map(outcome).collect())
}

/// What is known of each key after both looks.
fn look(host: &dyn Host, record: &Record, keys: &[Key]) -> Result<Vec<Known>, Error> {
    let mut known: Vec<Known> = keys.iter().map(|_| Known::Nobody).collect();
    let all: Vec<usize> = (0..keys.len()).collect();
    let select = first_look(host, record, keys, &all, &mut known)?;
    all_unknown(&known)?;

    let missed = |index: &usize| matches!(known[*index], Known::Nobody);
    let missed: Vec<usize> = all.into_iter().filter(missed).collect();
    let questions = question::by_address(keys, &missed, select);
    // What the first look found holds, whatever becomes of the second.
    let replies = ask::all(host, record, &questions).unwrap_or_else(|error| {
        let unknown = |_: &Question| Reply::Unknown(error.clone());
        questions.iter().map(unknown).collect()
    });
    let mut refused = false;
    for (question, reply) in questions.iter().zip(replies) {
        refused |= matches!(reply, Reply::Forbidden(_) | Reply::Unaskable);
        learn(&mut known, keys, question, &reply, Look::ByAddress);
    }
    if refused {
        host.log(
            Level::Info,
            "Microsoft Graph does not let the connected account look for other addresses of users",
        );
    }
    Ok(known)
}

/// Asks by user principal name. Gives back what can be selected of a user: if the account may not
/// see everything, less is asked for; what is then not known counts as in order.
fn first_look(
    host: &dyn Host,
    record: &Record,
    keys: &[Key],
    all: &[usize],
    known: &mut [Known],
) -> Result<&'static str, Error> {
    let mut select = FULL;
    loop {
        let questions = question::by_name(keys, all, select);
        let replies = ask::all(host, record, &questions)?;
        let too_large = replies.iter().any(|it| matches!(it, Reply::TooLarge(_)));
        let forbidden = replies.iter().any(|it| matches!(it, Reply::Forbidden(_)));
        if forbidden && select != BASIC {
            select = BASIC;
            continue;
        }
        if too_large && select == FULL {
            select = STATE;
            continue;
        }
        let mut unaskable: Vec<usize> = Vec::new();
        for (question, reply) in questions.iter().zip(replies) {
            match reply {
                Reply::Forbidden(error) => return Err(error),
                Reply::Unaskable if question.list => unaskable.extend(&question.keys),
                reply => learn(known, keys, question, &reply, Look::ByName),
            }
        }
        // One key that Graph cannot read spoils the filter that it stands in. Asked for alone it is
        // nobody's.
        let questions = question::one_by_one(keys, &unaskable, select);
        for (question, reply) in questions.iter().zip(ask::all(host, record, &questions)?) {
            learn(known, keys, question, &reply, Look::ByName);
        }
        return Ok(select);
    }
}

/// Which look it is.
#[derive(Clone, Copy)]
enum Look {
    ByName,
    ByAddress,
}

impl Look {
    /// Whether the key is that of the user.
    fn finds(self, user: &DirectoryUser, folded: &str) -> bool {
        match self {
            Self::ByName => user.has_upn(folded),
            Self::ByAddress => user.has_address(folded),
        }
    }
}

/// Adds a reply to what is known of the keys that it is about.
fn learn(known: &mut [Known], keys: &[Key], question: &Question, reply: &Reply, look: Look) {
    for index in &question.keys {
        match reply {
            Reply::Users(users) => {
                for user in users.iter().filter(|user| look.finds(user, &keys[*index].folded)) {
                    known[*index].add(user, matches!(look, Look::ByName));
                }
            }
            Reply::Unknown(error) | Reply::TooLarge(error) => known[*index].doubt(error),
            Reply::Unaskable | Reply::Forbidden(_) => {}
        }
    }
}

/// If nothing at all was answered, the reason is the answer.
fn all_unknown(known: &[Known]) -> Result<(), Error> {
    let mut reasons = known.iter().map(Known::reason);
    let Some(Some(first)) = reasons.next() else {
        return Ok(());
    };
    let mut longest = first;
    for reason in reasons {
        let Some(reason) = reason.filter(|reason| verdict::is_alike(first, reason)) else {
            return Ok(());
        };
        if retry::after(reason) > retry::after(longest) {
            longest = reason;
        }
    }
    Err(longest.clone())
}

#[cfg(test)]
mod tests;
