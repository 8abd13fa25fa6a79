//! Appointments that take place otherwise than by video: there is no provider to ask, so what is written
//! holds at once.

use super::{Appointment, BookingError, BookingRequest, Reassigned, Status, store};
use crate::database;
use crate::platform::Platform;
use crate::provider::VideoProviders;

impl<V: VideoProviders> Platform<V> {
    pub(super) async fn book_otherwise(&self, request: &BookingRequest) -> Result<Appointment, BookingError> {
        let mut transaction = database::begin(self.pool()).await?;
        store::request(&mut transaction, request, None, None, self.now()).await?;
        database::commit(transaction, "appointment.booked").await?;
        self.reread(&request.id).await
    }

    /// The caller has found that it is booked.
    pub(super) async fn move_otherwise(
        &self,
        known: Appointment,
        start: i64,
        end: i64,
    ) -> Result<Appointment, BookingError> {
        const SQL: &str = "UPDATE appointment SET start_at = $2, end_at = $3 \
             WHERE id = $1 AND status = 'booked' AND integration IS NULL";
        let mut transaction = database::begin(self.pool()).await?;
        let query = sqlx::query(SQL).bind(&known.id).bind(start).bind(end);
        query.execute(&mut *transaction).await.map_err(database::DatabaseError::from)?;
        database::commit(transaction, "appointment.moved").await?;
        self.unless_cancelled(&known.id).await
    }

    /// The caller has found that it is booked, and that the staff member gives its service.
    pub(super) async fn reassign_otherwise(
        &self,
        known: Appointment,
        staff: &str,
    ) -> Result<Reassigned, BookingError> {
        const SQL: &str = "UPDATE appointment SET staff = $2 \
             WHERE id = $1 AND status = 'booked' AND integration IS NULL";
        let mut transaction = database::begin(self.pool()).await?;
        let query = sqlx::query(SQL).bind(&known.id).bind(staff);
        query.execute(&mut *transaction).await.map_err(database::DatabaseError::from)?;
        database::commit(transaction, "appointment.reassigned").await?;
        Ok(Reassigned { appointment: self.unless_cancelled(&known.id).await?, link_changed: false })
    }

    /// The appointment, unless another process cancelled it meanwhile.
    async fn unless_cancelled(&self, id: &str) -> Result<Appointment, BookingError> {
        let now = self.reread(id).await?;
        match now.status {
            Status::Cancelling | Status::Cancelled => Err(BookingError::Cancelled(now.id)),
            _ => Ok(now),
        }
    }
}
