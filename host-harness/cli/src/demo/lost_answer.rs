//! A meeting that Microsoft makes and whose link gets lost on the way back.

use std::io;

use anyhow::Result;
use mock_graph::{Action, Fault, Operation};
use serde::Serialize;
use video_platform::StaffMember;

use super::booking;
use super::promise::Kept;
use super::stage::Stage;
use super::teller::Tell;
use super::times::Slot;
use crate::screen::Screen;

#[derive(Debug, Serialize)]
pub(super) struct Recovered {
    appointment: String,
    staff: String,
    /// Times that Microsoft was asked.
    asked: u64,
    link: String,
    kept: Kept,
}

pub(super) async fn recover(stage: &Stage, staff: &StaffMember) -> Result<Recovered> {
    let slot = Slot::on_working_day(stage.host.clock().now_ms(), 5, 9, 0)?;
    let request = booking::request(stage, staff, "appointment-2", ("Henrik Aalto", ""), slot).await?;
    let meetings = stage.microsoft.meetings().len();
    // The meeting is made, then the connection breaks.
    let lost = stage.microsoft.faults().inject(Fault::once(Operation::CreateMeeting, Action::DropAfter));
    let before = stage.host.call_counts();
    stage.platform.book(&request).await?;
    let asked = stage.host.call_counts().attempts - before.attempts;
    let mut kept = Kept::default();
    kept.check(
        lost.applied() == 1 && asked == 2,
        "Microsoft had made the meeting; its answer was lost, and the host asked again.",
        format_args!("{} answers lost, and Microsoft asked {asked} times.", lost.applied()),
    )?;

    let stored = stage.appointment(&request.id).await?;
    let link = booking::link(&stored)?.to_owned();
    let found = stage.meetings_at(&link).len();
    let all = stage.microsoft.meetings().len();
    kept.check(
        found == 1 && all == meetings + 1,
        "The appointment has the link of that very meeting: no second one was made.",
        format_args!("{found} meetings with the link, {all} in all."),
    )?;
    Ok(Recovered { appointment: stored.id, staff: staff.label().to_owned(), asked, link, kept })
}

impl Tell for Recovered {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact("Who", &self.staff)?;
        screen.fact("Asked", &format!("{} times", self.asked))?;
        screen.link("Link", &self.link)
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
