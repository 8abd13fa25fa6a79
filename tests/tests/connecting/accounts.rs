//! Whose account may be connected: a member of the tenant that was asked for, and while one is
//! connected, that one.

use anyhow::{Context, Result};
use end_to_end::{FABRIKAM, FABRIKAM_ACCOUNT, World, fabrikam, impostor};
use mock_graph::{Operation, PERSONAL_ACCOUNTS_TENANT, SignInError, UserType, contoso};
use video_host::store::Purpose;

#[tokio::test]
async fn accounts_of_elsewhere_and_personal_ones_do_not_get_past_microsofts_page() -> Result<()> {
    let world = World::start().await?;
    world.microsoft.directory().add_organisation(fabrikam());
    for user in [FABRIKAM_ACCOUNT, "someone@outlook.com"] {
        let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
        let error = world.sign_in(&url, user).await.err().context("nobody of elsewhere signs in")?;
        assert!(matches!(error.downcast_ref(), Some(SignInError::Refused { code: 50_020, .. })), "{error}");
    }
    assert_eq!(world.microsoft.journal().count(Operation::Token), 0);
    assert_eq!(world.told(world.teams_on("contoso")?.check().await)?, "not-connected");
    assert!(world.kept("contoso").await?.credentials.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_answer_for_another_tenant_than_the_one_asked_for_stores_nothing() -> Result<()> {
    for (tenant, expected) in [
        (FABRIKAM, "account-mismatch OtherTenant"),
        (PERSONAL_ACCOUNTS_TENANT, "account-mismatch PersonalAccount"),
    ] {
        let world = World::start().await?;
        let url = world.begin("contoso", Purpose::Connect, contoso::TENANT_ID).await?;
        world.microsoft.directory().add_organisation(impostor(tenant));
        let callback = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
        assert_eq!(world.told(world.finish(callback).await)?, expected);
        assert_eq!(world.microsoft.journal().count(Operation::Me), 0, "its token is not even used");
        assert!(world.kept("contoso").await?.is_nothing());
    }
    Ok(())
}

#[tokio::test]
async fn a_guest_is_refused_told_by_name_or_by_type() -> Result<()> {
    let world = World::start().await?;
    let connected = world.authorize("contoso", Purpose::Connect, contoso::GUEST).await;
    assert_eq!(world.told(connected)?, "account-mismatch GuestAccount");
    // Not every guest has the name of one.
    world.microsoft.directory().update_user(contoso::ADVISER, |user| user.user_type = UserType::Guest)?;
    let connected = world.authorize("contoso", Purpose::Connect, contoso::ADVISER).await;
    assert_eq!(world.told(connected)?, "account-mismatch GuestAccount");
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}

#[tokio::test]
async fn connecting_over_a_connection_keeps_its_account() -> Result<()> {
    let world = World::start().await?;
    world.microsoft.directory().add_organisation(fabrikam());
    let connection = world.connect("contoso").await?;
    let kept = world.kept("contoso").await?;
    let teams = world.teams_on("contoso")?;

    let connected = world.authorize("contoso", Purpose::Connect, contoso::ADVISER).await;
    assert_eq!(world.told(connected)?, "account-mismatch OtherAccount");
    let begun = world.begin("contoso", Purpose::Connect, FABRIKAM).await;
    assert_eq!(world.told(begun)?, "account-mismatch OtherTenant");
    assert_eq!(world.kept("contoso").await?, kept);
    assert_eq!(teams.check().await?, connection);

    // The same account may be connected again; another one after a disconnect.
    assert_eq!(world.connect("contoso").await?, connection);
    teams.disconnect().await?;
    let other = world.authorize("contoso", Purpose::Connect, contoso::ADVISER).await?;
    assert_eq!(other.account.id, contoso::ADVISER_ID);
    assert_eq!(teams.check().await?.account, other.account);
    Ok(())
}
