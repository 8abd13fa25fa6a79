//! The dashboard: who has video, on what, and who they are there.

use super::{Acting, ActingError, nothing_new};
use crate::IntegrationId;
use crate::appointment::StaffCheck;
use crate::audit::Action;
use crate::audit::store::{Intent, Learned};
use crate::dashboard::change::Logged;
use crate::dashboard::{DashboardQuery, DashboardRow, Page, Selection, StaffFilter, VideoChange};
use crate::database::DatabaseError;
use crate::matching::StaffMatch;
use crate::provider::VideoProviders;
use crate::video::{VideoError, VideoSettings};

fn on_or_off(enabled: bool) -> &'static str {
    if enabled { "on" } else { "off" }
}

impl<V: VideoProviders> Acting<'_, V> {
    /// [`Platform::dashboard`](crate::Platform::dashboard), for administrators.
    pub async fn dashboard(
        &self,
        id: &IntegrationId,
        query: &DashboardQuery,
    ) -> Result<Page<DashboardRow>, ActingError<DatabaseError>> {
        let work = self.platform.dashboard(id, query);
        self.look(Action::SeeDashboard, Some(id.as_str()), None, work).await
    }

    /// [`Platform::video_settings`](crate::Platform::video_settings), for the staff member and for
    /// schedulers.
    pub async fn video_settings(
        &self,
        staff: &str,
    ) -> Result<Option<VideoSettings>, ActingError<DatabaseError>> {
        self.look(Action::SeeStaff, Some(staff), Some(staff), self.platform.video_settings(staff)).await
    }

    /// [`Platform::enable_video`](crate::Platform::enable_video), for administrators.
    pub async fn enable_video(&self, staff: &str, enabled: bool) -> Result<(), ActingError<VideoError>> {
        let before = self.platform.video_settings(staff).await.map_err(ActingError::Audit)?;
        let before = before.map(|settings| on_or_off(settings.enabled).to_owned());
        let intent = Intent::to(Action::EnableVideo).on(staff).change(before, on_or_off(enabled));
        self.act(intent, None, self.platform.enable_video(staff, enabled), nothing_new).await
    }

    /// [`Platform::enable_video_for`](crate::Platform::enable_video_for), for administrators.
    pub async fn enable_video_for(
        &self,
        id: &IntegrationId,
        selection: &Selection,
        enabled: bool,
    ) -> Result<u64, ActingError<VideoError>> {
        let told = format!("{} for {}", on_or_off(enabled), whom(selection));
        let intent = Intent::to(Action::EnableVideoForMany).on(id.as_str()).change(None, told.clone());
        let learned =
            |changed: &u64| Learned { subject: None, to: Some(format!("{told}: {changed} changed")) };
        self.act(intent, None, self.platform.enable_video_for(id, selection, enabled), learned).await
    }

    /// [`Platform::start_video_change`](crate::Platform::start_video_change), for administrators. In the log it
    /// is begun until the last of the staff was looked at.
    pub async fn start_video_change(
        &self,
        id: &IntegrationId,
        filter: &StaffFilter,
        enabled: bool,
    ) -> Result<VideoChange, ActingError<VideoError>> {
        let told = format!("{} for {}", on_or_off(enabled), whom(&Selection::Filter(filter.clone())));
        let intent = Intent::to(Action::EnableVideoForMany).on(id.as_str()).change(None, told.clone());
        self.begin(intent, async |audit| {
            let logged = Logged { audit: Some(audit), told: Some(told) };
            self.platform.start_logged_change(id, filter, enabled, logged).await
        })
        .await
    }

    /// [`Platform::video_change`](crate::Platform::video_change), for administrators.
    pub async fn video_change(&self, id: i64) -> Result<Option<VideoChange>, ActingError<DatabaseError>> {
        self.look(Action::EnableVideoForMany, None, None, self.platform.video_change(id)).await
    }

    /// [`Platform::video_changes`](crate::Platform::video_changes), for administrators.
    pub async fn video_changes(&self) -> Result<Vec<VideoChange>, ActingError<DatabaseError>> {
        self.look(Action::EnableVideoForMany, None, None, self.platform.video_changes()).await
    }

    /// [`Platform::count_staff`](crate::Platform::count_staff), for administrators.
    pub async fn count_staff(
        &self,
        id: &IntegrationId,
        filter: &StaffFilter,
    ) -> Result<u64, ActingError<DatabaseError>> {
        self.look(Action::SeeDashboard, Some(id.as_str()), None, self.platform.count_staff(id, filter)).await
    }

    /// [`Platform::choose_integration`](crate::Platform::choose_integration), for administrators.
    pub async fn choose_integration(
        &self,
        staff: &str,
        chosen: Option<&IntegrationId>,
    ) -> Result<(), ActingError<VideoError>> {
        let name = |id: Option<&IntegrationId>| id.map_or("the default", IntegrationId::as_str).to_owned();
        let before = self.platform.video_settings(staff).await.map_err(ActingError::Audit)?;
        let before = before.map(|settings| name(settings.chosen.as_ref()));
        let intent = Intent::to(Action::ChooseIntegration).on(staff).change(before, name(chosen));
        self.act(intent, None, self.platform.choose_integration(staff, chosen), nothing_new).await
    }

    /// [`Platform::check_staff`](crate::Platform::check_staff), for administrators.
    pub async fn check_staff(&self, staff: &str) -> Result<StaffCheck, ActingError<DatabaseError>> {
        self.look(Action::CheckStaff, Some(staff), None, self.platform.check_staff(staff)).await
    }

    /// [`Platform::matches`](crate::Platform::matches), for administrators.
    pub async fn matches(
        &self,
        id: &IntegrationId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StaffMatch>, ActingError<DatabaseError>> {
        let work = self.platform.matches(id, after, limit);
        self.look(Action::SeeDashboard, Some(id.as_str()), None, work).await
    }
}

/// A selection for the log.
fn whom(selection: &Selection) -> String {
    /// Ids of one row of the log; the others are counted.
    const NAMED: usize = 20;
    match selection {
        Selection::Filter(StaffFilter { search, enabled, matched }) => {
            let mut told = String::from("all staff");
            if let Some(enabled) = enabled {
                told = format!("{told} with video {}", on_or_off(*enabled));
            }
            if let Some(matched) = matched {
                told = format!("{told} who are {}", if *matched { "matched" } else { "not matched" });
            }
            if search.trim().is_empty() { told } else { format!("{told} found by `{}`", search.trim()) }
        }
        Selection::Staff(ids) => {
            let named = ids.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            match ids.len().saturating_sub(NAMED) {
                0 => named,
                more => format!("{named} and {more} more"),
            }
        }
    }
}
