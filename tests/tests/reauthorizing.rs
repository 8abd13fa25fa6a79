//! Reauthorizing: the same account signs in again, any other is refused, and until it succeeds the old
//! grant is used.

use anyhow::{Context, Result};
use end_to_end::{
    FABRIKAM, FABRIKAM_ACCOUNT, Kept, World, appointment, contoso_itself, fabrikam, form, impostor,
    parameters,
};
use mock_graph::{
    Action, Consent, Fault, Operation, PERSONAL_ACCOUNTS_TENANT, SignIn, SignInError, User, UserType, contoso,
};
use video_host::provider::Connection;
use video_host::store::Purpose;

/// A connected integration, and what it was before somebody reauthorized.
struct Before {
    world: World,
    connection: Connection,
    kept: Kept,
}

impl Before {
    async fn connected() -> Result<Self> {
        let world = World::start().await?;
        let connection = world.connect("contoso").await?;
        let kept = world.kept("contoso").await?;
        Ok(Self { world, connection, kept })
    }

    /// Reauthorizes with an account.
    async fn reauthorize(&self, user: &str) -> Result<Connection> {
        self.world.authorize("contoso", Purpose::Reauthorize, user).await
    }

    /// Nothing changed, and the old grant works, without another sign-in.
    async fn still_holds(&self) -> Result<()> {
        assert_eq!(self.world.kept("contoso").await?, self.kept);
        let teams = self.world.teams_on("contoso")?;
        assert_eq!(teams.check().await?, self.connection);
        teams.create_meeting(&appointment("appointment-1")).await?;
        Ok(())
    }
}

#[tokio::test]
async fn the_same_account_renews_the_grant_and_nothing_else() -> Result<()> {
    let before = Before::connected().await?;
    let world = &before.world;
    let teams = world.teams_on("contoso")?;
    let meeting = teams.create_meeting(&appointment("appointment-1")).await?;

    assert_eq!(before.reauthorize(contoso::SERVICE_ACCOUNT).await?, before.connection);
    let kept = world.kept("contoso").await?;
    assert_eq!(kept.names(), before.kept.names());
    assert_ne!(kept.credentials, before.kept.credentials, "the grant is a new one");
    assert_eq!(teams.check().await?, before.connection);
    let again = teams.create_meeting(&appointment("appointment-1")).await?;
    assert_eq!((again.id, again.created), (meeting.id, false), "meetings stay what they were");
    assert_eq!(world.microsoft.meetings().len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_administrator_has_to_sign_in_anew_as_the_connected_account() -> Result<()> {
    let before = Before::connected().await?;
    let url = before.world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await?;
    let asked = form(&url);
    assert_eq!(asked["prompt"], "login", "a session that the browser still has would not do");
    assert_eq!(asked["login_hint"], contoso::SERVICE_ACCOUNT);
    Ok(())
}

#[tokio::test]
async fn the_old_grant_is_used_until_the_new_one_is_stored() -> Result<()> {
    let before = Before::connected().await?;
    let world = &before.world;
    let url = world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await?;
    let callback = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
    let teams = world.teams_on("contoso")?;
    let held = world.microsoft.faults().hold(Operation::Token, false);
    let (ended, meanwhile) = tokio::join!(world.finish(callback), async {
        held.reached().await;
        let meanwhile = teams.check().await;
        held.release();
        meanwhile
    });
    assert_eq!(meanwhile?, before.connection);
    assert_eq!(ended?, before.connection);
    assert_eq!(teams.check().await?, before.connection);
    Ok(())
}

#[tokio::test]
async fn an_account_is_the_same_after_it_was_renamed() -> Result<()> {
    let before = Before::connected().await?;
    let world = &before.world;
    let renamed = "termine@contoso.com";
    world.microsoft.directory().update_user(contoso::SERVICE_ACCOUNT, |user| {
        renamed.clone_into(&mut user.user_principal_name);
        "Termine".clone_into(&mut user.display_name);
    })?;
    let connection = before.reauthorize(renamed).await?;
    assert_eq!(connection.account.id, before.connection.account.id);
    assert_eq!(connection.account.tenant_id, before.connection.account.tenant_id);
    assert_eq!(connection.account.user_name, renamed);
    assert_eq!(world.teams_on("contoso")?.check().await?, connection);
    Ok(())
}

#[tokio::test]
async fn another_account_under_the_old_name_is_another_account() -> Result<()> {
    let before = Before::connected().await?;
    let directory = before.world.microsoft.directory();
    directory.update_user(contoso::SERVICE_ACCOUNT, |user| {
        "meetings.old@contoso.com".clone_into(&mut user.user_principal_name);
    })?;
    let successor =
        User::member("44444444-d251-43ec-868c-373732c2704f", contoso::SERVICE_ACCOUNT, "Contoso Meetings");
    directory.add_user(contoso::TENANT_ID, successor)?;
    let ended = before.reauthorize(contoso::SERVICE_ACCOUNT).await;
    assert_eq!(before.world.told(ended)?, "account-mismatch OtherAccount");
    assert_eq!(before.world.kept("contoso").await?, before.kept);
    let connected = before.world.teams_on("contoso")?.check().await?;
    assert_eq!(connected.account.id, contoso::SERVICE_ACCOUNT_ID);
    Ok(())
}

#[tokio::test]
async fn other_accounts_of_the_tenant_are_refused_and_the_old_grant_works() -> Result<()> {
    let before = Before::connected().await?;
    before.world.microsoft.directory().update_user(contoso::ADVISER, |user| {
        user.display_name = "Contoso Meetings".to_owned();
    })?;
    for (user, expected) in [
        (contoso::ADVISER, "account-mismatch OtherAccount"),
        (contoso::ADMINISTRATOR, "account-mismatch OtherAccount"),
        (contoso::GUEST, "account-mismatch GuestAccount"),
    ] {
        assert_eq!(before.world.told(before.reauthorize(user).await)?, expected, "{user}");
        before.still_holds().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_account_that_has_become_a_guest_is_refused() -> Result<()> {
    let before = Before::connected().await?;
    let directory = before.world.microsoft.directory();
    directory.update_user(contoso::SERVICE_ACCOUNT, |user| user.user_type = UserType::Guest)?;
    let ended = before.reauthorize(contoso::SERVICE_ACCOUNT).await;
    assert_eq!(before.world.told(ended)?, "account-mismatch GuestAccount");
    let connection = before.world.teams_on("contoso")?.check().await?;
    assert!(connection.warnings.iter().any(|it| it.contains("guest")), "{:?}", connection.warnings);
    directory.update_user(contoso::SERVICE_ACCOUNT, |user| user.user_type = UserType::Member)?;
    before.still_holds().await
}

#[tokio::test]
async fn another_tenant_is_refused_before_anything_is_sent() -> Result<()> {
    let before = Before::connected().await?;
    let microsoft = &before.world.microsoft;
    microsoft.directory().add_organisation(fabrikam());
    microsoft.journal().clear();
    let begun = before.world.begin("contoso", Purpose::Reauthorize, FABRIKAM).await;
    assert_eq!(before.world.told(begun)?, "account-mismatch OtherTenant");
    assert_eq!(microsoft.journal().count(Operation::Any), 0);
    before.still_holds().await
}

#[tokio::test]
async fn accounts_of_elsewhere_and_personal_ones_do_not_get_past_microsofts_page() -> Result<()> {
    let before = Before::connected().await?;
    before.world.microsoft.directory().add_organisation(fabrikam());
    for user in [FABRIKAM_ACCOUNT, "someone@outlook.com"] {
        let error = before.reauthorize(user).await.err().context("nobody of elsewhere signs in")?;
        assert!(matches!(error.downcast_ref(), Some(SignInError::Refused { code: 50_020, .. })), "{error}");
    }
    before.reauthorize(contoso::SERVICE_ACCOUNT).await?;
    Ok(())
}

#[tokio::test]
async fn an_answer_for_another_tenant_is_refused_and_the_old_grant_works() -> Result<()> {
    let before = Before::connected().await?;
    let world = &before.world;
    let directory = world.microsoft.directory();
    for (tenant, expected) in [
        (FABRIKAM, "account-mismatch OtherTenant"),
        (PERSONAL_ACCOUNTS_TENANT, "account-mismatch PersonalAccount"),
    ] {
        let url = world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await?;
        directory.add_organisation(impostor(tenant));
        let callback = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
        assert_eq!(world.told(world.finish(callback).await)?, expected);
        directory.add_organisation(contoso_itself());
        before.still_holds().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_sign_in_that_comes_to_nothing_leaves_the_old_grant_in_use() -> Result<()> {
    let before = Before::connected().await?;
    let world = &before.world;
    let rows = [
        (Operation::Token, Action::DropAfter, "unavailable in-doubt"),
        (Operation::Token, Action::status(500), "unavailable in-doubt"),
        (Operation::Token, Action::throttled("7"), "unavailable in-doubt 7000ms"),
        (Operation::Token, Action::Aadsts(54_005), "sign-in-failed Expired"),
        (Operation::Token, Action::Aadsts(50_173), "sign-in-failed Refused"),
        (Operation::Token, Action::Aadsts(7_000_222), "misconfigured ClientAuthenticationExpired"),
        (Operation::Me, Action::status(500), "unavailable"),
        (Operation::Me, Action::status(403), "refused Permission"),
    ];
    for (operation, action, expected) in rows {
        let url = world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await?;
        let callback = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
        let shown = format!("{operation:?} {action:?}");
        world.microsoft.faults().inject(Fault::once(operation, action));
        assert_eq!(world.told(world.finish(callback).await)?, expected, "{shown}");
        before.still_holds().await.context(shown)?;
    }
    Ok(())
}

#[tokio::test]
async fn declining_leaves_the_old_grant_in_use() -> Result<()> {
    let before = Before::connected().await?;
    let world = &before.world;
    // A consent page comes again when consent is asked for; the connection needs none.
    let url = world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await?;
    let url = url.replace("prompt=login", "prompt=consent");
    let declining = SignIn { consent: Consent::Decline, ..SignIn::accepting(contoso::SERVICE_ACCOUNT) };
    let callback = parameters(&world.microsoft.sign_in(&url, declining).await?)?;
    assert_eq!(world.told(world.finish(callback).await)?, "sign-in-failed Cancelled");
    before.still_holds().await
}

#[tokio::test]
async fn what_is_not_connected_is_not_reauthorized() -> Result<()> {
    let world = World::start().await?;
    let begun = world.begin("contoso", Purpose::Reauthorize, contoso::TENANT_ID).await;
    assert_eq!(world.told(begun)?, "not-connected");
    assert_eq!(world.microsoft.journal().count(Operation::Any), 0);
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}
