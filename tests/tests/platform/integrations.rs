//! Connecting, reauthorizing, disconnecting.

use anyhow::Result;
use mock_graph::contoso;
use video_platform::{BookingError, Entitlement, IntegrationState, Status};

use crate::stage::{HOUR, START, Stage, booking};

#[tokio::test]
async fn the_first_integration_that_connects_is_the_default() -> Result<()> {
    let stage = Stage::start().await?;
    let first = stage.connect().await?;
    stage.platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
    let second = stage.connect().await?;
    let listed: Vec<_> = stage
        .platform
        .integrations()
        .await?
        .into_iter()
        .map(|integration| (integration.id, integration.is_default, integration.state))
        .collect();
    assert_eq!(
        listed,
        [(first.clone(), true, IntegrationState::Connected), (second, false, IntegrationState::Connected)]
    );
    let account = stage.integration(&first).await?.account;
    assert_eq!(account.map(|account| account.id).as_deref(), Some(contoso::SERVICE_ACCOUNT_ID));
    assert!(stage.world.microsoft.meetings().is_empty(), "connecting makes no meeting");
    Ok(())
}

#[tokio::test]
async fn reauthorizing_leaves_appointments_and_links_alone() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    stage.reauthorize(&id).await?;
    assert_eq!(stage.appointment("a").await?, booked);
    let moved = stage.platform.move_appointment("a", START + HOUR, START + 2 * HOUR).await?;
    assert_eq!((moved.link, moved.meeting_id), (booked.link, booked.meeting_id));
    assert_eq!(stage.world.microsoft.meetings().len(), 1);
    Ok(())
}

#[tokio::test]
async fn disconnecting_leaves_appointments_links_and_meetings_alone() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    stage.world.microsoft.journal().clear();
    stage.platform.disconnect(&id).await?;
    stage.platform.disconnect(&id).await?;
    assert_eq!(stage.requests(), 0, "nobody is asked");
    assert_eq!(stage.state(&id).await?, IntegrationState::Disconnected);
    assert_eq!(stage.appointment("a").await?, booked);
    assert_eq!(stage.platform.book(&booking("a", "adele")).await?, booked, "the same id, the same link");
    assert_eq!(stage.world.microsoft.meetings().len(), 1);

    let error = stage.platform.book(&booking("b", "adele")).await.err();
    assert!(matches!(error, Some(BookingError::NoIntegration(_))), "{error:?}");
    // What can be told to nobody is cancelled all the same, and says so.
    let cancelled = stage.platform.cancel("a").await?;
    assert_eq!((cancelled.status, &cancelled.link), (Status::Cancelled, &booked.link));
    assert!(cancelled.note.is_some_and(|note| note.contains("disconnected")));

    // A new integration for the same account changes nothing about the old appointment.
    let again = stage.connect().await?;
    assert!(stage.integration(&again).await?.is_default);
    assert_eq!(stage.appointment("a").await?.integration, Some(id));
    Ok(())
}

#[tokio::test]
async fn disconnecting_works_with_a_dead_grant() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let booked = stage.platform.book(&booking("a", "adele")).await?;
    stage.world.microsoft.directory().remove_user(contoso::SERVICE_ACCOUNT)?;
    stage.platform.disconnect(&id).await?;
    assert_eq!(stage.state(&id).await?, IntegrationState::Disconnected);
    assert_eq!(stage.appointment("a").await?.link, booked.link);
    Ok(())
}
