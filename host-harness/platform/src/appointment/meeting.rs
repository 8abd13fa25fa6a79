//! What the provider is told of an appointment, and where: its own integration, whatever the staff
//! member uses by now.

use video_host::CallError;
use video_host::provider::{Attendee, AttendeeRole, Description, MeetingReference, MeetingRequest};

use super::{Appointment, BookingError, Status, store};
use crate::database::{self, DatabaseError};
use crate::integration::{self, Integration, Question};
use crate::options;
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::staff::{self, StaffMember};

/// An appointment's integration, at work.
pub(super) struct Place<P> {
    pub(super) integration: Integration,
    pub(super) provider: P,
}

impl<V: VideoProviders> Platform<V> {
    /// The integration that holds the appointment's meeting, if it can be used.
    pub(super) async fn place_of(
        &self,
        appointment: &Appointment,
    ) -> Result<Place<V::Provider>, BookingError> {
        let without = || BookingError::NoMeeting(appointment.id.clone());
        let id = appointment.integration.as_ref().ok_or_else(without)?;
        let integration = integration::store::load(&mut *self.connection().await?, id).await?;
        // Its row is referred to, so it is there.
        let integration = integration.ok_or_else(|| BookingError::Unknown(appointment.id.clone()))?;
        self.usable_for(integration, format!("the appointment {}", appointment.id))
    }

    /// The integration with its provider, if it works as far as is known, for this purpose.
    pub(super) fn usable_for(
        &self,
        integration: Integration,
        purpose: String,
    ) -> Result<Place<V::Provider>, BookingError> {
        if !integration.state.is_live() {
            return Err(BookingError::NotUsable {
                problem: integration.state.problem().unwrap_or_default(),
                integration: integration.display_name,
                purpose,
            });
        }
        match self.providers().on(&integration.provider, &integration.id) {
            Some(provider) => Ok(Place { integration, provider }),
            None => Err(BookingError::NotLoaded { provider: integration.provider, purpose }),
        }
    }

    /// Notes with the integration what an error says of it, and with the appointment that it waits: also
    /// if another process has come to an end with it meanwhile, and this call may have undone that.
    pub(super) async fn note_waiting(
        &self,
        appointment: &Appointment,
        question: Question<'_>,
        error: &CallError,
    ) -> Result<(), DatabaseError> {
        if let Some(integration) = &appointment.integration {
            self.note(integration, question, Err(error)).await?;
        }
        let mut transaction = database::begin(self.pool()).await?;
        let (status, note) = (appointment.status, error.to_string());
        // To end a meeting it may have to be found by making it, also if the end is then refused.
        if error.may_have_taken_effect() || status == Status::Cancelling {
            store::in_doubt(&mut transaction, appointment).await?;
        }
        store::change(&mut transaction, &appointment.id, status, status, Some(&note)).await?;
        database::commit(transaction, "appointment.waiting").await
    }

    pub(super) async fn meeting_request(
        &self,
        appointment: &Appointment,
        description: &Description,
    ) -> Result<MeetingRequest, BookingError> {
        let mut connection = self.connection().await?;
        let staff = staff::store::load(&mut connection, &appointment.staff).await?;
        let staff = staff.ok_or_else(|| BookingError::UnknownStaff(appointment.staff.clone()))?;
        Ok(MeetingRequest {
            appointment_id: appointment.id.clone(),
            meeting_id: appointment.meeting_id.clone(),
            organizer_id: appointment.organizer_id.clone(),
            staff: appointment.user.clone(),
            subject: appointment.subject.clone(),
            start: appointment.start,
            end: appointment.end,
            attendees: vec![client(appointment), host(&staff, appointment)],
            options: options::of_appointment(&mut connection, description, &appointment.id).await?,
        })
    }
}

impl Appointment {
    /// Where its meeting is at the provider.
    pub(super) fn reference(&self) -> MeetingReference {
        MeetingReference {
            appointment_id: self.id.clone(),
            meeting_id: self.meeting_id.clone(),
            organizer_id: self.organizer_id.clone(),
            staff: self.user.clone(),
        }
    }
}

fn client(appointment: &Appointment) -> Attendee {
    Attendee {
        name: appointment.client_name.clone(),
        address: address(&appointment.client_email),
        user_id: None,
        role: AttendeeRole::Attendee,
    }
}

/// The staff member. Who is a user of the provider runs the meeting; nobody else could.
fn host(staff: &StaffMember, appointment: &Appointment) -> Attendee {
    let user_id = appointment.user.as_ref().map(|user| user.id.clone());
    Attendee {
        name: staff.label().to_owned(),
        address: address(&staff.email),
        role: if user_id.is_some() { AttendeeRole::CoOrganizer } else { AttendeeRole::Attendee },
        user_id,
    }
}

fn address(email: &str) -> Option<String> {
    (!email.is_empty()).then(|| email.to_owned())
}
