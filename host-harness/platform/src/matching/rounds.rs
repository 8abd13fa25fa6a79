//! Asking in batches, and again for what was put off, until everybody has an outcome or the provider
//! has been silent for too long.

use std::time::Duration;

use video_host::provider::Error;
use video_host::{CallError, Failure};

use super::shared::{Candidate, sort};
use super::store::{self, Answer};
use super::{MatchError, MatchReport, MatchState, Progress, reason};
use crate::database::{self, DatabaseError};
use crate::integration::{self, Integration, News, Question};
use crate::platform::Platform;
use crate::provider::{VideoProvider, VideoProviders};
use crate::staff::StaffMember;

/// Rounds in a row that bring no answer at all before the rest is given up. A round that brings one
/// leaves fewer to ask for, so there is an end to those too.
pub(crate) const SILENT_ROUNDS: u32 = 5;
/// The longest wait that is worth it while somebody looks on; who asks for more is asked later.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);
/// The first wait where the provider named none; each silent round doubles it.
pub(crate) const BACK_OFF: Duration = Duration::from_secs(1);

/// What one round left to do.
#[derive(Default)]
struct PutOff {
    candidates: Vec<Candidate>,
    wait: Option<Duration>,
    answers: usize,
}

impl PutOff {
    fn later(&mut self, ms: Option<u64>) {
        self.wait = self.wait.max(ms.map(Duration::from_millis));
    }
}

/// One matching under way.
pub(super) struct Rounds<'a, V: VideoProviders, P> {
    platform: &'a Platform<V>,
    integration: &'a Integration,
    provider: &'a V::Provider,
    progress: P,
    report: MatchReport,
}

impl<'a, V: VideoProviders, P: FnMut(Progress) + Send> Rounds<'a, V, P> {
    pub(super) fn new(
        platform: &'a Platform<V>,
        integration: &'a Integration,
        provider: &'a V::Provider,
        progress: P,
    ) -> Self {
        Self { platform, integration, provider, progress, report: MatchReport::default() }
    }

    /// Asks for those of all staff who are wanted, and for whoever shares a key with one of them.
    pub(super) async fn run(
        mut self,
        everybody: &[StaffMember],
        wanted: impl Fn(&StaffMember) -> bool + Send,
    ) -> Result<MatchReport, MatchError> {
        let sorted = sort(everybody, self.integration.match_field, wanted);
        self.report.total = sorted.settled.len() + sorted.to_ask.len();
        for settled in sorted.settled.chunks(database::ROWS_AT_ONCE) {
            self.store(settled, &[], false).await?;
        }

        let mut left = sorted.to_ask;
        let mut silent = 0;
        while !left.is_empty() {
            let put_off = self.round(&left).await?;
            left = put_off.candidates;
            silent = if put_off.answers > 0 { 0 } else { silent + 1 };
            let wait = put_off.wait.unwrap_or_else(|| BACK_OFF * 2_u32.pow(silent));
            if left.is_empty() || silent == SILENT_ROUNDS || wait > PATIENCE {
                break;
            }
            self.tell(Some(wait));
            self.platform.waiter().wait(wait).await;
        }
        for unanswered in left.chunks(database::ROWS_AT_ONCE) {
            self.store(&[], unanswered, false).await?;
        }
        self.report.unknown = left.into_iter().map(|candidate| candidate.staff).collect();
        Ok(self.report)
    }

    /// Asks once for each. A provider that wants to be left alone is left alone at once: the batches
    /// behind it are put off unasked.
    async fn round(&mut self, candidates: &[Candidate]) -> Result<PutOff, MatchError> {
        let mut put_off = PutOff::default();
        let size = self.provider.description().best_batch.max(1) as usize;
        let mut rest = candidates;
        while !rest.is_empty() {
            let (batch, behind) = rest.split_at(size.min(rest.len()));
            let keys: Vec<_> = batch.iter().map(|candidate| candidate.key.clone()).collect();
            match self.provider.match_users(&keys).await {
                Ok(outcomes) => {
                    let mut answers = Vec::with_capacity(batch.len());
                    let description = self.provider.description();
                    for (candidate, outcome) in batch.iter().zip(outcomes) {
                        match reason::of_outcome(outcome, description, self.integration.match_field) {
                            Ok(answer) => answers.push((candidate.clone(), answer)),
                            Err(ms) => {
                                put_off.candidates.push(candidate.clone());
                                put_off.later(Some(ms));
                            }
                        }
                    }
                    put_off.answers += answers.len();
                    self.store(&answers, &[], !answers.is_empty()).await?;
                    if answers.is_empty() {
                        // Every item was put off: that is a throttled call by another name.
                        let wait = put_off.wait.and_then(|wait| u64::try_from(wait.as_millis()).ok());
                        self.note(&CallError::Provider(Error::Throttled(wait))).await?;
                    }
                }
                Err(error) if passes(&error) => {
                    self.note(&error).await?;
                    put_off.candidates.extend_from_slice(rest);
                    put_off.later(named_wait(&error));
                    break;
                }
                Err(error) => return Err(self.stopped(error).await?),
            }
            rest = behind;
        }
        Ok(put_off)
    }

    async fn stopped(&self, error: CallError) -> Result<MatchError, DatabaseError> {
        self.note(&error).await?;
        Ok(MatchError::Call {
            integration: self.integration.display_name.clone(),
            done: self.report.outcomes.values().sum(),
            total: self.report.total,
            error,
        })
    }

    async fn note(&self, error: &CallError) -> Result<(), DatabaseError> {
        self.platform.note(&self.integration.id, Question::Users, Err(error)).await
    }

    /// One batch is one transaction.
    async fn store(
        &mut self,
        answers: &[(Candidate, Answer)],
        unanswered: &[Candidate],
        provider_answered: bool,
    ) -> Result<(), DatabaseError> {
        let (platform, id) = (self.platform, &self.integration.id);
        let now = platform.now();
        let mut transaction = database::begin(platform.pool()).await?;
        store::answered(&mut transaction, id, answers, now).await?;
        store::unanswered(&mut transaction, id, unanswered, now).await?;
        let mut news = News::default();
        if provider_answered {
            news = integration::store::note(&mut transaction, id, Question::Users, Ok(()), now).await?;
        }
        platform.commit(transaction, "matching.batch", news).await?;
        for (_, answer) in answers {
            *self.report.outcomes.entry(answer.state).or_default() += 1;
        }
        self.tell(None);
        Ok(())
    }

    fn tell(&mut self, waiting: Option<Duration>) {
        let outcomes = &self.report.outcomes;
        let done = outcomes.values().sum();
        let matched = outcomes.get(&MatchState::Matched).copied().unwrap_or(0);
        (self.progress)(Progress { done, total: self.report.total, matched, waiting });
    }
}

/// Whether it is worth asking again soon.
pub(crate) fn passes(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Provider(Error::Throttled(_) | Error::Unavailable(_))
            | CallError::Failed { failure: Failure::Deadline(_) | Failure::Busy, .. }
    )
}

/// For how long the provider wants to be left alone, in milliseconds, if it said so.
pub(crate) fn named_wait(error: &CallError) -> Option<u64> {
    match error {
        CallError::Provider(Error::Throttled(after)) => *after,
        CallError::Provider(Error::Unavailable(outage)) => outage.retry_after,
        _ => None,
    }
}
