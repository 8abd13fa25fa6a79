//! The rows of matches.

use sqlx::{FromRow, QueryBuilder, Row as _};
use video_host::provider::User;

use super::shared::Candidate;
use super::{MatchState, StaffMatch, reason};
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError, Kind, Row};
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
    now: i64,
) -> Result<(), DatabaseError> {
    if answers.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Kind>::new(
        "INSERT INTO staff_match (integration, staff, match_key, outcome, user_id, user_key, user_name, \
         reason, matched_at) ",
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
            .push_bind(now);
    });
    query.push(
        " ON CONFLICT (integration, staff) DO UPDATE SET match_key = excluded.match_key, \
         outcome = excluded.outcome, user_id = excluded.user_id, user_key = excluded.user_key, \
         user_name = excluded.user_name, reason = excluded.reason, matched_at = excluded.matched_at, \
         unanswered_at = NULL",
    );
    query.build().persistent(false).execute(connection).await?;
    Ok(())
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
    query.build().persistent(false).execute(connection).await?;
    Ok(())
}

pub(crate) async fn load(
    connection: &mut Connection,
    integration: &IntegrationId,
    staff: &str,
) -> Result<Option<StaffMatch>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM staff_match WHERE integration = $1 AND staff = $2");
    Ok(query.bind(integration.as_str()).bind(staff).fetch_optional(connection).await?)
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
    Ok(query.bind(integration.as_str()).bind(after).bind(i64::from(limit)).fetch_all(connection).await?)
}

/// The others who were told, the last time, that they share a key with this staff member.
pub(super) async fn shared_with(
    connection: &mut Connection,
    integration: &IntegrationId,
    staff: &str,
) -> Result<Vec<String>, DatabaseError> {
    let query = sqlx::query_scalar(
        "SELECT other.staff FROM staff_match AS own JOIN staff_match AS other \
         ON other.integration = own.integration AND other.match_key = own.match_key \
         AND other.outcome = own.outcome AND other.staff <> own.staff \
         WHERE own.integration = $1 AND own.staff = $2 AND own.outcome = 'shared'",
    );
    Ok(query.bind(integration.as_str()).bind(staff).fetch_all(connection).await?)
}
