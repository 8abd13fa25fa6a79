//! Disconnecting: always possible, complete, and no business of Microsoft's.

use std::time::Duration;

use anyhow::Result;
use end_to_end::{World, appointment};
use mock_graph::{Operation, contoso};
use video_host::store::Purpose;

#[tokio::test]
async fn disconnecting_forgets_everything_asks_microsoft_nothing_and_can_be_repeated() -> Result<()> {
    let world = World::start().await?;
    let teams = world.teams_on("contoso")?;
    world.connect("contoso").await?;
    world.connect("another").await?;
    // A sign-in that was begun and never ended is forgotten with the rest.
    world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await?;
    let others = world.kept("another").await?;
    world.microsoft.journal().clear();
    for _ in 0..2 {
        teams.disconnect().await?;
        assert!(world.kept("contoso").await?.is_nothing());
        assert_eq!(world.told(teams.check().await)?, "not-connected");
    }
    let begun = world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await;
    assert_eq!(world.told(begun)?, "not-connected");
    assert_eq!(world.microsoft.journal().count(Operation::Any), 0);
    assert_eq!(world.kept("another").await?, others);
    world.teams_on("another")?.check().await?;
    Ok(())
}

#[tokio::test]
async fn what_was_never_connected_can_be_disconnected() -> Result<()> {
    let world = World::start().await?;
    world.teams_on("contoso")?.disconnect().await?;
    assert_eq!(world.microsoft.journal().count(Operation::Any), 0);
    Ok(())
}

#[tokio::test]
async fn a_dead_grant_can_be_disconnected_known_to_be_dead_or_not() -> Result<()> {
    let world = World::start().await?;
    let teams = world.teams_on("contoso")?;
    for known in [true, false] {
        world.connect("contoso").await?;
        world.microsoft.directory().revoke_sessions(contoso::SERVICE_ACCOUNT)?;
        world.advance(Duration::from_hours(1));
        if known {
            assert_eq!(world.told(teams.check().await)?, "needs-reauthorization Revoked");
        }
        world.microsoft.journal().clear();
        teams.disconnect().await?;
        assert_eq!(world.microsoft.journal().count(Operation::Any), 0);
        assert!(world.kept("contoso").await?.is_nothing());
    }
    world.connect("contoso").await?;
    teams.check().await?;
    Ok(())
}

#[tokio::test]
async fn disconnecting_works_while_microsoft_cannot_be_reached() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.microsoft.shutdown().await;
    world.teams_on("contoso")?.disconnect().await?;
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}

#[tokio::test]
async fn disconnecting_touches_no_meeting() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    let request = appointment("appointment-1");
    let meeting = teams.create_meeting(&request).await?;
    teams.disconnect().await?;
    assert_eq!(world.microsoft.meetings().len(), 1);
    assert_eq!(world.told(teams.create_meeting(&request).await)?, "not-connected");

    // The same account, connected anew, finds its meeting again.
    world.connect("contoso").await?;
    let again = teams.create_meeting(&request).await?;
    assert_eq!((again.join_url, again.created), (meeting.join_url, false));
    Ok(())
}

#[tokio::test]
async fn a_sign_in_that_comes_back_after_a_disconnect_connects_nothing() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
    let parameters = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
    world.teams_on("contoso")?.disconnect().await?;
    let tokens = world.microsoft.journal().count(Operation::Token);
    assert_eq!(world.told(world.finish(parameters).await)?, "sign-in-failed NotOurs");
    assert_eq!(world.microsoft.journal().count(Operation::Token), tokens);
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}
