//! Storing what was found out, and taking it off the list, in one transaction.

use std::collections::HashSet;
use std::time::Duration;

use super::ask::Asked;
use super::job::JobId;
use super::turn::Turn;
use super::{Candidate, MatchError, MatchState, job_store, queue, store, turn};
use crate::database::{self, Connection, DatabaseError};
use crate::integration::{self, Integration, News, Question};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::staff;

/// Whether more is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied {
    /// It is stored.
    Stored,
    /// It is stored, and the job it was for has ended.
    Ended,
    /// Another process has the turn: nothing was stored.
    Overtaken,
}

/// For whom something is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct For<'a> {
    pub(super) integration: &'a Integration,
    /// The turn that has to hold; none where no list is worked off.
    pub(super) turn: Option<&'a Turn>,
    pub(super) job: Option<&'a JobId>,
    /// When a job that reads the directory began: who was wanted by themselves before that, and found, is not
    /// wanted any more.
    pub(super) reading_since: Option<i64>,
}

/// Stores what a call came to. `due` is not before when those are asked for again who were put off.
pub(super) async fn apply<V: VideoProviders>(
    platform: &Platform<V>,
    whom: For<'_>,
    asked: &Asked,
    calls: usize,
    due: impl Fn(Option<u64>) -> i64,
) -> Result<Applied, MatchError> {
    let now = platform.now();
    let id = &whom.integration.id;
    let mut transaction = database::begin(platform.pool()).await?;
    if let Some(turn) = whom.turn
        && !turn::confirm(&mut transaction, turn, now, Duration::ZERO).await?
    {
        return Ok(Applied::Overtaken);
    }
    let same = with_that_key(&mut transaction, whom.integration, asked).await?;
    let holds = |candidate: &Candidate| same.contains(candidate.staff.as_str());
    let answers: Vec<_> = asked.answers.iter().filter(|(candidate, _)| holds(candidate)).cloned().collect();
    let done: Vec<_> = answers.iter().map(|(candidate, _)| candidate.staff.as_str()).collect();
    let before = match whom.job {
        Some(job) => store::given(&mut transaction, id, job, &done).await?,
        None => (0, 0),
    };
    store::answered(&mut transaction, id, &answers, whom.job, now).await?;
    let users: Vec<_> = answers
        .iter()
        .filter(|(_, answer)| answer.state == MatchState::Matched)
        .filter_map(|(_, answer)| answer.user.as_ref().map(|user| user.id.as_str()))
        .collect();
    store::part_same_users(&mut transaction, id, &users).await?;
    queue::remove(&mut transaction, id, whom.job, &done).await?;
    let mut step = "matching.batch";
    if let Some(since) = whom.reading_since
        && !done.is_empty()
    {
        queue::remove_older(&mut transaction, id, &done, since).await?;
        step = "matching.found";
    }

    let missed = asked.missed.iter().filter(|candidate| holds(candidate));
    let missed: Vec<_> = missed.map(|candidate| candidate.staff.as_str()).collect();
    queue::by_address(&mut transaction, id, whom.job, &missed).await?;
    for wait in distinct_waits(asked) {
        let put_off = asked.put_off.iter().filter(|(candidate, named)| *named == wait && holds(candidate));
        let staff: Vec<_> = put_off.map(|(candidate, _)| candidate.staff.as_str()).collect();
        queue::put_off(&mut transaction, id, whom.job, &staff, due(wait)).await?;
    }
    let mut news = News::default();
    if calls > 0 {
        news = integration::store::note(&mut transaction, id, Question::Users, asked.heard(), now).await?;
    }
    let goes_on = match whom.job {
        Some(job) => {
            // Asked again: of those who turned out to be the same user none is matched.
            let after = store::given(&mut transaction, id, job, &done).await?;
            let (done, matched) = (signed(after.0) - signed(before.0), signed(after.1) - signed(before.1));
            job_store::advance(&mut transaction, job, done, matched, signed(calls)).await?
        }
        None => true,
    };
    platform.commit(transaction, step, news).await?;
    Ok(if goes_on { Applied::Stored } else { Applied::Ended })
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn distinct_waits(asked: &Asked) -> Vec<Option<u64>> {
    let mut waits: Vec<_> = asked.put_off.iter().map(|(_, wait)| *wait).collect();
    waits.sort_unstable();
    waits.dedup();
    waits
}

/// Those who still have the key that they were asked for by. An answer about another one is none, and who is
/// wanted by a new key is neither put off nor looked for by address for the old one's sake.
async fn with_that_key<'a>(
    connection: &mut Connection,
    integration: &Integration,
    asked: &'a Asked,
) -> Result<HashSet<&'a str>, DatabaseError> {
    let answered = asked.answers.iter().map(|(candidate, _)| candidate);
    let put_off = asked.put_off.iter().map(|(candidate, _)| candidate);
    let candidates: Vec<&'a Candidate> = answered.chain(&asked.missed).chain(put_off).collect();
    let mut same = HashSet::with_capacity(candidates.len());
    for candidates in candidates.chunks(database::ROWS_AT_ONCE) {
        let ids: Vec<_> = candidates.iter().map(|candidate| candidate.staff.as_str()).collect();
        let keys = staff::store::keys(connection, &ids, integration.match_field).await?;
        for candidate in candidates {
            if keys.get(&candidate.staff) == Some(&candidate.comparable()) {
                same.insert(candidate.staff.as_str());
            }
        }
    }
    Ok(same)
}
