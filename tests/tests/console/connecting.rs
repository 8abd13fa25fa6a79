//! Connecting, reauthorizing and disconnecting, as an administrator does it in a browser.

use anyhow::{Context as _, Result, bail};
use mock_graph::contoso;
use video_host::Manifest;
use video_platform::StateKind;

use crate::browser::Tab;
use crate::stage::{ADMINISTRATOR, ADVISER, SERVICE, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_connects_through_microsofts_sign_in_and_consent() -> Result<()> {
    let mut stage = Stage::start().await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.see("Video Calls").await?;
    tab.follow("+ New").await?;
    tab.follow("Microsoft Teams").await?;
    tab.see("Select which field holds the UPN").await?;
    // A wrong tenant first: what was typed stays, and the reason is beside the field.
    tab.set("#match-field", "email").await?;
    tab.fill("#tenant-id", "contoso, please").await?;
    tab.follow("Continue").await?;
    tab.until("document.activeElement && document.querySelector('#tenant-id').value === 'contoso, please'")
        .await?;
    assert!(!tab.text("#tenant-id-error").await?.is_empty());
    tab.fill("#tenant-id", contoso::TENANT_ID).await?;
    tab.click("One service account").await?;
    tab.follow("Continue").await?;
    tab.sign_in_at_microsoft(contoso::SERVICE_ACCOUNT).await?;
    tab.see("Success: connected as Contoso Meetings").await?;
    tab.see("Connected account").await?;
    tab.see(contoso::SERVICE_ACCOUNT).await?;
    let integrations = stage.platform.integrations().await?;
    assert_eq!(integrations.len(), 1);
    assert_eq!(integrations[0].state.kind(), StateKind::Connected);
    assert!(integrations[0].is_default);
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_has_no_sign_in_is_connected_by_its_questions_and_books() -> Result<()> {
    let mut stage = Stage::start().await?;
    let jitsi = stage.world.host.load(plugin_artifacts::JITSI, &Manifest::default()).await?;
    stage.platform.providers().install(jitsi);
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.follow("+ New").await?;
    tab.follow("Jitsi Meet").await?;
    // A wrong name first: what was typed stays, and the reason is beside the field.
    tab.fill("#domain", "our server").await?;
    tab.follow("Continue").await?;
    assert!(!tab.text("#domain-error").await?.is_empty());
    tab.fill("#domain", "meet.bank.example").await?;
    tab.follow("Continue").await?;
    tab.see("Success: Jitsi Meet is connected as").await?;
    // It knows no users: nobody is told to look for them.
    tab.see("Jitsi Meet knows no users: whoever has Video Calls on can be booked.").await?;
    tab.click("Actions").await?;
    for of_users in ["Jitsi Meet User", "Rematch", "Match field", "Name and match field", "Meeting options"] {
        assert!(!tab.sees(of_users).await?, "{of_users}");
    }
    let [integration] = &stage.platform.integrations().await?[..] else { bail!("one integration") };
    assert_eq!((integration.state.kind(), integration.is_default), (StateKind::Connected, true));

    tab.follow("Reauthorize").await?;
    tab.see("Nobody signs in for Jitsi Meet").await?;
    tab.follow("Start Reauthorization").await?;
    tab.see("Success: reauthorized as").await?;
    tab.goto(&format!("/staff/{ADVISER}")).await?;
    tab.see("Video Calls Platform").await?;
    for of_users in ["Not matched", "Rematch"] {
        assert!(!tab.sees(of_users).await?, "{of_users}");
    }

    let scheduler = stage.signed_in(crate::stage::SCHEDULER).await?;
    let booking = [
        ("appointment", "room"),
        ("service", SERVICE),
        ("method", "video_call"),
        ("staff", ADVISER),
        ("start", "2030-01-07T10:00"),
        ("client_name", "Lisa Moser"),
    ];
    scheduler.post("/schedule/new", &booking).await?;
    let booked = stage.platform.appointment("room").await?.and_then(|it| it.link).context("with a link")?;
    assert!(booked.starts_with("https://meet.bank.example/"), "{booked}");
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_declines_at_microsoft_comes_back_to_an_explanation_and_nothing_is_left() -> Result<()> {
    let mut stage = Stage::start().await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.goto("/settings/video-calls/new/microsoft-teams").await?;
    tab.fill("#tenant-id", contoso::TENANT_ID).await?;
    tab.follow("Continue").await?;
    tab.fill("#username", contoso::SERVICE_ACCOUNT).await?;
    tab.fill("#password", contoso::PASSWORD).await?;
    tab.follow("Sign in").await?;
    tab.follow("Cancel").await?;
    tab.see("The sign-in did not succeed").await?;
    tab.follow("Back to Video Calls").await?;
    tab.see("Nothing is connected yet").await?;
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reauthorizing_takes_the_same_account_only_and_disconnecting_leaves_links() -> Result<()> {
    let (mut stage, id) = Stage::connected().await?;
    let scheduler = stage.signed_in(crate::stage::SCHEDULER).await?;
    let booking = [
        ("appointment", "kept"),
        ("service", SERVICE),
        ("method", "video_call"),
        ("staff", ADVISER),
        ("start", "2030-01-07T10:00"),
        ("client_name", "Lisa Moser"),
    ];
    scheduler.post("/schedule/new", &booking).await?;
    let link =
        stage.platform.appointment("kept").await?.context("it is booked")?.link.context("with a link")?;

    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    let home = format!("/settings/video-calls/{id}");
    tab.goto(&home).await?;
    for (user, said) in [
        (contoso::ADMINISTRATOR, "The sign-in did not succeed"),
        (contoso::SERVICE_ACCOUNT, "Success: reauthorized as Contoso Meetings"),
    ] {
        tab.goto(&home).await?;
        tab.click("Actions").await?;
        tab.follow("Reauthorize").await?;
        tab.fill("#tenant-id", contoso::TENANT_ID).await?;
        tab.follow("Start Reauthorization").await?;
        tab.sign_in_at_microsoft(user).await?;
        tab.see(said).await?;
        let known = stage.platform.integration(&id).await?.context("it stays")?;
        assert_eq!(known.state.kind(), StateKind::Connected, "after {user}");
        assert_eq!(known.account.context("an account")?.user_name, contoso::SERVICE_ACCOUNT);
    }
    tab.click("Actions").await?;
    tab.follow("Disconnect").await?;
    tab.see("keep their links").await?;
    tab.follow("Disconnect").await?;
    tab.see("is disconnected").await?;
    tab.see("Connect again").await?;
    tab.goto("/appointments/kept").await?;
    tab.see(&link).await?;
    assert_eq!(stage.world.microsoft.meetings().len(), 1, "the meeting stays");
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_grant_is_told_with_its_cause_and_the_button_that_mends_it() -> Result<()> {
    let (mut stage, id) = Stage::connected().await?;
    stage.world.microsoft.directory().revoke_sessions(contoso::SERVICE_ACCOUNT)?;
    stage.world.advance(std::time::Duration::from_hours(2));
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.goto(&format!("/settings/video-calls/{id}")).await?;
    tab.follow("Check the connection").await?;
    tab.see("Needs reauthorization").await?;
    tab.see("Reauthorize with the connected account").await?;
    tab.follow_at(".standing a.button").await?;
    tab.see("Start Reauthorization").await?;
    tab.close().await
}
