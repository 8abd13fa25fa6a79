//! Which user of the provider each staff member is.

mod error;
mod reason;
pub(crate) mod rounds;
mod shared;
pub(crate) mod store;

use std::collections::BTreeMap;
use std::time::Duration;

pub use error::MatchError;
use video_host::provider::{Capabilities, User};

use crate::IntegrationId;
use crate::database::DatabaseError;
use crate::integration::{self, Integration};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::staff;
use crate::word::words;
use rounds::Rounds;

/// How a staff member stands with the users of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchState {
    /// Is this user.
    Matched,
    /// Nobody has the key.
    NotFound,
    /// The key is an alias of a user whose real key differs.
    Alias,
    /// The user is a guest.
    Guest,
    /// The user is disabled.
    Disabled,
    /// The user has no licence for meetings.
    Unlicensed,
    /// Several users answer to the key.
    Ambiguous,
    /// Another staff member has the same key, so nobody was asked for.
    Shared,
    /// The staff record has no key.
    NoKey,
    /// Asked for, and never answered.
    Unknown,
}

words!(MatchState {
    Matched = "matched",
    NotFound = "not_found",
    Alias = "alias",
    Guest = "guest",
    Disabled = "disabled",
    Unlicensed = "unlicensed",
    Ambiguous = "ambiguous",
    Shared = "shared",
    NoKey = "no_key",
    Unknown = "unknown",
});

/// What is known of a staff member at a provider.
#[derive(Debug, Clone, PartialEq)]
pub struct StaffMatch {
    /// The staff member's id.
    pub staff: String,
    /// The outcome that counts: the last one that the provider gave.
    pub state: MatchState,
    /// The user, also one who cannot be given meetings.
    pub user: Option<User>,
    /// Why there is no match, as a sentence without capital and stop; none if there is one.
    pub reason: Option<String>,
    /// When that was found out, in milliseconds since 1970.
    pub at: i64,
    /// When the provider was asked again since, without giving an answer; milliseconds since 1970.
    pub unanswered_at: Option<i64>,
}

/// How far a matching is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// For how many staff there is an outcome, and it is stored.
    pub done: usize,
    /// Of how many.
    pub total: usize,
    /// How many of those done are matched.
    pub matched: usize,
    /// For how long the provider asked to be left alone, from now.
    pub waiting: Option<Duration>,
}

/// How a matching ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatchReport {
    /// How many staff there were.
    pub total: usize,
    /// How many have which outcome, the unknown ones left out.
    pub outcomes: BTreeMap<MatchState, usize>,
    /// Ids of the staff for whom the provider gave no answer: what was known of them before still
    /// holds. Match again later.
    pub unknown: Vec<String>,
}

impl MatchReport {
    /// How many staff are matched, of those whom the provider answered for.
    pub fn matched(&self) -> usize {
        self.outcomes.get(&MatchState::Matched).copied().unwrap_or(0)
    }
}

impl<V: VideoProviders> Platform<V> {
    /// Asks the provider for all staff, as many at once as suits it, and stores each batch's outcomes
    /// as they come. Items that the provider puts off are asked for again when it said; after several
    /// rounds without any answer the rest is reported as unknown, and keeps the outcome it had.
    ///
    /// On an error the outcomes so far are kept.
    pub async fn rematch(
        &self,
        integration: &IntegrationId,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<MatchReport, MatchError> {
        let (integration, provider) = self.matchable(integration).await?;
        let everybody = staff::store::all(&mut *self.connection().await?).await?;
        Rounds::new(self, &integration, &provider, progress).run(&everybody, |_| true).await
    }

    /// Asks for one staff member on the integration that they use, and for those who shared their key
    /// the last time. Tells what is known of the staff member then; see
    /// [`StaffMatch::unanswered_at`].
    pub async fn rematch_one(&self, staff: &str) -> Result<StaffMatch, MatchError> {
        let unknown = || MatchError::UnknownStaff(staff.to_owned());
        let member = self.staff_member(staff).await?.ok_or_else(unknown)?;
        let settings = self.video_settings(staff).await?.ok_or_else(unknown)?;
        let used =
            settings.integration.ok_or_else(|| MatchError::NoIntegration(member.label().to_owned()))?;
        let (integration, provider) = self.matchable(&used).await?;

        let mut connection = self.connection().await?;
        let everybody = staff::store::all(&mut connection).await?;
        let mut wanted = store::shared_with(&mut connection, &integration.id, staff).await?;
        drop(connection);
        wanted.push(staff.to_owned());
        Rounds::new(self, &integration, &provider, |_| {})
            .run(&everybody, |candidate| wanted.contains(&candidate.id))
            .await?;
        let found = store::load(&mut *self.connection().await?, &integration.id, staff).await?;
        found.ok_or_else(unknown)
    }

    /// What is known of all staff at an integration, in the order of their ids: at most `limit` of
    /// those behind `after`. Staff who were never asked for are left out.
    pub async fn matches(
        &self,
        integration: &IntegrationId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StaffMatch>, DatabaseError> {
        let mut connection = self.connection().await?;
        store::page(&mut connection, integration, after.unwrap_or_default(), limit).await
    }

    /// An integration that works and whose provider matches.
    async fn matchable(&self, id: &IntegrationId) -> Result<(Integration, V::Provider), MatchError> {
        let integration = integration::store::load(&mut *self.connection().await?, id)
            .await?
            .ok_or_else(|| MatchError::UnknownIntegration(id.clone()))?;
        if !integration.state.is_live() {
            return Err(MatchError::NotUsable {
                problem: integration.state.problem().unwrap_or_default(),
                integration: integration.display_name,
            });
        }
        let provider = self
            .providers()
            .on(&integration.provider, id)
            .ok_or_else(|| MatchError::NotLoaded(integration.provider.clone()))?;
        if !provider.description().capabilities.contains(Capabilities::MATCHING) {
            return Err(MatchError::NotNeeded(integration.display_name));
        }
        Ok((integration, provider))
    }
}
