//! Doing what is due: going on with jobs, and asking for those who changed.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::queue::Waiting;
use super::wanted::{LONGEST, ms};
use super::work::Work;
use super::{MatchError, job_store, queue, wanted};
use crate::IntegrationId;
use crate::database::{self, DatabaseError};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};

/// How often the database is looked at for what other processes put there.
const LOOK: Duration = Duration::from_secs(15);

/// What there is to do.
#[derive(Debug, Default)]
struct Due {
    integrations: Vec<IntegrationId>,
    /// When there is more, in milliseconds since 1970.
    next: Option<i64>,
}

impl<V: VideoProviders> Platform<V> {
    /// Works on [jobs](Platform::start_rematch) and asks for staff who changed, until `shutdown` is
    /// ready. Any number of processes may run this on one store; each integration is worked on by one
    /// of them at a time. At the end no call is begun any more, and those under way have `within` to be
    /// answered; what is left to do is gone on with elsewhere at once, or here at the next start.
    ///
    /// Who changed is asked for after five quiet seconds, when there are enough for a full call, or
    /// after a minute.
    /// [Changes of many staff](Platform::start_video_change) are worked on beside that.
    pub async fn run_jobs(&self, shutdown: impl Future<Output = ()>, within: Duration) {
        let changes = Notify::new();
        tokio::select! {
            biased;
            () = self.run_matching(shutdown, within, &changes) => {}
            () = self.run_changes(&changes) => {}
        }
    }

    async fn run_changes(&self, woken: &Notify) {
        loop {
            woken.notified().await;
            if let Err(error) = self.apply_video_changes().await {
                tracing::warn!(%error, "a change of many staff is gone on with later");
            }
        }
    }

    async fn run_matching(&self, shutdown: impl Future<Output = ()>, within: Duration, changes: &Notify) {
        let mut shutdown = std::pin::pin!(shutdown);
        let stop = CancellationToken::new();
        let mut at_work = JoinSet::new();
        let mut busy = HashSet::new();
        // Nothing could be done for these: another process has the turn, or the database does not answer.
        let mut resting = HashSet::new();
        loop {
            changes.notify_one();
            let due = self.due().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "what is to be matched cannot be read; trying again");
                Due::default()
            });
            for integration in due.integrations {
                if !resting.contains(&integration) && busy.insert(integration.clone()) {
                    let (platform, stop) = (self.clone(), stop.clone());
                    at_work.spawn(async move {
                        let worked = platform.work_on(&integration, &stop).await;
                        (integration, worked)
                    });
                }
            }
            let pause = due.next.map_or(LOOK, |next| self.until(next).min(LOOK));
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(done) = at_work.join_next() => {
                    match done {
                        Ok((integration, worked)) => {
                            busy.remove(&integration);
                            if !worked {
                                resting.insert(integration);
                            }
                        }
                        Err(error) => {
                            tracing::error!(%error, "matching stopped");
                            // Whose it was is not known any more; turns keep the rest apart.
                            busy.clear();
                        }
                    }
                }
                () = self.jobs().news.notified() => {}
                () = self.waiter().wait(pause) => resting.clear(),
            }
        }
        stop.cancel();
        let answered = async { while at_work.join_next().await.is_some() {} };
        if timeout(within, answered).await.is_err() {
            tracing::warn!("matching calls that were not answered in time are made again elsewhere");
            at_work.shutdown().await;
        }
        if let Err(error) = self.give_back_left_turns().await {
            tracing::warn!(%error, "matching under way is gone on with elsewhere only in two minutes");
        }
    }

    /// Does what is due now, and comes back when nothing more is. Tells how long until there is more, if
    /// that is known. For programs that run for one purpose; see [`Platform::run_jobs`].
    pub async fn run_due_jobs(&self) -> Result<Option<Duration>, DatabaseError> {
        self.apply_video_changes().await?;
        let mut seen = HashSet::new();
        loop {
            let due = self.due().await?;
            let fresh: Vec<_> = due.integrations.into_iter().filter(|it| seen.insert(it.clone())).collect();
            if fresh.is_empty() {
                return Ok(due.next.map(|next| self.until(next)));
            }
            for integration in fresh {
                self.work_on(&integration, &CancellationToken::new()).await;
            }
        }
    }

    fn until(&self, time: i64) -> Duration {
        Duration::from_millis(u64::try_from(time.saturating_sub(self.now())).unwrap_or(0))
    }

    async fn due(&self) -> Result<Due, DatabaseError> {
        let now = self.now();
        let mut connection = self.connection().await?;
        let jobs = job_store::running(&mut connection).await?;
        let waiting = queue::waiting(&mut connection).await?;
        drop(connection);
        let mut due = Due { integrations: jobs.into_iter().map(|job| job.integration).collect(), next: None };
        for waiting in waiting {
            // An integration that cannot be used now is looked at again when it can.
            let provider = match self.matchable(&waiting.integration).await {
                Ok((_, provider)) => provider,
                Err(MatchError::NotNeeded(_)) => {
                    let mut transaction = database::begin(self.pool()).await?;
                    wanted::forget(&mut transaction, &waiting.integration).await?;
                    database::commit(transaction, "matching.forgotten").await?;
                    continue;
                }
                Err(_) => continue,
            };
            let at = at(&waiting, provider.description().best_batch);
            match at {
                Some(at) if at <= now => due.integrations.push(waiting.integration),
                Some(at) => due.next = Some(due.next.map_or(at, |next| next.min(at))),
                None => {}
            }
        }
        Ok(due)
    }

    /// Takes the turn of an integration and does what there is to do until `stop`. False if it could not.
    async fn work_on(&self, id: &IntegrationId, stop: &CancellationToken) -> bool {
        self.try_work_on(id, stop).await.unwrap_or_else(|error| {
            tracing::warn!(integration = %id, %error, "matching stopped");
            false
        })
    }

    async fn try_work_on(&self, id: &IntegrationId, stop: &CancellationToken) -> Result<bool, MatchError> {
        let Some(held) = self.take_turn(id).await? else { return Ok(false) };
        let mut nobody = |_| {};
        let worked = async {
            let (integration, provider) = self.matchable(id).await?;
            let job = job_store::running_on(&mut *self.connection().await?, id).await?;
            let work = Work::new(self, &integration, &provider, held.turn(), stop, &mut nobody);
            match job {
                Some(job) => work.job(&job.id).await,
                None => work.changed().await,
            }
        }
        .await;
        self.end_turn(held).await?;
        worked.map(|()| true)
    }
}

/// When those on a list are to be asked for.
fn at(waiting: &Waiting, best_batch: u32) -> Option<i64> {
    if waiting.fresh >= i64::from(best_batch) {
        return waiting.since;
    }
    let latest = waiting.since.map(|since| since.saturating_add(ms(LONGEST)));
    let fresh = waiting.quiet_at.zip(latest).map(|(quiet, latest)| quiet.min(latest));
    [fresh, waiting.retry_at].into_iter().flatten().min()
}
