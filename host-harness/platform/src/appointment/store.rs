//! The rows of appointments. No statement here replaces a link or a meeting id that is there; the two
//! that may stand with what they are for, in `reassign` and in `reconcile`.

use sqlx::{FromRow, Row as _};
use video_host::provider::{Meeting, User};

use super::{Appointment, BookingRequest, Status};
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError, Row};
use crate::word::{self, Word as _};

impl FromRow<'_, Row> for Appointment {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let integration: String = row.try_get("integration")?;
        Ok(Self {
            id: row.try_get("id")?,
            staff: row.try_get("staff")?,
            client_name: row.try_get("client_name")?,
            client_email: row.try_get("client_email")?,
            subject: row.try_get("subject")?,
            start: row.try_get("start_at")?,
            end: row.try_get("end_at")?,
            channel: word::read(row, "channel")?,
            status: word::read(row, "status")?,
            integration: integration.parse().map_err(|_| word::unknown("integration", &integration))?,
            user: user(row, ["user_id", "user_key", "user_name"])?,
            meeting_id: row.try_get("meeting_id")?,
            organizer_id: row.try_get("organizer_id")?,
            link: row.try_get("link")?,
            note: row.try_get("note")?,
        })
    }
}

/// A user of the provider, in the columns of id, key and name; none if there is no id.
pub(super) fn user(row: &Row, [id, key, name]: [&str; 3]) -> Result<Option<User>, sqlx::Error> {
    let id: Option<String> = row.try_get(id)?;
    let rest = |id| Ok(User { id, key: row.try_get(key)?, display_name: row.try_get(name)? });
    id.map(rest).transpose()
}

/// Writes what is to be booked. A row of this id is replaced only if the provider refused it before.
pub(super) async fn request(
    connection: &mut Connection,
    request: &BookingRequest,
    integration: &IntegrationId,
    user: Option<&User>,
    now: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO appointment (id, staff, client_name, client_email, subject, start_at, end_at, channel, \
         status, integration, user_id, user_key, user_name, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $10, $11, $12, $13) \
         ON CONFLICT (id) DO UPDATE SET staff = excluded.staff, client_name = excluded.client_name, \
         client_email = excluded.client_email, subject = excluded.subject, start_at = excluded.start_at, \
         end_at = excluded.end_at, channel = excluded.channel, status = excluded.status, \
         integration = excluded.integration, user_id = excluded.user_id, user_key = excluded.user_key, \
         user_name = excluded.user_name, note = NULL \
         WHERE appointment.status = 'failed' AND appointment.link IS NULL",
    )
    .bind(&request.id)
    .bind(&request.staff)
    .bind(&request.client_name)
    .bind(&request.client_email)
    .bind(&request.subject)
    .bind(request.start)
    .bind(request.end)
    .bind(request.channel.word())
    .bind(integration.as_str())
    .bind(user.map(|user| &user.id))
    .bind(user.map(|user| &user.key))
    .bind(user.map(|user| &user.display_name))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn load(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<Appointment>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM appointment WHERE id = $1");
    Ok(query.bind(id).fetch_optional(connection).await?)
}

pub(super) async fn of_staff(
    connection: &mut Connection,
    staff: &str,
    from: i64,
    until: i64,
) -> Result<Vec<Appointment>, DatabaseError> {
    let query = sqlx::query_as(
        "SELECT * FROM appointment WHERE staff = $1 AND start_at >= $2 AND start_at < $3 \
         ORDER BY start_at, id",
    );
    Ok(query.bind(staff).bind(from).bind(until).fetch_all(connection).await?)
}

/// Those of which the provider has not confirmed what was asked for, and those with stray meetings;
/// the oldest first.
pub(super) async fn unfinished(connection: &mut Connection) -> Result<Vec<String>, DatabaseError> {
    let query = sqlx::query_scalar(
        "SELECT id FROM appointment \
         WHERE status IN ('requested', 'moving', 'reassigning', 'cancelling') \
         OR id IN (SELECT appointment FROM stray_meeting) ORDER BY created_at, id",
    );
    Ok(query.fetch_all(connection).await?)
}

/// Keeps the meeting. What was cancelled while the provider made it has to be cancelled there again.
pub(super) async fn made(
    connection: &mut Connection,
    id: &str,
    meeting: &Meeting,
) -> Result<(), DatabaseError> {
    let note = (!meeting.warnings.is_empty()).then(|| meeting.warnings.join(" "));
    sqlx::query(
        "UPDATE appointment SET meeting_id = COALESCE(meeting_id, $2), link = COALESCE(link, $3), note = $4, \
         organizer_id = COALESCE(organizer_id, $5), \
         status = CASE status WHEN 'requested' THEN 'booked' WHEN 'cancelled' THEN 'cancelling' \
         ELSE status END WHERE id = $1",
    )
    .bind(id)
    .bind(&meeting.id)
    .bind(&meeting.join_url)
    .bind(note)
    .bind(Some(&meeting.organizer_id).filter(|id| !id.is_empty()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes new times, and keeps those that the provider knows, if it knows any.
pub(super) async fn move_to(
    connection: &mut Connection,
    id: &str,
    start: i64,
    end: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET start_at = $2, end_at = $3, \
         previous_start = CASE status WHEN 'booked' THEN start_at ELSE previous_start END, \
         previous_end = CASE status WHEN 'booked' THEN end_at ELSE previous_end END, \
         status = CASE status WHEN 'booked' THEN 'moving' ELSE status END \
         WHERE id = $1 AND status IN ('requested', 'booked', 'moving')",
    )
    .bind(id)
    .bind(start)
    .bind(end)
    .execute(connection)
    .await?;
    Ok(())
}

/// The provider has the new times.
pub(super) async fn moved(
    connection: &mut Connection,
    id: &str,
    note: Option<&str>,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET previous_start = NULL, previous_end = NULL, status = 'booked', note = $2 \
         WHERE id = $1 AND status = 'moving'",
    )
    .bind(id)
    .bind(note)
    .execute(connection)
    .await?;
    Ok(())
}

/// The provider will not have the new times: back to those that it knows.
pub(super) async fn move_back(
    connection: &mut Connection,
    id: &str,
    note: &str,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET start_at = COALESCE(previous_start, start_at), \
         end_at = COALESCE(previous_end, end_at), previous_start = NULL, previous_end = NULL, \
         status = 'booked', note = $2 WHERE id = $1 AND status = 'moving'",
    )
    .bind(id)
    .bind(note)
    .execute(connection)
    .await?;
    Ok(())
}

/// Goes from one status to another, if it still has the one.
pub(super) async fn change(
    connection: &mut Connection,
    id: &str,
    from: Status,
    to: Status,
    note: Option<&str>,
) -> Result<(), DatabaseError> {
    sqlx::query("UPDATE appointment SET status = $3, note = $4 WHERE id = $1 AND status = $2")
        .bind(id)
        .bind(from.word())
        .bind(to.word())
        .bind(note)
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds a sentence to the note.
pub(super) async fn add_note(connection: &mut Connection, id: &str, note: &str) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET note = CASE WHEN note IS NULL THEN $2 ELSE note || ' ' || $2 END WHERE id = $1",
    )
    .bind(id)
    .bind(note)
    .execute(connection)
    .await?;
    Ok(())
}
