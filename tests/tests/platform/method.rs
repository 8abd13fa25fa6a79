//! Changing who organises the meetings of a connected integration, and back.

use anyhow::{Context, Result};
use mock_graph::contoso;
use video_platform::{
    Appointment, BookingError, IntegrationId, SetupChoice, StaffMatch, Status, VideoSettings,
};

use crate::stage::{HOUR, START, Stage, booking};

const ACCOUNT: &str = "service-account";
const POLICY: &str = "access-policy";

/// Everything that a change of the method must leave alone.
#[derive(Debug, PartialEq)]
struct Kept {
    matches: Vec<StaffMatch>,
    settings: Vec<Option<VideoSettings>>,
    appointments: Vec<Appointment>,
    is_default: bool,
}

async fn kept(stage: &Stage, id: &IntegrationId, appointments: &[&str]) -> Result<Kept> {
    let mut kept = Kept {
        matches: stage.platform.matches(id, None, 1_000).await?,
        settings: Vec::new(),
        appointments: Vec::new(),
        is_default: stage.integration(id).await?.is_default,
    };
    for staff in ["adele", "mod"] {
        kept.settings.push(stage.platform.video_settings(staff).await?);
    }
    for appointment in appointments {
        kept.appointments.push(stage.appointment(appointment).await?);
    }
    Ok(kept)
}

async fn method(stage: &Stage, id: &IntegrationId) -> Result<SetupChoice> {
    let choices = stage.platform.choices(id).await?;
    choices.into_iter().find(|choice| choice.field == "method").context("a choice of the setup")
}

/// The organizer at Microsoft of each appointment that has a meeting there.
fn organizers(stage: &Stage) -> Vec<(String, String)> {
    let meetings = stage.world.microsoft.meetings().into_iter();
    let mut organizers: Vec<_> =
        meetings.map(|meeting| (meeting.external_id.unwrap_or_default(), meeting.organizer)).collect();
    organizers.sort();
    organizers
}

#[tokio::test]
async fn the_method_changes_and_back_and_matches_toggles_links_and_meetings_stay() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    stage.platform.enable_video("mod", false).await?;
    for appointment in ["moved", "ended", "left"] {
        stage.platform.book(&booking(appointment, "adele")).await?;
    }
    let before = kept(&stage, &id, &["moved", "ended", "left"]).await?;
    let left_open = method(&stage, &id).await?;
    assert_eq!((left_open.value, &*left_open.meaning), (None, "Without a choice, one service account does."));

    stage.reauthorize_by(&id, Some(POLICY), contoso::ADMINISTRATOR).await?;
    let directory = stage.world.microsoft.directory();
    directory.grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, None)?;
    stage.world.advance(std::time::Duration::from_mins(31));
    assert_eq!(kept(&stage, &id, &["moved", "ended", "left"]).await?, before);
    let chosen = method(&stage, &id).await?;
    assert_eq!(chosen.value.as_deref(), Some(POLICY));
    assert_eq!(chosen.meaning, "Each staff member (application access policy)");
    let account = stage.integration(&id).await?.account.context("an account")?;
    assert_eq!(account.id, contoso::CLIENT_ID);

    // What the service account organises is still its own, and new meetings are the staff member's.
    let moved = stage.platform.move_appointment("moved", START + HOUR, START + 2 * HOUR).await?;
    assert_eq!(moved.link, before.appointments[0].link);
    assert_eq!(stage.platform.cancel("ended").await?.status, Status::Cancelled);
    let new = stage.platform.book(&booking("new", "adele")).await?;
    let (account, adele) = (contoso::SERVICE_ACCOUNT_ID.to_owned(), contoso::ADVISER_ID.to_owned());
    let expected = [("left", &account), ("moved", &account), ("new", &adele)]
        .map(|(id, who)| (id.to_owned(), who.clone()));
    assert_eq!(organizers(&stage), expected);
    assert_eq!(stage.world.microsoft.meetings().len(), 3, "and none was made twice");

    // Back, by the account that was connected at first.
    let before = kept(&stage, &id, &["moved", "ended", "left", "new"]).await?;
    stage.reauthorize_by(&id, Some(ACCOUNT), contoso::SERVICE_ACCOUNT).await?;
    assert_eq!(kept(&stage, &id, &["moved", "ended", "left", "new"]).await?, before);
    assert_eq!(method(&stage, &id).await?.meaning, "One service account");
    let moved = stage.platform.move_appointment("left", START + HOUR, START + 2 * HOUR).await?;
    assert_eq!(moved.link, before.appointments[2].link);
    // The service account may not touch what the staff member organises: refused, and nothing is lost.
    let error = stage.platform.move_appointment("new", START + HOUR, START + 2 * HOUR).await.err();
    assert!(matches!(error, Some(BookingError::Refused { .. })), "{error:?}");
    let stays = stage.appointment("new").await?;
    assert_eq!((stays.status, stays.start, &stays.link), (Status::Booked, START, &new.link));
    assert_eq!(organizers(&stage), expected);
    assert_eq!(stage.state(&id).await?, video_platform::IntegrationState::Connected);
    Ok(())
}

#[tokio::test]
async fn a_change_of_the_method_that_fails_changes_nothing_and_is_not_shown() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    stage.platform.book(&booking("a", "adele")).await?;
    let before = (kept(&stage, &id, &["a"]).await?, stage.integration(&id).await?);
    let shown = stage.platform.choices(&id).await?;
    // Whoever is no administrator of the tenant cannot consent.
    assert!(stage.reauthorize_by(&id, Some(POLICY), contoso::ADVISER).await.is_err());
    assert_eq!((kept(&stage, &id, &["a"]).await?, stage.integration(&id).await?), before);
    assert_eq!(stage.platform.choices(&id).await?, shown);
    stage.platform.move_appointment("a", START + HOUR, START + 2 * HOUR).await?;
    assert_eq!(stage.world.microsoft.meetings()[0].organizer, contoso::SERVICE_ACCOUNT_ID);
    Ok(())
}
