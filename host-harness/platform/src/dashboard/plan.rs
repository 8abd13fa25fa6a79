//! How the staff that a filter finds are got at: from the smallest list that holds all of them, or by walking
//! an order until a page is full.
//!
//! A list that is short is read whole, whatever the order. A long one is not: so many are in it that a walk
//! soon has a page. Either way a page costs what it shows, however many staff there are.

use sqlx::QueryBuilder;

use super::StaffFilter;
use super::tally::Counts;
use crate::IntegrationId;
use crate::database::{BuildFor as _, Connection, DatabaseError, Flag, Kind};
use crate::matching::MatchState;
use crate::search::Search;
use crate::word::Word as _;

/// Lists up to this length are read whole, and what a search finds is counted up to here.
pub(super) const SHORT: i64 = 1_000;

/// A list that holds everybody whom a filter finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// The entries of a word of the search.
    Word(usize),
    /// Those with this setting of their own.
    Setting(bool),
    /// Those who were asked for and are matched, or are not.
    Outcome(bool),
}

/// Whom a filter finds.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    /// On whose dashboard; none where outcomes do not matter.
    integration: Option<&'a IntegrationId>,
    filter: StaffFilter,
    search: Search,
    counts: Counts,
    /// A short list that holds all of them.
    list: Option<List>,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) staff: i64,
    /// There are more, and nobody counted them.
    pub(super) more: bool,
}

impl<'a> Found<'a> {
    pub(super) async fn by(
        connection: &mut Connection,
        integration: Option<&'a IntegrationId>,
        filter: StaffFilter,
    ) -> Result<Self, DatabaseError> {
        let counts = Counts::read(connection, integration).await?;
        let search = Search::of(&filter.search);
        let mut found = Self { integration, filter, search, counts, list: None };
        let mut shortest = SHORT + 1;
        for list in found.lists() {
            let length = found.length(connection, list).await?;
            if length < shortest && found.holds_all(list, length) {
                (shortest, found.list) = (length, Some(list));
            }
        }
        Ok(found)
    }

    /// The same with another setting or outcome.
    pub(super) async fn with(
        &self,
        connection: &mut Connection,
        change: impl FnOnce(&mut StaffFilter),
    ) -> Result<Self, DatabaseError> {
        let mut filter = self.filter.clone();
        change(&mut filter);
        Self::by(connection, self.integration, filter).await
    }

    pub(super) fn filter(&self) -> &StaffFilter {
        &self.filter
    }

    fn lists(&self) -> Vec<List> {
        let words = (0..self.search.len()).map(List::Word);
        let setting = self.filter.enabled.map(List::Setting);
        let outcome = self.filter.matched.filter(|_| self.integration.is_some()).map(List::Outcome);
        words.chain(setting).chain(outcome).collect()
    }

    /// How long a list is, up to just behind [`SHORT`].
    async fn length(&self, connection: &mut Connection, list: List) -> Result<i64, DatabaseError> {
        let mut query = QueryBuilder::<Kind>::new("SELECT COUNT(*) FROM (");
        self.push_list(&mut query, list);
        query.push(" LIMIT ").push_bind(SHORT + 1).push(") AS list");
        Ok(query.build_scalar_for(connection).fetch_one(connection).await?)
    }

    /// Whether nobody is missing. Staff without a row have video and are not matched: they are on no list.
    fn holds_all(&self, list: List, length: i64) -> bool {
        let all = |filter: StaffFilter| self.counts.found(&filter) == length;
        match list {
            List::Word(_) | List::Setting(false) | List::Outcome(true) => true,
            List::Setting(true) => all(StaffFilter { enabled: Some(true), ..StaffFilter::default() }),
            List::Outcome(false) => all(StaffFilter { matched: Some(false), ..StaffFilter::default() }),
        }
    }

    fn push_list(&self, query: &mut QueryBuilder<Kind>, list: List) {
        match list {
            List::Word(word) => {
                query.push("SELECT w.staff AS id FROM staff_word AS w WHERE ");
                self.search.push_range(query, word);
            }
            List::Setting(enabled) => {
                let condition = if enabled { "enabled" } else { "NOT enabled" };
                query.push("SELECT staff AS id FROM staff_video WHERE ").push(condition);
            }
            List::Outcome(matched) => {
                query.push("SELECT staff AS id FROM staff_match WHERE integration = ");
                query.push_bind(self.integration.map_or("", IntegrationId::as_str).to_owned());
                // Each outcome is a range of the index; all but one of them are not.
                query.push(" AND outcome IN (");
                let mut outcomes = query.separated(", ");
                for (state, word) in MatchState::WORDS {
                    if (*state == MatchState::Matched) == matched {
                        outcomes.push_bind(*word);
                    }
                }
                query.push(")");
            }
        }
    }

    /// How many are found: without a search all of them are known, with one they are counted up to
    /// [`SHORT`].
    pub(super) async fn total(&self, connection: &mut Connection) -> Result<Total, DatabaseError> {
        if self.search.is_empty() {
            // Counts are kept with every change, and a recount may come between two of them.
            return Ok(Total { staff: self.counts.found(&self.filter).max(0), more: false });
        }
        let staff = self.count(connection, Some(SHORT + 1)).await?;
        Ok(Total { staff: staff.min(SHORT), more: staff > SHORT })
    }

    /// How many are found, counted to the end.
    pub(super) async fn exactly(&self, connection: &mut Connection) -> Result<i64, DatabaseError> {
        if self.search.is_empty() {
            Ok(self.total(connection).await?.staff)
        } else {
            self.count(connection, None).await
        }
    }

    async fn count(&self, connection: &mut Connection, most: Option<i64>) -> Result<i64, DatabaseError> {
        let mut query = QueryBuilder::<Kind>::new("SELECT COUNT(*) FROM (");
        let alone = self.search.len() == 1 && self.filter.enabled.is_none() && self.filter.matched.is_none();
        if alone {
            // One who has several words that begin so is one.
            let distinct = !self.is_one_word(connection).await?;
            query.push(if distinct { "SELECT DISTINCT " } else { "SELECT " }).push("w.staff ");
            query.push("FROM staff_word AS w WHERE ");
            self.search.push_range(&mut query, 0);
        } else {
            query.push("SELECT 1 FROM ");
            match self.base() {
                // Only ids are asked for, and fewer are tried than there are staff.
                Some(list) => {
                    query.push("(");
                    self.push_list(&mut query, list);
                    query.push(")");
                }
                None => drop(query.push("staff")),
            }
            query.push(" AS s");
            self.push_joins(&mut query, false);
            self.push_conditions(&mut query);
        }
        if let Some(most) = most {
            query.push(" LIMIT ").push_bind(most);
        }
        query.push(") AS found");
        Ok(query.build_scalar_for(connection).fetch_one(connection).await?)
    }

    /// The shorter list of a setting or an outcome that holds everybody, however long it is.
    fn base(&self) -> Option<List> {
        let off = StaffFilter { enabled: Some(false), ..StaffFilter::default() };
        let matched = StaffFilter { matched: Some(true), ..StaffFilter::default() };
        let off = (self.filter.enabled == Some(false)).then_some((List::Setting(false), off));
        let matched = (self.filter.matched == Some(true)).then_some((List::Outcome(true), matched));
        let lists = [off, matched].into_iter().flatten();
        lists.min_by_key(|(_, filter)| self.counts.found(filter)).map(|(list, _)| list)
    }

    /// Whether one word alone begins with the first of the search: then it is in no record twice.
    async fn is_one_word(&self, connection: &mut Connection) -> Result<bool, DatabaseError> {
        let mut query = QueryBuilder::<Kind>::new("SELECT ");
        for (end, then) in [("", " = "), (" DESC", "")] {
            query.push("(SELECT w.word FROM staff_word AS w WHERE ");
            self.search.push_range(&mut query, 0);
            query.push(" ORDER BY w.word").push(end).push(" LIMIT 1)").push(then);
        }
        // Without any word it is neither the one nor the other.
        let same: Option<Flag> = query.build_scalar_for(connection).fetch_one(connection).await?;
        Ok(same.is_some_and(|same| same.0))
    }

    /// The tables that the conditions need, and that of the settings if it is needed for more.
    pub(super) fn push_joins(&self, query: &mut QueryBuilder<Kind>, settings: bool) {
        if self.filter.enabled.is_some() || settings {
            query.push(" LEFT JOIN staff_video AS v ON v.staff = s.id");
        }
        if self.filter.matched.is_some()
            && let Some(integration) = self.integration
        {
            query.push(" LEFT JOIN staff_match AS m ON m.staff = s.id AND m.outcome = 'matched' AND m.integration = ");
            query.push_bind(integration.as_str().to_owned());
        }
    }

    /// The conditions for `s`, beginning with `WHERE`.
    pub(super) fn push_conditions(&self, query: &mut QueryBuilder<Kind>) {
        query.push(" WHERE TRUE");
        let word = match self.list {
            Some(List::Word(word)) => Some(word),
            Some(list) => {
                query.push(" AND s.id IN (");
                self.push_list(query, list);
                query.push(")");
                None
            }
            None => None,
        };
        self.search.push(query, word);
        if let Some(enabled) = self.filter.enabled {
            query.push(" AND ").push(ENABLED).push(" = ").push_bind(enabled);
        }
        match self.filter.matched {
            Some(true) => drop(query.push(" AND m.staff IS NOT NULL")),
            Some(false) => drop(query.push(" AND m.staff IS NULL")),
            None => {}
        }
    }
}

/// Staff without a row have video.
pub(super) const ENABLED: &str = "COALESCE(v.enabled, TRUE)";
