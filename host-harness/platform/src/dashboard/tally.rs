//! How many staff there are, are matched, and have video switched off: kept with every change, so that no
//! page counts everybody.

use std::collections::BTreeMap;

use sqlx::{QueryBuilder, Row as _};

use super::StaffFilter;
use crate::IntegrationId;
use crate::database::{self, BuildFor as _, Connection, DatabaseError, Kind, Pool};
use crate::staff::store::one_of;

/// The row of all staff, who need no integration.
const ALL: &str = "";

/// Which staff a change touches.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Touched<'a> {
    /// These ids: at most [`ROWS_AT_ONCE`](database::ROWS_AT_ONCE).
    Staff(&'a [&'a str]),
    /// The ids behind the first up to the second.
    Range(&'a str, &'a str),
}

impl Touched<'_> {
    /// The condition for a column of ids.
    pub(super) fn push(self, query: &mut QueryBuilder<Kind>, column: &str) {
        match self {
            Self::Staff(ids) => {
                query.push(column).push(" IN ");
                one_of(query, ids);
            }
            Self::Range(after, up_to) => {
                query.push(column).push(" > ").push_bind(after.to_owned());
                query.push(" AND ").push(column).push(" <= ").push_bind(up_to.to_owned());
            }
        }
    }
}

/// Staff, and those of them with video off, by integration.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<String, (i64, i64)>);

/// What staff count for now. Taken before a change for [`settle`] after it.
pub(crate) async fn of(connection: &mut Connection, touched: Touched<'_>) -> Result<Tally, DatabaseError> {
    let mut query = QueryBuilder::<Kind>::new(
        "SELECT '', COUNT(*), COUNT(v.staff) FROM staff AS s \
         LEFT JOIN staff_video AS v ON v.staff = s.id AND NOT v.enabled WHERE ",
    );
    touched.push(&mut query, "s.id");
    query.push(
        " UNION ALL SELECT m.integration, COUNT(*), COUNT(v.staff) FROM staff_match AS m \
         LEFT JOIN staff_video AS v ON v.staff = m.staff AND NOT v.enabled \
         WHERE m.integration IN (SELECT id FROM integration) AND m.outcome = 'matched' AND ",
    );
    touched.push(&mut query, "m.staff");
    query.push(" GROUP BY m.integration");
    let mut tally = Tally::default();
    for row in query.build_for(connection).persistent(false).fetch_all(connection).await? {
        tally.0.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    Ok(tally)
}

/// Adds what has changed since `before`, in the transaction of the change.
pub(crate) async fn settle(
    connection: &mut Connection,
    touched: Touched<'_>,
    before: Tally,
) -> Result<(), DatabaseError> {
    let mut change = of(connection, touched).await?.0;
    for (integration, (staff, off)) in before.0 {
        let row = change.entry(integration).or_default();
        *row = (row.0 - staff, row.1 - off);
    }
    for (integration, (staff, off)) in change.into_iter().filter(|(_, change)| *change != (0, 0)) {
        sqlx::query(
            "INSERT INTO staff_tally (integration, staff, switched_off) VALUES ($1, $2, $3) \
             ON CONFLICT (integration) DO UPDATE SET staff = staff_tally.staff + excluded.staff, \
             switched_off = staff_tally.switched_off + excluded.switched_off",
        )
        .bind(integration)
        .bind(staff)
        .bind(off)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Counts everybody: once, when the platform is opened, whatever was done to its file meanwhile.
pub(crate) async fn recount(pool: &Pool) -> Result<(), DatabaseError> {
    let mut transaction = database::begin(pool).await?;
    for sql in [
        "DELETE FROM staff_tally",
        "INSERT INTO staff_tally SELECT '', COUNT(*), (SELECT COUNT(*) FROM staff_video WHERE NOT enabled) \
         FROM staff",
        "INSERT INTO staff_tally SELECT m.integration, COUNT(*), COUNT(v.staff) FROM staff_match AS m \
         LEFT JOIN staff_video AS v ON v.staff = m.staff AND NOT v.enabled WHERE m.outcome = 'matched' \
         GROUP BY m.integration",
    ] {
        sqlx::query(sql).execute(&mut *transaction).await?;
    }
    database::commit(transaction, "staff.counted").await
}

/// How many staff a filter without a search finds, and what makes that up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    staff: i64,
    off: i64,
    matched: i64,
    matched_off: i64,
}

impl Counts {
    pub(super) async fn read(
        connection: &mut Connection,
        integration: Option<&IntegrationId>,
    ) -> Result<Self, DatabaseError> {
        let integration = integration.map_or(ALL, IntegrationId::as_str);
        let query = sqlx::query("SELECT * FROM staff_tally WHERE integration IN ('', $1)");
        let mut counts = Self::default();
        for row in query.bind(integration).fetch_all(connection).await? {
            let of: String = row.try_get("integration")?;
            let (staff, off) = (row.try_get("staff")?, row.try_get("switched_off")?);
            if of == ALL {
                (counts.staff, counts.off) = (staff, off);
            } else {
                (counts.matched, counts.matched_off) = (staff, off);
            }
        }
        Ok(counts)
    }

    /// How many of everybody have this setting and this outcome, whatever the search.
    pub(super) fn found(&self, filter: &StaffFilter) -> i64 {
        let Self { staff, off, matched, matched_off } = *self;
        match (filter.enabled, filter.matched) {
            (None, None) => staff,
            (Some(false), None) => off,
            (Some(true), None) => staff - off,
            (None, Some(true)) => matched,
            (None, Some(false)) => staff - matched,
            (Some(false), Some(true)) => matched_off,
            (Some(false), Some(false)) => off - matched_off,
            (Some(true), Some(true)) => matched - matched_off,
            (Some(true), Some(false)) => staff - off - matched + matched_off,
        }
    }
}
