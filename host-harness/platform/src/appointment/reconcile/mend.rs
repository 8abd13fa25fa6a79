//! Mending one difference. The caller has the appointment's turn.

use video_host::CallError;
use video_host::provider::{Capabilities, Error};

use super::super::{Appointment, BookingError, Status, stray};
use super::ask::Patience;
use super::{Discrepancy, Mending, store};
use crate::database::{self, DatabaseError};
use crate::integration::{self, Integration, News, Question};
use crate::patience::{named_wait, passes};
use crate::platform::Platform;
use crate::provider::{VideoProvider, VideoProviders};

impl<V: VideoProviders> Platform<V> {
    /// Mends a difference, waiting as long as the provider wants to be left alone.
    pub(super) async fn mend_patiently(
        &self,
        provider: &V::Provider,
        appointment: &Appointment,
        what: &Discrepancy,
        recreate: bool,
    ) -> Result<Mending, DatabaseError> {
        let mut patience = Patience::default();
        loop {
            let error = match self.mend(provider, appointment, what, recreate).await {
                Ok(mending) => return Ok(mending),
                Err(BookingError::Database(error)) => return Err(error),
                Err(error) => error,
            };
            let wait = match &error {
                BookingError::Waiting { error, .. } if passes(error) => patience.next(named_wait(error)),
                _ => None,
            };
            match wait {
                Some(wait) => self.waiter().wait(wait).await,
                None => return Ok(Mending::Failed { reason: error.to_string() }),
            }
        }
    }

    async fn mend(
        &self,
        provider: &V::Provider,
        appointment: &Appointment,
        what: &Discrepancy,
        recreate: bool,
    ) -> Result<Mending, BookingError> {
        // Not on an integration that stopped working a moment ago.
        let place = self.place_of(appointment).await?;
        let capabilities = provider.description().capabilities;
        let question = Question::OldMeeting(appointment.organizer_id.as_deref());
        match what {
            Discrepancy::Unlinked | Discrepancy::Unconfirmed => {
                self.finish_one(self.reread(&appointment.id).await?).await?;
                let now = self.reread(&appointment.id).await?;
                return Ok(match now.status {
                    Status::Failed => Mending::Failed { reason: now.note.unwrap_or_default() },
                    _ => Mending::Mended,
                });
            }
            Discrepancy::Stray => {
                self.end_strays(&appointment.id).await?;
                return Ok(Mending::Mended);
            }
            Discrepancy::Missing if recreate && appointment.end > self.now() => {
                return self.make_again(provider, appointment, &place.integration).await;
            }
            Discrepancy::Moved { .. } if capabilities.contains(Capabilities::RESCHEDULE) => {
                let request = self.meeting_request(appointment, provider.description()).await?;
                match provider.update_meeting(&request).await {
                    Ok(meeting) => {
                        let mut transaction = database::begin(self.pool()).await?;
                        stray::unless_kept(&mut transaction, &appointment.id, &meeting, self.now()).await?;
                        self.mended(transaction, appointment, question, News::default()).await?;
                        self.without_strays(&appointment.id).await?;
                    }
                    Err(error) => {
                        return Err(self
                            .not_mended(appointment, question, place.integration.display_name, error)
                            .await?);
                    }
                }
            }
            Discrepancy::Alive if capabilities.contains(Capabilities::CANCEL) => {
                match provider.cancel_meeting(&appointment.reference()).await {
                    Ok(()) | Err(CallError::Provider(Error::NotFound(_))) => {
                        self.mended(
                            database::begin(self.pool()).await?,
                            appointment,
                            question,
                            News::default(),
                        )
                        .await?;
                    }
                    Err(error) => {
                        return Err(self
                            .not_mended(appointment, question, place.integration.display_name, error)
                            .await?);
                    }
                }
            }
            Discrepancy::Missing
            | Discrepancy::Moved { .. }
            | Discrepancy::Alive
            | Discrepancy::OtherLink { .. }
            | Discrepancy::Unknown { .. } => return Ok(Mending::Reported),
        }
        Ok(Mending::Mended)
    }

    /// Has a meeting made in the place of one that the provider lost.
    async fn make_again(
        &self,
        provider: &V::Provider,
        appointment: &Appointment,
        Integration { id, display_name: integration, .. }: &Integration,
    ) -> Result<Mending, BookingError> {
        let mut request = self.meeting_request(appointment, provider.description()).await?;
        (request.meeting_id, request.organizer_id) = (None, None);
        let meeting = match provider.create_meeting(&request).await {
            Ok(meeting) => meeting,
            Err(error) => {
                let question = Question::NewMeeting(None);
                return Err(self.not_mended(appointment, question, integration.clone(), error).await?);
            }
        };
        let note = format!(
            "Its meeting was gone from {integration}, so another was made, and the link has changed. Give \
             it to everybody who has the old one."
        );
        let mut transaction = database::begin(self.pool()).await?;
        let mut counted = News::default();
        if store::recreated(&mut transaction, appointment, &meeting, &note).await? {
            tracing::warn!(
                appointment = appointment.id,
                "a meeting that was gone was made again, so the appointment's link has changed"
            );
        } else {
            stray::unless_kept(&mut transaction, &appointment.id, &meeting, self.now()).await?;
        }
        if meeting.created {
            let limit = provider.description().meetings_per_month;
            let organizer = &meeting.organizer_id;
            counted = integration::quota::count(&mut transaction, id, organizer, limit, self.now()).await?;
        }
        let question = Question::NewMeeting(Some(&meeting.organizer_id));
        self.mended(transaction, appointment, question, counted).await?;
        let now = self.without_strays(&appointment.id).await?;
        Ok(match now.link {
            Some(link) if Some(&link) != appointment.link.as_ref() => Mending::Recreated { link },
            _ => Mending::Mended,
        })
    }

    async fn mended(
        &self,
        mut transaction: database::Transaction,
        appointment: &Appointment,
        question: Question<'_>,
        counted: News,
    ) -> Result<(), DatabaseError> {
        let news = match &appointment.integration {
            Some(id) => integration::store::note(&mut transaction, id, question, Ok(()), self.now()).await?,
            None => News::default(),
        };
        self.commit(transaction, "appointment.reconciled", news.and(counted)).await
    }

    /// Notes what an error says of the integration. The appointment is as it was.
    async fn not_mended(
        &self,
        appointment: &Appointment,
        question: Question<'_>,
        integration: String,
        error: CallError,
    ) -> Result<BookingError, DatabaseError> {
        if let Some(id) = &appointment.integration {
            self.note(id, question, Err(&error)).await?;
        }
        Ok(BookingError::call(appointment.id.clone(), integration, error))
    }
}
