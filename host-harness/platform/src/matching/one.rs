//! Matching one staff member at once, because somebody waits for it: without a list and without a turn.

use std::time::Duration;

use sqlx::QueryBuilder;
use video_host::provider::Look;

use super::apply::{For, apply};
use super::ask::{Asked, ask};
use super::wanted::ms;
use super::{Candidate, MatchError, StaffMatch, queue, settle, store};
use crate::database::{self, Kind};
use crate::integration::{Integration, Question};
use crate::patience::{BACK_OFF, PATIENCE, SILENT_ROUNDS};
use crate::platform::Platform;
use crate::provider::{VideoProvider, VideoProviders};
use crate::staff::store::one_of;

impl<V: VideoProviders> Platform<V> {
    /// Asks for one staff member on the integration that they use, and for those who shared their key
    /// or their user the last time. Tells what is known of the staff member then; see
    /// [`StaffMatch::unanswered_at`].
    pub async fn rematch_one(&self, staff: &str) -> Result<StaffMatch, MatchError> {
        let unknown = || MatchError::UnknownStaff(staff.to_owned());
        let member = self.staff_member(staff).await?.ok_or_else(unknown)?;
        let settings = self.video_settings(staff).await?.ok_or_else(unknown)?;
        let used =
            settings.integration.ok_or_else(|| MatchError::NoIntegration(member.label().to_owned()))?;
        let (integration, provider) = self.matchable(&used).await?;

        let mut connection = self.connection().await?;
        let mut wanted = store::shared_with(&mut connection, &integration.id, staff).await?;
        wanted.push(staff.to_owned());
        let mut query = QueryBuilder::<Kind>::new("SELECT s.* FROM staff AS s WHERE s.id IN ");
        one_of(&mut query, &wanted.iter().map(String::as_str).collect::<Vec<_>>());
        query.push(" ORDER BY s.id");
        let wanted = queue::candidates(query, &mut connection, integration.match_field).await?;
        let sorted = settle::sort(&mut connection, &integration, wanted).await?;
        let others = settle::untold(&mut connection, &integration, &sorted.settled).await?;
        let others = settle::sort(&mut connection, &integration, others).await?.settled;
        drop(connection);

        let whom = For { integration: &integration, turn: None, job: None, reading_since: None };
        let settled =
            Asked { answers: others.into_iter().chain(sorted.settled).collect(), ..Asked::default() };
        apply(self, whom, &settled, 0, |_| 0).await?;
        self.insist(whom, &provider, sorted.to_ask).await?;
        let found = store::load(&mut *self.connection().await?, &integration.id, staff).await?;
        found.ok_or_else(unknown)
    }

    /// Asks until everybody has an outcome, or the provider was silent for too long.
    async fn insist(
        &self,
        whom: For<'_>,
        provider: &V::Provider,
        mut left: Vec<Candidate>,
    ) -> Result<(), MatchError> {
        let mut silent = 0;
        while !left.is_empty() {
            let size = provider.description().best_batch.max(1) as usize;
            let (mut again, mut answered, mut longest) = (Vec::new(), false, None);
            for batch in left.chunks(size) {
                let asked = match ask(provider, whom.integration, Look::Everywhere, batch).await {
                    Ok(asked) => asked,
                    Err(error) => return Err(self.stopped_one(whom.integration, left.len(), error).await?),
                };
                answered |= !asked.answers.is_empty();
                for (candidate, named) in &asked.put_off {
                    let wait = named.map_or(BACK_OFF * 2_u32.pow(silent + 1), Duration::from_millis);
                    longest = longest.max(Some(wait));
                    again.push(candidate.clone());
                }
                let now = self.now();
                let due =
                    |named: Option<u64>| now.saturating_add(ms(Duration::from_millis(named.unwrap_or(0))));
                apply(self, whom, &asked, 1, due).await?;
            }
            left = again;
            silent = if answered { 0 } else { silent + 1 };
            let wait = longest.unwrap_or_default();
            if left.is_empty() || silent == SILENT_ROUNDS || wait > PATIENCE {
                break;
            }
            self.waiter().wait(wait).await;
        }
        let mut transaction = database::begin(self.pool()).await?;
        store::unanswered(&mut transaction, &whom.integration.id, &left, self.now()).await?;
        database::commit(transaction, "matching.unanswered").await?;
        Ok(())
    }

    async fn stopped_one(
        &self,
        integration: &Integration,
        total: usize,
        error: video_host::CallError,
    ) -> Result<MatchError, MatchError> {
        self.note(&integration.id, Question::Users, Err(&error)).await?;
        Ok(MatchError::Call { integration: integration.display_name.clone(), done: 0, total, error })
    }
}
