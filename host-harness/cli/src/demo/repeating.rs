//! The same booking once more, as when somebody presses the button twice.

use std::io;

use anyhow::Result;
use serde::Serialize;

use super::booking::Booked;
use super::promise::Kept;
use super::stage::Stage;
use super::teller::Tell;
use crate::screen::Screen;

#[derive(Debug, Serialize)]
pub(super) struct Repeated {
    appointment: String,
    link: String,
    kept: Kept,
}

pub(super) async fn repeat(stage: &Stage, booked: &Booked) -> Result<Repeated> {
    let before = stage.calls();
    let again = stage.platform.book(&booked.request).await?;
    let calls = stage.calls() - before;
    let mut kept = Kept::default();
    kept.same_link("The link is the same.", &booked.link, again.link.as_deref())?;
    let meetings = stage.microsoft.meetings().len();
    kept.check(
        calls == 0 && meetings == 1,
        "Nobody was asked, and Microsoft still has one meeting.",
        format_args!("{calls} calls, and {meetings} meetings."),
    )?;
    Ok(Repeated { appointment: again.id, link: again.link.unwrap_or_default(), kept })
}

impl Tell for Repeated {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.link("Link", &self.link)
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
