//! The rows of appointments. No statement here replaces a link or a meeting id that is there; the two
//! that may stand with what they are for, in `reassign` and in `reconcile`.

use sqlx::{FromRow, Row as _};
use video_host::provider::{Meeting, User};

use super::{Appointment, BookingRequest, JoinCode, JoinCodes, Status};
use crate::IntegrationId;
use crate::database::{Connection, DatabaseError, Row};
use crate::search;
use crate::word::{self, Word as _};

impl FromRow<'_, Row> for Appointment {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let integration: Option<String> = row.try_get("integration")?;
        let parse = |id: String| id.parse().map_err(|_| word::unknown("integration", &id));
        Ok(Self {
            id: row.try_get("id")?,
            service: row.try_get("service")?,
            method: word::read(row, "method")?,
            staff: row.try_get("staff")?,
            client_name: row.try_get("client_name")?,
            client_email: row.try_get("client_email")?,
            subject: row.try_get("subject")?,
            start: row.try_get("start_at")?,
            end: row.try_get("end_at")?,
            channel: word::read(row, "channel")?,
            status: word::read(row, "status")?,
            integration: integration.map(parse).transpose()?,
            user: user(row, ["user_id", "user_key", "user_name"])?,
            meeting_id: row.try_get("meeting_id")?,
            organizer_id: row.try_get("organizer_id")?,
            link: row.try_get("link")?,
            codes: codes(row)?,
            note: row.try_get("note")?,
        })
    }
}

fn codes(row: &Row) -> Result<Option<JoinCodes>, sqlx::Error> {
    let (client, staff): (Option<String>, Option<String>) =
        (row.try_get("client_code")?, row.try_get("staff_code")?);
    let (client, staff) = (client.map(JoinCode::from), staff.map(JoinCode::from));
    Ok(client.zip(staff).map(|(client, staff)| JoinCodes { client, staff }))
}

/// A user of the provider, in the columns of id, key and name; none if there is no id.
pub(super) fn user(row: &Row, [id, key, name]: [&str; 3]) -> Result<Option<User>, sqlx::Error> {
    let id: Option<String> = row.try_get(id)?;
    let rest = |id| Ok(User { id, key: row.try_get(key)?, display_name: row.try_get(name)? });
    id.map(rest).transpose()
}

/// Writes what is to be booked. A row of this id is replaced only if the provider refused it before.
/// Tells whether it was written.
pub(super) async fn request(
    connection: &mut Connection,
    request: &BookingRequest,
    integration: Option<&IntegrationId>,
    user: Option<&User>,
    now: i64,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "INSERT INTO appointment (id, staff, client_name, client_email, subject, start_at, end_at, channel, \
         status, integration, user_id, user_key, user_name, created_at, service, method, client_key) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $14, $9, $10, $11, $12, $13, $15, $16, $17) \
         ON CONFLICT (id) DO UPDATE SET staff = excluded.staff, client_name = excluded.client_name, \
         client_email = excluded.client_email, subject = excluded.subject, start_at = excluded.start_at, \
         end_at = excluded.end_at, channel = excluded.channel, status = excluded.status, \
         integration = excluded.integration, user_id = excluded.user_id, user_key = excluded.user_key, \
         user_name = excluded.user_name, note = NULL, service = excluded.service, \
         created_at = excluded.created_at, method = excluded.method, client_key = excluded.client_key \
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
    .bind(integration.map(IntegrationId::as_str))
    .bind(user.map(|user| &user.id))
    .bind(user.map(|user| &user.key))
    .bind(user.map(|user| &user.display_name))
    .bind(now)
    // Where there is nobody to ask, it is booked with that.
    .bind(if integration.is_some() { Status::Requested.word() } else { Status::Booked.word() })
    .bind(&request.service)
    .bind(request.method.word())
    .bind(search::fold(&request.client_email))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn load(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<Appointment>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM appointment WHERE id = $1");
    Ok(query.bind(id).fetch_optional(connection).await?)
}

pub(super) async fn of_client_code(
    connection: &mut Connection,
    code: &str,
) -> Result<Option<Appointment>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM appointment WHERE client_code = $1");
    Ok(query.bind(code).fetch_optional(connection).await?)
}

pub(super) async fn of_staff_code(
    connection: &mut Connection,
    code: &str,
) -> Result<Option<Appointment>, DatabaseError> {
    let query = sqlx::query_as("SELECT * FROM appointment WHERE staff_code = $1");
    Ok(query.bind(code).fetch_optional(connection).await?)
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

/// Keeps the meeting. What was cancelled while the provider made it has to be cancelled there again, and
/// what it refused another process at the same time is made after all.
///
/// Tells whether the meeting counts as one more that was made: it is the appointment's first, also if the
/// call that made it had no answer, or a new one in the place of one that is gone.
pub(super) async fn made(
    connection: &mut Connection,
    id: &str,
    meeting: &Meeting,
) -> Result<bool, DatabaseError> {
    let first = sqlx::query("UPDATE appointment SET meeting_id = $2 WHERE id = $1 AND meeting_id IS NULL")
        .bind(id)
        .bind(&meeting.id)
        .execute(&mut *connection)
        .await?
        .rows_affected()
        > 0;
    let note = (!meeting.warnings.is_empty()).then(|| meeting.warnings.join(" "));
    let kept: Option<String> = sqlx::query_scalar(
        "UPDATE appointment SET link = COALESCE(link, $2), note = $3, \
         organizer_id = COALESCE(organizer_id, $4), \
         status = CASE status WHEN 'requested' THEN 'booked' WHEN 'failed' THEN 'booked' \
         WHEN 'cancelled' THEN 'cancelling' ELSE status END WHERE id = $1 RETURNING meeting_id",
    )
    .bind(id)
    .bind(&meeting.join_url)
    .bind(note)
    .bind(Some(&meeting.organizer_id).filter(|id| !id.is_empty()))
    .fetch_optional(connection)
    .await?;
    Ok(first || (meeting.created && kept.is_some_and(|kept| kept != meeting.id)))
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

/// The provider has the times of `told`. If others are wanted by now it has to be told again, also if
/// another process did so: whose request came last, nobody knows.
pub(super) async fn moved(
    connection: &mut Connection,
    told: &Appointment,
    note: Option<&str>,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET previous_start = NULL, previous_end = NULL, status = 'booked', note = $4 \
         WHERE id = $1 AND status = 'moving' AND start_at = $2 AND end_at = $3",
    )
    .bind(&told.id)
    .bind(told.start)
    .bind(told.end)
    .bind(note)
    .execute(&mut *connection)
    .await?;
    overtaken(connection, told).await
}

/// Notes that the provider may have the times of `told`, if others are wanted by now. A move that is told
/// again for this has nowhere to go back to: nobody knows which of them the provider has.
pub(super) async fn overtaken(connection: &mut Connection, told: &Appointment) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET previous_start = NULL, previous_end = NULL, status = 'moving' \
         WHERE id = $1 AND status IN ('booked', 'moving') AND (start_at <> $2 OR end_at <> $3)",
    )
    .bind(&told.id)
    .bind(told.start)
    .bind(told.end)
    .execute(connection)
    .await?;
    Ok(())
}

/// The provider may have made or changed the meeting of `told`, and nobody knows. While it was asked,
/// another process may have come to an end with the appointment: then that has to be done again.
pub(super) async fn in_doubt(connection: &mut Connection, told: &Appointment) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET status = CASE status WHEN 'failed' THEN 'requested' ELSE 'cancelling' END \
         WHERE id = $1 AND status IN ('failed', 'cancelled')",
    )
    .bind(&told.id)
    .execute(&mut *connection)
    .await?;
    overtaken(connection, told).await
}

/// The provider will not have the times of `told`: back to those that it had, unless others are wanted by
/// now, or it is not known which it had. A note says that an earlier attempt was not answered and may have
/// moved the meeting: then the provider is to be told the old times too.
pub(super) async fn move_back(
    connection: &mut Connection,
    told: &Appointment,
    note: &str,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET start_at = previous_start, end_at = previous_end, previous_start = NULL, \
         previous_end = NULL, status = CASE WHEN note IS NULL THEN 'booked' ELSE 'moving' END, note = $2 \
         WHERE id = $1 AND status = 'moving' AND start_at = $3 AND end_at = $4 \
         AND previous_start IS NOT NULL",
    )
    .bind(&told.id)
    .bind(note)
    .bind(told.start)
    .bind(told.end)
    .execute(connection)
    .await?;
    Ok(())
}

/// It does not take place any more, whatever became of it since it was read.
pub(super) async fn cancelling(connection: &mut Connection, id: &str) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET status = 'cancelling', note = NULL \
         WHERE id = $1 AND status IN ('requested', 'booked', 'moving', 'reassigning')",
    )
    .bind(id)
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
