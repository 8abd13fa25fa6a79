//! What changes in an appointment's row when it changes hands. Here, and only here, a link is replaced.

use video_host::provider::{Meeting, User};

use super::super::store::user;
use crate::database::{Connection, DatabaseError};

/// Gives a booked appointment to another staff member, and keeps whose it was until the provider has
/// confirmed it.
pub(super) async fn give(
    connection: &mut Connection,
    id: &str,
    staff: &str,
    user: Option<&User>,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET previous_staff = staff, previous_user_id = user_id, \
         previous_user_key = user_key, previous_user_name = user_name, staff = $2, user_id = $3, \
         user_key = $4, user_name = $5, status = 'reassigning' WHERE id = $1 AND status = 'booked'",
    )
    .bind(id)
    .bind(staff)
    .bind(user.map(|user| &user.id))
    .bind(user.map(|user| &user.key))
    .bind(user.map(|user| &user.display_name))
    .execute(connection)
    .await?;
    Ok(())
}

/// Requests an appointment that was refused once more, for another staff member: it waits from now on.
pub(super) async fn request_again(
    connection: &mut Connection,
    id: &str,
    staff: &str,
    user: Option<&User>,
    now: i64,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET staff = $2, user_id = $3, user_key = $4, user_name = $5, created_at = $6, \
         status = 'requested', note = NULL WHERE id = $1 AND status = 'failed' AND link IS NULL",
    )
    .bind(id)
    .bind(staff)
    .bind(user.map(|user| &user.id))
    .bind(user.map(|user| &user.key))
    .bind(user.map(|user| &user.display_name))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether the staff member whose appointment it was organises its meeting. Case does not count: Microsoft
/// writes the same id in either.
pub(super) async fn staff_organises(connection: &mut Connection, id: &str) -> Result<bool, DatabaseError> {
    let query = sqlx::query_scalar(
        "SELECT COUNT(*) FROM appointment WHERE id = $1 AND LOWER(organizer_id) = LOWER(previous_user_id)",
    );
    let count: i64 = query.bind(id).fetch_one(connection).await?;
    Ok(count > 0)
}

/// Whose it was, as a user of the provider.
pub(super) async fn previous_user(
    connection: &mut Connection,
    id: &str,
) -> Result<Option<User>, DatabaseError> {
    let query = sqlx::query(
        "SELECT previous_user_id, previous_user_key, previous_user_name FROM appointment WHERE id = $1",
    );
    let row = query.bind(id).fetch_one(connection).await?;
    Ok(user(&row, ["previous_user_id", "previous_user_key", "previous_user_name"])?)
}

/// Puts the new staff member's meeting in the place of the one before. Tells whether it could: what was
/// cancelled meanwhile, or handed over by another process, stays as it is.
pub(super) async fn replaced(
    connection: &mut Connection,
    id: &str,
    meeting: &Meeting,
    note: Option<&str>,
) -> Result<bool, DatabaseError> {
    let done = sqlx::query(
        "UPDATE appointment SET meeting_id = $2, link = $3, organizer_id = $4, note = $5, status = 'booked' \
         WHERE id = $1 AND status = 'reassigning'",
    )
    .bind(id)
    .bind(&meeting.id)
    .bind(&meeting.join_url)
    .bind(Some(&meeting.organizer_id).filter(|id| !id.is_empty()))
    .bind(note)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The provider has the new staff member, and the meeting is the same.
pub(super) async fn kept(
    connection: &mut Connection,
    id: &str,
    note: Option<&str>,
) -> Result<(), DatabaseError> {
    let done = sqlx::query(
        "UPDATE appointment SET note = $2, status = 'booked' WHERE id = $1 AND status = 'reassigning'",
    )
    .bind(id)
    .bind(note)
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() > 0 { settled(connection, id).await } else { Ok(()) }
}

/// Forgets whose it was.
pub(super) async fn settled(connection: &mut Connection, id: &str) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET previous_staff = NULL, previous_user_id = NULL, previous_user_key = NULL, \
         previous_user_name = NULL WHERE id = $1",
    )
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// The provider will not have the new staff member: back to the one before.
pub(super) async fn take_back(
    connection: &mut Connection,
    id: &str,
    note: &str,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE appointment SET staff = previous_staff, user_id = previous_user_id, \
         user_key = previous_user_key, user_name = previous_user_name, previous_staff = NULL, \
         previous_user_id = NULL, previous_user_key = NULL, previous_user_name = NULL, note = $2, \
         status = 'booked' WHERE id = $1 AND status = 'reassigning'",
    )
    .bind(id)
    .bind(note)
    .execute(connection)
    .await?;
    Ok(())
}
