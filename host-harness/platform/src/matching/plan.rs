//! What matching all staff would cost, told before it starts.

use video_host::provider::{Capabilities, Description};

use super::MatchError;
use super::job::Way;
use crate::IntegrationId;
use crate::integration::Question;
use crate::patience::passes;
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};

/// Users of a page of a provider's directory, as the contract has it at most less one: what Microsoft
/// Graph gives.
pub(super) const PAGE: u64 = 999;
/// From so many calls on, one more to learn the size of the directory is spent without being asked.
const WORTH_A_LOOK: u64 = 100;

/// How all staff would be matched, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchPlan {
    /// How many staff there are.
    pub staff: u64,
    /// How many users the provider has, about, if it tells and was asked.
    pub users: Option<u64>,
    /// The cheaper way.
    pub way: Way,
    /// Calls that it takes, with one for each batch of those who are then missed left out.
    pub calls: u64,
    /// Calls that asking for keys takes.
    pub by_keys: u64,
    /// Calls that reading the directory takes, if its size is known: with full pages. Where the first one turns
    /// out to hold fewer users, so that keys are cheaper, the job asks for keys after all.
    pub by_directory: Option<u64>,
}

/// Calls that asking for so many keys takes.
pub(super) fn by_keys(staff: u64, description: &Description) -> u64 {
    staff.div_ceil(u64::from(description.best_batch.max(1)))
}

impl<V: VideoProviders> Platform<V> {
    /// What matching all staff would cost, either way. Takes one call if the directory can be read and
    /// that could be cheaper.
    pub async fn plan_rematch(&self, integration: &IntegrationId) -> Result<MatchPlan, MatchError> {
        self.plan(integration, 1).await
    }

    /// The way of a job that nobody planned.
    pub(super) async fn cheaper_way(&self, integration: &IntegrationId) -> Result<Way, MatchError> {
        Ok(self.plan(integration, WORTH_A_LOOK).await?.way)
    }

    /// Learns the directory's size only if asking for keys takes more calls than `worth`.
    async fn plan(&self, integration: &IntegrationId, worth: u64) -> Result<MatchPlan, MatchError> {
        let (integration, provider) = self.matchable(integration).await?;
        let description = provider.description();
        let staff = self.staff_count().await? as u64;
        let by_keys = by_keys(staff, description);
        let mut users = None;
        if by_keys > worth && description.capabilities.contains(Capabilities::DIRECTORY) {
            users = match provider.directory_size().await {
                Ok(size) => size,
                // Whoever does not tell now is asked for keys.
                Err(error) if passes(&error) => None,
                Err(error) => {
                    self.note(&integration.id, Question::Users, Err(&error)).await?;
                    let integration = integration.display_name;
                    let total = usize::try_from(staff).unwrap_or(usize::MAX);
                    return Err(MatchError::Call { integration, done: 0, total, error });
                }
            };
        }
        let by_directory = users.map(|users| users.div_ceil(PAGE).max(1));
        let (way, calls) = match by_directory {
            Some(pages) if pages < by_keys => (Way::Directory, pages),
            _ => (Way::Keys, by_keys),
        };
        Ok(MatchPlan { staff, users, way, calls, by_keys, by_directory })
    }
}
