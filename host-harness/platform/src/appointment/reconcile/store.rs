//! What is compared, and the row of a meeting that was made again.

use sqlx::{FromRow, Row as _};
use video_host::provider::Meeting;

use super::super::{Appointment, Status};
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError, Row};

/// An appointment to compare.
pub(super) struct Candidate {
    pub(super) appointment: Appointment,
    /// How many meetings that it has no more are still to be ended.
    pub(super) strays: i64,
}

impl Candidate {
    /// Whether it has a meeting that can be looked up, or had one.
    pub(super) fn has_meeting(&self) -> bool {
        matches!(self.appointment.status, Status::Booked | Status::Cancelled)
    }
}

impl FromRow<'_, Row> for Candidate {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self { appointment: Appointment::from_row(row)?, strays: row.try_get("strays")? })
    }
}

/// An integration's appointments that end at `since` or later, in the order of their ids: at most `limit`
/// of those behind `after`. Those that the provider never had a meeting of are left out.
pub(super) async fn page(
    connection: &mut Connection,
    integration: &IntegrationId,
    since: i64,
    after: &str,
    limit: u32,
) -> Result<Vec<Candidate>, DatabaseError> {
    let query = sqlx::query_as(
        "SELECT appointment.*, (SELECT COUNT(*) FROM stray_meeting \
         WHERE stray_meeting.appointment = appointment.id) AS strays FROM appointment \
         WHERE integration = $1 AND end_at >= $2 AND id > $3 AND status <> 'failed' \
         AND (status <> 'cancelled' OR meeting_id IS NOT NULL) ORDER BY id LIMIT $4",
    );
    let query = query.bind(integration.as_str()).bind(since).bind(after).bind(i64::from(limit));
    Ok(query.fetch_all(connection).await?)
}

/// Puts a meeting that was made again in the place of the one that the provider lost. Tells whether it
/// could: what was changed meanwhile stays as it is.
pub(super) async fn recreated(
    connection: &mut Connection,
    lost: &Appointment,
    meeting: &Meeting,
    note: &str,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE appointment SET meeting_id = $3, link = $4, organizer_id = $5, note = $6 \
         WHERE id = $1 AND status = 'booked' AND meeting_id = $2",
    )
    .bind(&lost.id)
    .bind(&lost.meeting_id)
    .bind(&meeting.id)
    .bind(&meeting.join_url)
    .bind(Some(&meeting.organizer_id).filter(|id| !id.is_empty()))
    .bind(note)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}
