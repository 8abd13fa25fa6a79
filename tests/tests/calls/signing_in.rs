//! A sign-in's code is used up by the first attempt.

use anyhow::Result;
use end_to_end::{INTEGRATION, World, contract_error};
use mock_graph::{Action, Fault, Operation, contoso};
use video_host::provider::Error;
use video_host::store::Purpose;

use crate::stage::production;

#[tokio::test]
async fn its_beginning_is_repeated() -> Result<()> {
    let world = World::with(production()).await?;
    let fault = world.microsoft.faults().inject(Fault::once(Operation::Discovery, Action::status(503)));
    world.connect(INTEGRATION).await?;
    assert_eq!(fault.applied(), 1);
    assert_eq!(world.host.call_counts().retries, 1);
    Ok(())
}

#[tokio::test]
async fn its_end_is_not() -> Result<()> {
    let world = World::with(production()).await?;
    let url = world.begin(INTEGRATION, Purpose::Connect, contoso::TENANT_ID).await?;
    let callback = world.callback(world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?).await?;
    world.microsoft.faults().inject(Fault::once(Operation::Token, Action::status(503)));
    let error = contract_error(world.host.finish(&world.teams, callback).await)?;
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(world.microsoft.journal().count(Operation::Token), 1);
    Ok(())
}

#[tokio::test]
async fn its_end_waits_for_a_provider_that_wants_a_pause() -> Result<()> {
    let world = World::with(production()).await?;
    world.connect(INTEGRATION).await?;
    let url = world.begin(INTEGRATION, Purpose::Reauthorize, contoso::TENANT_ID).await?;
    let callback = world.callback(world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?).await?;
    world.microsoft.faults().inject(Fault::once(Operation::Me, Action::throttled("120")));
    assert!(world.teams_on(INTEGRATION)?.check().await.is_err());
    world.advance(std::time::Duration::from_secs(100));
    world.host.finish(&world.teams, callback).await?;
    let early = |it: &mock_graph::Recorded| it.answer.as_ref().is_some_and(|it| it.before_retry_after);
    assert!(!world.microsoft.journal().requests().iter().any(early));
    Ok(())
}
