//! The statements of the dashboard. Where a filter or the order does not need a table, it is not joined.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row as _};

use super::plan::{ENABLED, Found};
use super::tally::{self, Touched};
use super::{DashboardRow, Members, Selection};
use crate::IntegrationId;
use crate::database::{BuildFor as _, Connection, DatabaseError, Flag, Kind};
use crate::integration;
use crate::matching::{self, StaffMatch};
use crate::staff::StaffMember;
use crate::staff::store::one_of;

/// Staff records by their ids.
pub(super) async fn members(connection: &mut Connection, ids: &[String]) -> Result<Members, DatabaseError> {
    let mut query =
        QueryBuilder::<Kind>::new("SELECT id, name, email, user_name, role FROM staff WHERE id IN ");
    push_ids(&mut query, ids);
    let rows: Vec<StaffMember> = query.build_as_for(connection).fetch_all(connection).await?;
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
    for row in query.build_for(connection).fetch_all(&mut *connection).await? {
        settings.insert(row.try_get(0)?, (row.try_get::<Flag, _>(1)?.0, row.try_get(2)?));
    }
    let mut query = QueryBuilder::<Kind>::new("SELECT * FROM staff_match WHERE integration = ");
    query.push_bind(integration.as_str()).push(" AND staff IN ");
    push_ids(&mut query, ids);
    let mut found: Vec<StaffMatch> = query.build_as_for(connection).fetch_all(&mut *connection).await?;
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

/// Switches video on or off for a selection, as if it were done for each of them by hand. Tells for how many
/// that is a change.
pub(super) async fn enable(
    connection: &mut Connection,
    integration: &IntegrationId,
    selection: &Selection,
    enabled: bool,
) -> Result<u64, DatabaseError> {
    let latest: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM video_change")
        .fetch_one(&mut *connection)
        .await?;
    let (filter, ids) = match selection {
        Selection::Filter(filter) => (filter.clone(), None),
        Selection::Staff(ids) => (super::StaffFilter::default(), Some(ids)),
    };
    let found = Found::by(connection, Some(integration), filter).await?;
    let touched = if let Some(ids) = ids {
        ids.clone()
    } else {
        // Listed first: what is counted before and after has to be the same staff.
        let mut query = QueryBuilder::<Kind>::new("SELECT s.id FROM staff AS s");
        found.push_joins(&mut query, false);
        found.push_conditions(&mut query);
        query.build_scalar_for(connection).fetch_all(&mut *connection).await?
    };
    let mut changed = 0;
    for ids in touched.chunks(crate::database::ROWS_AT_ONCE) {
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        changed +=
            switch(connection, Touched::Staff(&ids), &found, Setting { enabled, after: latest }).await?;
    }
    Ok(changed)
}

/// What somebody's setting becomes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) enabled: bool,
    /// The last change for many that had begun then.
    pub(super) after: i64,
}

/// Switches video on or off for those of `touched` whom the filter finds and for whom it is not so already.
/// Tells for how many.
pub(super) async fn switch(
    connection: &mut Connection,
    touched: Touched<'_>,
    found: &Found<'_>,
    Setting { enabled, after }: Setting,
) -> Result<u64, DatabaseError> {
    let before = tally::of(connection, touched).await?;
    let mut query =
        QueryBuilder::<Kind>::new("INSERT INTO staff_video (staff, enabled, decided_after) SELECT s.id, ");
    query.push_bind(enabled).push(", ").push_bind(after).push(" FROM staff AS s");
    // The join of settings is needed for the conditions below.
    found.push_joins(&mut query, true);
    found.push_conditions(&mut query);
    query.push(" AND ");
    touched.push(&mut query, "s.id");
    query.push(" AND ").push(ENABLED).push(" <> ").push_bind(enabled);
    // Who was decided for by hand since a change began keeps that.
    query.push(" AND COALESCE(v.decided_after, 0) <= ").push_bind(after);
    query.push(
        " ON CONFLICT (staff) DO UPDATE SET enabled = excluded.enabled, \
         decided_after = excluded.decided_after",
    );
    let changed =
        query.build_for(connection).persistent(false).execute(&mut *connection).await?.rows_affected();
    tally::settle(connection, touched, before).await?;
    Ok(changed)
}

fn push_ids(query: &mut QueryBuilder<Kind>, ids: &[String]) {
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    one_of(query, &ids);
}
