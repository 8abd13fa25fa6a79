//! Cancelling.

use video_host::CallError;
use video_host::provider::{Capabilities, Error};

use super::{Appointment, BookingError, Status, reassign, store};
use crate::database;
use crate::integration::{self, IntegrationState, News, Question};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::watch::watched;

impl<V: VideoProviders> Platform<V> {
    /// Cancels an appointment, and has the provider end its meeting. Cancelling twice succeeds. The
    /// link stays on the appointment; nothing promises that it stops working.
    ///
    /// From the first answer on the appointment does not take place, also on an error: then the
    /// provider is told by [`Self::resume`], or by cancelling again. A provider that is disconnected
    /// cannot be told, and [`Appointment::note`] says so.
    pub async fn cancel(&self, id: &str) -> Result<Appointment, BookingError> {
        watched("cancel", self.try_cancel(id)).await
    }

    async fn try_cancel(&self, id: &str) -> Result<Appointment, BookingError> {
        let _turn = self.turns().take(id).await;
        let known = self.reread(id).await?;
        match known.status {
            Status::Cancelled => return Ok(known),
            Status::Failed => return self.settle(&known, None, false).await,
            Status::Cancelling => return self.end(known).await,
            Status::Requested | Status::Booked | Status::Moving | Status::Reassigning => {}
        }
        let mut transaction = database::begin(self.pool()).await?;
        if known.status == Status::Reassigning {
            reassign::may_have_left(&mut transaction, &known, self.now()).await?;
        }
        store::cancelling(&mut transaction, id).await?;
        database::commit(transaction, "appointment.cancel-requested").await?;
        let cancelling = self.reread(id).await?;
        match cancelling.status {
            // By another process, meanwhile.
            Status::Cancelled => {}
            Status::Failed => {
                self.settle(&cancelling, None, false).await?;
            }
            _ => {
                self.end(cancelling).await?;
            }
        }
        self.without_strays(id).await
    }

    /// Has the provider end the meeting of an appointment that is being cancelled.
    pub(super) async fn end(&self, appointment: Appointment) -> Result<Appointment, BookingError> {
        let Some(id) = &appointment.integration else {
            return self.settle(&appointment, None, false).await;
        };
        let integration = self.integration(id).await?;
        if let Some(gone) = integration.filter(|known| known.state == IntegrationState::Disconnected) {
            let note =
                format!("{} is disconnected: the meeting could not be ended there.", gone.display_name);
            return self.settle(&appointment, Some(&note), false).await;
        }
        let place = self.place_of(&appointment).await?;
        if !place.provider.description().capabilities.contains(Capabilities::CANCEL) {
            return self.settle(&appointment, None, false).await;
        }
        match place.provider.cancel_meeting(&appointment.reference()).await {
            Ok(()) | Err(CallError::Provider(Error::NotFound(_))) => {
                self.settle(&appointment, None, true).await
            }
            Err(error) => {
                let question = Question::OldMeeting(appointment.organizer_id.as_deref());
                self.note_waiting(&appointment, question, &error).await?;
                Err(BookingError::call(appointment.id, place.integration.display_name, error))
            }
        }
    }

    /// Notes that it is cancelled, and, if the provider answered, that it did.
    async fn settle(
        &self,
        appointment: &Appointment,
        note: Option<&str>,
        answered: bool,
    ) -> Result<Appointment, BookingError> {
        let mut transaction = database::begin(self.pool()).await?;
        let mut news = News::default();
        if let Some(id) = appointment.integration.as_ref().filter(|_| answered) {
            let now = self.now();
            let question = Question::OldMeeting(appointment.organizer_id.as_deref());
            news = integration::store::note(&mut transaction, id, question, Ok(()), now).await?;
        }
        store::change(&mut transaction, &appointment.id, appointment.status, Status::Cancelled, note).await?;
        self.commit(transaction, "appointment.cancelled", news).await?;
        self.reread(&appointment.id).await
    }
}
