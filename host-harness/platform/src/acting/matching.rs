//! Rematch all users: the jobs.

use tokio::sync::watch;

use super::{Acting, ActingError, nothing_new};
use crate::IntegrationId;
use crate::audit::Action;
use crate::audit::store::{Intent, Learned};
use crate::matching::{JobId, JobProgress, MatchError, MatchPlan, MatchReport, Progress, StaffMatch, Way};
use crate::provider::VideoProviders;

impl<V: VideoProviders> Acting<'_, V> {
    /// [`Platform::rematch`](crate::Platform::rematch), for administrators.
    pub async fn rematch(
        &self,
        id: &IntegrationId,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<MatchReport, ActingError<MatchError>> {
        let intent = Intent::to(Action::Rematch).on(id.as_str());
        let learned = |report: &MatchReport| {
            let to = format!("{} of {} matched", report.matched(), report.total);
            Learned { subject: None, to: Some(to) }
        };
        self.act(intent, None, self.platform.rematch(id, progress), learned).await
    }

    /// [`Platform::start_rematch`](crate::Platform::start_rematch), for administrators.
    pub async fn start_rematch(&self, id: &IntegrationId) -> Result<JobId, ActingError<MatchError>> {
        let intent = Intent::to(Action::Rematch).on(id.as_str());
        self.act(intent, None, self.platform.start_rematch(id), job).await
    }

    /// [`Platform::start_rematch_by`](crate::Platform::start_rematch_by), for administrators.
    pub async fn start_rematch_by(
        &self,
        id: &IntegrationId,
        way: Way,
    ) -> Result<JobId, ActingError<MatchError>> {
        let intent = Intent::to(Action::Rematch).on(id.as_str());
        self.act(intent, None, self.platform.start_rematch_by(id, way), job).await
    }

    /// [`Platform::cancel_rematch`](crate::Platform::cancel_rematch), for administrators.
    pub async fn cancel_rematch(&self, job: &JobId) -> Result<(), ActingError<MatchError>> {
        let intent = Intent::to(Action::CancelRematch).on(job.as_str());
        self.act(intent, None, self.platform.cancel_rematch(job), nothing_new).await
    }

    /// [`Platform::plan_rematch`](crate::Platform::plan_rematch), for administrators.
    pub async fn plan_rematch(&self, id: &IntegrationId) -> Result<MatchPlan, ActingError<MatchError>> {
        self.look(Action::SeeDashboard, Some(id.as_str()), None, self.platform.plan_rematch(id)).await
    }

    /// [`Platform::rematch_progress`](crate::Platform::rematch_progress), for administrators.
    pub async fn rematch_progress(&self, job: &JobId) -> Result<JobProgress, ActingError<MatchError>> {
        self.look(Action::SeeDashboard, Some(job.as_str()), None, self.platform.rematch_progress(job)).await
    }

    /// [`Platform::watch_rematch`](crate::Platform::watch_rematch), for administrators.
    pub async fn watch_rematch(
        &self,
        job: &JobId,
    ) -> Result<watch::Receiver<JobProgress>, ActingError<MatchError>> {
        self.look(Action::SeeDashboard, Some(job.as_str()), None, self.platform.watch_rematch(job)).await
    }

    /// [`Platform::running_rematch`](crate::Platform::running_rematch), for administrators.
    pub async fn running_rematch(
        &self,
        id: &IntegrationId,
    ) -> Result<Option<JobId>, ActingError<MatchError>> {
        self.look(Action::SeeDashboard, Some(id.as_str()), None, self.platform.running_rematch(id)).await
    }

    /// [`Platform::rematch_one`](crate::Platform::rematch_one), for administrators.
    pub async fn rematch_one(&self, staff: &str) -> Result<StaffMatch, ActingError<MatchError>> {
        let intent = Intent::to(Action::RematchOne).on(staff);
        let learned = |found: &StaffMatch| {
            let to = found.reason.clone().unwrap_or_else(|| "matched".to_owned());
            Learned { subject: None, to: Some(to) }
        };
        self.act(intent, None, self.platform.rematch_one(staff), learned).await
    }
}

fn job(job: &JobId) -> Learned {
    Learned { subject: None, to: Some(format!("job {job}")) }
}
