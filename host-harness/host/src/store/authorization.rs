//! OAuth's `state`: what ties a callback to the session that began, and tells for which integration
//! it is. Random, single-use, expiring, bound to the session (RFC 9700, 4.7).

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sqlx::Row as _;

use super::{Integration, Store, StoreError, database, random, step};
use crate::provider::Parameter;

/// What an authorization was begun for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To connect an integration.
    Connect,
    /// To authorize a connected integration anew.
    Reauthorize,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Reauthorize => "reauthorize",
        }
    }
}

/// What a callback belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Authorization {
    /// What it was begun for.
    pub integration: Integration,
    /// To connect, or to authorize anew.
    pub purpose: Purpose,
    /// What the administrator had answered to the questions of the setup.
    pub values: Vec<Parameter>,
}

/// Why a callback counts for nothing. The messages are for the administrator whose browser brought
/// it; none tells which integration it would have been.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// Nothing was begun with this state, or it ended more than a day ago.
    #[error("This sign-in was not started here. Go back to the integration and start it again.")]
    Unknown,
    /// It was begun too long ago.
    #[error("This sign-in took too long and has expired. Go back to the integration and start it again.")]
    Expired,
    /// It came before.
    #[error(
        "This sign-in was already completed, and nothing was changed by opening it again. Go back to \
         the integration to see whether it is connected; if it is not, start again."
    )]
    Replayed,
    /// Another session began it. It remains open for that one.
    #[error(
        "This sign-in was started in another browser or session, and nothing was changed. Finish it \
         there, or start it again here."
    )]
    ForeignSession,
    /// The store did not answer. The state may be used up.
    #[error(
        "The sign-in could not be completed because the data store did not answer. Start it again in a minute."
    )]
    Store(#[source] StoreError),
}

impl From<sqlx::Error> for CallbackError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// For how long a used or expired state is told apart from an unknown one.
const KEPT_AFTER: Duration = Duration::from_hours(24);

impl Store {
    /// Begins an authorization and answers with its `state`: 32 random bytes in base64url, 43
    /// characters. Only hashes of state and session are kept; the setup's `values` are no secrets, and
    /// the callback finds them again. `session` is whatever tells the administrator's browser sessions
    /// apart and cannot be guessed; the callback has to come from the same one within `ttl`.
    pub async fn begin_authorization(
        &self,
        integration: &Integration,
        session: &str,
        purpose: Purpose,
        values: &[Parameter],
        ttl: Duration,
    ) -> Result<String, StoreError> {
        let state = URL_SAFE_NO_PAD.encode(random::bytes::<32>());
        let now = self.clock.now_ms();
        let mut transaction = database::begin(&self.pool, None).await?;
        sqlx::query("DELETE FROM authorization_state WHERE expires_at <= $1 OR used_at <= $1")
            .bind(now.saturating_sub(in_ms(KEPT_AFTER)))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO authorization_state (state_hash, session_hash, integration, purpose, setup, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(hash(&state))
        .bind(hash(session))
        .bind(integration.as_str())
        .bind(purpose.as_str())
        .bind(written(values))
        .bind(now.saturating_add(in_ms(ttl)))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        step("authorization.begun");
        Ok(state)
    }

    /// Uses up the `state` that a callback brought, once, and tells what was begun with it. However
    /// many processes try at once, one succeeds. A foreign session neither uses it up nor learns
    /// anything.
    pub async fn claim_authorization(
        &self,
        state: &str,
        session: &str,
    ) -> Result<Authorization, CallbackError> {
        let (state, session, now) = (hash(state), hash(session), self.clock.now_ms());
        step("authorization.before-claim");
        let claimed = sqlx::query(
            "UPDATE authorization_state SET used_at = $3 \
             WHERE state_hash = $1 AND session_hash = $2 AND used_at IS NULL AND expires_at > $3 \
             RETURNING integration, purpose, setup",
        )
        .bind(&state)
        .bind(&session)
        .bind(now)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = claimed else { return Err(self.why_not(&state, &session).await?) };
        step("authorization.claimed");
        let damaged = |what: &str| CallbackError::from(sqlx::Error::Decode(what.to_owned().into()));
        let integration = row
            .try_get::<&str, _>(0)?
            .parse()
            .map_err(|_| damaged("authorization_state.integration is no integration id"))?;
        let purpose = match row.try_get(1)? {
            "connect" => Purpose::Connect,
            "reauthorize" => Purpose::Reauthorize,
            _ => return Err(damaged("authorization_state.purpose is unknown")),
        };
        let values = read(row.try_get(2)?)
            .map_err(|_| damaged("authorization_state.setup is no JSON of names and values"))?;
        Ok(Authorization { integration, purpose, values })
    }

    async fn why_not(&self, state: &[u8], session: &[u8]) -> Result<CallbackError, sqlx::Error> {
        let row = sqlx::query("SELECT session_hash, used_at FROM authorization_state WHERE state_hash = $1")
            .bind(state)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(CallbackError::Unknown) };
        if row.try_get::<&[u8], _>(0)? != session {
            return Ok(CallbackError::ForeignSession);
        }
        let used: Option<i64> = row.try_get(1)?;
        Ok(if used.is_some() { CallbackError::Replayed } else { CallbackError::Expired })
    }
}

/// Setup values as JSON: `[["tenant-id","…"]]`.
fn written(values: &[Parameter]) -> String {
    let pairs: Vec<_> = values.iter().map(|value| [&value.name, &value.value]).collect();
    serde_json::json!(pairs).to_string()
}

fn read(setup: &str) -> serde_json::Result<Vec<Parameter>> {
    let pairs: Vec<(String, String)> = serde_json::from_str(setup)?;
    Ok(pairs.into_iter().map(|(name, value)| Parameter { name, value }).collect())
}

fn hash(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

fn in_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
