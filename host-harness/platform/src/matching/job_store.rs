//! The rows of jobs.

use super::job::{JobId, JobRow, JobState, Way};
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError};
use crate::word::Word as _;

/// Starts a job, unless the integration has one under way. Gives the one that it has then.
pub(super) async fn start(
    connection: &mut Connection,
    integration: &IntegrationId,
    way: Way,
    now: i64,
) -> Result<JobId, DatabaseError> {
    let job = JobId::new();
    sqlx::query(
        "INSERT INTO match_job (id, integration, state, way, listed_to, total, done, matched, calls, \
         started_at) SELECT $1, $2, 'running', $3, '', COUNT(*), 0, 0, 0, $4 FROM staff WHERE TRUE \
         ON CONFLICT DO NOTHING",
    )
    .bind(job.as_str())
    .bind(integration.as_str())
    .bind(way.word())
    .bind(now)
    .execute(&mut *connection)
    .await?;
    Ok(running_on(connection, integration).await?.map_or(job, |running| running.id))
}

pub(super) async fn load(connection: &mut Connection, job: &JobId) -> Result<Option<JobRow>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM match_job WHERE id = $1");
    Ok(query.bind(job.as_str()).fetch_optional(connection).await?)
}

pub(super) async fn running_on(
    connection: &mut Connection,
    integration: &IntegrationId,
) -> Result<Option<JobRow>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM match_job WHERE integration = $1 AND state = 'running'");
    Ok(query.bind(integration.as_str()).fetch_optional(connection).await?)
}

/// All that are under way, the oldest first.
pub(super) async fn running(connection: &mut Connection) -> Result<Vec<JobRow>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM match_job WHERE state = 'running' ORDER BY started_at, id");
    Ok(query.fetch_all(connection).await?)
}

/// Counts what was done, also by calls under way when the job ended: how many staff more have an outcome, and
/// how many of them are matched, or fewer. False if the job has ended.
pub(super) async fn advance(
    connection: &mut Connection,
    job: &JobId,
    done: i64,
    matched: i64,
    calls: i64,
) -> Result<bool, DatabaseError> {
    let state: Option<String> = sqlx::query_scalar(
        "UPDATE match_job SET done = done + $2, matched = matched + $3, calls = calls + $4 \
         WHERE id = $1 RETURNING state",
    )
    .bind(job.as_str())
    .bind(done)
    .bind(matched)
    .bind(calls)
    .fetch_optional(connection)
    .await?;
    Ok(state.as_deref() == Some(JobState::Running.word()))
}

/// Where a job that reads the directory goes on; none: at its start.
pub(super) async fn turn_page(
    connection: &mut Connection,
    job: &JobId,
    next: Option<&str>,
) -> Result<(), DatabaseError> {
    sqlx::query("UPDATE match_job SET page = $2, page_end = $3 WHERE id = $1")
        .bind(job.as_str())
        .bind(next)
        .bind(next.is_none())
        .execute(connection)
        .await?;
    Ok(())
}

/// Goes on by asking for keys.
pub(super) async fn by_keys(connection: &mut Connection, job: &JobId) -> Result<(), DatabaseError> {
    let query = sqlx::query("UPDATE match_job SET way = 'keys', page = NULL WHERE id = $1");
    query.bind(job.as_str()).execute(connection).await?;
    Ok(())
}

/// Ends a job that is under way, and empties its list. About whom something changed stays wanted by
/// themselves.
pub(super) async fn end(
    connection: &mut Connection,
    job: &JobId,
    state: JobState,
    problem: Option<&str>,
    now: i64,
) -> Result<(), DatabaseError> {
    let ended = sqlx::query(
        "UPDATE match_job SET state = $2, problem = $3, ended_at = $4 WHERE id = $1 AND state = 'running'",
    )
    .bind(job.as_str())
    .bind(state.word())
    .bind(problem)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    if ended.rows_affected() > 0 {
        let query = sqlx::query("DELETE FROM match_wanted WHERE job = $1 AND NOT changed");
        query.bind(job.as_str()).execute(&mut *connection).await?;
        let query = sqlx::query("UPDATE match_wanted SET job = '' WHERE job = $1");
        query.bind(job.as_str()).execute(connection).await?;
    }
    Ok(())
}
