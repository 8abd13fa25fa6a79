//! What an administrator sees of an integration's staff, page by page, and changes for many at once.

pub(crate) mod change;
mod plan;
mod query;
pub(crate) mod tally;
mod walk;

use crate::IntegrationId;
use crate::database::{self, DatabaseError};
use crate::integration;
use crate::matching::{MatchState, StaffMatch};
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::staff::StaffMember;
use crate::video::VideoError;
use crate::word::{self, Word, words};
pub use change::VideoChange;
use plan::{Found, Total};
use walk::Order;

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

/// A row of a page, for who wants the page behind it or before it. Such a page is found at once, however
/// far it is from the first, and shows whoever is next to the row now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The staff member of the row. If there is none any more, the page is found by its number.
    pub staff: String,
    /// The row's value of the column that is sorted by, if it is one of yes and no.
    pub value: Option<bool>,
    /// Whether the page before it is wanted.
    pub back: bool,
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
    /// The row that the page is beside, as its neighbour's links have it: it is found by that then, and its
    /// number only told. None: by its number.
    pub beside: Option<Cursor>,
    /// Rows of a page: 1 to 500.
    pub rows_per_page: u32,
}

impl Default for DashboardQuery {
    fn default() -> Self {
        let StaffFilter { search, enabled, matched } = StaffFilter::default();
        let (sort, descending) = (DashboardSort::default(), false);
        Self { search, enabled, matched, sort, descending, page: 1, beside: None, rows_per_page: 25 }
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
    /// The row that the page is beside, as its neighbour's links have it: it is found by that then, and its
    /// number only told. None: by its number.
    pub beside: Option<Cursor>,
    /// Rows of a page: 1 to 500.
    pub rows_per_page: u32,
}

impl Default for StaffQuery {
    fn default() -> Self {
        Self { search: String::new(), page: 1, beside: None, rows_per_page: 25 }
    }
}

/// A page of something.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub rows: Vec<T>,
    /// How many there are on all pages. What a search finds is counted up to 1,000.
    pub total: u64,
    /// Whether there are more than `total`, which nobody counted.
    pub more: bool,
    /// Which page it is, from 1. Behind the last one it is the last one, if that is known.
    pub page: u32,
    /// Rows of a page.
    pub rows_per_page: u32,
}

impl<T> Page<T> {
    /// How many pages there are, at least 1; none if nobody counted them.
    pub fn pages(&self) -> Option<u32> {
        (!self.more).then(|| pages(self.total, self.rows_per_page))
    }

    /// Whether there is a page behind this one. Where nobody counted, it may turn out to be empty.
    pub fn has_next(&self) -> bool {
        match self.pages() {
            Some(pages) => self.page < pages,
            None => self.rows.len() >= self.rows_per_page as usize,
        }
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
        let found = Found::by(&mut connection, Some(integration), query.filter()).await?;
        let total = found.total(&mut connection).await?;
        let place = Place::of(query.page, query.beside.as_ref(), query.rows_per_page, total);
        let order = Order { sort: query.sort, descending: query.descending };
        let ids = walk::page(&mut connection, &found, order, &place).await?;
        let rows = query::rows(&mut connection, integration, &ids).await?;
        Ok(place.page(rows))
    }

    /// A page of the staff list, by name.
    pub async fn staff_list(&self, query: &StaffQuery) -> Result<Page<StaffMember>, DatabaseError> {
        let mut connection = self.connection().await?;
        let filter = StaffFilter { search: query.search.clone(), ..StaffFilter::default() };
        let found = Found::by(&mut connection, None, filter).await?;
        let total = found.total(&mut connection).await?;
        let place = Place::of(query.page, query.beside.as_ref(), query.rows_per_page, total);
        let order = Order { sort: DashboardSort::Name, descending: false };
        let ids = walk::page(&mut connection, &found, order, &place).await?;
        let mut members = query::members(&mut connection, &ids).await?;
        let rows = ids.iter().filter_map(|id| members.remove(id)).collect();
        Ok(place.page(rows))
    }

    /// How many staff a filter finds on an integration, counted to the last one: what is found by a search
    /// takes longer the more they are.
    pub async fn count_staff(
        &self,
        integration: &IntegrationId,
        filter: &StaffFilter,
    ) -> Result<u64, DatabaseError> {
        let mut connection = self.connection().await?;
        let found = Found::by(&mut connection, Some(integration), filter.clone()).await?;
        Ok(u64::try_from(found.exactly(&mut connection).await?).unwrap_or(0))
    }

    /// Switches video on or off for many staff, at once: all of them or, on an error, none. Tells for how
    /// many that is a change. Appointments that exist stay. For very many, there is
    /// [`Platform::start_video_change`].
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
struct Place<'a> {
    page: u32,
    cursor: Option<&'a Cursor>,
    rows: u32,
    total: Total,
}

impl<'a> Place<'a> {
    fn of(page: u32, cursor: Option<&'a Cursor>, rows: u32, total: Total) -> Self {
        let rows = rows.clamp(1, LARGEST_PAGE);
        let staff = u64::try_from(total.staff).unwrap_or(0);
        let last = if total.more { u32::MAX } else { pages(staff, rows) };
        Self { page: page.clamp(1, last), cursor, rows, total }
    }

    fn offset(&self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.rows)
    }

    fn page<T>(self, rows: Vec<T>) -> Page<T> {
        let total = u64::try_from(self.total.staff).unwrap_or(0);
        Page { rows, total, more: self.total.more, page: self.page, rows_per_page: self.rows }
    }
}

/// Staff records by their ids.
type Members = std::collections::HashMap<String, StaffMember>;
