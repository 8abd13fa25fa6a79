//! A meeting that Microsoft makes and whose link gets lost on the way back.

use std::io;

use anyhow::{Result, bail};
use mock_graph::{Action, Fault, Operation};
use serde::Serialize;
use video_platform::{BookingError, StaffMember};

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
    told: String,
    link: String,
    kept: Kept,
}

pub(super) async fn recover(stage: &Stage, staff: &StaffMember) -> Result<Recovered> {
    let slot = Slot::on_working_day(stage.host.clock().now_ms(), 5, 9, 0)?;
    let request = booking::request(staff, "appointment-2", ("Henrik Aalto", ""), slot);
    let meetings = stage.microsoft.meetings().len();
    // The meeting is made, then the connection breaks.
    let lost = stage.microsoft.faults().inject(Fault::once(Operation::CreateMeeting, Action::DropAfter));
    let told = match stage.platform.book(&request).await {
        Err(error @ BookingError::Waiting { .. }) => error.to_string(),
        Err(error) => bail!("a lost answer is taken for something else: {error}"),
        Ok(_) => bail!("the booking succeeded without an answer"),
    };
    let waiting = stage.appointment(&request.id).await?;
    let mut kept = Kept::default();
    kept.check(
        lost.applied() == 1 && waiting.link.is_none() && stage.microsoft.meetings().len() == meetings + 1,
        "Microsoft had made the meeting, and the platform has the appointment without a link.",
        format_args!("{:?} with the link {:?}.", waiting.status, waiting.link),
    )?;

    stage.platform.book(&request).await?;
    let stored = stage.appointment(&request.id).await?;
    let link = booking::link(&stored)?.to_owned();
    let found = stage.meetings_at(&link).len();
    let all = stage.microsoft.meetings().len();
    kept.check(
        found == 1 && all == meetings + 1,
        "Booked again, it has the link of that very meeting: no second one was made.",
        format_args!("{found} meetings with the link, {all} in all."),
    )?;
    Ok(Recovered { appointment: stored.id, staff: staff.label().to_owned(), told, link, kept })
}

impl Tell for Recovered {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact("Who", &self.staff)?;
        screen.fact("First answer", &self.told)?;
        screen.link("Link", &self.link)
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
