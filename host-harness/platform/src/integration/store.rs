//! The rows of integrations. How one stands is changed by [`change`] alone, which notes each change once
//! however many note it at the same time.

use sqlx::{FromRow, Row as _};
use video_host::CallError;
use video_host::provider::Account;

use super::event::{self, News};
use super::standing::{OrganizedBy, Question, Standing};
use super::{Integration, IntegrationState, MatchField, StateKind, Unavailable};
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError, Flag, Row};
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
            since: row.try_get("state_since")?,
            unavailable: unavailable(row)?,
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
            is_default: row.try_get::<Flag, _>("is_default")?.0,
        })
    }
}

fn state(row: &Row) -> Result<IntegrationState, sqlx::Error> {
    let message: Option<String> = row.try_get("state_message")?;
    let message = message.unwrap_or_default();
    Ok(match word::read(row, "state")? {
        StateKind::Pending => IntegrationState::Pending,
        StateKind::Connected => IntegrationState::Connected,
        StateKind::NeedsReauthorization => {
            IntegrationState::NeedsReauthorization { cause: word::read(row, "state_cause")?, message }
        }
        StateKind::Misconfigured => {
            IntegrationState::Misconfigured { cause: word::read(row, "state_cause")?, message }
        }
        StateKind::Refused => IntegrationState::Refused {
            cause: word::read(row, "state_cause")?,
            asked: word::read(row, "state_asked")?,
            message,
        },
        StateKind::Disconnected => IntegrationState::Disconnected,
    })
}

fn unavailable(row: &Row) -> Result<Option<Unavailable>, sqlx::Error> {
    let Some(since) = row.try_get("unavailable_since")? else { return Ok(None) };
    let message: Option<String> = row.try_get("unavailable_message")?;
    let until = row.try_get("unavailable_until")?;
    Ok(Some(Unavailable { since, until, message: message.unwrap_or_default() }))
}

/// How it stands, and which revision of the row says so.
struct Stood {
    standing: Standing,
    revision: i64,
}

impl FromRow<'_, Row> for Stood {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let organized_by: Option<String> = row.try_get("organized_by")?;
        let parse = |text: String| {
            word::parse::<OrganizedBy>(&text).ok_or_else(|| word::unknown("organized_by", &text))
        };
        Ok(Self {
            standing: Standing {
                state: state(row)?,
                since: row.try_get("state_since")?,
                unavailable: unavailable(row)?,
                last_success: row.try_get("last_success")?,
                account: row.try_get("account_id")?,
                organized_by: organized_by.map(parse).transpose()?,
            },
            revision: row.try_get("revision")?,
        })
    }
}

async fn stood(connection: &mut Connection, id: &IntegrationId) -> Result<Option<Stood>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM integration WHERE id = $1");
    Ok(query.bind(id.as_str()).fetch_optional(connection).await?)
}

/// Whether an answer would change how an integration stands: most do not, and then nobody has to wait
/// for the right to write.
pub(super) async fn is_news(
    connection: &mut Connection,
    id: &IntegrationId,
    question: Question<'_>,
    answer: Result<(), &CallError>,
    now: i64,
) -> Result<bool, DatabaseError> {
    let Some(Stood { standing, .. }) = stood(connection, id).await? else { return Ok(false) };
    Ok(standing.after(question, answer, now) != standing)
}

/// Notes an answer, in a transaction.
pub(crate) async fn note(
    connection: &mut Connection,
    id: &IntegrationId,
    question: Question<'_>,
    answer: Result<(), &CallError>,
    now: i64,
) -> Result<News, DatabaseError> {
    Ok(change(connection, id, now, |before| before.after(question, answer, now)).await?.1)
}

/// Changes how an integration stands, in a transaction, and tells how it stands then; none if it is gone.
/// The row is written only if nobody else wrote it since it was read; else it is read again. What is
/// disconnected is nobody's default any more, so that the next one that connects can be.
async fn change(
    connection: &mut Connection,
    id: &IntegrationId,
    now: i64,
    changed: impl Fn(&Standing) -> Standing,
) -> Result<(Option<Standing>, News), DatabaseError> {
    loop {
        let Some(Stood { standing: before, revision }) = stood(connection, id).await? else {
            return Ok((None, News::default()));
        };
        let after = changed(&before);
        if after == before {
            return Ok((Some(after), News::default()));
        }
        let unavailable = after.unavailable.as_ref();
        let asked = match &after.state {
            IntegrationState::Refused { asked, .. } => Some(asked.word()),
            _ => None,
        };
        let done = sqlx::query(
            "UPDATE integration SET revision = revision + 1, state = $3, state_since = $4, state_cause = $5, \
             state_message = $6, state_asked = $7, unavailable_since = $8, unavailable_until = $9, \
             unavailable_message = $10, last_success = $11, organized_by = $12, \
             is_default = CASE WHEN $3 = 'disconnected' THEN FALSE ELSE is_default END \
             WHERE id = $1 AND revision = $2",
        )
        .bind(id.as_str())
        .bind(revision)
        .bind(after.state.kind().word())
        .bind(after.since)
        .bind(after.state.cause().map(super::Cause::word))
        .bind(after.state.message())
        .bind(asked)
        .bind(unavailable.map(|outage| outage.since))
        .bind(unavailable.and_then(|outage| outage.until))
        .bind(unavailable.map(|outage| &outage.message))
        .bind(after.last_success)
        .bind(after.organized_by.map(OrganizedBy::word))
        .execute(&mut *connection)
        .await?;
        if done.rows_affected() > 0 {
            let news = event::raise_changes(connection, id, (&before, &after), now).await?;
            return Ok((Some(after), news));
        }
    }
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
        "INSERT INTO integration (id, provider, display_name, match_field, state, state_since, created_at) \
         VALUES ($1, $2, $3, $4, 'pending', $5, $5)",
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

/// Notes that somebody signed in, with which account. What was removed or disconnected meanwhile stays
/// so: then there is nothing to tell.
pub(super) async fn signed_in(
    connection: &mut Connection,
    id: &IntegrationId,
    account: &Account,
    now: i64,
) -> Result<Option<News>, DatabaseError> {
    let (after, news) = change(connection, id, now, |before| before.signed_in(&account.id, now)).await?;
    if after.is_none_or(|after| after.state != IntegrationState::Connected) {
        return Ok(None);
    }
    describe_account(connection, id, account).await?;
    Ok(Some(news))
}

/// Keeps what the account is called now.
pub(super) async fn describe_account(
    connection: &mut Connection,
    id: &IntegrationId,
    account: &Account,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE integration SET account_id = $2, account_tenant = $3, account_user_name = $4, \
         account_display_name = $5 WHERE id = $1 AND state <> 'disconnected'",
    )
    .bind(id.as_str())
    .bind(&account.id)
    .bind(&account.tenant_id)
    .bind(&account.user_name)
    .bind(&account.display_name)
    .execute(connection)
    .await?;
    Ok(())
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

/// What another integration that is connected, or was and may be again, is called; none if there is none.
pub(super) async fn other(
    connection: &mut Connection,
    id: &IntegrationId,
) -> Result<Option<String>, DatabaseError> {
    let query = sqlx::query_scalar(
        "SELECT display_name FROM integration WHERE id <> $1 AND state NOT IN ('pending', 'disconnected') \
         ORDER BY created_at, id LIMIT 1",
    );
    Ok(query.bind(id.as_str()).fetch_optional(connection).await?)
}

/// Gives it another name. Tells whether it is there.
pub(super) async fn rename(
    connection: &mut Connection,
    id: &IntegrationId,
    name: &str,
) -> Result<bool, DatabaseError> {
    let query = sqlx::query("UPDATE integration SET display_name = $2 WHERE id = $1");
    Ok(query.bind(id.as_str()).bind(name).execute(connection).await?.rows_affected() > 0)
}

/// Chooses the field that holds the key. Tells whether that is a change.
pub(super) async fn set_match_field(
    connection: &mut Connection,
    id: &IntegrationId,
    field: MatchField,
) -> Result<bool, DatabaseError> {
    let query = sqlx::query("UPDATE integration SET match_field = $2 WHERE id = $1 AND match_field <> $2");
    Ok(query.bind(id.as_str()).bind(field.word()).execute(connection).await?.rows_affected() > 0)
}

/// Notes that the credentials are gone.
pub(super) async fn disconnected(
    connection: &mut Connection,
    id: &IntegrationId,
    now: i64,
) -> Result<News, DatabaseError> {
    Ok(change(connection, id, now, |before| before.disconnected(now)).await?.1)
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
