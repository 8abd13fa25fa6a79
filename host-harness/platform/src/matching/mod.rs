//! Which user of the provider each staff member is.
//!
//! Whoever is to be asked for is on a list in the database ([`queue`]): everybody, when a job is started
//! ([`job`]), and who changed, by themselves ([`wanted`]). One process at a time ([`turn`]) works a list
//! off ([`work`]), a few batches side by side ([`ask`]).

pub(crate) mod anew;
mod apply;
mod ask;
mod directory;
mod error;
mod giving_up;
mod job;
mod job_store;
mod one;
mod plan;
mod queue;
mod reason;
mod run;
mod settle;
pub(crate) mod store;
mod turn;
pub(crate) mod wanted;
mod work;

use std::collections::BTreeMap;
use std::time::Duration;

pub use error::MatchError;
pub(crate) use job::Jobs;
pub use job::{JobId, JobProgress, JobState, Way};
pub use plan::MatchPlan;
use tokio_util::sync::CancellationToken;
use video_host::provider::{Capabilities, User};

use crate::IntegrationId;
use crate::database::DatabaseError;
use crate::integration::{self, Integration};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::staff::comparable;
use crate::word::words;
use work::Work;

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
    /// Another staff member has the same key, so nobody was asked for; or is the same user by another
    /// key.
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
    /// Who else of the staff leads to the same user, by an alias or otherwise, as such a sentence.
    /// Also where there is a match.
    pub same_user: Option<String>,
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
    /// How often the provider's plugin was called for it.
    pub calls: u64,
    /// How long the rest takes at the pace so far; none before anything is done.
    pub left: Option<Duration>,
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

/// A staff member with the key to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    staff: String,
    /// As the staff record has it, trimmed.
    key: String,
}

impl Candidate {
    /// The key as it is compared.
    fn comparable(&self) -> String {
        comparable(&self.key)
    }
}

impl<V: VideoProviders> Platform<V> {
    /// Matches all staff as a [job](Platform::start_rematch), works on it here and waits for its end.
    /// Each batch's outcomes are stored as they come. Items that the provider puts off are asked for
    /// again when it said; after several rounds without any answer the rest is reported as unknown,
    /// keeps the outcome that it had, and is asked for later by itself.
    ///
    /// On an error the outcomes so far are kept. Dropped midway, the job is gone on with by whoever runs
    /// [`Platform::run_jobs`]: at once in this process, in others two minutes later.
    pub async fn rematch(
        &self,
        integration: &IntegrationId,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<MatchReport, MatchError> {
        let started = self.start_rematch(integration).await?;
        let (integration, provider) = self.matchable(integration).await?;
        let name = integration.display_name.clone();
        let held = self.take_turn(&integration.id).await?;
        let Some(held) = held else { return Err(MatchError::Elsewhere(name)) };
        let stop = CancellationToken::new();
        let work = Work::new(self, &integration, &provider, held.turn(), &stop, &mut progress);
        let worked = work.job(&started).await;
        self.end_turn(held).await?;
        worked?;
        let job = self.job(&started).await?;
        match job.state {
            JobState::Finished => self.report(&job).await,
            JobState::Running => Err(MatchError::Elsewhere(name)),
            JobState::Failed => Err(MatchError::Failed(job.problem.unwrap_or_default())),
            JobState::Cancelled => {
                let Progress { done, total, .. } = job.progress(self.now(), None);
                Err(MatchError::Cancelled { integration: name, done, total })
            }
        }
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
