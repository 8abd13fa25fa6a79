//! Outages of the token endpoint say nothing about the grant: the connection stays as it was, and works
//! when they are over.

use std::time::Duration;

use anyhow::Result;
use end_to_end::World;
use mock_graph::{Action, Fault, Operation, contoso};

/// As long as an access token lives: the next call renews it.
const OVER: Duration = Duration::from_hours(1);

fn outages() -> Vec<(Action, &'static str)> {
    let later = |status, after: &str| Action::Status { status, retry_after: Some(after.to_owned()) };
    vec![
        (Action::DropBefore, "unavailable"),
        (Action::DropAfter, "unavailable"),
        (Action::Truncate, "unavailable"),
        (Action::Malformed, "unavailable"),
        (Action::Oversized(9 << 20), "unavailable"),
        (Action::StatusAfter { status: 504 }, "unavailable"),
        (Action::status(500), "unavailable"),
        (Action::status(502), "unavailable"),
        (Action::status(503), "unavailable"),
        (Action::status(429), "unavailable"),
        (Action::Aadsts(90_033), "unavailable"),
        (later(503, "7"), "unavailable 7000ms"),
        (later(429, "1.5"), "unavailable 1500ms"),
        (later(429, "soon"), "unavailable"),
    ]
}

#[tokio::test]
async fn an_outage_of_the_token_endpoint_never_becomes_a_dead_grant() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    for (action, expected) in outages() {
        let shown = format!("{action:?}");
        world.advance(OVER);
        let kept = world.kept("contoso").await?;
        world.microsoft.faults().inject(Fault::once(Operation::Token, action));
        assert_eq!(world.told(teams.check().await)?, expected, "{shown}");
        assert_eq!(world.kept("contoso").await?, kept, "{shown}");
        world.advance(Duration::from_secs(7));
        assert_eq!(teams.check().await?, connection, "{shown}");
    }
    assert_eq!(world.microsoft.journal().count(Operation::Authorize), 1);
    Ok(())
}

#[tokio::test]
async fn a_token_endpoint_that_asks_to_be_left_alone_is_left_alone() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    let journal = world.microsoft.journal();
    world.advance(OVER);
    journal.clear();
    world.microsoft.faults().inject(Fault::once(Operation::Token, Action::throttled("60")));
    assert_eq!(world.told(teams.check().await)?, "unavailable 60000ms");
    assert!(world.told(teams.check().await)?.starts_with("unavailable "));
    assert_eq!(journal.count(Operation::Any), 1);
    world.advance(Duration::from_mins(1));
    assert_eq!(teams.check().await?.account.id, contoso::SERVICE_ACCOUNT_ID);
    assert_eq!(journal.count(Operation::Token), 2);
    Ok(())
}

#[tokio::test]
async fn an_outage_is_not_noticed_while_the_access_token_is_good() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    // Near enough to its end to be renewed ahead of it.
    world.advance(Duration::from_mins(57));
    let outage = world.microsoft.faults().inject(Fault::always(Operation::Token, Action::DropBefore));
    for _ in 0..3 {
        assert_eq!(teams.check().await?, connection);
    }
    assert_eq!(outage.applied(), 1, "once, and not at every call");
    Ok(())
}

#[tokio::test]
async fn a_renewal_whose_answer_was_lost_costs_nothing() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    for action in [Action::DropAfter, Action::Truncate, Action::OmitRefreshToken] {
        world.advance(OVER);
        world.microsoft.faults().inject(Fault::once(Operation::Token, action));
        let _ = teams.check().await;
        assert_eq!(teams.check().await?, connection);
    }
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_no_dead_grant() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    for (code, expected) in
        [(90_002, "refused Other"), (900_023, "refused Other"), (70_011, "internal"), (9_002_313, "internal")]
    {
        world.advance(OVER);
        let kept = world.kept("contoso").await?;
        world.microsoft.faults().inject(Fault::once(Operation::Token, Action::Aadsts(code)));
        assert_eq!(world.told(teams.check().await)?, expected, "AADSTS{code}");
        assert_eq!(world.kept("contoso").await?, kept, "AADSTS{code}");
        assert_eq!(teams.check().await?, connection, "AADSTS{code}");
    }
    Ok(())
}

/// AADSTS50196 comes as `invalid_grant`, and is none.
#[tokio::test]
async fn a_loop_that_microsoft_sees_is_no_dead_grant() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    world.advance(OVER);
    world.microsoft.faults().inject(Fault::once(Operation::Token, Action::Aadsts(50_196)));
    assert_eq!(world.told(teams.check().await)?, "unavailable");
    // It is left alone for a moment, and then it works.
    world.advance(Duration::from_mins(1));
    assert_eq!(teams.check().await?, connection);
    Ok(())
}

#[tokio::test]
async fn a_wrong_client_secret_is_not_felt_while_the_token_is_good() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    world.microsoft.faults().inject(Fault::always(Operation::Token, Action::Aadsts(7_000_215)));
    // The token has two of its sixty minutes left: the host tries to renew it, in vain.
    world.advance(Duration::from_mins(58));
    assert_eq!(teams.check().await?, connection);
    assert!(world.microsoft.journal().count(Operation::Token) > 1, "it was tried");
    world.advance(Duration::from_mins(3));
    assert_eq!(world.told(teams.check().await)?, "misconfigured ClientAuthentication");
    Ok(())
}
