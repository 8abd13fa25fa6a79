//! Giving up the rest of a job, because the provider has been silent for too long.

use std::time::Duration;

use super::job::{JobRow, JobState};
use super::queue::{self, List};
use super::wanted::ms;
use super::work::{End, Work};
use super::{MatchError, job_store, turn};
use crate::database::{self, ROWS_AT_ONCE};
use crate::provider::VideoProviders;

/// When those are asked for again whom a job gave up.
const LATER: Duration = Duration::from_mins(15);

impl<V: VideoProviders> Work<'_, V> {
    /// Gives up the rest of a job: it keeps the outcomes that it had, and is asked for later. Some at a time, so
    /// that bookings do not wait for all of them. If this ends midway, the job goes on with who is left.
    pub(super) async fn give_up(
        &mut self,
        list: &List,
        job: &mut JobRow,
        wait: Duration,
    ) -> Result<End, MatchError> {
        loop {
            let now = self.platform.now();
            let mut transaction = database::begin(self.platform.pool()).await?;
            if !turn::confirm(&mut transaction, self.turn, now, Duration::ZERO).await? {
                return Ok(End::TakenAway);
            }
            // One that was cancelled meanwhile has no list any more.
            let current = job_store::load(&mut transaction, &job.id).await?;
            if current.is_none_or(|current| current.state != JobState::Running) {
                return Ok(End::TakenAway);
            }
            let due = now.saturating_add(ms(wait.max(LATER)));
            let given_up = queue::give_up(&mut transaction, list, ROWS_AT_ONCE, now, due).await?;
            let more = given_up > 0 || queue::extend(&mut transaction, job, ROWS_AT_ONCE, now).await?;
            database::commit(transaction, "matching.given-up").await?;
            if !more {
                return Ok(End::Drained);
            }
        }
    }
}
