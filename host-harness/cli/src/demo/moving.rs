//! The appointment at another time, with the link that the client has already.

use std::io;

use anyhow::Result;
use serde::Serialize;

use super::booking::Booked;
use super::promise::Kept;
use super::stage::Stage;
use super::teller::Tell;
use super::times::Slot;
use crate::screen::Screen;

#[derive(Debug, Serialize)]
pub(super) struct Moved {
    when: Slot,
    link: String,
    kept: Kept,
}

pub(super) async fn move_it(stage: &Stage, booked: &Booked) -> Result<Moved> {
    let slot = Slot::on_working_day(stage.host.clock().now_ms(), 4, 14, 30)?;
    stage.platform.move_appointment(&booked.appointment, slot.start, slot.end).await?;
    let stored = stage.appointment(&booked.appointment).await?;
    let mut kept = Kept::default();
    kept.same_link("The link is the same, character for character.", &booked.link, stored.link.as_deref())?;
    let meetings = stage.meetings_at(&booked.link);
    let moved = matches!(meetings.as_slice(), [meeting] if slot.is(meeting.start, meeting.end));
    kept.check(
        moved && (stored.start, stored.end) == (slot.start, slot.end),
        "The platform and Microsoft both have the new times, and the meeting is the old one.",
        format_args!("{meetings:?}"),
    )?;
    Ok(Moved { when: slot, link: stored.link.unwrap_or_default(), kept })
}

impl Tell for Moved {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact("New time", &self.when.text().map_err(io::Error::other)?)?;
        screen.link("Link", &self.link)
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
