//! A page's ids, in the order that was asked for: behind a row of the page before, or so many from the nearer
//! end.

use sqlx::{QueryBuilder, Row as _};

use super::plan::Found;
use super::{Cursor, DashboardSort, Place};
use crate::database::{BuildFor as _, Connection, DatabaseError, Kind};

/// In which order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) sort: DashboardSort,
    pub(super) descending: bool,
}

/// Where somebody is in every order.
#[derive(Debug, Clone)]
struct Keys {
    id: String,
    name: String,
    email: String,
    user_name: String,
}

/// Where a page begins.
#[derive(Debug, Clone)]
enum Start {
    Offset(i64),
    Behind(Keys),
}

/// The ids of a page.
///
/// What has two values only, such as whether somebody is matched, orders the staff into two lists, each by
/// name: so a page walks an index instead of sorting everybody.
pub(super) async fn page(
    connection: &mut Connection,
    found: &Found<'_>,
    order: Order,
    place: &Place<'_>,
) -> Result<Vec<String>, DatabaseError> {
    let keys = match place.cursor {
        Some(cursor) => keys(connection, &cursor.staff).await?,
        None => None,
    };
    // Without the row that it is beside, a page is found by its number.
    let cursor = place.cursor.filter(|_| keys.is_some());
    let (mut start, mut rows) = (Start::Offset(place.offset()), i64::from(place.rows));
    let mut back = false;
    if let (Some(keys), Some(cursor)) = (keys, cursor) {
        back = cursor.back;
        start = Start::Behind(keys);
    } else if !place.total.more && place.offset() > place.total.staff / 2 {
        // From the end it is nearer. The last page may have fewer rows.
        rows = rows.min(place.total.staff - place.offset());
        start = Start::Offset((place.total.staff - place.offset() - rows).max(0));
        back = true;
    }
    let order = Order { descending: order.descending != back, ..order };
    let mut ids = match halves(connection, found, order).await? {
        None => ids(connection, found, order, &start, rows).await?,
        Some([first, second]) => {
            let behind_first = matches!(start, Start::Behind(_))
                && cursor.is_some_and(|cursor| cursor.value == Some(second.1));
            both(connection, [&first.0, &second.0], order, (start, behind_first), rows).await?
        }
    };
    if back {
        ids.reverse();
    }
    Ok(ids)
}

/// The two lists of an order of two values, with the value of each; none where there is one list.
async fn halves<'a>(
    connection: &mut Connection,
    found: &Found<'a>,
    Order { sort, descending }: Order,
) -> Result<Option<[(Found<'a>, bool); 2]>, DatabaseError> {
    let values = [descending, !descending];
    let halves = match (sort, found.filter().enabled, found.filter().matched) {
        (DashboardSort::Enabled, None, _) => {
            let [one, two] = values;
            [
                found.with(connection, |filter| filter.enabled = Some(one)).await?,
                found.with(connection, |filter| filter.enabled = Some(two)).await?,
            ]
        }
        (DashboardSort::Matched, _, None) => {
            let [one, two] = values;
            [
                found.with(connection, |filter| filter.matched = Some(one)).await?,
                found.with(connection, |filter| filter.matched = Some(two)).await?,
            ]
        }
        _ => return Ok(None),
    };
    let [first, second] = halves;
    Ok(Some([(first, values[0]), (second, values[1])]))
}

async fn both(
    connection: &mut Connection,
    [first, second]: [&Found<'_>; 2],
    order: Order,
    (start, behind_first): (Start, bool),
    rows: i64,
) -> Result<Vec<String>, DatabaseError> {
    if behind_first {
        return ids(connection, second, order, &start, rows).await;
    }
    let mut page = ids(connection, first, order, &start, rows).await?;
    let missing = rows - i64::try_from(page.len()).unwrap_or(rows);
    if missing > 0 {
        let offset = match start {
            Start::Offset(offset) if offset > 0 && page.is_empty() => {
                (offset - first.exactly(connection).await?).max(0)
            }
            _ => 0,
        };
        page.extend(ids(connection, second, order, &Start::Offset(offset), missing).await?);
    }
    Ok(page)
}

/// At most so many ids of one list.
async fn ids(
    connection: &mut Connection,
    found: &Found<'_>,
    order: Order,
    start: &Start,
    rows: i64,
) -> Result<Vec<String>, DatabaseError> {
    let mut query = QueryBuilder::<Kind>::new("SELECT s.id FROM staff AS s");
    found.push_joins(&mut query, false);
    found.push_conditions(&mut query);
    // By one of two values there is nothing to sort: all of a list have the same.
    let column = match order.sort {
        DashboardSort::Email => Some("s.email_key"),
        DashboardSort::UserName => Some("s.user_name_key"),
        DashboardSort::Name | DashboardSort::Enabled | DashboardSort::Matched => None,
    };
    if let Start::Behind(keys) = start {
        query.push(" AND (").push(column.map(|column| format!("{column}, ")).unwrap_or_default());
        query.push("s.name_key, s.id)").push(if order.descending { " < (" } else { " > (" });
        match order.sort {
            DashboardSort::Email => drop(query.push_bind(keys.email.clone()).push(", ")),
            DashboardSort::UserName => drop(query.push_bind(keys.user_name.clone()).push(", ")),
            DashboardSort::Name | DashboardSort::Enabled | DashboardSort::Matched => {}
        }
        query.push_bind(keys.name.clone()).push(", ").push_bind(keys.id.clone()).push(")");
    }
    let direction = if order.descending { " DESC" } else { "" };
    query.push(" ORDER BY ");
    if let Some(column) = column {
        query.push(column).push(direction).push(", ");
    }
    query.push("s.name_key").push(direction).push(", s.id").push(direction);
    query.push(" LIMIT ").push_bind(rows);
    if let Start::Offset(offset) = start {
        query.push(" OFFSET ").push_bind(*offset);
    }
    Ok(query.build_scalar_for(connection).fetch_all(connection).await?)
}

async fn keys(connection: &mut Connection, staff: &str) -> Result<Option<Keys>, DatabaseError> {
    let query = sqlx::query("SELECT id, name_key, email_key, user_name_key FROM staff WHERE id = $1");
    let Some(row) = query.bind(staff).fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some(Keys {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        email: row.try_get(2)?,
        user_name: row.try_get(3)?,
    }))
}

impl Cursor {
    /// The page behind a row.
    pub fn behind(staff: &str, value: Option<bool>) -> Self {
        Self { staff: staff.to_owned(), value, back: false }
    }

    /// The page before a row.
    pub fn before(staff: &str, value: Option<bool>) -> Self {
        Self { back: true, ..Self::behind(staff, value) }
    }
}
