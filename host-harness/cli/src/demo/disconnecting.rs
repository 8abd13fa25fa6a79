//! The end of the connection, which is not the end of its appointments.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Result, bail};
use memchr::memmem;
use serde::Serialize;
use video_platform::{IntegrationState, StaffMember};

use super::booking::{self, Booked};
use super::connecting::{self, Connected};
use super::promise::Kept;
use super::stage::Stage;
use super::teller::Tell;
use super::times::Slot;
use crate::screen::{Screen, Tone};

#[derive(Debug, Serialize)]
pub(super) struct Disconnected {
    link: String,
    /// What staff are told who book now.
    next_booking: String,
    kept: Kept,
}

pub(super) async fn disconnect(
    stage: &Stage,
    connected: &Connected,
    booked: &Booked,
    staff: &StaffMember,
) -> Result<Disconnected> {
    let (calls, meetings) = (stage.calls(), stage.microsoft.meetings().len());
    stage.platform.disconnect(&connected.integration).await?;
    let mut kept = Kept::default();
    let now = connecting::integration(stage, &connected.integration).await?;
    let asked = stage.calls() - calls;
    kept.check(
        now.state == IntegrationState::Disconnected && asked == 0,
        "Disconnected, without asking Microsoft anything: it works when the authorization is dead, too.",
        format_args!("{:?} after {asked} calls.", now.state),
    )?;
    let stored = stage.appointment(&booked.appointment).await?;
    kept.same_link("The appointment keeps its link.", &booked.link, stored.link.as_deref())?;
    let left = stage.microsoft.meetings().len();
    kept.check(
        left == meetings && stage.meetings_at(&booked.link).len() == 1,
        "No meeting was touched.",
        format_args!("{left} of {meetings} are left."),
    )?;

    let slot = Slot::on_working_day(stage.host.clock().now_ms(), 6, 9, 0)?;
    let request = booking::request(stage, staff, "appointment-3", ("Henrik Aalto", ""), slot).await?;
    let next_booking = match stage.platform.book(&request).await {
        Err(error) => error.to_string(),
        Ok(_) => bail!("this promise does not hold: nobody can be booked on what is disconnected."),
    };
    let secrets = stage.microsoft.issued_secrets();
    let found = readable(&stage.folder, &secrets)?;
    kept.check(
        found.is_empty() && !secrets.is_empty(),
        format!(
            "None of the {} tokens, codes and secrets of this story is readable in the data folder.",
            secrets.len()
        ),
        format_args!("some of them stand in {found:?}."),
    )?;
    Ok(Disconnected { link: stored.link.unwrap_or_default(), next_booking, kept })
}

/// The files in which one of the secrets stands as it is.
fn readable(folder: &Path, secrets: &[String]) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(readable(&path, secrets)?);
            continue;
        }
        let held = fs::read(&path)?;
        if secrets.iter().any(|secret| memmem::find(&held, secret.as_bytes()).is_some()) {
            found.push(path.display().to_string());
        }
    }
    Ok(found)
}

impl Tell for Disconnected {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.link("Link", &self.link)?;
        screen.fact("Next booking", &screen.paint(Tone::Bad, &self.next_booking))
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
