//! Appointments: Schedule, Client View and Contact Center.

use jiff::Timestamp;

use super::{Acting, ActingError, ActorKind, nothing_new};
use crate::appointment::{
    Appointment, BookingError, BookingRequest, Channel, Reassigned, ScheduleQuery, StaffCheck,
};
use crate::audit::Action;
use crate::audit::store::{Intent, Learned};
use crate::database::DatabaseError;
use crate::provider::VideoProviders;
use crate::service::MeetingMethod;

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

    /// [`Platform::schedule`](crate::Platform::schedule), for schedulers, and for staff who ask for their own.
    pub async fn schedule(
        &self,
        query: &ScheduleQuery,
    ) -> Result<Vec<Appointment>, ActingError<DatabaseError>> {
        let owner = query.staff.as_deref();
        self.look(Action::SeeAppointments, owner, owner, self.platform.schedule(query)).await
    }

    /// [`Platform::appointments_of_client`](crate::Platform::appointments_of_client), for schedulers.
    pub async fn appointments_of_client(
        &self,
        email: &str,
        limit: u32,
    ) -> Result<Vec<Appointment>, ActingError<DatabaseError>> {
        self.look(Action::SeeClient, None, None, self.platform.appointments_of_client(email, limit)).await
    }

    /// [`Platform::check_booking`](crate::Platform::check_booking), for everybody who books.
    pub async fn check_booking(
        &self,
        service: &str,
        staff: &str,
        method: MeetingMethod,
    ) -> Result<StaffCheck, ActingError<DatabaseError>> {
        let work = self.platform.check_booking(service, staff, method);
        self.look(Action::SeeServices, Some(service), None, work).await
    }

    /// [`Platform::book`](crate::Platform::book): staff for themselves, clients in the Client View,
    /// schedulers for everybody.
    pub async fn book(&self, request: &BookingRequest) -> Result<Appointment, ActingError<BookingError>> {
        if self.actor.kind() == ActorKind::Client && !self.is_clients_own(request).await? {
            let refusal = self.refuse(Action::Book, Some(&request.id)).await.map_err(ActingError::Audit)?;
            return Err(ActingError::NotAllowed(refusal));
        }
        let told = format!(
            "{} of {} with {}, {}",
            request.method.label(),
            request.service,
            request.staff,
            times(request.start, request.end)
        );
        let intent = Intent::to(Action::Book).on(&request.id).change(None, told);
        self.act(intent, Some(&request.staff), Box::pin(self.platform.book(request)), nothing_new).await
    }

    /// Whether a client may book this: in the Client View, and under an id that is nobody else's appointment,
    /// as booking an id again gives what was booked.
    async fn is_clients_own(&self, request: &BookingRequest) -> Result<bool, ActingError<BookingError>> {
        let known = self.platform.appointment(&request.id).await.map_err(ActingError::Audit)?;
        let own = known.is_none_or(|known| {
            (known.channel, known.client_name, known.client_email)
                == (Channel::ClientView, request.client_name.clone(), request.client_email.clone())
        });
        Ok(own && request.channel == Channel::ClientView)
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
        self.act(intent, owner, Box::pin(self.platform.move_appointment(id, start, end)), nothing_new).await
    }

    /// [`Platform::reassign`](crate::Platform::reassign), for schedulers.
    pub async fn reassign(&self, id: &str, staff: &str) -> Result<Reassigned, ActingError<BookingError>> {
        let known = self.platform.appointment(id).await.map_err(ActingError::Audit)?;
        let intent = Intent::to(Action::Reassign).on(id).change(known.map(|known| known.staff), staff);
        self.act(intent, None, Box::pin(self.platform.reassign(id, staff)), nothing_new).await
    }

    /// [`Platform::cancel`](crate::Platform::cancel), for whose it is and for schedulers.
    pub async fn cancel(&self, id: &str) -> Result<Appointment, ActingError<BookingError>> {
        let known = self.platform.appointment(id).await.map_err(ActingError::Audit)?;
        let owner = known.as_ref().map(|known| known.staff.as_str());
        let learned =
            |done: &Appointment| Learned { subject: None, to: Some(done.status.label().to_owned()) };
        self.act(Intent::to(Action::Cancel).on(id), owner, Box::pin(self.platform.cancel(id)), learned).await
    }
}
