//! A rotated refresh token that does not arrive, or that the store will not take.

use std::time::Duration;

use anyhow::{Context as _, Result};
use end_to_end::{INTEGRATION, World, WorldOptions, appointment, form};
use mock_graph::{Action, Fault, Operation};
use video_host::Memory;

const OVER: Duration = Duration::from_hours(1);

/// The refresh tokens that were presented, in order.
fn presented(world: &World) -> Result<Vec<String>> {
    let requests = world.microsoft.journal().of(Operation::Token);
    let presented = requests.iter().map(|it| form(&it.body).remove("refresh_token"));
    presented.collect::<Option<_>>().context("a token request without a refresh token")
}

#[tokio::test]
async fn an_answer_that_is_lost_after_microsoft_rotated_costs_one_call_and_no_sign_in() -> Result<()> {
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    for action in [Action::DropAfter, Action::Truncate, Action::Malformed] {
        world.advance(OVER);
        world.microsoft.journal().clear();
        let fault = world.microsoft.faults().inject(Fault::once(Operation::Token, action.clone()));
        let told = world.told(teams.create_meeting(&appointment("a")).await)?;
        assert!(told.starts_with("unavailable") && !told.contains("in-doubt"), "{action:?}: {told}");
        assert_eq!(fault.applied(), 1);
        teams.create_meeting(&appointment("a")).await?;

        // The one that arrived before still works (facts: "the old one keeps working").
        let presented = presented(&world)?;
        assert!(presented.len() == 2 && presented[0] == presented[1], "{action:?}");
        assert_eq!(world.microsoft.journal().count(Operation::Authorize), 0);
    }
    assert_eq!(world.microsoft.meetings().len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_lost_ahead_of_time_costs_nothing() -> Result<()> {
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    world.advance(Duration::from_mins(56));
    let fault = world.microsoft.faults().inject(Fault::once(Operation::Token, Action::DropAfter));
    teams.create_meeting(&appointment("a")).await?;
    assert_eq!(fault.applied(), 1, "it was renewed ahead of time, in vain");
    world.advance(Duration::from_secs(10));
    teams.create_meeting(&appointment("b")).await?;
    assert_eq!(world.microsoft.journal().count(Operation::Token), 2);
    Ok(())
}

#[tokio::test]
async fn a_store_that_fails_while_saving_stops_no_call_and_a_crash_costs_nothing() -> Result<()> {
    let (world, teams) = World::connected(WorldOptions::default()).await?;
    test_store::refuse_updates(world.host.store().pool(), "credential", "sealed").await?;
    world.advance(OVER);
    for n in 0..5 {
        teams.create_meeting(&appointment(&n.to_string())).await?;
    }
    assert_eq!(world.microsoft.journal().count(Operation::Token), 1, "the token is in use though unsaved");

    // The process ends with the only copy of the rotated token. The next one has the one before.
    test_store::accept_updates(world.host.store().pool(), "credential").await?;
    let next =
        World::host(world.data.path(), &world.microsoft, world.clock.clone(), Memory::default()).await?;
    let plugin = next.load(plugin_artifacts::TEAMS, &end_to_end::manifest()?).await?;
    plugin.on(&INTEGRATION.parse()?).create_meeting(&appointment("after")).await?;
    let presented = presented(&world)?;
    assert!(presented.len() == 2 && presented[0] == presented[1]);
    assert_eq!(world.microsoft.journal().count(Operation::Authorize), 0);
    // The first one, if it lives, goes on with what the second one saved.
    world.advance(Duration::from_secs(11));
    teams.create_meeting(&appointment("at last")).await?;
    assert_eq!(world.microsoft.journal().count(Operation::Token), 2);
    Ok(())
}
