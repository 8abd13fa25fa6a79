//! The rows of matches.

use std::collections::{BTreeMap, HashMap};

use sqlx::{FromRow, QueryBuilder, Row as _};
use video_host::provider::User;

use super::job::JobId;
use super::{Candidate, MatchState, StaffMatch, reason, settle};
use crate::IntegrationId;
use crate::dashboard::tally::{self, Touched};
use crate::database::{BuildFor as _, Connection, DatabaseError, Kind, Row};
use crate::staff::store::one_of;
use crate::word::{self, Word as _};

/// An outcome before it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) state: MatchState,
    pub(super) user: Option<User>,
    pub(super) reason: Option<String>,
}

impl FromRow<'_, Row> for StaffMatch {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let user: Option<String> = row.try_get("user_id")?;
        Ok(Self {
            staff: row.try_get("staff")?,
            state: word::read(row, "outcome")?,
            user: match user {
                Some(id) => {
                    Some(User { id, key: row.try_get("user_key")?, display_name: row.try_get("user_name")? })
                }
                None => None,
            },
            reason: row.try_get("reason")?,
            same_user: None,
            at: row.try_get("matched_at")?,
            unanswered_at: row.try_get("unanswered_at")?,
        })
    }
}

/// Stores outcomes in place of those before, with one statement. At most
/// [`ROWS_AT_ONCE`](crate::database::ROWS_AT_ONCE).
pub(super) async fn answered(
    connection: &mut Connection,
    integration: &IntegrationId,
    answers: &[(Candidate, Answer)],
    job: Option<&JobId>,
    now: i64,
) -> Result<(), DatabaseError> {
    if answers.is_empty() {
        return Ok(());
    }
    let staff: Vec<_> = answers.iter().map(|(candidate, _)| candidate.staff.as_str()).collect();
    let before = tally::of(connection, Touched::Staff(&staff)).await?;
    let mut query = QueryBuilder::<Kind>::new(
        "INSERT INTO staff_match (integration, staff, match_key, outcome, user_id, user_key, user_name, \
         reason, matched_at, job) ",
    );
    query.push_values(answers, |mut values, (candidate, answer)| {
        let user = answer.user.as_ref();
        values
            .push_bind(integration.as_str())
            .push_bind(&candidate.staff)
            .push_bind(candidate.comparable())
            .push_bind(answer.state.word())
            .push_bind(user.map(|user| &user.id))
            .push_bind(user.map(|user| &user.key))
            .push_bind(user.map(|user| &user.display_name))
            .push_bind(&answer.reason)
            .push_bind(now)
            .push_bind(job.map(JobId::as_str));
    });
    query.push(
        " ON CONFLICT (integration, staff) DO UPDATE SET match_key = excluded.match_key, \
         outcome = excluded.outcome, user_id = excluded.user_id, user_key = excluded.user_key, \
         user_name = excluded.user_name, reason = excluded.reason, matched_at = excluded.matched_at, \
         unanswered_at = NULL, job = COALESCE(excluded.job, staff_match.job)",
    );
    query.build_for(connection).persistent(false).execute(&mut *connection).await?;
    tally::settle(connection, Touched::Staff(&staff), before).await
}

/// To how many of these staff a job has given an outcome, and how many of them are matched. At most
/// [`ROWS_AT_ONCE`](crate::database::ROWS_AT_ONCE).
pub(super) async fn given(
    connection: &mut Connection,
    integration: &IntegrationId,
    job: &JobId,
    staff: &[&str],
) -> Result<(usize, usize), DatabaseError> {
    if staff.is_empty() {
        return Ok((0, 0));
    }
    let mut query = QueryBuilder::<Kind>::new("SELECT outcome FROM staff_match WHERE integration = ");
    query.push_bind(integration.as_str()).push(" AND job = ");
    query.push_bind(job.as_str()).push(" AND staff IN ");
    one_of(&mut query, staff);
    let outcomes: Vec<String> =
        query.build_scalar_for(connection).persistent(false).fetch_all(connection).await?;
    let matched = outcomes.iter().filter(|outcome| **outcome == MatchState::Matched.word()).count();
    Ok((outcomes.len(), matched))
}

/// Notes that these were asked for in vain. The outcome that each had stays.
pub(super) async fn unanswered(
    connection: &mut Connection,
    integration: &IntegrationId,
    candidates: &[Candidate],
    now: i64,
) -> Result<(), DatabaseError> {
    if candidates.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Kind>::new(
        "INSERT INTO staff_match (integration, staff, match_key, outcome, reason, matched_at, \
         unanswered_at) ",
    );
    query.push_values(candidates, |mut values, candidate| {
        values
            .push_bind(integration.as_str())
            .push_bind(&candidate.staff)
            .push_bind(candidate.comparable())
            .push_bind(MatchState::Unknown.word())
            .push_bind(reason::UNKNOWN)
            .push_bind(now)
            .push_bind(now);
    });
    query.push(" ON CONFLICT (integration, staff) DO UPDATE SET unanswered_at = excluded.unanswered_at");
    query.build_for(connection).persistent(false).execute(connection).await?;
    Ok(())
}

pub(crate) async fn load(
    connection: &mut Connection,
    integration: &IntegrationId,
    staff: &str,
) -> Result<Option<StaffMatch>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM staff_match WHERE integration = $1 AND staff = $2");
    let found = query.bind(integration.as_str()).bind(staff).fetch_optional(&mut *connection).await?;
    let mut found = Vec::from_iter(found);
    tell_of_each_other(connection, integration, &mut found).await?;
    Ok(found.pop())
}

pub(super) async fn page(
    connection: &mut Connection,
    integration: &IntegrationId,
    after: &str,
    limit: u32,
) -> Result<Vec<StaffMatch>, DatabaseError> {
    let query = sqlx::query_as(
        "SELECT * FROM staff_match WHERE integration = $1 AND staff > $2 ORDER BY staff LIMIT $3",
    );
    let query = query.bind(integration.as_str()).bind(after).bind(i64::from(limit));
    let mut found = query.fetch_all(&mut *connection).await?;
    tell_of_each_other(connection, integration, &mut found).await?;
    Ok(found)
}

/// Who leads to which of these users: staff by the user's id, as people call them.
async fn by_user(
    connection: &mut Connection,
    integration: &IntegrationId,
    users: &[&str],
) -> Result<HashMap<String, Vec<(String, String, MatchState)>>, DatabaseError> {
    let mut by_user = HashMap::<_, Vec<_>>::new();
    for users in users.chunks(crate::database::ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Kind>::new(
            "SELECT m.user_id, m.staff, s.name, m.outcome FROM staff_match AS m \
             JOIN staff AS s ON s.id = m.staff WHERE m.integration = ",
        );
        query.push_bind(integration.as_str()).push(" AND m.user_id IN ");
        one_of(&mut query, users);
        // Not sorted by the database: SQLite would go through all matches in that order to save itself sorting.
        for row in query.build_for(connection).persistent(false).fetch_all(&mut *connection).await? {
            let (user, staff, name): (String, String, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let title = settle::title(&staff, &name);
            by_user.entry(user).or_default().push((staff, title, word::read(&row, "outcome")?));
        }
    }
    by_user.retain(|_, staff| staff.len() > 1);
    for staff in by_user.values_mut() {
        staff.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
    }
    Ok(by_user)
}

/// Two staff on one user are both told of it, whatever their keys are and whatever the outcome is.
pub(crate) async fn tell_of_each_other(
    connection: &mut Connection,
    integration: &IntegrationId,
    found: &mut [StaffMatch],
) -> Result<(), DatabaseError> {
    let users: Vec<String> =
        found.iter().filter_map(|one| one.user.as_ref()).map(|it| it.id.clone()).collect();
    if users.is_empty() {
        return Ok(());
    }
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    let by_user = by_user(connection, integration, &users).await?;
    for one in found {
        let staff = one.user.as_ref().and_then(|user| by_user.get(&user.id));
        let others = staff.into_iter().flatten().filter(|(staff, ..)| *staff != one.staff);
        let others: Vec<_> = others.map(|(_, title, _)| title.clone()).collect();
        one.same_user = (!others.is_empty()).then(|| reason::leads_there_too(&others));
    }
    Ok(())
}

/// Of several staff who are the same user by different keys, none is matched: nobody can tell who it
/// is. `users` are the ids of users that somebody was just matched with.
pub(super) async fn part_same_users(
    connection: &mut Connection,
    integration: &IntegrationId,
    users: &[&str],
) -> Result<(), DatabaseError> {
    for staff in by_user(connection, integration, users).await?.into_values() {
        let mut same = staff;
        same.retain(|(_, _, state)| matches!(state, MatchState::Matched | MatchState::Shared));
        if same.len() < 2 {
            continue;
        }
        let ids: Vec<_> = same.iter().map(|(staff, ..)| staff.as_str()).collect();
        let before = tally::of(connection, Touched::Staff(&ids)).await?;
        for (own, _, _) in &same {
            let others = same.iter().filter(|(staff, ..)| staff != own);
            let others: Vec<_> = others.map(|(_, title, _)| title.clone()).collect();
            let key: String =
                sqlx::query_scalar("SELECT user_key FROM staff_match WHERE integration = $1 AND staff = $2")
                    .bind(integration.as_str())
                    .bind(own)
                    .fetch_one(&mut *connection)
                    .await?;
            sqlx::query(
                "UPDATE staff_match SET outcome = $3, reason = $4 WHERE integration = $1 AND staff = $2",
            )
            .bind(integration.as_str())
            .bind(own)
            .bind(MatchState::Shared.word())
            .bind(reason::same_user(&key, &others))
            .execute(&mut *connection)
            .await?;
        }
        tally::settle(connection, Touched::Staff(&ids), before).await?;
    }
    Ok(())
}

/// How many have which outcome, of those that were given since `since`.
pub(super) async fn counted(
    connection: &mut Connection,
    integration: &IntegrationId,
    since: i64,
) -> Result<BTreeMap<MatchState, usize>, DatabaseError> {
    let rows = sqlx::query(
        "SELECT outcome, COUNT(*) FROM staff_match WHERE integration = $1 AND matched_at >= $2 \
         AND (unanswered_at IS NULL OR unanswered_at < $2) GROUP BY outcome",
    )
    .bind(integration.as_str())
    .bind(since)
    .fetch_all(connection)
    .await?;
    let mut counted = BTreeMap::new();
    for row in &rows {
        let count: i64 = row.try_get(1)?;
        counted.insert(word::read(row, "outcome")?, usize::try_from(count).unwrap_or(0));
    }
    Ok(counted)
}

/// Who was asked for in vain since `since`.
pub(super) async fn unanswered_since(
    connection: &mut Connection,
    integration: &IntegrationId,
    since: i64,
) -> Result<Vec<String>, DatabaseError> {
    let query = sqlx::query_scalar(
        "SELECT staff FROM staff_match WHERE integration = $1 AND unanswered_at >= $2 ORDER BY staff",
    );
    Ok(query.bind(integration.as_str()).bind(since).fetch_all(connection).await?)
}

/// The others who were told, the last time, that they share a key, or a user, with this staff member.
pub(super) async fn shared_with(
    connection: &mut Connection,
    integration: &IntegrationId,
    staff: &str,
) -> Result<Vec<String>, DatabaseError> {
    let query = sqlx::query_scalar(
        "SELECT other.staff FROM staff_match AS own JOIN staff_match AS other \
         ON other.integration = own.integration \
         AND (other.match_key = own.match_key OR other.user_id = own.user_id) \
         AND other.outcome = own.outcome AND other.staff <> own.staff \
         WHERE own.integration = $1 AND own.staff = $2 AND own.outcome = 'shared'",
    );
    Ok(query.bind(integration.as_str()).bind(staff).fetch_all(connection).await?)
}
