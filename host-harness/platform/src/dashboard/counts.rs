//! How many staff a filter without a search finds: from a few counts of indexes, without looking at
//! everybody.

use super::StaffFilter;
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError};

const STAFF: &str = "SELECT COUNT(*) FROM staff";
const OFF: &str = "SELECT COUNT(*) FROM staff_video WHERE NOT enabled";
const MATCHED: &str = "SELECT COUNT(*) FROM staff_match WHERE integration = $1 AND outcome = 'matched'";
const MATCHED_OFF: &str = "SELECT COUNT(*) FROM staff_video AS v JOIN staff_match AS m \
     ON m.staff = v.staff AND m.integration = $1 AND m.outcome = 'matched' WHERE NOT v.enabled";

/// Whoever has settings or an outcome is staff, so the counts can be taken from each other.
pub(super) async fn of(
    connection: &mut Connection,
    integration: Option<&IntegrationId>,
    filter: &StaffFilter,
) -> Result<u64, DatabaseError> {
    let integration = integration.map_or("", IntegrationId::as_str);
    let count = match (filter.enabled, filter.matched) {
        (None, None) => count(connection, STAFF).await?,
        (Some(false), None) => count(connection, OFF).await?,
        (Some(true), None) => count(connection, STAFF).await? - count(connection, OFF).await?,
        (None, Some(true)) => count_on(connection, MATCHED, integration).await?,
        (None, Some(false)) => {
            count(connection, STAFF).await? - count_on(connection, MATCHED, integration).await?
        }
        (Some(false), Some(true)) => count_on(connection, MATCHED_OFF, integration).await?,
        (Some(false), Some(false)) => {
            count(connection, OFF).await? - count_on(connection, MATCHED_OFF, integration).await?
        }
        (Some(true), Some(true)) => {
            count_on(connection, MATCHED, integration).await?
                - count_on(connection, MATCHED_OFF, integration).await?
        }
        (Some(true), Some(false)) => {
            count(connection, STAFF).await?
                - count(connection, OFF).await?
                - count_on(connection, MATCHED, integration).await?
                + count_on(connection, MATCHED_OFF, integration).await?
        }
    };
    // They are read one after another, and somebody may change what they count in between.
    Ok(u64::try_from(count).unwrap_or(0))
}

async fn count(connection: &mut Connection, sql: &'static str) -> Result<i64, DatabaseError> {
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

async fn count_on(
    connection: &mut Connection,
    sql: &'static str,
    integration: &str,
) -> Result<i64, DatabaseError> {
    Ok(sqlx::query_scalar(sql).bind(integration).fetch_one(connection).await?)
}
