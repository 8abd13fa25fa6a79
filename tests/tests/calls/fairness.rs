//! Who goes first.

use anyhow::Result;
use mock_graph::{Action, Operation, contoso};
use tokio::task::JoinSet;
use video_host::provider::Look;

use crate::stage::Stage;

#[tokio::test]
async fn a_booking_is_not_behind_ten_thousand_queued_matches() -> Result<()> {
    const QUEUED: u64 = 10_000;
    let stage = Stage::start().await?;
    let world = &stage.world;
    stage.always(Operation::GetUser, Action::Hold { before: true });
    let before = world.host.call_counts();
    let mut matches = JoinSet::new();
    for _ in 0..QUEUED {
        let teams = stage.teams.clone();
        matches
            .spawn(async move { teams.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await });
    }
    world.microsoft.journal().wait_for(Operation::GetUser, 8).await;
    while world.host.call_counts().calls - before.calls < QUEUED {
        tokio::task::yield_now().await;
    }
    stage.create("a").await?;
    let after = world.host.call_counts();
    assert_eq!(after.attempts - before.attempts, 9, "eight matches and the booking");
    assert_eq!(world.microsoft.journal().count(Operation::GetUser), 8);
    assert!(matches.try_join_next().is_none(), "all are still queued");

    matches.abort_all();
    while matches.join_next().await.is_some() {}
    world.microsoft.faults().clear();
    // What was given up holds no place.
    let found = stage.teams.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await?;
    assert_eq!(found.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_create_costs_one_request_on_the_connection_that_is_open() -> Result<()> {
    let stage = Stage::start().await?;
    stage.create("first").await?;
    stage.received(Operation::Any);
    let (traffic, before) = (stage.world.host.traffic(), stage.world.host.call_counts());
    for n in 0..20 {
        stage.create(&format!("a-{n}")).await?;
    }
    let received = stage.received(Operation::Any);
    assert_eq!(received.len(), 20);
    assert!(received.iter().all(|it| it.operation == Operation::CreateMeeting));
    assert_eq!(stage.world.host.traffic().connections, traffic.connections);
    let after = stage.world.host.call_counts();
    assert_eq!((after.calls - before.calls, after.attempts - before.attempts), (20, 20));
    Ok(())
}
