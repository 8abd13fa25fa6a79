//! Links that sign somebody in, once, on whichever host.

use std::time::Duration;

use sqlx::{AnyPool, Row as _};

use crate::database::ConsoleDatabaseError;
use crate::secret;

/// The links that were given out and not used yet, by hashes of their tokens.
pub(crate) struct Links {
    pool: AnyPool,
    lifetime: i64,
}

impl Links {
    pub(crate) fn new(pool: AnyPool, lifetime: Duration) -> Self {
        Self { pool, lifetime: i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX) }
    }

    /// A token for a staff member.
    pub(crate) async fn give(&self, staff: &str, now: i64) -> Result<String, ConsoleDatabaseError> {
        let token = secret::random();
        sqlx::query("DELETE FROM console_sign_in WHERE ends_at <= $1").bind(now).execute(&self.pool).await?;
        sqlx::query("INSERT INTO console_sign_in (id, staff, ends_at) VALUES ($1, $2, $3)")
            .bind(secret::hash(&token))
            .bind(staff)
            .bind(now.saturating_add(self.lifetime))
            .execute(&self.pool)
            .await?;
        Ok(token)
    }

    /// Whose link it is, if it can be used. It is used up by this, on every host.
    pub(crate) async fn take(&self, token: &str, now: i64) -> Result<Option<String>, ConsoleDatabaseError> {
        let query = sqlx::query("DELETE FROM console_sign_in WHERE id = $1 RETURNING staff, ends_at");
        let Some(row) = query.bind(secret::hash(token)).fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let ends: i64 = row.try_get(1)?;
        Ok(if ends > now { Some(row.try_get(0)?) } else { None })
    }
}
