//! One appointment with one of the staff, and its link.

use std::io;

use anyhow::{Context as _, Result};
use serde::Serialize;
use video_platform::{
    Appointment, BookingRequest, Channel, MeetingMethod, MeetingOptions, Service, StaffMember, Status,
};

use super::connecting::Connected;
use super::promise::Kept;
use super::stage::Stage;
use super::teller::Tell;
use super::times::Slot;
use crate::screen::Screen;

/// An appointment that has its link.
#[derive(Debug, Serialize)]
pub(super) struct Booked {
    #[serde(skip)]
    pub(super) request: BookingRequest,
    pub(super) appointment: String,
    staff: String,
    organizer: String,
    client: String,
    subject: String,
    when: Slot,
    pub(super) link: String,
    note: Option<String>,
    kept: Kept,
}

/// A video call of the bank's service with a staff member, who is assigned to it.
pub(super) async fn request(
    stage: &Stage,
    staff: &StaffMember,
    id: &str,
    client: (&str, &str),
    slot: Slot,
) -> Result<BookingRequest> {
    let name = "Mortgage advice".to_owned();
    let service = Service { id: "mortgage-advice".to_owned(), name, methods: MeetingMethod::ALL.to_vec() };
    stage.platform.put_service(&service).await?;
    stage.platform.assign(&service.id, &staff.id, true).await?;
    Ok(BookingRequest {
        id: id.to_owned(),
        service: service.id,
        method: MeetingMethod::VideoCall,
        staff: staff.id.clone(),
        client_name: client.0.to_owned(),
        client_email: client.1.to_owned(),
        subject: "Mortgage advice".to_owned(),
        start: slot.start,
        end: slot.end,
        channel: Channel::ClientView,
        options: MeetingOptions::new(),
    })
}

/// The appointment's link, without which it is not booked.
pub(super) fn link(appointment: &Appointment) -> Result<&str> {
    appointment.link.as_deref().context("the appointment has no link")
}

pub(super) async fn book(stage: &Stage, connected: &Connected, staff: &StaffMember) -> Result<Booked> {
    let slot = Slot::on_working_day(stage.host.clock().now_ms(), 3, 10, 0)?;
    let client = ("Naledi Mokoena", "naledi.mokoena@mail.example");
    let request = request(stage, staff, "appointment-1", client, slot).await?;
    stage.platform.book(&request).await?;
    let stored = stage.appointment(&request.id).await?;
    let link = link(&stored)?.to_owned();
    let mut kept = Kept::default();
    kept.check(
        stored.status == Status::Booked && link.starts_with("https://"),
        "The appointment is stored as booked, with an https link.",
        format_args!("{:?}, {link}", stored.status),
    )?;
    let meetings = stage.meetings_at(&link);
    let right = matches!(meetings.as_slice(), [meeting] if slot.is(meeting.start, meeting.end)
        && meeting.organizer == connected.account_id
        && meeting.attendees.iter().any(|one| one.user_id == stored.user.as_ref().map(|user| user.id.clone())));
    kept.check(
        right && stage.microsoft.meetings().len() == 1,
        format!(
            "Microsoft has one meeting: this link, these times, organised by {}, attended by {}.",
            connected.account,
            staff.label()
        ),
        format_args!("{meetings:?}"),
    )?;
    Ok(Booked {
        appointment: stored.id,
        staff: format!("{} ({})", staff.label(), staff.id),
        organizer: connected.account.clone(),
        client: stored.client_name,
        subject: stored.subject,
        when: slot,
        link,
        note: stored.note,
        request,
        kept,
    })
}

impl Tell for Booked {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact("Who", &format!("{} advises {}: {}", self.staff, self.client, self.subject))?;
        screen.fact("When", &self.when.text().map_err(io::Error::other)?)?;
        screen.link("Link", &self.link)?;
        let length = self.link.chars().count();
        screen.fact("", &format!("{length} characters; links are shortened here, and whole with --json"))?;
        if let Some(note) = &self.note {
            screen.fact("Note", note)?;
        }
        Ok(())
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
