//! Everything that an administrator does, in a browser that runs no scripts.

use anyhow::{Context as _, Result};
use mock_graph::{Operation, contoso};
use video_platform::StateKind;

use crate::browser::Tab;
use crate::stage::{ADMINISTRATOR, ADVISER, SERVICE, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_an_administrator_connects_changes_rematches_books_and_disconnects() -> Result<()> {
    let mut stage = Stage::start().await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.without_scripts().await?;
    tab.sign_in(&stage, ADMINISTRATOR).await?;

    // Connect.
    tab.follow("+ New").await?;
    tab.follow("Microsoft Teams").await?;
    tab.fill("#tenant-id", contoso::TENANT_ID).await?;
    tab.follow("Continue").await?;
    tab.sign_in_at_microsoft(contoso::SERVICE_ACCOUNT).await?;
    tab.see("Success: connected as Contoso Meetings").await?;
    let id = stage.platform.integrations().await?.pop().context("it is connected")?.id;
    let home = format!("/settings/video-calls/{id}");
    assert_eq!(tab.value("typeof window.htmx").await?, "undefined", "no script ran");

    // Rematch: the page loads itself again until it is over.
    while let Some(job) = stage.platform.running_rematch(&id).await? {
        stage.platform.watch_rematch(&job).await?.changed().await.ok();
    }
    tab.goto(&home).await?;
    tab.click("Actions").await?;
    tab.follow("Rematch users").await?;
    let held = stage.world.microsoft.faults().hold(Operation::Batch, true);
    tab.follow("Rematch all users").await?;
    held.reached().await;
    assert!(!tab.sees("All users are rematched").await?);
    held.release();
    tab.see("All users are rematched").await?;

    // Search, filter and page, by forms and links.
    tab.goto(&home).await?;
    tab.fill("#search", "adele").await?;
    tab.follow("Apply").await?;
    assert_eq!(tab.texts("tbody th").await?, ["Adele Vance"]);
    tab.fill("#search", "").await?;
    tab.set("#matched", "no").await?;
    tab.follow("Apply").await?;
    tab.see("the staff record has no e-mail").await?;
    tab.set("#matched", "").await?;
    tab.set("#rows", "10").await?;
    tab.follow("Apply").await?;
    let first = tab.texts("tbody th").await?;
    tab.follow("Next").await?;
    let second = tab.texts("tbody th").await?;
    assert_eq!(second.len(), 10);
    assert!(first.iter().all(|name| !second.contains(name)));
    tab.follow("E-mail").await?;
    tab.see("Page 1 of 7").await?;

    // One toggle, and then many.
    tab.goto(&format!("{home}?search=adele")).await?;
    tab.follow_at("tbody [role=switch]").await?;
    assert!(!stage.is_enabled(ADVISER).await?);
    tab.click("Select all 1, on all pages").await?;
    tab.follow("Turn Video Calls on").await?;
    tab.follow("Turn on for 1 staff member").await?;
    tab.see("Video Calls are on for 1 staff member; for 1 of them that is new").await?;
    assert!(stage.is_enabled(ADVISER).await?);

    // Times are in UTC, and say so.
    tab.goto(&format!("/schedule/new?service={SERVICE}")).await?;
    tab.see("UTC").await?;
    tab.set("#staff", ADVISER).await?;
    tab.set("#start", "2030-01-07T10:00").await?;
    tab.fill("#client_name", "Lisa Moser").await?;
    tab.follow("Book").await?;
    tab.see("The appointment is booked").await?;
    tab.see("Mon 7 Jan 2030, 10:00 UTC").await?;
    let link = tab.text("a.join").await?;

    // Disconnect.
    let appointment = tab.value("location.pathname").await?;
    tab.goto(&home).await?;
    tab.click("Actions").await?;
    tab.follow("Disconnect").await?;
    tab.follow("Disconnect").await?;
    tab.see("is disconnected").await?;
    let known = stage.platform.integration(&id).await?.context("it stays listed")?;
    assert_eq!(known.state.kind(), StateKind::Disconnected);
    tab.goto(appointment.as_str().context("a path")?).await?;
    tab.see(&link).await?;
    tab.close().await
}
