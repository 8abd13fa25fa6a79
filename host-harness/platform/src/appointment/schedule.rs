//! Lists of appointments: the schedule, and a client's.

use super::Appointment;
use crate::database::DatabaseError;
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::search;

/// Which appointments of the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleQuery {
    /// Those that start at this time or later, in milliseconds since 1970.
    pub from: i64,
    /// Those that start before this time, in milliseconds since 1970.
    pub until: i64,
    /// Only this staff member's.
    pub staff: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl<V: VideoProviders> Platform<V> {
    /// The appointments of a stretch of time, also those that were cancelled, by their starts.
    pub async fn schedule(&self, query: &ScheduleQuery) -> Result<Vec<Appointment>, DatabaseError> {
        const ALL: &str = "SELECT * FROM appointment WHERE start_at >= $1 AND start_at < $2 \
             ORDER BY start_at, id LIMIT $3";
        const OF_STAFF: &str = "SELECT * FROM appointment WHERE start_at >= $1 AND start_at < $2 \
             AND staff = $4 ORDER BY start_at, id LIMIT $3";
        let sql = if query.staff.is_some() { OF_STAFF } else { ALL };
        let mut found = sqlx::query_as(sql).bind(query.from).bind(query.until).bind(i64::from(query.limit));
        if let Some(staff) = &query.staff {
            found = found.bind(staff);
        }
        Ok(found.fetch_all(&mut *self.connection().await?).await?)
    }

    /// The appointments of a client, by their e-mail address whatever its case: at most `limit`, the latest
    /// first. Clients without an address are found by nobody.
    pub async fn appointments_of_client(
        &self,
        email: &str,
        limit: u32,
    ) -> Result<Vec<Appointment>, DatabaseError> {
        let key = search::fold(email.trim());
        if key.is_empty() {
            return Ok(Vec::new());
        }
        let query = sqlx::query_as(
            "SELECT * FROM appointment WHERE client_key = $1 ORDER BY start_at DESC, id LIMIT $2",
        );
        Ok(query.bind(key).bind(i64::from(limit)).fetch_all(&mut *self.connection().await?).await?)
    }
}
