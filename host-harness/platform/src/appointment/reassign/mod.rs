//! Handing an appointment over to another staff member.
//!
//! Who organises the meeting decides what becomes of it. If it is the staff member whose appointment it
//! was, the new one gets a meeting of their own, and the one before is a stray that has to be ended. If
//! it is anybody else, such as an account for all meetings, it stays the same meeting with the same link,
//! and only its attendees change.

mod store;

use super::error::is_refusal;
use super::{Appointment, BookingError, Status, join, stray};
use crate::IntegrationId;
use crate::database::{self, Connection, DatabaseError};
use crate::integration::{self, News, Question};
use crate::platform::Platform;
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::staff;
use crate::watch::watched;
use video_host::provider::{Capabilities, Meeting, MeetingReference};

/// An appointment that another staff member took over.
#[derive(Debug, Clone, PartialEq)]
pub struct Reassigned {
    /// As it is now. Its note tells what became of the meeting before, if that was not to be ended.
    pub appointment: Appointment,
    /// Whether its link is another one than before: everybody who has the old link needs the new one.
    pub link_changed: bool,
}

impl<V: VideoProviders> Platform<V> {
    /// Gives an appointment to another staff member, who has to give its service and, for a video call, to
    /// be matched and enabled on the integration that the appointment is on: no appointment changes its
    /// provider in silence.
    ///
    /// If an account other than the staff member's organises the meeting, the meeting and its link stay.
    /// If the staff member organises it, the new one gets a meeting of their own: the link changes, which
    /// [`Reassigned::link_changed`] and the note tell, and the meeting before is ended, at once or by
    /// [`Self::resume`].
    ///
    /// If the provider refuses, the appointment stays with whom it was. On [`BookingError::Waiting`] it
    /// is the new staff member's, and the provider is told by [`Self::resume`], or by doing this again.
    /// What is under way with the appointment is finished first.
    pub async fn reassign(&self, id: &str, staff: &str) -> Result<Reassigned, BookingError> {
        watched("reassign", self.try_reassign(id, staff)).await
    }

    async fn try_reassign(&self, id: &str, staff: &str) -> Result<Reassigned, BookingError> {
        let _turn = self.turns().take(id).await;
        let known = self.reread(id).await?;
        if known.status == Status::Reassigning && known.staff == staff {
            return self.hand_over(known, false).await;
        }
        let known = self.settled(known).await.map_err(BookingError::earlier)?;
        if matches!(known.status, Status::Cancelling | Status::Cancelled) {
            return Err(BookingError::Cancelled(known.id));
        }
        if known.status == Status::Booked && known.staff == staff {
            return Ok(Reassigned { appointment: known, link_changed: false });
        }
        self.gives(&known.service, staff).await?;
        if known.integration.is_none() {
            return self.reassign_otherwise(known, staff).await;
        }
        let (place, user) = self.eligible(staff, format!("the appointment {id}")).await?;
        if known.integration.as_ref() != Some(&place.integration.id) {
            return Err(self.other_integration(known, staff, place.integration.display_name).await?);
        }
        // A meeting of before that is still to be ended could be found again, and ended, as the new one.
        self.end_strays(id).await.map_err(BookingError::earlier)?;
        let mut transaction = database::begin(self.pool()).await?;
        if known.status == Status::Failed {
            store::request_again(&mut transaction, id, staff, user.as_ref(), self.now()).await?;
            database::commit(transaction, "appointment.requested").await?;
            let appointment = self.make(self.reread(id).await?).await?;
            return Ok(Reassigned { appointment, link_changed: false });
        }
        store::give(&mut transaction, id, staff, user.as_ref()).await?;
        database::commit(transaction, "appointment.reassign-requested").await?;
        let given = self.reread(id).await?;
        match given.status {
            Status::Reassigning => self.hand_over(given, true).await,
            // Another process changed it meanwhile.
            Status::Cancelling | Status::Cancelled => Err(BookingError::Cancelled(given.id)),
            _ => Err(BookingError::Busy(given.id)),
        }
    }

    /// Finishes what is under way with an appointment, so that it is booked, failed or cancelled.
    async fn settled(&self, known: Appointment) -> Result<Appointment, BookingError> {
        let id = known.id.clone();
        let done = match known.status {
            Status::Requested => self.make(known).await,
            Status::Moving => self.shift(known).await,
            Status::Reassigning => self.hand_over(known, false).await.map(|done| done.appointment),
            Status::Booked | Status::Cancelling | Status::Cancelled | Status::Failed => Ok(known),
        };
        match done {
            // What was refused has a status of its own now: perhaps that is why it is handed over.
            Err(BookingError::Refused { .. }) => self.reread(&id).await,
            done => done,
        }
    }

    /// Tells the provider whose an appointment is now. `first` if it is certain that it was not told
    /// before.
    pub(super) async fn hand_over(
        &self,
        appointment: Appointment,
        first: bool,
    ) -> Result<Reassigned, BookingError> {
        let place = self.place_of(&appointment).await?;
        let own = store::staff_organises(&mut *self.connection().await?, &appointment.id).await?;
        let description = place.provider.description();
        let mut request = self.meeting_request(&appointment, description).await?;
        let told = if own {
            (request.meeting_id, request.organizer_id) = (None, None);
            place.provider.create_meeting(&request).await.map(Some)
        } else if description.capabilities.contains(Capabilities::RESCHEDULE) {
            place.provider.update_meeting(&request).await.map(Some)
        } else {
            Ok(None)
        };
        match told {
            Ok(meeting) => {
                let limit = description.meetings_per_month;
                let integration = &place.integration.id;
                self.handed_over(integration, appointment, own, meeting.as_ref(), limit).await
            }
            Err(error) => {
                let question = question(&appointment, own, None);
                if is_refusal(&error) {
                    self.note(&place.integration.id, question, Err(&error)).await?;
                    let mut transaction = database::begin(self.pool()).await?;
                    if own && !first {
                        may_have_left(&mut transaction, &appointment, self.now()).await?;
                    }
                    store::take_back(&mut transaction, &appointment.id, &error.to_string()).await?;
                    database::commit(transaction, "appointment.reassign-refused").await?;
                    self.without_strays(&appointment.id).await?;
                } else {
                    self.note_waiting(&appointment, question, &error).await?;
                }
                Err(BookingError::call(appointment.id, place.integration.display_name, error))
            }
        }
    }

    /// Writes down what the provider did.
    async fn handed_over(
        &self,
        integration: &IntegrationId,
        before: Appointment,
        own: bool,
        meeting: Option<&Meeting>,
        limit: Option<u32>,
    ) -> Result<Reassigned, BookingError> {
        let id = before.id.as_str();
        let mut transaction = database::begin(self.pool()).await?;
        let mut note = meeting.map(|meeting| meeting.warnings.join(" ")).unwrap_or_default();
        let replacing = meeting.filter(|meeting| own && Some(&meeting.id) != before.meeting_id.as_ref());
        let link_changed = replacing.is_some_and(|meeting| before.link.as_ref() != Some(&meeting.join_url));
        if link_changed {
            let told = "The link has changed with the staff member, who organizes a meeting of their own. \
                        Give it to everybody who has the old one.";
            note = if note.is_empty() { told.to_owned() } else { [told, &note].join(" ") };
        }
        let note = Some(note.as_str()).filter(|note| !note.is_empty());
        let mut replaced = false;
        match replacing {
            Some(meeting) if store::replaced(&mut transaction, id, meeting, note).await? => {
                replaced = true;
                let former = MeetingReference {
                    staff: store::previous_user(&mut transaction, id).await?,
                    ..before.reference()
                };
                store::settled(&mut transaction, id).await?;
                stray::leave(&mut transaction, integration, &former, self.now()).await?;
                tracing::warn!(
                    appointment = id,
                    from = before.organizer_id,
                    to = meeting.organizer_id,
                    "another staff member organizes the appointment's meeting, so its link has changed"
                );
            }
            _ => {
                store::kept(&mut transaction, id, note).await?;
                if let Some(meeting) = meeting {
                    // Cancelled meanwhile, or handed over by another process: what was made for it now
                    // belongs to nobody.
                    stray::unless_kept(&mut transaction, id, meeting, self.now()).await?;
                }
            }
        }
        join::renew_staff_code(&mut transaction, id).await?;
        let mut news = News::default();
        if let Some(meeting) = meeting {
            let now = self.now();
            let question = question(&before, own, Some(meeting));
            news = integration::store::note(&mut transaction, integration, question, Ok(()), now).await?;
            if own && (replaced || meeting.created) {
                let organizer = &meeting.organizer_id;
                let counted =
                    integration::quota::count(&mut transaction, integration, organizer, limit, now).await?;
                news = news.and(counted);
            }
        }
        self.commit(transaction, "appointment.reassigned", news).await?;
        let appointment = self.without_strays(id).await?;
        match appointment.status {
            Status::Cancelling | Status::Cancelled => Err(BookingError::Cancelled(appointment.id)),
            _ => {
                let link_changed = appointment.link != before.link;
                Ok(Reassigned { appointment, link_changed })
            }
        }
    }

    async fn other_integration(
        &self,
        appointment: Appointment,
        staff: &str,
        theirs: String,
    ) -> Result<BookingError, BookingError> {
        let here = match &appointment.integration {
            Some(id) => self.integration(id).await?,
            None => None,
        };
        let member = staff::store::load(&mut *self.connection().await?, staff).await?;
        Ok(BookingError::OtherIntegration {
            staff: member.map_or_else(|| staff.to_owned(), |member| member.label().to_owned()),
            theirs,
            here: here.map_or_else(String::new, |here| here.display_name),
            appointment: appointment.id,
        })
    }
}

/// What the provider was asked: to make a meeting of the new staff member's own, or to change the one that
/// is there.
fn question<'a>(appointment: &'a Appointment, own: bool, answered: Option<&'a Meeting>) -> Question<'a> {
    if own {
        Question::NewMeeting(answered.map(|meeting| meeting.organizer_id.as_str()))
    } else {
        Question::OldMeeting(appointment.organizer_id.as_deref())
    }
}

/// Writes down the meeting that may have been made for a staff member who does not get the appointment
/// after all, unless somebody else organises its meeting, whoever it belongs to.
pub(super) async fn may_have_left(
    connection: &mut Connection,
    appointment: &Appointment,
    now: i64,
) -> Result<(), DatabaseError> {
    if !store::staff_organises(connection, &appointment.id).await? {
        return Ok(());
    }
    let made = MeetingReference { meeting_id: None, organizer_id: None, ..appointment.reference() };
    let Some(integration) = &appointment.integration else { return Ok(()) };
    stray::leave(connection, integration, &made, now).await
}
