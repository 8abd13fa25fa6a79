//! Storing what was found out, and taking it off the list, in one transaction.

use std::time::Duration;

use super::ask::Asked;
use super::job::JobId;
use super::store::Answer;
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
    let answers = current(&mut transaction, whom.integration, &asked.answers).await?;
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

    let missed: Vec<_> = asked.missed.iter().map(|candidate| candidate.staff.as_str()).collect();
    queue::by_address(&mut transaction, id, whom.job, &missed).await?;
    for wait in distinct_waits(asked) {
        let put_off = asked.put_off.iter().filter(|(_, named)| *named == wait);
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
    platform.commit(transaction, "matching.batch", news).await?;
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

/// The answers that still hold: an answer about a key that the staff member no longer has is none.
async fn current(
    connection: &mut Connection,
    integration: &Integration,
    answers: &[(Candidate, Answer)],
) -> Result<Vec<(Candidate, Answer)>, DatabaseError> {
    let mut current = Vec::with_capacity(answers.len());
    for answers in answers.chunks(database::ROWS_AT_ONCE) {
        let ids: Vec<_> = answers.iter().map(|(candidate, _)| candidate.staff.as_str()).collect();
        let keys = staff::store::keys(connection, &ids, integration.match_field).await?;
        let holds = |(candidate, _): &&(Candidate, Answer)| {
            keys.get(&candidate.staff) == Some(&candidate.comparable())
        };
        current.extend(answers.iter().filter(holds).cloned());
    }
    Ok(current)
}
