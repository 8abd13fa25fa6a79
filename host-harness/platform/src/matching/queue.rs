//! The list of staff to ask for: rows of `match_wanted`. What is on it survives the process; an outcome
//! takes its staff member off in the transaction that stores it.

use sqlx::{FromRow as _, QueryBuilder, Row as _};
use video_host::provider::Look;

use super::job::{JobId, JobRow};
use super::{Candidate, MatchState, reason, wanted};
use crate::IntegrationId;
use crate::database::{BuildFor as _, Connection, DatabaseError, Kind};
use crate::integration::MatchField;
use crate::staff::StaffMember;
use crate::staff::store::one_of;
use crate::word::Word as _;

/// A list: an integration's, of a job or of those who changed by themselves.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) integration: IntegrationId,
    pub(super) field: MatchField,
    pub(super) job: Option<JobId>,
}

impl List {
    /// As the column has it.
    fn job(&self) -> &str {
        self.job.as_ref().map_or("", JobId::as_str)
    }

    /// `FROM match_wanted AS w … ` of this list.
    fn rows(&self, select: &str) -> QueryBuilder<Kind> {
        let mut query = QueryBuilder::new(select);
        query.push(" WHERE w.integration = ").push_bind(self.integration.as_str().to_owned());
        query.push(" AND w.job = ").push_bind(self.job().to_owned());
        query
    }
}

/// A look as the column has it.
pub(super) fn word(look: Look) -> &'static str {
    if look == Look::Addresses { "address" } else { "key" }
}

const OF_STAFF: &str = "SELECT s.* FROM match_wanted AS w JOIN staff AS s ON s.id = w.staff";

/// Reads staff with the key to ask for.
pub(super) async fn candidates(
    mut query: QueryBuilder<Kind>,
    connection: &mut Connection,
    field: MatchField,
) -> Result<Vec<Candidate>, DatabaseError> {
    let rows = query.build_for(connection).persistent(false).fetch_all(connection).await?;
    let read = |row| -> Result<Candidate, sqlx::Error> {
        let member = StaffMember::from_row(row)?;
        let key = field.of(&member).trim().to_owned();
        Ok(Candidate { staff: member.id, key })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Puts the next `most` staff behind those that the job has listed on its list. Tells whether there were any.
/// Who was on the list by themselves is asked for by the job.
pub(super) async fn extend(
    connection: &mut Connection,
    job: &mut JobRow,
    most: usize,
    now: i64,
) -> Result<bool, DatabaseError> {
    let last: Option<String> = sqlx::query_scalar(
        "SELECT MAX(id) FROM (SELECT id FROM staff WHERE id > $1 ORDER BY id LIMIT $2) AS page",
    )
    .bind(&job.listed_to)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_one(&mut *connection)
    .await?;
    let Some(last) = last else { return Ok(false) };
    sqlx::query(
        "INSERT INTO match_wanted (integration, staff, job, changed, look, attempts, wanted_at, due_at) \
         SELECT $1, id, $2, FALSE, 'key', 0, $3, $3 FROM staff WHERE id > $4 AND id <= $5 \
         ON CONFLICT (integration, staff) DO UPDATE SET job = excluded.job, look = excluded.look, \
         attempts = excluded.attempts, due_at = excluded.due_at",
    )
    .bind(job.integration.as_str())
    .bind(job.id.as_str())
    .bind(now)
    .bind(&job.listed_to)
    .bind(&last)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE match_job SET listed_to = $2 WHERE id = $1")
        .bind(job.id.as_str())
        .bind(&last)
        .execute(connection)
        .await?;
    job.listed_to = last;
    Ok(true)
}

/// Those behind `after` who were never asked for, in the order of their ids.
pub(super) async fn fresh(
    connection: &mut Connection,
    list: &List,
    after: &str,
    now: i64,
    most: usize,
) -> Result<Vec<Candidate>, DatabaseError> {
    let mut query = list.rows(OF_STAFF);
    query.push(" AND w.look = 'key' AND w.attempts = 0 AND w.staff > ").push_bind(after.to_owned());
    query.push(" AND w.due_at <= ").push_bind(now);
    query.push(" ORDER BY w.staff LIMIT ").push_bind(i64::try_from(most).unwrap_or(i64::MAX));
    candidates(query, connection, list.field).await
}

/// Those who may be asked for now by one look, who was asked for in vain least often first: so nobody is
/// kept waiting by somebody else who is never answered.
pub(super) async fn due(
    connection: &mut Connection,
    list: &List,
    now: i64,
    most: usize,
) -> Result<(Look, Vec<Candidate>), DatabaseError> {
    let mut query = list.rows("SELECT w.look FROM match_wanted AS w");
    query.push(" AND w.due_at <= ").push_bind(now).push(" ORDER BY w.attempts, w.look DESC LIMIT 1");
    let next: Option<String> = query.build_scalar_for(connection).fetch_optional(&mut *connection).await?;
    let Some(next) = next else { return Ok((Look::Keys, Vec::new())) };
    let look = if next == word(Look::Addresses) { Look::Addresses } else { Look::Keys };
    let mut query = list.rows(OF_STAFF);
    query.push(" AND w.look = ").push_bind(next).push(" AND w.due_at <= ").push_bind(now);
    query.push(" ORDER BY w.attempts, w.staff LIMIT ").push_bind(i64::try_from(most).unwrap_or(i64::MAX));
    Ok((look, candidates(query, connection, list.field).await?))
}

/// When the next of them may be asked for; none if the list is empty.
pub(super) async fn next_due(connection: &mut Connection, list: &List) -> Result<Option<i64>, DatabaseError> {
    let mut query = list.rows("SELECT MIN(w.due_at) FROM match_wanted AS w");
    Ok(query.build_scalar_for(connection).fetch_one(connection).await?)
}

/// Lets those who changed be asked for without waiting for more.
pub(super) async fn make_due(
    connection: &mut Connection,
    list: &List,
    now: i64,
) -> Result<(), DatabaseError> {
    let mut query = QueryBuilder::<Kind>::new("UPDATE match_wanted SET due_at = ");
    query.push_bind(now).push(" WHERE integration = ").push_bind(list.integration.as_str().to_owned());
    query.push(" AND job = ").push_bind(list.job().to_owned());
    query.push(" AND attempts = 0 AND due_at > ").push_bind(now);
    query.build_for(connection).persistent(false).execute(connection).await?;
    Ok(())
}

/// Takes staff off an integration's list; off those of jobs only if it is this one's.
pub(super) async fn remove(
    connection: &mut Connection,
    integration: &IntegrationId,
    job: Option<&JobId>,
    staff: &[&str],
) -> Result<(), DatabaseError> {
    of_list(QueryBuilder::new("DELETE FROM match_wanted"), connection, integration, job, staff).await
}

/// Takes staff off the list of those who changed by themselves, unless they came or changed after `since`.
pub(super) async fn remove_older(
    connection: &mut Connection,
    integration: &IntegrationId,
    staff: &[&str],
    since: i64,
) -> Result<(), DatabaseError> {
    let mut query = QueryBuilder::<Kind>::new("DELETE FROM match_wanted");
    push_on_list(&mut query, integration, None, staff);
    query.push(" AND NOT ");
    wanted::push_newer(&mut query, since);
    query.build_for(connection).persistent(false).execute(connection).await?;
    Ok(())
}

/// Leaves staff on the list, to be looked for by address.
pub(super) async fn by_address(
    connection: &mut Connection,
    integration: &IntegrationId,
    job: Option<&JobId>,
    staff: &[&str],
) -> Result<(), DatabaseError> {
    let mut query = QueryBuilder::<Kind>::new("UPDATE match_wanted SET look = ");
    query.push_bind(word(Look::Addresses));
    of_list(query, connection, integration, job, staff).await
}

/// Leaves staff on the list who were asked for in vain: not again before `due`.
pub(super) async fn put_off(
    connection: &mut Connection,
    integration: &IntegrationId,
    job: Option<&JobId>,
    staff: &[&str],
    due: i64,
) -> Result<(), DatabaseError> {
    let mut query = QueryBuilder::<Kind>::new("UPDATE match_wanted SET attempts = attempts + 1, due_at = ");
    query.push_bind(due);
    of_list(query, connection, integration, job, staff).await
}

/// Does it to these staff if they are on the list.
async fn of_list(
    mut query: QueryBuilder<Kind>,
    connection: &mut Connection,
    integration: &IntegrationId,
    job: Option<&JobId>,
    staff: &[&str],
) -> Result<(), DatabaseError> {
    if staff.is_empty() {
        return Ok(());
    }
    push_on_list(&mut query, integration, job, staff);
    query.build_for(connection).persistent(false).execute(connection).await?;
    Ok(())
}

/// ` WHERE … ` these staff are on the list.
fn push_on_list(
    query: &mut QueryBuilder<Kind>,
    integration: &IntegrationId,
    job: Option<&JobId>,
    staff: &[&str],
) {
    query.push(" WHERE integration = ").push_bind(integration.as_str().to_owned()).push(" AND staff IN ");
    one_of(query, staff);
    // As an expression, so that these are found by the key, and not by the index of a list that may be long.
    query.push(" AND job || '' = ").push_bind(job.map_or("", JobId::as_str).to_owned());
}

/// Notes for at most `most` on a job's list that they were asked for in vain; each keeps the outcome that they
/// had. From now on they are on the list by themselves, to be asked for at `due`. Tells how many.
pub(super) async fn give_up(
    connection: &mut Connection,
    list: &List,
    most: usize,
    now: i64,
    due: i64,
) -> Result<usize, DatabaseError> {
    let mut query = list.rows("SELECT w.staff FROM match_wanted AS w");
    query.push(" LIMIT ").push_bind(i64::try_from(most).unwrap_or(i64::MAX));
    let staff: Vec<String> =
        query.build_scalar_for(connection).persistent(false).fetch_all(&mut *connection).await?;
    if staff.is_empty() {
        return Ok(0);
    }
    let ids: Vec<_> = staff.iter().map(String::as_str).collect();
    let mut query = QueryBuilder::<Kind>::new(
        "INSERT INTO staff_match (integration, staff, match_key, outcome, reason, matched_at, unanswered_at) \
         SELECT ",
    );
    query.push_bind(list.integration.as_str().to_owned()).push(", s.id, s.").push(list.field.key_column());
    query.push(", ").push_bind(MatchState::Unknown.word()).push(", ").push_bind(reason::UNKNOWN);
    query.push(", ").push_bind(now).push(", ").push_bind(now).push(" FROM staff AS s WHERE s.id IN ");
    one_of(&mut query, &ids);
    query.push(" ON CONFLICT (integration, staff) DO UPDATE SET unanswered_at = excluded.unanswered_at");
    query.build_for(connection).persistent(false).execute(&mut *connection).await?;

    let mut query = QueryBuilder::<Kind>::new(
        "UPDATE match_wanted SET job = '', changed = TRUE, attempts = attempts + 1, due_at = ",
    );
    query.push_bind(due);
    of_list(query, connection, &list.integration, list.job.as_ref(), &ids).await?;
    Ok(staff.len())
}

/// How an integration's list of those who changed by themselves is.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) integration: IntegrationId,
    /// How many were never asked for, since when the first waits, and when the last one's quiet time
    /// is over.
    pub(super) fresh: i64,
    pub(super) since: Option<i64>,
    pub(super) quiet_at: Option<i64>,
    /// When the first may be asked for who was asked for in vain.
    pub(super) retry_at: Option<i64>,
}

/// The integrations for which somebody changed.
pub(super) async fn waiting(connection: &mut Connection) -> Result<Vec<Waiting>, DatabaseError> {
    let rows = sqlx::query(
        "SELECT integration, SUM(CASE WHEN attempts = 0 THEN 1 ELSE 0 END), \
         MIN(CASE WHEN attempts = 0 THEN wanted_at END), MAX(CASE WHEN attempts = 0 THEN due_at END), \
         MIN(CASE WHEN attempts > 0 THEN due_at END) \
         FROM match_wanted WHERE job = '' GROUP BY integration ORDER BY integration",
    )
    .fetch_all(connection)
    .await?;
    let mut waiting = Vec::with_capacity(rows.len());
    for row in &rows {
        waiting.push(Waiting {
            integration: super::job::integration(row, 0)?,
            fresh: row.try_get(1).map_err(DatabaseError::from)?,
            since: row.try_get(2).map_err(DatabaseError::from)?,
            quiet_at: row.try_get(3).map_err(DatabaseError::from)?,
            retry_at: row.try_get(4).map_err(DatabaseError::from)?,
        });
    }
    Ok(waiting)
}
