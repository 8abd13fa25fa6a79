//! What can go wrong between the callback and the connection, and that nothing is left of it.

use std::time::Duration;

use anyhow::Result;
use end_to_end::World;
use mock_graph::{Action, Fault, Operation, contoso};
use video_host::store::Purpose;

/// Begins, signs in, and ends with `action` in force on `operation`; gives what was said, and asserts
/// that nothing is left of it.
async fn fails(world: &World, operation: Operation, action: Action) -> Result<String> {
    let kept = world.kept("contoso").await?;
    let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
    let callback = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
    let shown = format!("{operation:?} {action:?}");
    world.microsoft.faults().inject(Fault::always(operation, action));
    let ended = world.finish(callback).await;
    world.microsoft.faults().clear();
    let told = world.told(ended)?;
    assert_eq!(world.kept("contoso").await?, kept, "{shown}");
    Ok(told)
}

/// Every refusal of a code that Microsoft documents, and what it means.
const REFUSALS: [(u32, &str); 29] = [
    (54_005, "sign-in-failed Expired"),
    (70_008, "sign-in-failed Expired"),
    (70_000, "sign-in-failed Expired"),
    (501_481, "sign-in-failed NotOurs"),
    (700_005, "sign-in-failed NotOurs"),
    (65_001, "sign-in-failed ApprovalRequired"),
    (90_094, "sign-in-failed ApprovalRequired"),
    (50_076, "sign-in-failed Refused"),
    (50_079, "sign-in-failed Refused"),
    (53_003, "sign-in-failed Refused"),
    (50_057, "sign-in-failed Refused"),
    (50_034, "sign-in-failed Refused"),
    (50_020, "sign-in-failed Refused"),
    (50_173, "sign-in-failed Refused"),
    (16_000, "sign-in-failed Refused"),
    (90_002, "invalid-input tenant-id Unknown"),
    (900_023, "invalid-input tenant-id Malformed"),
    (7_000_215, "misconfigured ClientAuthentication"),
    (7_000_222, "misconfigured ClientAuthenticationExpired"),
    (7_000_218, "misconfigured ClientAuthentication"),
    (700_023, "misconfigured ClientAuthentication"),
    (700_024, "misconfigured ClientAuthentication"),
    (700_025, "misconfigured ClientAuthentication"),
    (700_027, "misconfigured ClientAuthentication"),
    (700_016, "misconfigured UnknownClient"),
    (50_194, "misconfigured UnknownClient"),
    (50_011, "misconfigured RedirectUri"),
    (50_196, "unavailable in-doubt"),
    (90_033, "unavailable in-doubt"),
];

#[tokio::test]
async fn a_code_that_microsoft_does_not_take_is_told_by_what_to_do_and_leaves_nothing() -> Result<()> {
    let world = World::start().await?;
    for (code, expected) in REFUSALS {
        let told = fails(&world, Operation::Token, Action::Aadsts(code)).await?;
        assert_eq!(told, expected, "AADSTS{code}");
    }
    assert_eq!(world.told(world.teams_on("contoso")?.check().await)?, "not-connected");
    world.connect("contoso").await?;
    Ok(())
}

#[tokio::test]
async fn a_code_that_was_not_brought_within_ten_minutes_has_expired() -> Result<()> {
    let world = World::start().await?;
    let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
    let callback = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
    world.advance(Duration::from_mins(11));
    assert_eq!(world.told(world.finish(callback).await)?, "sign-in-failed Expired");
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_to_the_code_is_unavailable_in_doubt_and_leaves_nothing() -> Result<()> {
    let world = World::start().await?;
    for connected in [false, true] {
        if connected {
            world.connect("contoso").await?;
        }
        let later = Action::Status { status: 503, retry_after: Some("7".to_owned()) };
        for (action, expected) in [
            (Action::DropBefore, "unavailable in-doubt"),
            (Action::DropAfter, "unavailable in-doubt"),
            (Action::Truncate, "unavailable in-doubt"),
            (Action::Malformed, "unavailable in-doubt"),
            (Action::Oversized(9 << 20), "unavailable in-doubt"),
            (Action::StatusAfter { status: 504 }, "unavailable in-doubt"),
            (Action::status(500), "unavailable in-doubt"),
            (later, "unavailable in-doubt 7000ms"),
            (Action::throttled("1.5"), "unavailable in-doubt 1500ms"),
        ] {
            assert_eq!(fails(&world, Operation::Token, action).await?, expected);
        }
    }
    world.teams_on("contoso")?.check().await?;
    Ok(())
}

#[tokio::test]
async fn an_account_that_graph_does_not_confirm_is_not_connected() -> Result<()> {
    let world = World::start().await?;
    for (action, expected) in [
        (Action::status(401), "sign-in-failed Refused"),
        (Action::ClaimsChallenge, "sign-in-failed Refused"),
        (Action::status(403), "refused Permission"),
        (Action::status(404), "refused Other"),
        (Action::throttled("7"), "throttled 7000ms"),
        (Action::status(500), "unavailable"),
        (Action::DropBefore, "unavailable"),
        (Action::Truncate, "unavailable"),
        (Action::Malformed, "unavailable"),
        (Action::Oversized(9 << 20), "unavailable"),
    ] {
        assert_eq!(fails(&world, Operation::Me, action.clone()).await?, expected, "{action:?}");
    }
    assert!(world.kept("contoso").await?.is_nothing());
    world.connect("contoso").await?;
    Ok(())
}

#[tokio::test]
async fn a_secret_that_microsoft_does_not_know_is_the_operators_to_mend() -> Result<()> {
    let world = World::start().await?;
    let directory = world.microsoft.directory();
    directory.change_secret(contoso::CLIENT_ID, "another")?;
    let connected = world.connect("contoso").await;
    assert_eq!(world.told(connected)?, "misconfigured ClientAuthentication");
    assert!(world.kept("contoso").await?.is_nothing());
    directory.change_secret(contoso::CLIENT_ID, contoso::CLIENT_SECRET)?;
    world.connect("contoso").await?;
    Ok(())
}
