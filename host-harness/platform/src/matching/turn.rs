//! Taking turns over an integration's list, between all processes on one store: a lease, which ends by
//! itself if its owner is gone, and which every write of its owner confirms.

use std::time::Duration;

use uuid::Uuid;

use super::job::Jobs;
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError};
use crate::platform::Platform;
use crate::provider::VideoProviders;

/// How long a turn lasts that nobody confirms: longer than any call of a provider takes, so that a
/// slow one is not taken for a dead one.
pub(super) const LEASE: Duration = Duration::from_mins(2);

/// More than any turn is confirmed for at once.
const LONGEST_REST: Duration = Duration::from_mins(10);

/// A turn that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(super) integration: IntegrationId,
    owner: String,
}

/// A turn while somebody works. If the work is dropped midway, the next in this process who wants a turn
/// gives it back first, and whoever runs jobs is woken up for it.
pub(super) struct Held<'a> {
    turn: Option<Turn>,
    jobs: &'a Jobs,
}

impl Held<'_> {
    pub(super) fn turn(&self) -> &Turn {
        self.turn.as_ref().expect("only giving it back takes it out, and that ends this")
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.jobs.leave(turn);
        }
    }
}

impl<V: VideoProviders> Platform<V> {
    /// Takes the turn of an integration if nobody has it.
    pub(super) async fn take_turn(
        &self,
        integration: &IntegrationId,
    ) -> Result<Option<Held<'_>>, DatabaseError> {
        self.give_back_left_turns().await?;
        let turn = take(&mut *self.connection().await?, integration, self.now()).await?;
        Ok(turn.map(|turn| Held { turn: Some(turn), jobs: self.jobs() }))
    }

    /// Gives a turn back at the end of the work.
    pub(super) async fn end_turn(&self, mut held: Held<'_>) -> Result<(), DatabaseError> {
        give_back(&mut *self.connection().await?, held.turn()).await?;
        held.turn = None;
        Ok(())
    }

    /// Gives the turns back whose work was dropped.
    pub(super) async fn give_back_left_turns(&self) -> Result<(), DatabaseError> {
        while let Some(turn) = self.jobs().left_turn() {
            give_back(&mut *self.connection().await?, &turn).await?;
        }
        Ok(())
    }
}

fn end(now: i64, more: Duration) -> i64 {
    now.saturating_add(i64::try_from((LEASE + more).as_millis()).unwrap_or(i64::MAX))
}

/// Takes the turn if nobody has it.
async fn take(
    connection: &mut Connection,
    integration: &IntegrationId,
    now: i64,
) -> Result<Option<Turn>, DatabaseError> {
    let turn = Turn { integration: integration.clone(), owner: Uuid::new_v4().simple().to_string() };
    let done = sqlx::query(
        "INSERT INTO match_turn (integration, owner, until) VALUES ($1, $2, $3) \
         ON CONFLICT (integration) DO UPDATE SET owner = excluded.owner, until = excluded.until \
         WHERE match_turn.until <= $4 OR match_turn.until > $5",
    )
    .bind(integration.as_str())
    .bind(&turn.owner)
    .bind(end(now, Duration::ZERO))
    .bind(now)
    // A turn that ends much later than one of now could was taken before the clock was put back.
    .bind(end(now, LONGEST_REST))
    .execute(connection)
    .await?;
    Ok((done.rows_affected() > 0).then_some(turn))
}

/// Confirms the turn, for `more` than usual. False if another has it by now: nothing more may be
/// written then.
pub(super) async fn confirm(
    connection: &mut Connection,
    turn: &Turn,
    now: i64,
    more: Duration,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query("UPDATE match_turn SET until = $3 WHERE integration = $1 AND owner = $2")
        .bind(turn.integration.as_str())
        .bind(&turn.owner)
        .bind(end(now, more))
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Gives the turn back.
async fn give_back(connection: &mut Connection, turn: &Turn) -> Result<(), DatabaseError> {
    sqlx::query("DELETE FROM match_turn WHERE integration = $1 AND owner = $2")
        .bind(turn.integration.as_str())
        .bind(&turn.owner)
        .execute(connection)
        .await?;
    Ok(())
}
