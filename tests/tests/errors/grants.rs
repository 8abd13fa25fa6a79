//! Grants that died. Each is told with its cause, is not asked for again, and is mended by the same
//! account's signing in again.

use std::time::Duration;

use anyhow::Result;
use end_to_end::{World, appointment};
use mock_graph::{Action, Fault, MockGraph, Operation, RedirectUri, User, contoso};
use video_host::provider::Look;
use video_host::store::Purpose;

const ACCOUNT: &str = contoso::SERVICE_ACCOUNT;

/// As long as an access token lives: the next call renews it.
const OVER: Duration = Duration::from_hours(1);

/// How a grant dies, what is said then, and what has to be mended before somebody can sign in again.
struct Death {
    by: &'static str,
    kill: fn(&MockGraph) -> Result<()>,
    cause: &'static str,
    mend: fn(&MockGraph) -> Result<()>,
}

/// Signing in again is all it takes.
const NOTHING: fn(&MockGraph) -> Result<()> = |_| Ok(());

fn deaths() -> Vec<Death> {
    vec![
        Death {
            by: "its sessions were revoked",
            kill: |it| Ok(it.directory().revoke_sessions(ACCOUNT)?),
            cause: "Revoked",
            mend: NOTHING,
        },
        Death {
            by: "its password was reset",
            kill: |it| Ok(it.directory().reset_password(ACCOUNT, "another one")?),
            cause: "Revoked",
            mend: |it| {
                let old = |user: &mut User| contoso::PASSWORD.clone_into(&mut user.password);
                Ok(it.directory().update_user(ACCOUNT, old)?)
            },
        },
        Death {
            by: "sign-ins have to be frequent",
            kill: |it| Ok(it.directory().set_sign_in_frequency(contoso::TENANT_ID, Some(Duration::ZERO))?),
            cause: "Expired",
            mend: |it| Ok(it.directory().set_sign_in_frequency(contoso::TENANT_ID, None)?),
        },
        Death {
            by: "a second factor is required",
            kill: |it| Ok(it.directory().require_mfa(ACCOUNT)?),
            cause: "MultiFactorRequired",
            mend: NOTHING,
        },
        Death {
            by: "enrolment for a second factor is required",
            kill: |it| Ok(it.directory().require_mfa_enrolment(ACCOUNT)?),
            cause: "MultiFactorRequired",
            mend: NOTHING,
        },
        Death {
            by: "Conditional Access blocks it",
            kill: |it| Ok(it.directory().block_by_conditional_access(ACCOUNT, true)?),
            cause: "BlockedByPolicy",
            mend: |it| Ok(it.directory().block_by_conditional_access(ACCOUNT, false)?),
        },
        Death {
            by: "consent was withdrawn",
            kill: |it| Ok(it.directory().withdraw_consent(contoso::CLIENT_ID, contoso::TENANT_ID)?),
            cause: "ConsentWithdrawn",
            mend: NOTHING,
        },
        Death {
            by: "its password expired",
            kill: |it| Ok(it.directory().expire_password(ACCOUNT)?),
            cause: "PasswordChanged",
            mend: |it| Ok(it.directory().reset_password(ACCOUNT, contoso::PASSWORD)?),
        },
        Death {
            by: "it was disabled",
            kill: |it| Ok(it.directory().set_enabled(ACCOUNT, false)?),
            cause: "AccountDisabled",
            mend: |it| Ok(it.directory().set_enabled(ACCOUNT, true)?),
        },
        Death {
            by: "it was deleted",
            kill: |it| Ok(it.directory().remove_user(ACCOUNT)?),
            cause: "AccountDisabled",
            mend: |it| {
                let restored = User::member(contoso::SERVICE_ACCOUNT_ID, ACCOUNT, "Contoso Meetings");
                Ok(it.directory().add_user(contoso::TENANT_ID, restored)?)
            },
        },
    ]
}

/// Calls until the grant is found to be dead and then some, then mends and signs in again.
async fn dies_and_is_renewed(
    world: &World,
    by: &str,
    cause: &str,
    mend: fn(&MockGraph) -> Result<()>,
) -> Result<()> {
    let teams = world.teams_on("contoso")?;
    let journal = world.microsoft.journal();
    let expected = format!("needs-reauthorization {cause}");
    let kept = world.kept("contoso").await?;
    world.advance(OVER);
    journal.clear();
    assert_eq!(world.told(teams.check().await)?, expected, "{by}");
    assert_eq!(world.told(teams.create_meeting(&appointment("a-1")).await)?, expected, "{by}");
    assert_eq!(
        world.told(teams.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await)?,
        expected,
        "{by}"
    );
    assert_eq!(journal.count(Operation::Any), 1, "a dead grant is asked for once: {by}");
    assert_eq!(journal.count(Operation::Token), 1);
    let dead = world.kept("contoso").await?;
    assert_eq!(dead.names(), kept.names(), "a dead credential is not deleted: {by}");
    assert_eq!(dead.storage, kept.storage);

    mend(&world.microsoft)?;
    let connection = world.authorize("contoso", Purpose::Reauthorize, ACCOUNT).await?;
    assert_eq!(connection.account.id, contoso::SERVICE_ACCOUNT_ID);
    assert_eq!(teams.check().await?, connection, "{by}");
    Ok(())
}

#[tokio::test]
async fn a_dead_grant_is_told_with_its_cause_and_renewed_by_signing_in_again() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    for death in deaths() {
        (death.kill)(&world.microsoft)?;
        dies_and_is_renewed(&world, death.by, death.cause, death.mend).await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_documented_refusal_that_is_final_is_told_with_its_cause() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    for (code, cause) in [
        (50_173, "Revoked"),
        (700_082, "Expired"),
        (70_008, "Expired"),
        (70_043, "Expired"),
        (700_084, "Expired"),
        (70_000, "Other"),
        (50_076, "MultiFactorRequired"),
        (50_079, "MultiFactorRequired"),
        (16_000, "MultiFactorRequired"),
        (53_003, "BlockedByPolicy"),
        (65_001, "ConsentWithdrawn"),
        (50_057, "AccountDisabled"),
        (50_034, "AccountDisabled"),
    ] {
        world.microsoft.faults().inject(Fault::once(Operation::Token, Action::Aadsts(code)));
        dies_and_is_renewed(&world, &format!("AADSTS{code}"), cause, NOTHING).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_grant_that_nobody_used_for_ninety_days_has_expired() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.advance(Duration::from_hours(24 * 91));
    let teams = world.teams_on("contoso")?;
    assert_eq!(world.told(teams.check().await)?, "needs-reauthorization Expired");
    world.authorize("contoso", Purpose::Reauthorize, ACCOUNT).await?;
    teams.check().await?;
    Ok(())
}

#[tokio::test]
async fn a_grant_in_daily_use_does_not_expire() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    for _ in 0..100 {
        world.advance(Duration::from_hours(24));
        teams.check().await?;
    }
    assert_eq!(world.microsoft.journal().count(Operation::Authorize), 1, "nobody had to sign in again");
    Ok(())
}

#[tokio::test]
async fn a_redirect_uri_registered_for_a_single_page_app_gives_a_grant_for_a_day() -> Result<()> {
    let world = World::start().await?;
    world.microsoft.directory().update_application(contoso::CLIENT_ID, |application| {
        let uri = RedirectUri::web(contoso::REDIRECT_URI);
        application.redirect_uris = vec![RedirectUri { single_page: true, ..uri }];
    })?;
    world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    world.advance(Duration::from_hours(23));
    teams.check().await?;
    world.advance(Duration::from_hours(2));
    assert_eq!(world.told(teams.check().await)?, "needs-reauthorization Expired");
    Ok(())
}

#[tokio::test]
async fn an_account_that_graph_no_longer_has_is_gone_although_its_token_still_works() -> Result<()> {
    let world = World::start().await?;
    world.connect("contoso").await?;
    world.microsoft.directory().remove_user(ACCOUNT)?;
    let checked = world.teams_on("contoso")?.check().await;
    assert_eq!(world.told(checked)?, "needs-reauthorization AccountDisabled");
    Ok(())
}

/// Graph can refuse a token while the identity platform still renews it.
#[tokio::test]
async fn a_demand_for_a_fresh_sign_in_is_met_by_one_and_by_nothing_else() -> Result<()> {
    let world = World::start().await?;
    let connection = world.connect("contoso").await?;
    let teams = world.teams_on("contoso")?;
    world.microsoft.directory().demand_sign_in(ACCOUNT)?;
    for _ in 0..2 {
        assert_eq!(world.told(teams.check().await)?, "needs-reauthorization ClaimsChallenge");
        world.advance(OVER);
    }
    assert_eq!(world.authorize("contoso", Purpose::Reauthorize, ACCOUNT).await?, connection);
    assert_eq!(teams.check().await?, connection);
    Ok(())
}
