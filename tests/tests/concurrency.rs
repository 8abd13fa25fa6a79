//! Many calls at once.

use std::time::Duration;

use anyhow::Result;
use end_to_end::World;
use mock_graph::{Operation, contoso};
use video_host::provider::{Look, MatchOutcome};

/// The stand-in's access tokens live an hour.
const EXPIRED: Duration = Duration::from_hours(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_at_once_on_an_expired_token_cause_exactly_one_refresh() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.advance(EXPIRED + Duration::from_secs(1));
    world.microsoft.journal().clear();

    // The refresh is held until everybody who could start a second one had the chance to.
    let refresh = world.microsoft.faults().hold(Operation::Token, true);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let teams = world.teams_on("contoso");
            tokio::spawn(async move {
                anyhow::Ok(teams?.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await?)
            })
        })
        .collect();
    refresh.reached().await;
    refresh.release();
    for call in calls {
        let outcomes = call.await??;
        assert!(matches!(&outcomes[..], [MatchOutcome::Matched(user)] if user.id == contoso::ADVISER_ID));
    }
    assert_eq!(world.microsoft.journal().count(Operation::Token), 1);
    assert_eq!(world.microsoft.journal().count(Operation::GetUser), 50);
    Ok(())
}

#[tokio::test]
async fn a_token_that_microsoft_refuses_early_is_refreshed_once_and_the_call_succeeds() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.microsoft.journal().clear();
    // Microsoft's clock runs ahead: the host believes the token good, Microsoft does not.
    world.microsoft.clock().advance(EXPIRED);

    let outcomes =
        world.teams_on("contoso")?.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await?;
    assert!(matches!(&outcomes[..], [MatchOutcome::Matched(_)]));
    assert_eq!(world.microsoft.journal().count(Operation::Token), 1);
    assert_eq!(world.microsoft.journal().count(Operation::GetUser), 2, "once refused, once answered");
    Ok(())
}
