//! Working a list off: a few batches side by side, the next when one is done, and again what was put off,
//! until everybody has an outcome or the provider has been silent for too long.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use video_host::CallError;
use video_host::provider::Look;

use super::apply::{Applied, For, apply};
use super::ask::{Asked, ask};
use super::job::{JobId, JobRow, JobState, Way};
use super::queue::{self, List};
use super::turn::{self, Turn};
use super::wanted::ms;
use super::{Candidate, MatchError, Progress, job_store, settle};
use crate::database;
use crate::integration::{Integration, Question};
use crate::patience::{BACK_OFF, PATIENCE, SILENT_ROUNDS};
use crate::platform::Platform;
use crate::provider::{VideoProvider, VideoProviders};

/// Batches side by side at most. At Microsoft a batch of 300 costs 20 resource units of 3,500 in ten
/// seconds for the smallest tenant: eight of them leave room for the bookings of the same moment.
pub(super) const SIDE_BY_SIDE: usize = 8;
/// When those are asked for again who changed and were put off, where the provider does not say.
const SOON: Duration = Duration::from_secs(30);

/// How working a list off ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nobody is left on it who could be asked for now.
    Drained,
    /// The job has ended meanwhile, another process has the turn, or this one stops.
    TakenAway,
}

/// Staff to be asked for by one look.
struct Lot {
    look: Look,
    candidates: Vec<Candidate>,
}

impl Lot {
    /// In calls of so many.
    fn batches(self, batch: usize) -> Vec<Self> {
        let of = |candidates: &[Candidate]| Self { look: self.look, candidates: candidates.to_vec() };
        self.candidates.chunks(batch).map(of).collect()
    }
}

/// What calls side by side came to.
#[derive(Debug, Default)]
struct Round {
    /// Whether anybody was answered.
    answered: bool,
    /// How long the provider wants to be left alone, if it put anybody off.
    put_off: Option<Duration>,
}

/// Does something while calls go on: their answers are kept for later.
async fn meanwhile<C: Future, T>(
    calls: &mut FuturesUnordered<C>,
    answers: &mut VecDeque<C::Output>,
    something: impl Future<Output = T>,
) -> T {
    let mut something = pin!(something);
    loop {
        tokio::select! {
            biased;
            done = &mut something => return done,
            Some(answer) = calls.next() => answers.push_back(answer),
        }
    }
}

/// One process at work on one integration, while it has the turn.
pub(super) struct Work<'a, V: VideoProviders> {
    pub(super) platform: &'a Platform<V>,
    pub(super) integration: &'a Integration,
    pub(super) provider: &'a V::Provider,
    pub(super) turn: &'a Turn,
    /// Once it is cancelled no call is begun.
    stop: &'a CancellationToken,
    progress: &'a mut (dyn FnMut(Progress) + Send),
    side_by_side: usize,
}

impl<'a, V: VideoProviders> Work<'a, V> {
    pub(super) fn new(
        platform: &'a Platform<V>,
        integration: &'a Integration,
        provider: &'a V::Provider,
        turn: &'a Turn,
        stop: &'a CancellationToken,
        progress: &'a mut (dyn FnMut(Progress) + Send),
    ) -> Self {
        Self { platform, integration, provider, turn, stop, progress, side_by_side: 1 }
    }

    /// Whether the process stops: no call is begun any more.
    pub(super) fn stops(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Works on a job until it ends, or until this process may not any more.
    pub(super) async fn job(mut self, id: &JobId) -> Result<(), MatchError> {
        let job = self.platform.job(id).await?;
        if job.state != JobState::Running {
            return Ok(());
        }
        let failed = match self.both_ways(job).await {
            Ok(End::TakenAway) => return Ok(()),
            Ok(End::Drained) => None,
            // The job is gone on with once the database answers again.
            Err(error @ MatchError::Database(_)) => return Err(error),
            Err(error) => Some(error),
        };
        let problem = failed.as_ref().map(ToString::to_string);
        let state = if failed.is_some() { JobState::Failed } else { JobState::Finished };
        let mut transaction = database::begin(self.platform.pool()).await?;
        let now = self.platform.now();
        if turn::confirm(&mut transaction, self.turn, now, Duration::ZERO).await? {
            job_store::end(&mut transaction, id, state, problem.as_deref(), now).await?;
            database::commit(transaction, "matching.ended").await?;
        }
        self.platform.jobs().tell(&self.platform.job(id).await?.told(now, None));
        failed.map_or(Ok(()), Err)
    }

    async fn both_ways(&mut self, mut job: JobRow) -> Result<End, MatchError> {
        if job.way == Way::Directory {
            if !self.directory(&mut job).await? {
                return Ok(End::TakenAway);
            }
            if job.way == Way::Directory {
                return Ok(End::Drained);
            }
        }
        let list = List {
            integration: job.integration.clone(),
            field: self.integration.match_field,
            job: Some(job.id.clone()),
        };
        self.list(&list, Some(job)).await
    }

    /// Asks for those who changed. Who is put off stays on the list.
    pub(super) async fn changed(mut self) -> Result<(), MatchError> {
        let integration = self.integration.id.clone();
        let list = List { integration, field: self.integration.match_field, job: None };
        let mut transaction = database::begin(self.platform.pool()).await?;
        queue::make_due(&mut transaction, &list, self.platform.now()).await?;
        database::commit(transaction, "matching.due").await?;
        self.list(&list, None).await?;
        Ok(())
    }

    /// Rounds until nobody is left: each ends when the provider wants to be left alone, or has nobody
    /// more to be asked for.
    async fn list(&mut self, list: &List, mut job: Option<JobRow>) -> Result<End, MatchError> {
        let mut silent = 0;
        loop {
            let round = match self.round(list, job.as_mut(), silent).await? {
                Ok(round) => round,
                Err(end) => return Ok(end),
            };
            silent = if round.answered { 0 } else { silent + 1 };
            let Some(wait) = round.put_off else { continue };
            let Some(job) = job.as_mut() else { return Ok(End::Drained) };
            if silent == SILENT_ROUNDS || wait > PATIENCE {
                return self.give_up(list, job, wait).await;
            }
            if !self.rest(Some(&job.id), wait).await? {
                return Ok(End::TakenAway);
            }
        }
    }

    /// Leaves the provider alone. False if the turn was lost, or the process stops.
    pub(super) async fn rest(&mut self, job: Option<&JobId>, wait: Duration) -> Result<bool, MatchError> {
        let now = self.platform.now();
        if !turn::confirm(&mut *self.platform.connection().await?, self.turn, now, wait).await? {
            return Ok(false);
        }
        if let Some(job) = job {
            self.tell(job, Some(wait)).await?;
        }
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Ok(false),
            () = self.platform.waiter().wait(wait) => Ok(true),
        }
    }

    /// Staff who were never asked for, behind `after`, in full batches as long as there are more; none if
    /// there are none. Moves `after` to the last of them.
    async fn fresh(
        &mut self,
        list: &List,
        mut job: Option<&mut JobRow>,
        after: &mut String,
    ) -> Result<Result<Vec<Candidate>, End>, MatchError> {
        let batch = self.batch();
        let most = batch * self.side_by_side;
        loop {
            let now = self.platform.now();
            let mut transaction = database::begin(self.platform.pool()).await?;
            if !turn::confirm(&mut transaction, self.turn, now, Duration::ZERO).await? {
                return Ok(Err(End::TakenAway));
            }
            let mut fresh = queue::fresh(&mut transaction, list, after, now, most).await?;
            let mut more = false;
            if let Some(job) = job.as_deref_mut()
                && fresh.len() < most
            {
                more = queue::extend(&mut transaction, job, most - fresh.len(), now).await?;
                if more {
                    fresh = queue::fresh(&mut transaction, list, after, now, most).await?;
                }
            } else if job.is_some() {
                more = true;
            }
            let sorted = settle::sort(&mut transaction, self.integration, fresh).await?;
            database::commit(transaction, "matching.listed").await?;

            let mut to_ask = sorted.to_ask;
            let nothing_fresh = to_ask.is_empty() && sorted.settled.is_empty();
            if !self.settle(list, sorted.settled).await? {
                return Ok(Err(End::TakenAway));
            }
            if more {
                // The rest stays on the list until it fills a batch.
                to_ask.truncate(to_ask.len() - to_ask.len() % batch);
            }
            if let Some(last) = to_ask.last() {
                after.clone_from(&last.staff);
            }
            if !to_ask.is_empty() || (nothing_fresh && !more) {
                return Ok(Ok(to_ask));
            }
        }
    }

    /// Who was put off or missed by key and may be asked for now, by one look.
    async fn due(&mut self, list: &List, job: Option<&JobRow>) -> Result<Result<Lot, End>, MatchError> {
        loop {
            let now = self.platform.now();
            let mut connection = self.platform.connection().await?;
            let most = self.batch() * self.side_by_side;
            let (look, candidates) = queue::due(&mut connection, list, now, most).await?;
            if !candidates.is_empty() {
                return Ok(Ok(Lot { look, candidates }));
            }
            let next = queue::next_due(&mut connection, list).await?;
            drop(connection);
            let (Some(next), Some(job)) = (next, job) else { return Ok(Err(End::Drained)) };
            let wait = Duration::from_millis(u64::try_from(next.saturating_sub(now)).unwrap_or(0));
            if !self.rest(Some(&job.id), wait).await? {
                return Ok(Err(End::TakenAway));
            }
        }
    }

    /// How many keys one call takes.
    pub(super) fn batch(&self) -> usize {
        self.provider.description().best_batch.max(1) as usize
    }

    /// Stores outcomes that took no call, and tells whoever shares a key with one who changed.
    async fn settle(
        &mut self,
        list: &List,
        settled: Vec<(Candidate, super::store::Answer)>,
    ) -> Result<bool, MatchError> {
        if settled.is_empty() {
            return Ok(true);
        }
        let mut others = Vec::new();
        if list.job.is_none() {
            let mut connection = self.platform.connection().await?;
            let untold = settle::untold(&mut connection, self.integration, &settled).await?;
            others = settle::sort(&mut connection, self.integration, untold).await?.settled;
        }
        let asked = Asked { answers: others.into_iter().chain(settled).collect(), ..Asked::default() };
        self.store(list, &asked, 0, |_| 0).await
    }

    /// Stores what a call came to. False if there is nothing more to be done here.
    async fn store(
        &mut self,
        list: &List,
        asked: &Asked,
        calls: usize,
        due: impl Fn(Option<u64>) -> i64,
    ) -> Result<bool, MatchError> {
        let job = list.job.as_ref();
        let whom = For { integration: self.integration, turn: Some(self.turn), job, reading_since: None };
        let applied = apply(self.platform, whom, asked, calls, due).await?;
        if let Some(job) = job
            && applied == Applied::Stored
        {
            self.tell(job, None).await?;
        }
        Ok(applied == Applied::Stored)
    }

    /// Asks for staff who were never asked for until there are none, so many calls side by side that the
    /// next begins when one ends; and if there are none from the start, for those who are due again.
    async fn round(
        &mut self,
        list: &List,
        mut job: Option<&mut JobRow>,
        silent: u32,
    ) -> Result<Result<Round, End>, MatchError> {
        let unsaid = if list.job.is_some() { BACK_OFF * 2_u32.pow(silent + 1) } else { SOON };
        let wait_of = |named: Option<u64>| named.map_or(unsaid, Duration::from_millis);
        let (provider, integration, batch) = (self.provider, self.integration, self.batch());
        let (mut calls, mut answers) = (FuturesUnordered::new(), VecDeque::new());
        let mut waiting = VecDeque::new();
        let mut after = String::new();
        let (mut more, mut goes_on, mut refused) = (true, true, None);
        let mut round = Round::default();
        loop {
            goes_on &= !self.stops();
            while calls.len() < self.side_by_side && round.put_off.is_none() && refused.is_none() && goes_on {
                if waiting.is_empty() && more {
                    let fresh =
                        meanwhile(&mut calls, &mut answers, self.fresh(list, job.as_deref_mut(), &mut after));
                    let Ok(candidates) = fresh.await? else {
                        goes_on = false;
                        break;
                    };
                    let lot = Lot { look: Look::Keys, candidates };
                    more = !lot.candidates.is_empty();
                    waiting.extend(lot.batches(batch));
                    let begun = round.answered || !(calls.is_empty() && answers.is_empty());
                    if !more && !begun {
                        match self.due(list, job.as_deref()).await? {
                            Ok(lot) => waiting.extend(lot.batches(batch)),
                            Err(end) => return Ok(Err(end)),
                        }
                    }
                }
                let Some(Lot { look, candidates }) = waiting.pop_front() else { break };
                calls.push(async move { ask(provider, integration, look, &candidates).await });
            }
            let next = match answers.pop_front() {
                Some(next) => Some(next),
                None => calls.next().await,
            };
            // What the others brought holds, whatever becomes of one.
            let asked = match next {
                Some(Ok(asked)) => asked,
                Some(Err(error)) => {
                    refused.get_or_insert(error);
                    continue;
                }
                None => break,
            };
            round.answered |= !(asked.answers.is_empty() && asked.missed.is_empty());
            round.put_off = asked.put_off.iter().map(|(_, named)| wait_of(*named)).max().max(round.put_off);
            // A provider that is in no hurry is asked for more at once, another one for less.
            self.side_by_side =
                if round.put_off.is_some() { 1 } else { (self.side_by_side + 1).min(SIDE_BY_SIDE) };
            let now = self.platform.now();
            let due = |named| now.saturating_add(ms(wait_of(named)));
            goes_on &= meanwhile(&mut calls, &mut answers, self.store(list, &asked, 1, due)).await?;
        }
        if let Some(error) = refused {
            return Err(self.stopped(list, error).await?);
        }
        Ok(if goes_on { Ok(round) } else { Err(End::TakenAway) })
    }

    pub(super) async fn stopped(&mut self, list: &List, error: CallError) -> Result<MatchError, MatchError> {
        self.platform.note(&self.integration.id, Question::Users, Err(&error)).await?;
        let progress = match &list.job {
            Some(job) => Some(self.platform.job(job).await?.progress(self.platform.now(), None)),
            None => None,
        };
        Ok(MatchError::Call {
            integration: self.integration.display_name.clone(),
            done: progress.map_or(0, |progress| progress.done),
            total: progress.map_or(0, |progress| progress.total),
            error,
        })
    }

    pub(super) async fn tell(&mut self, job: &JobId, waiting: Option<Duration>) -> Result<(), MatchError> {
        let told = self.platform.job(job).await?.told(self.platform.now(), waiting);
        (self.progress)(told.progress);
        self.platform.jobs().tell(&told);
        Ok(())
    }
}
