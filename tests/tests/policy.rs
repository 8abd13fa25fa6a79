//! Staff who organise their own meetings: the application alone, within an application access policy.

use anyhow::{Result, bail};
use end_to_end::{INTEGRATION, SESSION, World, WorldOptions, contract_error, setup_values};
use mock_graph::contoso;
use video_host::Provider;
use video_host::provider::{
    Cancellation, Connection, Error, Meeting, MeetingRequest, NextStep, Parameter, User,
};
use video_host::store::Purpose;

fn adviser() -> User {
    User {
        id: contoso::ADVISER_ID.to_owned(),
        key: contoso::ADVISER.to_owned(),
        display_name: "Adele Vance".to_owned(),
    }
}

fn appointment(known: Option<&Meeting>) -> MeetingRequest {
    MeetingRequest {
        appointment_id: "a".to_owned(),
        meeting_id: known.map(|meeting| meeting.id.clone()),
        organizer_id: known.map(|meeting| meeting.organizer_id.clone()),
        staff: Some(adviser()),
        subject: "Advice".to_owned(),
        start: 1_796_115_600_000,
        end: 1_796_119_200_000,
        attendees: Vec::new(),
        options: Vec::new(),
    }
}

/// An administrator consents, for a first connection or in the place of the one that there is.
async fn consented(world: &World, purpose: Purpose) -> Result<(Provider, Connection)> {
    let provider = world.teams_on(INTEGRATION)?;
    let mut values = setup_values(contoso::TENANT_ID);
    values.push(Parameter { name: "method".to_owned(), value: "access-policy".to_owned() });
    let step = world.host.begin(&provider, purpose, SESSION, values, contoso::REDIRECT_URI).await?;
    let NextStep::Visit(url) = step else { bail!("an administrator has to consent") };
    let parameters = world.sign_in(&url, contoso::ADMINISTRATOR).await?;
    let callback = world.callback(parameters).await?;
    let connection = world.host.finish(&world.teams, callback).await?;
    Ok((provider, connection))
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_organise_once_a_policy_is_granted() -> Result<()> {
    let world = World::with(WorldOptions::default()).await?;
    let (teams, connection) = consented(&world, Purpose::Connect).await?;
    assert_eq!(connection.account.id, contoso::CLIENT_ID);
    assert_eq!(teams.check().await?.account, connection.account);
    for refused in [
        contract_error(teams.create_meeting(&appointment(None)).await)?,
        contract_error(teams.check_user(&adviser()).await)?,
    ] {
        assert!(matches!(&refused, Error::Refused(it) if it.message.contains("30 minutes")), "{refused:?}");
    }

    let directory = world.microsoft.directory();
    directory.grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, None)?;
    world.advance(std::time::Duration::from_mins(31));
    assert_eq!(teams.check_user(&adviser()).await?, Vec::<String>::new());
    let made = teams.create_meeting(&appointment(None)).await?;
    assert_eq!(made.organizer_id, contoso::ADVISER_ID);
    let moved = MeetingRequest { end: 1_796_119_900_000, ..appointment(Some(&made)) };
    assert_eq!(teams.update_meeting(&moved).await?.join_url, made.join_url);
    let cancellation = Cancellation {
        appointment_id: "a".to_owned(),
        meeting_id: Some(made.id),
        organizer_id: Some(made.organizer_id),
        staff: None,
    };
    teams.cancel_meeting(&cancellation).await?;
    assert!(world.microsoft.meetings().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_method_can_be_changed_and_old_meetings_stay_with_their_organizer() -> Result<()> {
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    let made = teams.create_meeting(&appointment(None)).await?;
    assert_eq!(made.organizer_id, contoso::SERVICE_ACCOUNT_ID);
    consented(&world, Purpose::Reauthorize).await?;
    let directory = world.microsoft.directory();
    directory.grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, None)?;
    world.advance(std::time::Duration::from_mins(31));
    let kept = teams.update_meeting(&appointment(Some(&made))).await?;
    assert_eq!((kept.join_url, kept.organizer_id), (made.join_url, made.organizer_id));
    Ok(())
}
