//! The rows of the audit log.

use sqlx::{FromRow, QueryBuilder, Row as _};

use super::{Action, AuditEntry, AuditFilter, AuditOutcome};
use crate::acting::Actor;
use crate::database::{self, BuildFor as _, Connection, DatabaseError, Kind, Pool, Row};
use crate::word;

/// Characters of a value or a message; what is longer is cut.
const LONGEST: usize = 2_000;

impl FromRow<'_, Row> for AuditEntry {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let kind = word::read(row, "actor_kind")?;
        Ok(Self {
            id: row.try_get("id")?,
            at: row.try_get("happened_at")?,
            actor: Actor::recorded(kind, row.try_get("actor")?, row.try_get("actor_name")?),
            action: word::read(row, "action")?,
            subject: row.try_get("subject")?,
            from: row.try_get("from_value")?,
            to: row.try_get("to_value")?,
            outcome: word::read(row, "outcome")?,
            message: row.try_get("message")?,
        })
    }
}

/// What somebody sets out to do.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) action: Action,
    pub(crate) subject: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}

/// Writes that somebody sets out to do something, or was refused. It lasts when this returns.
pub(crate) async fn write(
    pool: &Pool,
    actor: &Actor,
    intent: &Intent,
    outcome: AuditOutcome,
    message: Option<&str>,
    now: i64,
) -> Result<i64, DatabaseError> {
    let mut transaction = database::begin(pool).await?;
    let id: i64 = sqlx::query_scalar("UPDATE audit_number SET last = last + 1 RETURNING last")
        .fetch_one(&mut *transaction)
        .await?;
    sqlx::query(
        "INSERT INTO audit (id, happened_at, actor_kind, actor, actor_name, action, subject, from_value, \
         to_value, outcome, message) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(id)
    .bind(now)
    .bind(actor.kind().word())
    .bind(actor.id())
    .bind(actor.name())
    .bind(intent.action.word())
    .bind(cut(intent.subject.as_deref()))
    .bind(cut(intent.from.as_deref()))
    .bind(cut(intent.to.as_deref()))
    .bind(outcome.word())
    .bind(cut(message))
    .execute(&mut *transaction)
    .await?;
    database::commit(transaction, "audit.written").await?;
    Ok(id)
}

/// What is known when something has ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Learned {
    /// To what it was done, if that was not known before.
    pub(crate) subject: Option<String>,
    /// What became of it, if that was not known before.
    pub(crate) to: Option<String>,
}

/// Writes how something ended.
pub(crate) async fn end(
    pool: &Pool,
    id: i64,
    learned: Learned,
    outcome: AuditOutcome,
    message: Option<&str>,
) -> Result<(), DatabaseError> {
    let mut transaction = database::begin(pool).await?;
    end_with(&mut transaction, id, learned, outcome, message).await?;
    database::commit(transaction, "audit.ended").await
}

/// The same, in the transaction of what has ended.
pub(crate) async fn end_with(
    connection: &mut Connection,
    id: i64,
    learned: Learned,
    outcome: AuditOutcome,
    message: Option<&str>,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE audit SET outcome = $2, message = $3, subject = COALESCE($4, subject), \
         to_value = COALESCE($5, to_value) WHERE id = $1",
    )
    .bind(id)
    .bind(outcome.word())
    .bind(cut(message))
    .bind(cut(learned.subject.as_deref()))
    .bind(cut(learned.to.as_deref()))
    .execute(connection)
    .await?;
    Ok(())
}

fn cut(text: Option<&str>) -> Option<String> {
    text.map(|text| text.chars().take(LONGEST).collect())
}

pub(super) async fn page(
    connection: &mut Connection,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditEntry>, DatabaseError> {
    let mut query = QueryBuilder::<Kind>::new("SELECT * FROM audit WHERE TRUE");
    if let Some(before) = before {
        query.push(" AND id < ").push_bind(before);
    }
    if let Some(actor) = &filter.actor {
        query.push(" AND actor = ").push_bind(actor.clone());
    }
    if let Some(action) = filter.action {
        query.push(" AND action = ").push_bind(action.word());
    }
    if let Some(subject) = &filter.subject {
        query.push(" AND subject = ").push_bind(subject.clone());
    }
    if let Some(outcome) = filter.outcome {
        query.push(" AND outcome = ").push_bind(outcome.word());
    }
    if let Some(from) = filter.from {
        query.push(" AND happened_at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        query.push(" AND happened_at < ").push_bind(until);
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit));
    Ok(query.build_as_for(connection).fetch_all(connection).await?)
}
