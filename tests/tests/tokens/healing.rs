//! Grants that Microsoft refuses for a while: nobody has to sign in again when it stops.

use std::time::Duration;

use anyhow::Result;
use end_to_end::{World, appointment};
use mock_graph::{MockGraph, Operation, contoso};

const ACCOUNT: &str = contoso::SERVICE_ACCOUNT;

type Change = fn(&MockGraph) -> Result<()>;

/// What an administrator of the organisation does, what is told then, and how it is undone.
const TEMPORARY: [(Change, &str, Change); 4] = [
    (
        |it| Ok(it.directory().block_by_conditional_access(ACCOUNT, true)?),
        "BlockedByPolicy",
        |it| Ok(it.directory().block_by_conditional_access(ACCOUNT, false)?),
    ),
    (
        |it| Ok(it.directory().set_enabled(ACCOUNT, false)?),
        "AccountDisabled",
        |it| Ok(it.directory().set_enabled(ACCOUNT, true)?),
    ),
    (
        |it| Ok(it.directory().withdraw_consent(contoso::CLIENT_ID, contoso::TENANT_ID)?),
        "ConsentWithdrawn",
        |it| Ok(it.directory().grant_consent(contoso::CLIENT_ID, contoso::TENANT_ID)?),
    ),
    (
        |it| Ok(it.directory().set_sign_in_frequency(contoso::TENANT_ID, Some(Duration::ZERO))?),
        "Expired",
        |it| Ok(it.directory().set_sign_in_frequency(contoso::TENANT_ID, None)?),
    ),
];

#[tokio::test]
async fn what_an_administrator_undoes_heals_by_itself_and_is_not_hammered_meanwhile() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let (teams, journal) = (world.teams_on("contoso")?, world.microsoft.journal());
    for (refuse, cause, undo) in TEMPORARY {
        let told = format!("needs-reauthorization {cause}");
        refuse(&world.microsoft)?;
        world.advance(Duration::from_hours(1));
        journal.clear();
        // Two hours of bookings, one a minute.
        for minute in 0..120 {
            let booked = teams.create_meeting(&appointment(&format!("{cause}-{minute}"))).await;
            assert_eq!(world.told(booked)?, told);
            world.advance(Duration::from_mins(1));
        }
        assert_eq!(journal.count(Operation::Any), 8, "one token request in a quarter of an hour: {cause}");
        assert_eq!(journal.count(Operation::Token), 8);

        undo(&world.microsoft)?;
        world.advance(Duration::from_mins(15));
        assert_eq!(teams.check().await?, connection, "{cause}");
        teams.create_meeting(&appointment(&format!("{cause}-after"))).await?;
        assert_eq!(journal.count(Operation::Authorize), 0, "nobody signed in again: {cause}");
    }
    Ok(())
}

#[tokio::test]
async fn a_grant_that_was_revoked_is_asked_about_once_a_day() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.microsoft.directory().revoke_sessions(ACCOUNT)?;
    world.advance(Duration::from_hours(1));
    world.microsoft.journal().clear();
    for _ in 0..72 {
        let checked = world.teams_on("contoso")?.check().await;
        assert_eq!(world.told(checked)?, "needs-reauthorization Revoked");
        world.advance(Duration::from_hours(1));
    }
    assert_eq!(world.microsoft.journal().count(Operation::Any), 3);
    Ok(())
}
