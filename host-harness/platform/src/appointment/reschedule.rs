//! Moving.

use video_host::provider::Capabilities;

use super::eligible::check_times;
use super::error::is_refusal;
use super::{Appointment, BookingError, Status, store, stray};
use crate::database;
use crate::integration::{self, News, Question};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::watch::watched;

impl<V: VideoProviders> Platform<V> {
    /// Gives an appointment new times, in milliseconds since 1970. Its link stays. If the provider
    /// refuses, the old times hold again; on [`BookingError::Waiting`] the new ones hold, and the
    /// provider is told by [`Self::resume`], or by moving it again.
    pub async fn move_appointment(
        &self,
        id: &str,
        start: i64,
        end: i64,
    ) -> Result<Appointment, BookingError> {
        watched("move", self.try_move(id, start, end)).await
    }

    async fn try_move(&self, id: &str, start: i64, end: i64) -> Result<Appointment, BookingError> {
        check_times(start, end)?;
        let _turn = self.turns().take(id).await;
        let mut known = self.reread(id).await?;
        if known.status == Status::Reassigning {
            known = self.hand_over(known, false).await.map_err(BookingError::earlier)?.appointment;
        }
        match known.status {
            Status::Cancelling | Status::Cancelled => return Err(BookingError::Cancelled(known.id)),
            Status::Failed => return Err(BookingError::NeverBooked(known.id)),
            Status::Booked if (known.start, known.end) == (start, end) => return Ok(known),
            Status::Requested | Status::Booked | Status::Moving | Status::Reassigning => {}
        }
        if known.integration.is_none() {
            return self.move_otherwise(known, start, end).await;
        }
        // Nothing is written for an integration that cannot be told.
        self.place_of(&known).await?;
        let mut transaction = database::begin(self.pool()).await?;
        store::move_to(&mut transaction, id, start, end).await?;
        database::commit(transaction, "appointment.move-requested").await?;
        let moving = self.reread(id).await?;
        match moving.status {
            Status::Requested => self.make(moving).await,
            // Another process is handing it over.
            Status::Reassigning => Err(BookingError::Busy(moving.id)),
            _ => self.shift(moving).await,
        }
    }

    /// Tells the provider the times of an appointment that is moving, until it has those that are wanted.
    pub(super) async fn shift(&self, mut appointment: Appointment) -> Result<Appointment, BookingError> {
        loop {
            let now = self.tell(&appointment).await?;
            if now.status != Status::Moving || now.is_at_the_times_of(&appointment) {
                return Ok(now);
            }
            // Another process moved it meanwhile.
            appointment = now;
        }
    }

    /// Tells the provider the times of an appointment, once.
    async fn tell(&self, appointment: &Appointment) -> Result<Appointment, BookingError> {
        let place = self.place_of(appointment).await?;
        let question = Question::OldMeeting(appointment.organizer_id.as_deref());
        let id = &appointment.id;
        let told = if place.provider.description().capabilities.contains(Capabilities::RESCHEDULE) {
            let request = self.meeting_request(appointment, place.provider.description()).await?;
            place.provider.update_meeting(&request).await.map(Some)
        } else {
            Ok(None)
        };
        match told {
            Ok(meeting) => {
                let warnings = meeting.as_ref().map(|meeting| meeting.warnings.join(" "));
                let note = warnings.filter(|warnings| !warnings.is_empty());
                let mut transaction = database::begin(self.pool()).await?;
                store::moved(&mut transaction, appointment, note.as_deref()).await?;
                let mut news = News::default();
                if let Some(meeting) = &meeting {
                    let (integration, now) = (&place.integration.id, self.now());
                    stray::unless_kept(&mut transaction, id, meeting, now).await?;
                    news = integration::store::note(&mut transaction, integration, question, Ok(()), now)
                        .await?;
                }
                self.commit(transaction, "appointment.moved", news).await?;
                self.without_strays(id).await
            }
            Err(error) => {
                if is_refusal(&error) {
                    self.note(&place.integration.id, question, Err(&error)).await?;
                    let mut transaction = database::begin(self.pool()).await?;
                    store::move_back(&mut transaction, appointment, &error.to_string()).await?;
                    database::commit(transaction, "appointment.move-refused").await?;
                } else {
                    self.note_waiting(appointment, question, &error).await?;
                }
                Err(BookingError::call(id.clone(), place.integration.display_name, error))
            }
        }
    }
}
