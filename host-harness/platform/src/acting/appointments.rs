//! Appointments: Schedule, Client View and Contact Center.

use jiff::Timestamp;

use super::{Acting, ActingError, ActorKind, nothing_new};
use crate::appointment::{Appointment, BookingError, BookingRequest, Channel};
use crate::audit::Action;
use crate::audit::store::{Intent, Learned};
use crate::database::DatabaseError;
use crate::provider::VideoProviders;

/// A time for the log.
fn times(start: i64, end: i64) -> String {
    let time = |at| Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string());
    format!("{} to {}", time(start), time(end))
}

impl<V: VideoProviders> Acting<'_, V> {
    /// [`Platform::appointment`](crate::Platform::appointment), for whose it is and for schedulers.
    pub async fn appointment(&self, id: &str) -> Result<Option<Appointment>, ActingError<DatabaseError>> {
        let known = self.platform.appointment(id).await.map_err(ActingError::Failed)?;
        let owner = known.as_ref().map(|known| known.staff.as_str());
        self.allowed(Action::SeeAppointments, Some(id), owner).await?;
        Ok(known)
    }

    /// [`Platform::book`](crate::Platform::book): staff for themselves, clients in the Client View,
    /// schedulers for everybody.
    pub async fn book(&self, request: &BookingRequest) -> Result<Appointment, ActingError<BookingError>> {
        if self.actor.kind() == ActorKind::Client && request.channel != Channel::ClientView {
            let refusal = self.refuse(Action::Book, Some(&request.id)).await.map_err(ActingError::Audit)?;
            return Err(ActingError::NotAllowed(refusal));
        }
        let told = format!("{} with {}", times(request.start, request.end), request.staff);
        let intent = Intent::to(Action::Book).on(&request.id).change(None, told);
        self.act(intent, Some(&request.staff), self.platform.book(request), nothing_new).await
    }

    /// [`Platform::move_appointment`](crate::Platform::move_appointment), for whose it is and for schedulers.
    pub async fn move_appointment(
        &self,
        id: &str,
        start: i64,
        end: i64,
    ) -> Result<Appointment, ActingError<BookingError>> {
        let known = self.platform.appointment(id).await.map_err(ActingError::Audit)?;
        let before = known.as_ref().map(|known| times(known.start, known.end));
        let intent = Intent::to(Action::Move).on(id).change(before, times(start, end));
        let owner = known.as_ref().map(|known| known.staff.as_str());
        self.act(intent, owner, self.platform.move_appointment(id, start, end), nothing_new).await
    }

    /// [`Platform::cancel`](crate::Platform::cancel), for whose it is and for schedulers.
    pub async fn cancel(&self, id: &str) -> Result<Appointment, ActingError<BookingError>> {
        let known = self.platform.appointment(id).await.map_err(ActingError::Audit)?;
        let owner = known.as_ref().map(|known| known.staff.as_str());
        let learned =
            |done: &Appointment| Learned { subject: None, to: Some(done.status.label().to_owned()) };
        self.act(Intent::to(Action::Cancel).on(id), owner, self.platform.cancel(id), learned).await
    }
}
