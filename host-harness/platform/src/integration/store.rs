//! The rows of integrations. A change of state names the states that it leaves, so that an answer that
//! comes late undoes nothing: what is disconnected stays so.

use sqlx::{FromRow, Row as _};
use video_host::provider::{Account, GrantProblem};

use super::{Integration, IntegrationState, MatchField};
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError, Row};
use crate::word::{self, Word as _};

impl FromRow<'_, Row> for Integration {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let id: String = row.try_get("id")?;
        let account: Option<String> = row.try_get("account_id")?;
        Ok(Self {
            id: id.parse().map_err(|_| word::unknown("id", &id))?,
            provider: row.try_get("provider")?,
            display_name: row.try_get("display_name")?,
            match_field: word::read(row, "match_field")?,
            state: state(row)?,
            account: match account {
                Some(id) => Some(Account {
                    id,
                    tenant_id: row.try_get("account_tenant")?,
                    user_name: row.try_get("account_user_name")?,
                    display_name: row.try_get("account_display_name")?,
                }),
                None => None,
            },
            last_success: row.try_get("last_success")?,
            is_default: row.try_get("is_default")?,
        })
    }
}

fn state(row: &Row) -> Result<IntegrationState, sqlx::Error> {
    let state: String = row.try_get("state")?;
    let message: Option<String> = row.try_get("state_message")?;
    let message = message.unwrap_or_default();
    Ok(match state.as_str() {
        "pending" => IntegrationState::Pending,
        "connected" => IntegrationState::Connected,
        "needs_reauthorization" => {
            IntegrationState::NeedsReauthorization { cause: word::read(row, "state_cause")?, message }
        }
        "misconfigured" => IntegrationState::Misconfigured { message },
        "disconnected" => IntegrationState::Disconnected,
        other => return Err(word::unknown("state", other)),
    })
}

pub(super) async fn insert(
    connection: &mut Connection,
    id: &IntegrationId,
    provider: &str,
    display_name: &str,
    match_field: MatchField,
    now: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO integration (id, provider, display_name, match_field, state, created_at) \
         VALUES ($1, $2, $3, $4, 'pending', $5)",
    )
    .bind(id.as_str())
    .bind(provider)
    .bind(display_name)
    .bind(match_field.word())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn load(
    connection: &mut Connection,
    id: &IntegrationId,
) -> Result<Option<Integration>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM integration WHERE id = $1");
    Ok(query.bind(id.as_str()).fetch_optional(connection).await?)
}

pub(super) async fn all(connection: &mut Connection) -> Result<Vec<Integration>, DatabaseError> {
    Ok(sqlx::query_as("SELECT * FROM integration ORDER BY created_at, id").fetch_all(connection).await?)
}

/// The integration of the staff for whom none was chosen.
pub(crate) async fn default(connection: &mut Connection) -> Result<Option<Integration>, DatabaseError> {
    Ok(sqlx::query_as("SELECT * FROM integration WHERE is_default").fetch_optional(connection).await?)
}

/// Notes that it is connected, with which account. Tells whether it could be noted: what was removed
/// or disconnected meanwhile stays so.
pub(super) async fn connected(
    connection: &mut Connection,
    id: &IntegrationId,
    account: &Account,
    now: i64,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE integration SET state = 'connected', state_cause = NULL, state_message = NULL, \
         account_id = $2, account_tenant = $3, account_user_name = $4, account_display_name = $5, \
         last_success = $6 WHERE id = $1 AND state <> 'disconnected'",
    )
    .bind(id.as_str())
    .bind(&account.id)
    .bind(&account.tenant_id)
    .bind(&account.user_name)
    .bind(&account.display_name)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Makes it the default if there is none.
pub(super) async fn claim_default(
    connection: &mut Connection,
    id: &IntegrationId,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE integration SET is_default = TRUE \
         WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM integration WHERE is_default)",
    )
    .bind(id.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn set_default(
    connection: &mut Connection,
    id: &IntegrationId,
) -> Result<(), DatabaseError> {
    sqlx::query("UPDATE integration SET is_default = FALSE WHERE is_default")
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE integration SET is_default = TRUE WHERE id = $1")
        .bind(id.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes a success, which clears what was wrong.
pub(crate) async fn succeeded(
    connection: &mut Connection,
    id: &IntegrationId,
    now: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE integration SET state = 'connected', state_cause = NULL, state_message = NULL, \
         last_success = $2 WHERE id = $1 AND state NOT IN ('pending', 'disconnected')",
    )
    .bind(id.as_str())
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that the grant is dead. Tells whether that is news.
pub(super) async fn needs_reauthorization(
    connection: &mut Connection,
    id: &IntegrationId,
    cause: GrantProblem,
    message: &str,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE integration SET state = 'needs_reauthorization', state_cause = $2, state_message = $3 \
         WHERE id = $1 AND state IN ('connected', 'misconfigured')",
    )
    .bind(id.as_str())
    .bind(cause.word())
    .bind(message)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that the operator has something to mend. Tells whether that is news. A dead grant stays
/// noted: it has to be renewed all the same.
pub(super) async fn misconfigured(
    connection: &mut Connection,
    id: &IntegrationId,
    message: &str,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE integration SET state = 'misconfigured', state_message = $2 \
         WHERE id = $1 AND state = 'connected'",
    )
    .bind(id.as_str())
    .bind(message)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that the credentials are gone. Tells whether that is news. It is nobody's default any more,
/// so that the next one that connects can be.
pub(super) async fn disconnected(
    connection: &mut Connection,
    id: &IntegrationId,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE integration SET state = 'disconnected', state_cause = NULL, state_message = NULL, \
         is_default = FALSE WHERE id = $1 AND state NOT IN ('pending', 'disconnected')",
    )
    .bind(id.as_str())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes it if it was never connected. Tells whether it was there.
pub(super) async fn remove_pending(
    connection: &mut Connection,
    id: &IntegrationId,
) -> Result<bool, DatabaseError> {
    let done =
        sqlx::query("DELETE FROM integration WHERE id = $1 AND state = 'pending' AND last_success IS NULL")
            .bind(id.as_str())
            .execute(connection)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Those whose first sign-in was begun before `time` and never finished.
pub(super) async fn abandoned(
    connection: &mut Connection,
    time: i64,
) -> Result<Vec<Integration>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM integration WHERE state = 'pending' AND created_at < $1");
    Ok(query.bind(time).fetch_all(connection).await?)
}
