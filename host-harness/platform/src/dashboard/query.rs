//! The statements of the dashboard. Where a filter or the order does not need a table, it is not joined:
//! a page then costs what it shows, however many staff there are.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row as _};

use super::{DashboardRow, DashboardSort, Members, Place, Selection, StaffFilter, counts};
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError, Kind};
use crate::integration;
use crate::matching::{self, StaffMatch};
use crate::search::Search;
use crate::staff::StaffMember;
use crate::staff::store::one_of;

/// From so many found by a search on, a page is looked for in the order that was asked for, instead of
/// sorting all that was found.
const MANY: i64 = 2_000;

/// Whom a filter finds.
pub(super) struct Found<'a> {
    /// On whose dashboard; none where outcomes do not matter.
    pub(super) integration: Option<&'a IntegrationId>,
    pub(super) filter: StaffFilter,
}

impl Found<'_> {
    pub(super) async fn count(&self, connection: &mut Connection) -> Result<u64, DatabaseError> {
        if Search::of(&self.filter.search).is_empty() {
            return counts::of(connection, self.integration, &self.filter).await;
        }
        let mut query = QueryBuilder::<Kind>::new("SELECT COUNT(*) FROM staff AS s");
        self.push_joins(&mut query, false);
        self.push_conditions(&mut query, false);
        let count: i64 = query.build_query_scalar().fetch_one(connection).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The ids of a page. What has two values only, such as whether somebody is matched, orders the staff
    /// into two lists, each by name: so a page walks an index instead of sorting everybody.
    pub(super) async fn page(
        &self,
        connection: &mut Connection,
        sort: DashboardSort,
        descending: bool,
        place: Place,
    ) -> Result<Vec<String>, DatabaseError> {
        let lists = match (sort, &self.filter) {
            (DashboardSort::Enabled, StaffFilter { enabled: None, .. }) => {
                [false, true].map(|on| StaffFilter { enabled: Some(on), ..self.filter.clone() })
            }
            (DashboardSort::Matched, StaffFilter { matched: None, .. }) => {
                [false, true].map(|on| StaffFilter { matched: Some(on), ..self.filter.clone() })
            }
            _ => return self.ids(connection, sort, descending, place.offset(), place.rows.into()).await,
        };
        let mut lists = lists.map(|filter| Found { integration: self.integration, filter });
        if descending {
            lists.reverse();
        }
        let [first, second] = lists;
        let (offset, rows) = (place.offset(), i64::from(place.rows));
        let mut ids = first.ids(connection, DashboardSort::Name, descending, offset, rows).await?;
        let missing = rows - i64::try_from(ids.len()).unwrap_or(rows);
        if missing > 0 {
            let before = i64::try_from(first.count(connection).await?).unwrap_or(i64::MAX);
            let offset = (offset - before).max(0);
            ids.extend(second.ids(connection, DashboardSort::Name, descending, offset, missing).await?);
        }
        Ok(ids)
    }

    /// At most so many ids, behind so many others.
    async fn ids(
        &self,
        connection: &mut Connection,
        sort: DashboardSort,
        descending: bool,
        offset: i64,
        rows: i64,
    ) -> Result<Vec<String>, DatabaseError> {
        let many = self.finds_many(connection).await?;
        let mut query = QueryBuilder::<Kind>::new("SELECT s.id FROM staff AS s");
        self.push_joins(&mut query, false);
        self.push_conditions(&mut query, many);
        let direction = if descending { " DESC" } else { "" };
        query.push(" ORDER BY ");
        match sort {
            DashboardSort::Email => drop(query.push("s.email_key").push(direction).push(", ")),
            DashboardSort::UserName => drop(query.push("s.user_name_key").push(direction).push(", ")),
            // By one of two values there is nothing to sort: all have the one that was filtered for.
            DashboardSort::Name | DashboardSort::Enabled | DashboardSort::Matched => {}
        }
        query.push("s.name_key").push(direction).push(", s.id").push(direction);
        query.push(" LIMIT ").push_bind(rows).push(" OFFSET ").push_bind(offset);
        Ok(query.build_query_scalar().fetch_all(connection).await?)
    }

    async fn finds_many(&self, connection: &mut Connection) -> Result<bool, DatabaseError> {
        let search = Search::of(&self.filter.search);
        if search.is_empty() {
            return Ok(false);
        }
        let mut query = QueryBuilder::<Kind>::new("SELECT COUNT(*) FROM (SELECT 1 FROM staff AS s WHERE ");
        search.push(&mut query, false);
        query.push(" LIMIT ").push_bind(MANY).push(") AS found");
        let some: i64 = query.build_query_scalar().fetch_one(connection).await?;
        Ok(some == MANY)
    }

    /// The tables that the conditions need, and that of the settings if it is needed for more.
    fn push_joins(&self, query: &mut QueryBuilder<Kind>, settings: bool) {
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

    fn push_conditions(&self, query: &mut QueryBuilder<Kind>, many: bool) {
        query.push(" WHERE TRUE");
        let search = Search::of(&self.filter.search);
        if !search.is_empty() {
            query.push(" AND ");
            search.push(query, many);
        }
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
const ENABLED: &str = "COALESCE(v.enabled, TRUE)";

/// Staff records by their ids.
pub(super) async fn members(connection: &mut Connection, ids: &[String]) -> Result<Members, DatabaseError> {
    let mut query =
        QueryBuilder::<Kind>::new("SELECT id, name, email, user_name, role FROM staff WHERE id IN ");
    push_ids(&mut query, ids);
    let rows: Vec<StaffMember> = query.build_query_as().fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

/// The rows of these staff, in their order.
pub(super) async fn rows(
    connection: &mut Connection,
    integration: &IntegrationId,
    ids: &[String],
) -> Result<Vec<DashboardRow>, DatabaseError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut members = members(connection, ids).await?;
    let default = integration::store::default(connection).await?.map(|default| default.id);
    let mut query =
        QueryBuilder::<Kind>::new("SELECT staff, enabled, integration FROM staff_video WHERE staff IN ");
    push_ids(&mut query, ids);
    let mut settings = HashMap::<String, (bool, Option<String>)>::new();
    for row in query.build().fetch_all(&mut *connection).await? {
        settings.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    let mut query = QueryBuilder::<Kind>::new("SELECT * FROM staff_match WHERE integration = ");
    query.push_bind(integration.as_str()).push(" AND staff IN ");
    push_ids(&mut query, ids);
    let mut found: Vec<StaffMatch> = query.build_query_as().fetch_all(&mut *connection).await?;
    matching::store::tell_of_each_other(connection, integration, &mut found).await?;
    let mut found: HashMap<_, _> = found.into_iter().map(|one| (one.staff.clone(), one)).collect();

    let row = |id: &String| {
        let staff = members.remove(id)?;
        let (enabled, chosen) = settings.remove(id).unwrap_or((true, None));
        let used = chosen.as_deref().or(default.as_ref().map(IntegrationId::as_str));
        Some(DashboardRow {
            enabled,
            uses: used == Some(integration.as_str()),
            found: found.remove(id),
            staff,
        })
    };
    Ok(ids.iter().filter_map(row).collect())
}

/// Switches video on or off where it is not so already. Tells for how many.
pub(super) async fn enable(
    connection: &mut Connection,
    integration: &IntegrationId,
    selection: &Selection,
    enabled: bool,
) -> Result<u64, DatabaseError> {
    let mut query = QueryBuilder::<Kind>::new("INSERT INTO staff_video (staff, enabled) SELECT s.id, ");
    query.push_bind(enabled).push(" FROM staff AS s");
    match selection {
        Selection::Filter(filter) => {
            // The join of settings is needed for the condition below.
            let found = Found { integration: Some(integration), filter: filter.clone() };
            found.push_joins(&mut query, true);
            found.push_conditions(&mut query, false);
        }
        Selection::Staff(ids) => {
            query.push(" LEFT JOIN staff_video AS v ON v.staff = s.id WHERE s.id IN ");
            push_ids(&mut query, ids);
        }
    }
    query.push(" AND ").push(ENABLED).push(" <> ").push_bind(enabled);
    query.push(" ON CONFLICT (staff) DO UPDATE SET enabled = excluded.enabled");
    Ok(query.build().persistent(false).execute(connection).await?.rows_affected())
}

fn push_ids(query: &mut QueryBuilder<Kind>, ids: &[String]) {
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    one_of(query, &ids);
}
