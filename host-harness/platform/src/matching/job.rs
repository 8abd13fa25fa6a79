//! Matching all staff as a job: started, looked at and cancelled, by any process on the store.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::{FromRow, Row as _};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::turn::Turn;
use super::{MatchError, MatchReport, Progress, job_store};
use crate::IntegrationId;
use crate::database::{self, Flag, Row};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::word::{self, words};

/// Which matching of all staff.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobId(String);

impl JobId {
    pub(super) fn new() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// The id as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for JobId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

/// How a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Under way, or waiting for a process that goes on with it.
    Running,
    /// Everybody has an outcome, or was asked for in vain.
    Finished,
    /// Somebody cancelled it. What was found by then holds.
    Cancelled,
    /// The provider or the plugin said no. What was found by then holds.
    Failed,
}

words!(JobState {
    Running = "running",
    Finished = "finished",
    Cancelled = "cancelled",
    Failed = "failed",
});

/// How a job goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Asks for the keys of the staff.
    Keys,
    /// Reads the provider's directory from its start to its end.
    Directory,
}

words!(Way { Keys = "keys", Directory = "directory" });

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobProgress {
    /// Which one.
    pub job: JobId,
    /// Whose staff.
    pub integration: IntegrationId,
    /// How it is.
    pub state: JobState,
    /// How it goes about it.
    pub way: Way,
    /// How far it is.
    pub progress: Progress,
    /// Why it failed, as a sentence.
    pub problem: Option<String>,
}

/// The row of a job.
#[derive(Debug, Clone)]
pub(super) struct JobRow {
    pub(super) id: JobId,
    pub(super) integration: IntegrationId,
    pub(super) state: JobState,
    pub(super) way: Way,
    pub(super) listed_to: String,
    pub(super) page: Option<String>,
    pub(super) page_end: bool,
    pub(super) total: i64,
    pub(super) done: i64,
    pub(super) matched: i64,
    pub(super) calls: i64,
    pub(super) problem: Option<String>,
    pub(super) started_at: i64,
}

/// Reads a column that holds an integration's id.
pub(super) fn integration(row: &Row, column: usize) -> Result<IntegrationId, sqlx::Error> {
    let id: String = row.try_get(column)?;
    id.parse().map_err(|_| word::unknown("integration", &id))
}

impl FromRow<'_, Row> for JobRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let integration: String = row.try_get("integration")?;
        Ok(Self {
            id: JobId(row.try_get("id")?),
            integration: integration.parse().map_err(|_| word::unknown("integration", &integration))?,
            state: word::read(row, "state")?,
            way: word::read(row, "way")?,
            listed_to: row.try_get("listed_to")?,
            page: row.try_get("page")?,
            page_end: row.try_get::<Flag, _>("page_end")?.0,
            total: row.try_get("total")?,
            done: row.try_get("done")?,
            matched: row.try_get("matched")?,
            calls: row.try_get("calls")?,
            problem: row.try_get("problem")?,
            started_at: row.try_get("started_at")?,
        })
    }
}

impl JobRow {
    /// How far it is, at `now`.
    pub(super) fn progress(&self, now: i64, waiting: Option<Duration>) -> Progress {
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        // Staff who came since it began are asked for, too.
        let total = self.total.max(self.done);
        let elapsed = u64::try_from(now.saturating_sub(self.started_at)).unwrap_or(0);
        let left = (self.done > 0).then(|| {
            let per_mille = (total - self.done).saturating_mul(1_000) / self.done;
            Duration::from_millis(elapsed.saturating_mul(u64::try_from(per_mille).unwrap_or(0)) / 1_000)
        });
        Progress {
            done: count(self.done),
            total: count(total),
            matched: count(self.matched),
            calls: u64::try_from(self.calls).unwrap_or(0),
            left,
            waiting,
        }
    }

    pub(super) fn told(&self, now: i64, waiting: Option<Duration>) -> JobProgress {
        JobProgress {
            job: self.id.clone(),
            integration: self.integration.clone(),
            state: self.state,
            way: self.way,
            progress: self.progress(now, waiting),
            problem: self.problem.clone(),
        }
    }
}

/// The jobs of this process: who listens to them, and who sleeps until there is one.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    listeners: Mutex<HashMap<JobId, watch::Sender<JobProgress>>>,
    pub(super) news: Notify,
    /// Turns whose work was dropped midway.
    left: Mutex<Vec<Turn>>,
}

impl Jobs {
    /// There is something to do.
    pub(crate) fn wake(&self) {
        self.news.notify_one();
    }

    /// The work of a turn was dropped.
    pub(super) fn leave(&self, turn: Turn) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).push(turn);
        self.wake();
    }

    pub(super) fn left_turn(&self) -> Option<Turn> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    pub(super) fn tell(&self, progress: &JobProgress) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|_, listener| listener.receiver_count() > 0);
        if let Some(listener) = listeners.get(&progress.job) {
            listener.send_replace(progress.clone());
        }
    }

    fn listen(&self, now: JobProgress) -> watch::Receiver<JobProgress> {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let listener = listeners.entry(now.job.clone()).or_insert_with(|| watch::Sender::new(now));
        listener.subscribe()
    }
}

impl<V: VideoProviders> Platform<V> {
    /// Starts matching all staff on an integration, as a job: it is worked on by whichever process runs
    /// [`Platform::run_jobs`], and a restart goes on with it. If there is one under way for the
    /// integration, that one is given back. With very many staff it is planned first, which takes a call.
    pub async fn start_rematch(&self, integration: &IntegrationId) -> Result<JobId, MatchError> {
        if let Some(running) = self.running_rematch(integration).await? {
            return Ok(running);
        }
        let way = self.cheaper_way(integration).await?;
        self.start_rematch_by(integration, way).await
    }

    /// The same, as a [plan](Platform::plan_rematch) says.
    pub async fn start_rematch_by(&self, integration: &IntegrationId, way: Way) -> Result<JobId, MatchError> {
        self.matchable(integration).await?;
        let mut transaction = database::begin(self.pool()).await?;
        let job = job_store::start(&mut transaction, integration, way, self.now()).await?;
        database::commit(transaction, "matching.started").await?;
        self.jobs().wake();
        Ok(job)
    }

    /// How far a job is, also one that another process works on or that has ended.
    pub async fn rematch_progress(&self, job: &JobId) -> Result<JobProgress, MatchError> {
        Ok(self.job(job).await?.told(self.now(), None))
    }

    /// A job's progress as it changes. It is told of what this process works on; where another one may,
    /// ask [`Platform::rematch_progress`] now and then.
    pub async fn watch_rematch(&self, job: &JobId) -> Result<watch::Receiver<JobProgress>, MatchError> {
        let listening = self.jobs().listen(self.rematch_progress(job).await?);
        // It may have ended between the look and the listening, and would never be told of again. An end is the
        // last that there is to tell, so this overtakes nothing.
        let now = self.rematch_progress(job).await?;
        if now.state != JobState::Running {
            self.jobs().tell(&now);
        }
        Ok(listening)
    }

    /// The job under way for an integration, if there is one.
    pub async fn running_rematch(&self, integration: &IntegrationId) -> Result<Option<JobId>, MatchError> {
        Ok(job_store::running_on(&mut *self.connection().await?, integration).await?.map(|job| job.id))
    }

    /// Cancels a job. What it found by then holds; calls under way are still applied. One that has
    /// ended stays as it is.
    pub async fn cancel_rematch(&self, job: &JobId) -> Result<(), MatchError> {
        self.job(job).await?;
        let mut transaction = database::begin(self.pool()).await?;
        job_store::end(&mut transaction, job, JobState::Cancelled, None, self.now()).await?;
        database::commit(transaction, "matching.cancelled").await?;
        let ended = self.job(job).await?;
        self.jobs().tell(&ended.told(self.now(), None));
        Ok(())
    }

    pub(super) async fn job(&self, job: &JobId) -> Result<JobRow, MatchError> {
        let row = job_store::load(&mut *self.connection().await?, job).await?;
        row.ok_or_else(|| MatchError::UnknownJob(job.clone()))
    }

    /// What a job that ended found.
    pub(super) async fn report(&self, job: &JobRow) -> Result<MatchReport, MatchError> {
        let mut connection = self.connection().await?;
        let outcomes = super::store::counted(&mut connection, &job.integration, job.started_at).await?;
        let unknown =
            super::store::unanswered_since(&mut connection, &job.integration, job.started_at).await?;
        let answered: usize = outcomes.values().sum();
        Ok(MatchReport { total: answered + unknown.len(), outcomes, unknown })
    }
}
