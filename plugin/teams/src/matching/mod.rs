//! Matching staff to users: few requests, and never "not found" for what was not answered.
//!
//! A look by user principal name comes first, and a second one, by mail and proxy addresses, for
//! what it did not find. Up to 300 keys take one request for the first look and, with up to 150 not
//! found, one more for the second. The two can be asked for apart, so that the misses of many first
//! looks share a second one.

mod ask;
mod keys;
mod question;
mod verdict;

use crate::bindings::log::Level;
use crate::bindings::provider::{Error, InputProblem, Look, MatchOutcome};
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
pub(crate) fn match_users(host: &dyn Host, keys: &[String], look: Look) -> Result<Vec<MatchOutcome>, Error> {
    if keys.len() > batch::MOST * CLAUSES {
        return Err(failure::invalid_input(
            "keys",
            InputProblem::Malformed,
            "At most 300 keys can be matched at once.",
        ));
    }
    let (keys, places) = keys::distinct(keys);
    let record = connection::require(host)?;
    let known = looked(host, &record, &keys, look)?;
    let outcome = |place: Option<usize>| place.map_or(MatchOutcome::NotFound, |index| known[index].outcome());
    Ok(places.into_iter().map(outcome).collect())
}

/// What is known of each key after the looks that are asked for.
fn looked(host: &dyn Host, record: &Record, keys: &[Key], look: Look) -> Result<Vec<Known>, Error> {
    let mut known: Vec<Known> = keys.iter().map(|_| Known::Nobody).collect();
    let all: Vec<usize> = (0..keys.len()).collect();
    if look == Look::Addresses {
        // A licence is no matter for who is found so: the record has to be mended first.
        second_look(host, record, keys, &all, &mut known, STATE)?;
        all_unknown(&known)?;
        return Ok(known);
    }
    let select = first_look(host, record, keys, &all, &mut known)?;
    all_unknown(&known)?;
    if look == Look::Everywhere {
        let missed = |index: &usize| matches!(known[*index], Known::Nobody);
        let missed: Vec<usize> = all.into_iter().filter(missed).collect();
        // What the first look found holds, whatever becomes of the second.
        if let Err(error) = second_look(host, record, keys, &missed, &mut known, select) {
            for index in &missed {
                known[*index].doubt(&error);
            }
        }
    }
    Ok(known)
}

/// Asks by mail and proxy addresses.
fn second_look(
    host: &dyn Host,
    record: &Record,
    keys: &[Key],
    asked: &[usize],
    known: &mut [Known],
    mut select: &'static str,
) -> Result<(), Error> {
    let (questions, replies) = loop {
        let questions = question::by_address(keys, asked, select);
        let replies = ask::all(host, record, &questions)?;
        let forbidden = replies.iter().any(|it| matches!(it, Reply::Forbidden(_)));
        if !(forbidden && select == STATE) {
            break (questions, replies);
        }
        select = BASIC;
    };
    let mut refused = false;
    for (question, reply) in questions.iter().zip(replies) {
        refused |= matches!(reply, Reply::Forbidden(_) | Reply::Unaskable);
        learn(known, keys, question, &reply, By::Address);
    }
    if refused {
        host.log(
            Level::Info,
            "Microsoft Graph does not let the connected account look for other addresses of users",
        );
    }
    Ok(())
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
                reply => learn(known, keys, question, &reply, By::Name),
            }
        }
        // One key that Graph cannot read spoils the filter that it stands in. Asked for alone it is
        // nobody's.
        let questions = question::one_by_one(keys, &unaskable, select);
        for (question, reply) in questions.iter().zip(ask::all(host, record, &questions)?) {
            learn(known, keys, question, &reply, By::Name);
        }
        return Ok(select);
    }
}

/// What a question goes by.
#[derive(Clone, Copy)]
enum By {
    Name,
    Address,
}

impl By {
    /// Whether the key is that of the user.
    fn finds(self, user: &DirectoryUser, folded: &str) -> bool {
        match self {
            Self::Name => user.has_upn(folded),
            Self::Address => user.has_address(folded),
        }
    }
}

/// Adds a reply to what is known of the keys that it is about.
fn learn(known: &mut [Known], keys: &[Key], question: &Question, reply: &Reply, by: By) {
    for index in &question.keys {
        match reply {
            Reply::Users(users) => {
                for user in users.iter().filter(|user| by.finds(user, &keys[*index].folded)) {
                    // Graph may find by an address whom it did not find by name: by a name that it cannot
                    // read in a path, or a moment after a change. An alias of itself would be no help.
                    let by_name = matches!(by, By::Name) || user.has_upn(&keys[*index].folded);
                    known[*index].add(user, by_name);
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
