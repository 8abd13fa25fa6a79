//! A second provider in the same host and on the same platform, for somebody whom Microsoft does not know:
//! Jitsi Meet, which has no accounts and is asked nothing.

use std::io;

use anyhow::{Context as _, Result, bail};
use mock_graph::contoso as registered;
use serde::Serialize;
use video_host::Manifest;
use video_host::provider::{NextStep, Parameter};
use video_platform::{Entitlement, IntegrationId, MatchField, Setup, StaffMember};

use super::booking::{self, Booked};
use super::connecting::Connected;
use super::matching::Matched;
use super::promise::Kept;
use super::stage::{SESSION, Stage};
use super::teller::Tell;
use super::times::Slot;
use crate::screen::{Screen, bytes};

/// The organisation's own server.
const SERVER: &str = "meet.contoso.example";

/// An appointment on another provider than the others.
#[derive(Debug, Serialize)]
pub(super) struct Beside {
    plugin: String,
    component_bytes: u64,
    server: String,
    staff: String,
    when: Slot,
    link: String,
    kept: Kept,
}

pub(super) async fn book(
    stage: &Stage,
    matched: &Matched,
    teams: &Connected,
    on_teams: &Booked,
) -> Result<Beside> {
    let (calls, meetings) = (stage.calls(), stage.microsoft.meetings().len());
    let plugin = stage.host.load(plugin_artifacts::JITSI, &Manifest::default()).await?;
    stage.platform.providers().install(plugin.clone());
    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let mut kept = Kept::default();
    let (jitsi, server) = connect(stage, &plugin.description().id).await?;
    kept.check(
        server == SERVER && stage.platform.integrations().await?.len() == 2,
        "It was connected at once: nobody had to sign in, and the operator granted it nothing.",
        format_args!("it is connected to {server}."),
    )?;

    let staff = somebody(stage, matched).await?;
    stage.platform.choose_integration(&staff.id, Some(&jitsi)).await?;
    let now = stage.host.clock().now_ms();
    let (first, later) = (Slot::on_working_day(now, 3, 10, 0)?, Slot::on_working_day(now, 4, 9, 0)?);
    let client = ("Marta Nowak", "");
    let request = booking::request(stage, &staff, "appointment-on-jitsi", client, first).await?;
    stage.platform.book(&request).await?;
    let stored = stage.appointment(&request.id).await?;
    let link = booking::link(&stored)?.to_owned();
    kept.check(
        stored.integration.as_ref() == Some(&jitsi) && link.starts_with(&format!("https://{SERVER}/")),
        format!("{} has a room on {SERVER}, and needs no user of anybody's.", staff.label()),
        format_args!("{link} on {:?}.", stored.integration),
    )?;
    stage.platform.move_appointment(&request.id, later.start, later.end).await?;
    let moved = stage.appointment(&request.id).await?;
    kept.same_link("It was moved, and the link is the same.", &link, moved.link.as_deref())?;

    let other = stage.appointment(&on_teams.appointment).await?;
    kept.check(
        other.integration.as_ref() == Some(&teams.integration)
            && other.link.as_deref() == Some(&on_teams.link),
        "The appointment on Teams is where it was.",
        format_args!("{:?} on {:?}.", other.link, other.integration),
    )?;
    let (asked, left) = (stage.calls() - calls, stage.microsoft.meetings().len());
    kept.check(
        asked == 0 && left == meetings,
        "For all of this nothing was sent to anybody.",
        format_args!("{asked} requests were sent, and Microsoft has {left} meetings."),
    )?;
    // The story goes on with Teams.
    stage.platform.choose_integration(&staff.id, None).await?;
    Ok(Beside {
        plugin: format!("{} ({})", plugin.description().name, plugin.description().id),
        component_bytes: plugin.size() as u64,
        server,
        staff: staff.label().to_owned(),
        when: later,
        link,
        kept,
    })
}

async fn connect(stage: &Stage, provider: &str) -> Result<(IntegrationId, String)> {
    let values = vec![Parameter { name: "domain".to_owned(), value: SERVER.to_owned() }];
    let setup = Setup { match_field: MatchField::Email, values };
    let begun = stage.platform.start_connect(provider, setup, SESSION, registered::REDIRECT_URI).await?;
    let (id, NextStep::Connected(connection)) = begun else { bail!("{provider} asks for a sign-in") };
    Ok((id, connection.account.user_name))
}

/// Somebody whom Microsoft does not know, or else somebody.
async fn somebody(stage: &Stage, matched: &Matched) -> Result<StaffMember> {
    match matched.unknown() {
        Some(id) => stage.platform.staff_member(id).await?.with_context(|| format!("{id} is no staff")),
        None => Ok(matched.second()?.clone()),
    }
}

impl Tell for Beside {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact("Plugin", &format!("{}, {}", self.plugin, bytes(self.component_bytes)))?;
        screen.fact("Server", &self.server)?;
        screen.fact("Who", &self.staff)?;
        screen.fact("Moved to", &self.when.text().map_err(io::Error::other)?)?;
        screen.link("Link", &self.link)
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
