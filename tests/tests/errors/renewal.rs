//! What a 401 of Graph's leads to: one renewal of the access token, and a second 401 is believed.

use std::time::Duration;

use anyhow::Result;
use end_to_end::{World, appointment};
use mock_graph::{Action, Fault, Operation, Times, contoso};

#[tokio::test]
async fn an_access_token_that_ended_early_is_renewed_once_and_the_call_succeeds() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let journal = world.microsoft.journal();
    journal.clear();
    // By Microsoft's clock only: the host believes that it lives.
    world.microsoft.clock().advance(Duration::from_mins(61));
    assert_eq!(world.teams_on("contoso")?.check().await?, connection);
    let asked = journal.of(Operation::Me);
    let answers: Vec<_> = asked.iter().filter_map(|it| it.answer.as_ref()?.status).collect();
    assert_eq!(answers, [401, 200]);
    assert_ne!(asked[0].authorization_sha256, asked[1].authorization_sha256, "with another token");
    assert_eq!(journal.count(Operation::Token), 1);
    assert_eq!(journal.count(Operation::Authorize), 0);
    Ok(())
}

#[tokio::test]
async fn a_single_401_leaves_no_trace() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    for (operation, action) in
        [(Operation::CreateMeeting, Action::status(401)), (Operation::CreateMeeting, Action::ClaimsChallenge)]
    {
        let fault = world.microsoft.faults().inject(Fault::once(operation, action));
        world.teams_on("contoso")?.create_meeting(&appointment("a-1")).await?;
        assert_eq!(fault.applied(), 1);
    }
    assert_eq!(world.microsoft.meetings().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_401_that_stays_needs_reauthorization_and_is_not_asked_about_in_a_loop() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    let journal = world.microsoft.journal();
    for (action, expected) in [
        (Action::status(401), "needs-reauthorization Other"),
        (Action::ClaimsChallenge, "needs-reauthorization ClaimsChallenge"),
    ] {
        journal.clear();
        let fault = Fault { times: Times::N(2), ..Fault::once(Operation::Me, action.clone()) };
        world.microsoft.faults().inject(fault);
        assert_eq!(world.told(teams.check().await)?, expected);
        assert_eq!((journal.count(Operation::Me), journal.count(Operation::Token)), (2, 1));

        let fault = Fault { times: Times::N(2), ..Fault::once(Operation::CreateMeeting, action) };
        world.microsoft.faults().inject(fault);
        assert_eq!(world.told(teams.create_meeting(&appointment("a-1")).await)?, expected);
        assert!(world.microsoft.meetings().is_empty());
        // Microsoft changed its mind: the credential is still there.
        assert_eq!(teams.check().await?.account.id, contoso::SERVICE_ACCOUNT_ID);
    }
    Ok(())
}

#[tokio::test]
async fn a_401_after_which_the_grant_is_found_to_be_dead_tells_its_cause() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.microsoft.directory().revoke_sessions(contoso::SERVICE_ACCOUNT)?;
    let teams = world.teams_on("contoso")?;
    teams.check().await?;
    world.microsoft.faults().inject(Fault::once(Operation::Me, Action::ClaimsChallenge));
    assert_eq!(world.told(teams.check().await)?, "needs-reauthorization Revoked");
    Ok(())
}

#[tokio::test]
async fn an_outage_of_the_token_endpoint_after_a_401_is_no_dead_grant() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    for action in [Action::status(503), Action::DropAfter, Action::throttled("1")] {
        world.microsoft.faults().inject(Fault::once(Operation::CreateMeeting, Action::status(401)));
        world.microsoft.faults().inject(Fault::once(Operation::Token, action));
        let told = world.told(teams.create_meeting(&appointment("a-1")).await)?;
        assert!(told.starts_with("unavailable") && !told.contains("in-doubt"), "{told}");
        assert!(world.microsoft.meetings().is_empty());
        world.advance(Duration::from_secs(1));
    }
    teams.create_meeting(&appointment("a-1")).await?;
    Ok(())
}
