//! Booking.

use super::error::is_refusal;
use super::{Appointment, BookingError, BookingRequest, Status, store, stray};
use crate::database;
use crate::integration;
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};

impl<V: VideoProviders> Platform<V> {
    /// Books an appointment with a video link. Booking the same id again gives the same appointment:
    /// what was written first stands, and if the link is there nobody is asked. The staff member has to
    /// be matched and enabled on an integration that works.
    ///
    /// On [`BookingError::Waiting`] the appointment is saved without its link: book it again, or let
    /// [`Self::resume`] do it.
    pub async fn book(&self, request: &BookingRequest) -> Result<Appointment, BookingError> {
        request.check()?;
        let _turn = self.turns().take(&request.id).await;
        if let Some(known) = self.appointment(&request.id).await? {
            if known.staff != request.staff {
                return Err(BookingError::OtherStaff(known.id));
            }
            match known.status {
                Status::Booked | Status::Moving | Status::Reassigning => return Ok(known),
                Status::Requested => return self.make(known).await,
                Status::Cancelling | Status::Cancelled => return Err(BookingError::Cancelled(known.id)),
                Status::Failed => {}
            }
        }
        let (place, user) = self.eligible(&request.staff, &request.id).await?;
        let mut transaction = database::begin(self.pool()).await?;
        let integration = &place.integration.id;
        store::request(&mut transaction, request, integration, user.as_ref(), self.now()).await?;
        database::commit(transaction, "appointment.requested").await?;
        let requested = self.reread(&request.id).await?;
        self.make(requested).await
    }

    /// Has the provider make the meeting of an appointment that is requested, or give it again.
    pub(super) async fn make(&self, appointment: Appointment) -> Result<Appointment, BookingError> {
        let place = self.place_of(&appointment).await?;
        let request = self.meeting_request(&appointment).await?;
        match place.provider.create_meeting(&request).await {
            Ok(meeting) => {
                let mut transaction = database::begin(self.pool()).await?;
                store::made(&mut transaction, &appointment.id, &meeting).await?;
                stray::unless_kept(&mut transaction, &appointment.id, &meeting, self.now()).await?;
                integration::store::succeeded(&mut transaction, &appointment.integration, self.now()).await?;
                database::commit(transaction, "appointment.booked").await?;
                let made = self.without_strays(&appointment.id).await?;
                if made.meeting_id.as_ref() == Some(&meeting.id)
                    && made.link.as_ref() != Some(&meeting.join_url)
                {
                    tracing::error!(appointment = %made.id, "the provider gave two links for one appointment; the first stays");
                }
                if made.status == Status::Cancelling {
                    // Another process cancelled it meanwhile.
                    return Err(BookingError::Cancelled(self.end(made).await?.id));
                }
                Ok(made)
            }
            Err(error) => {
                if is_refusal(&error) {
                    let mut transaction = database::begin(self.pool()).await?;
                    let (from, to, note) = (Status::Requested, Status::Failed, error.to_string());
                    store::change(&mut transaction, &appointment.id, from, to, Some(&note)).await?;
                    database::commit(transaction, "appointment.failed").await?;
                } else {
                    self.note_waiting(&appointment, &error).await?;
                }
                Err(BookingError::call(appointment.id, place.integration.display_name, error))
            }
        }
    }

    pub(super) async fn reread(&self, id: &str) -> Result<Appointment, BookingError> {
        self.appointment(id).await?.ok_or_else(|| BookingError::Unknown(id.to_owned()))
    }
}
