//! Booking.

use super::error::is_refusal;
use super::{Appointment, BookingError, BookingRequest, Status, join, store, stray};
use crate::database;
use crate::integration::{self, Question};
use crate::options;
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::service::MeetingMethod;
use crate::watch::watched;

impl<V: VideoProviders> Platform<V> {
    /// Books an appointment. Booking the same id again gives the same appointment: what was written first
    /// stands, and if the link is there nobody is asked.
    ///
    /// The service has to take place in this way, and the staff member has to give it. For a video call
    /// they have to be matched and enabled on an integration that works, too; only that gets a link.
    ///
    /// On [`BookingError::Waiting`] the appointment is saved without its link: book it again, or let
    /// [`Self::resume`] do it.
    pub async fn book(&self, request: &BookingRequest) -> Result<Appointment, BookingError> {
        watched("book", self.try_book(request)).await
    }

    async fn try_book(&self, request: &BookingRequest) -> Result<Appointment, BookingError> {
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
        self.offered(&request.service, request.method, &request.staff).await?;
        if request.method != MeetingMethod::VideoCall {
            return self.book_otherwise(request).await;
        }
        let purpose = format!("the appointment {}", request.id);
        let (place, user) = self.eligible(&request.staff, purpose).await?;
        let integration = &place.integration.id;
        let description = place.provider.description();
        options::check(description, &request.options)?;
        let mut transaction = database::begin(self.pool()).await?;
        let chosen =
            options::for_booking(&mut transaction, description, integration, &request.options).await?;
        if store::request(&mut transaction, request, Some(integration), user.as_ref(), self.now()).await? {
            options::set_of_appointment(&mut transaction, &request.id, &chosen).await?;
        }
        database::commit(transaction, "appointment.requested").await?;
        let requested = self.reread(&request.id).await?;
        self.make(requested).await
    }

    /// Has the provider make the meeting of an appointment that is requested, or give it again.
    pub(super) async fn make(&self, appointment: Appointment) -> Result<Appointment, BookingError> {
        let place = self.place_of(&appointment).await?;
        let request = self.meeting_request(&appointment, place.provider.description()).await?;
        match place.provider.create_meeting(&request).await {
            Ok(meeting) => {
                let mut transaction = database::begin(self.pool()).await?;
                let (id, now) = (&place.integration.id, self.now());
                let question = Question::NewMeeting(Some(&meeting.organizer_id));
                let mut news = integration::store::note(&mut transaction, id, question, Ok(()), now).await?;
                if store::made(&mut transaction, &appointment.id, &meeting).await? {
                    let limit = place.provider.description().meetings_per_month;
                    let organizer = &meeting.organizer_id;
                    news = news
                        .and(integration::quota::count(&mut transaction, id, organizer, limit, now).await?);
                }
                if place.provider.joins() {
                    join::give_codes(&mut transaction, &appointment.id).await?;
                }
                stray::unless_kept(&mut transaction, &appointment.id, &meeting, now).await?;
                store::overtaken(&mut transaction, &appointment).await?;
                self.commit(transaction, "appointment.booked", news).await?;
                let made = self.without_strays(&appointment.id).await?;
                if made.meeting_id.as_ref() == Some(&meeting.id)
                    && made.link.as_ref() != Some(&meeting.join_url)
                {
                    tracing::error!(appointment = %made.id, "the provider gave two links for one appointment; the first stays");
                }
                match made.status {
                    // Another process cancelled it meanwhile.
                    Status::Cancelling => Err(BookingError::Cancelled(self.end(made).await?.id)),
                    // Or moved it, and this creation may have moved it back.
                    Status::Moving if !made.is_at_the_times_of(&appointment) => self.shift(made).await,
                    _ => Ok(made),
                }
            }
            Err(error) => {
                if is_refusal(&error) {
                    self.note(&place.integration.id, Question::NewMeeting(None), Err(&error)).await?;
                    let mut transaction = database::begin(self.pool()).await?;
                    let (from, to, note) = (Status::Requested, Status::Failed, error.to_string());
                    store::change(&mut transaction, &appointment.id, from, to, Some(&note)).await?;
                    database::commit(transaction, "appointment.failed").await?;
                    let now = self.reread(&appointment.id).await?;
                    if now.status == Status::Booked {
                        // Another process was not refused.
                        return Ok(now);
                    }
                } else {
                    self.note_waiting(&appointment, Question::NewMeeting(None), &error).await?;
                }
                Err(BookingError::call(appointment.id, place.integration.display_name, error))
            }
        }
    }

    pub(super) async fn reread(&self, id: &str) -> Result<Appointment, BookingError> {
        self.appointment(id).await?.ok_or_else(|| BookingError::Unknown(id.to_owned()))
    }
}
