//! What an administrator sees of an integration's staff, page by page, and changes for many at once.

mod counts;
mod query;

use crate::IntegrationId;
use crate::database::{self, DatabaseError};
use crate::integration;
use crate::matching::{MatchState, StaffMatch};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::staff::StaffMember;
use crate::video::VideoError;
use crate::word::{self, Word, words};

/// The most rows of a page.
const LARGEST_PAGE: u32 = 500;

/// Which staff.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffFilter {
    /// What somebody typed: each word of it begins a word of the name, e-mail address, user name or id,
    /// whatever the case and accents. Empty: everybody.
    pub search: String,
    /// Only those for whom video is switched on, or off.
    pub enabled: Option<bool>,
    /// Only those who are matched on the integration, or are not.
    pub matched: Option<bool>,
}

/// Which staff to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that a filter finds, on whatever pages.
    Filter(StaffFilter),
    /// These ids, such as those that are ticked on a page: at most 500.
    Staff(Vec<String>),
}

/// By what the dashboard is sorted; then by name, then by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DashboardSort {
    /// The name.
    #[default]
    Name,
    /// The e-mail address.
    Email,
    /// The user name.
    UserName,
    /// Whether video is switched on: off comes first.
    Enabled,
    /// Whether they are matched: not matched comes first.
    Matched,
}

words!(DashboardSort {
    Name = "name",
    Email = "email",
    UserName = "user_name",
    Enabled = "enabled",
    Matched = "matched",
});

impl DashboardSort {
    /// Its word in a query string.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }

    /// The column of a word.
    pub fn parse(word: &str) -> Option<Self> {
        word::parse(word)
    }
}

/// Which page of the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardQuery {
    /// See [`StaffFilter::search`].
    pub search: String,
    /// See [`StaffFilter::enabled`].
    pub enabled: Option<bool>,
    /// See [`StaffFilter::matched`].
    pub matched: Option<bool>,
    /// By what it is sorted.
    pub sort: DashboardSort,
    /// Whether the last come first.
    pub descending: bool,
    /// Which page, from 1.
    pub page: u32,
    /// Rows of a page: 1 to 500.
    pub rows_per_page: u32,
}

impl Default for DashboardQuery {
    fn default() -> Self {
        let StaffFilter { search, enabled, matched } = StaffFilter::default();
        let (sort, descending) = (DashboardSort::default(), false);
        Self { search, enabled, matched, sort, descending, page: 1, rows_per_page: 25 }
    }
}

impl DashboardQuery {
    /// Whom it finds, on all its pages.
    pub fn filter(&self) -> StaffFilter {
        StaffFilter { search: self.search.clone(), enabled: self.enabled, matched: self.matched }
    }
}

/// Which page of the staff list, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffQuery {
    /// See [`StaffFilter::search`].
    pub search: String,
    /// Which page, from 1.
    pub page: u32,
    /// Rows of a page: 1 to 500.
    pub rows_per_page: u32,
}

impl Default for StaffQuery {
    fn default() -> Self {
        Self { search: String::new(), page: 1, rows_per_page: 25 }
    }
}

/// A page of something.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub rows: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// Which page it is, from 1. Behind the last one it is the last one.
    pub page: u32,
    /// Rows of a page.
    pub rows_per_page: u32,
}

impl<T> Page<T> {
    /// How many pages there are, at least 1.
    pub fn pages(&self) -> u32 {
        pages(self.total, self.rows_per_page)
    }
}

fn pages(total: u64, rows_per_page: u32) -> u32 {
    u32::try_from(total.div_ceil(u64::from(rows_per_page.max(1)))).unwrap_or(u32::MAX).max(1)
}

/// A staff member on the dashboard of an integration.
#[derive(Debug, Clone, PartialEq)]
pub struct DashboardRow {
    /// Who.
    pub staff: StaffMember,
    /// Whether they may have video appointments.
    pub enabled: bool,
    /// Whether this integration is the one that they use: chosen for them, or the default.
    pub uses: bool,
    /// What is known of them there; none if they were never asked for.
    pub found: Option<StaffMatch>,
}

impl DashboardRow {
    /// Whether they are a user of the provider who can be given meetings.
    pub fn is_matched(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.state == MatchState::Matched)
    }

    /// Why they are not matched, as a sentence without capital and stop; none if they are.
    pub fn explanation(&self) -> Option<String> {
        match &self.found {
            None => Some("not asked for yet; rematch users to look for them".to_owned()),
            Some(found) if found.state == MatchState::Matched => None,
            Some(found) => found.reason.clone(),
        }
    }
}

impl<V: VideoProviders> Platform<V> {
    /// A page of all staff with how they stand on an integration. None of the words that are searched for
    /// has to be more than the beginning of one.
    pub async fn dashboard(
        &self,
        integration: &IntegrationId,
        query: &DashboardQuery,
    ) -> Result<Page<DashboardRow>, DatabaseError> {
        let mut connection = self.connection().await?;
        let found = query::Found { integration: Some(integration), filter: query.filter() };
        let total = found.count(&mut connection).await?;
        let place = Place::of(query.page, query.rows_per_page, total);
        let ids = found.page(&mut connection, query.sort, query.descending, place).await?;
        let rows = query::rows(&mut connection, integration, &ids).await?;
        Ok(place.page(rows, total))
    }

    /// A page of the staff list, by name.
    pub async fn staff_list(&self, query: &StaffQuery) -> Result<Page<StaffMember>, DatabaseError> {
        let mut connection = self.connection().await?;
        let filter = StaffFilter { search: query.search.clone(), ..StaffFilter::default() };
        let found = query::Found { integration: None, filter };
        let total = found.count(&mut connection).await?;
        let place = Place::of(query.page, query.rows_per_page, total);
        let ids = found.page(&mut connection, DashboardSort::Name, false, place).await?;
        let mut members = query::members(&mut connection, &ids).await?;
        let rows = ids.iter().filter_map(|id| members.remove(id)).collect();
        Ok(place.page(rows, total))
    }

    /// Switches video on or off for many staff, with one statement: all of them or, on an error, none.
    /// Tells for how many that is a change. Appointments that exist stay.
    ///
    /// Ids that are no staff member's are left out.
    pub async fn enable_video_for(
        &self,
        integration: &IntegrationId,
        selection: &Selection,
        enabled: bool,
    ) -> Result<u64, VideoError> {
        if let Selection::Staff(ids) = selection
            && ids.len() > LARGEST_PAGE as usize
        {
            return Err(VideoError::TooMany { chosen: ids.len(), most: LARGEST_PAGE });
        }
        let mut transaction = database::begin(self.pool()).await?;
        if integration::store::load(&mut transaction, integration).await?.is_none() {
            return Err(VideoError::UnknownIntegration(integration.clone()));
        }
        let changed = query::enable(&mut transaction, integration, selection, enabled).await?;
        database::commit(transaction, "video.enabled").await?;
        Ok(changed)
    }
}

/// Where a page is.
#[derive(Debug, Clone, Copy)]
struct Place {
    page: u32,
    rows: u32,
}

impl Place {
    fn of(page: u32, rows: u32, total: u64) -> Self {
        let rows = rows.clamp(1, LARGEST_PAGE);
        Self { page: page.clamp(1, pages(total, rows)), rows }
    }

    fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.rows)
    }

    fn page<T>(self, rows: Vec<T>, total: u64) -> Page<T> {
        Page { rows, total, page: self.page, rows_per_page: self.rows }
    }
}

/// Staff records by their ids.
type Members = std::collections::HashMap<String, StaffMember>;
