//! The dashboard: toggles, many at once, search, filters, sorting, pages, and matching.

use anyhow::{Context as _, Result};
use mock_graph::Operation;
use video_platform::{DashboardQuery, StaffFilter};

use crate::browser::Tab;
use crate::stage::{ADMINISTRATOR, ADVISER, MARKUP_NAME, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_is_searched_filtered_sorted_and_paged() -> Result<()> {
    let (mut stage, id) = Stage::connected().await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.goto(&format!("/settings/video-calls/{id}")).await?;
    tab.see("Microsoft Teams User").await?;
    let names = async || tab.texts("tbody th").await;

    // The list follows what is typed, without a button.
    tab.fill("#search", "adele").await?;
    tab.until("document.querySelectorAll('tbody tr').length === 1").await?;
    assert_eq!(names().await?, ["Adele Vance"]);
    assert!(tab.text("tbody .matched").await?.contains('✓'));
    tab.until("location.search.includes('search=adele')").await?;

    // Somebody whose name is markup is found, and it is text.
    tab.fill("#search", "eve").await?;
    tab.until("document.querySelectorAll('tbody tr').length === 1 && document.querySelector('tbody th').innerText.includes('Eve')").await?;
    assert_eq!(names().await?, [MARKUP_NAME]);
    assert_ne!(tab.value("document.title").await?, "owned");

    // Who is not matched is told why.
    tab.fill("#search", "").await?;
    tab.set("#matched", "no").await?;
    tab.until("document.body.innerText.includes('the staff record is an alias')").await?;
    for reason in ["is an alias", "is a guest", "no user with this", "the staff record has no e-mail"] {
        assert!(tab.sees(reason).await?, "{reason}");
    }

    tab.set("#matched", "").await?;
    tab.set("#rows", "10").await?;
    tab.until("document.querySelectorAll('tbody tr').length === 10").await?;
    let first = names().await?;
    tab.follow("Next").await?;
    let second = names().await?;
    assert!(first.iter().all(|name| !second.contains(name)), "{first:?} {second:?}");
    tab.follow("Name").await?;
    assert_eq!(
        tab.value("document.querySelector('th[aria-sort]').getAttribute('aria-sort')").await?,
        "descending"
    );
    let descending = names().await?;
    assert!(descending[0] > first[0], "{descending:?} {first:?}");
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn video_calls_are_switched_for_one_for_some_and_for_all_that_the_filter_finds() -> Result<()> {
    let (mut stage, id) = Stage::connected().await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    let home = format!("/settings/video-calls/{id}");

    tab.goto(&format!("{home}?search=adele")).await?;
    tab.follow_at("tbody [role=switch]").await?;
    tab.until("document.querySelector('tbody [role=switch]').getAttribute('aria-checked') === 'false'")
        .await?;
    assert!(!stage.is_enabled(ADVISER).await?);
    assert!(
        tab.value("location.search").await?.as_str().unwrap_or_default().contains("adele"),
        "the same rows"
    );
    tab.follow_at("tbody [role=switch]").await?;
    assert!(stage.is_enabled(ADVISER).await?);

    // Two rows.
    tab.goto(&format!("{home}?search=adviser&rows=10")).await?;
    tab.click_at("tbody tr:nth-child(1) input[type=checkbox]").await?;
    tab.click_at("tbody tr:nth-child(2) input[type=checkbox]").await?;
    tab.follow("Turn Video Calls off").await?;
    tab.see("Turn Video Calls off for 2 staff?").await?;
    tab.follow("Turn off for 2 staff").await?;
    tab.see("Video Calls are off for 2 staff").await?;
    let off = async || {
        let filter = StaffFilter { enabled: Some(false), ..StaffFilter::default() };
        let query = DashboardQuery { enabled: filter.enabled, ..DashboardQuery::default() };
        anyhow::Ok(stage.platform.dashboard(&id, &query).await?.total)
    };
    assert_eq!(off().await?, 2);

    // Everybody whom the filter finds, on all pages, and nobody else.
    let found = stage
        .platform
        .dashboard(&id, &DashboardQuery { search: "adviser".to_owned(), ..DashboardQuery::default() })
        .await?
        .total;
    assert!(found > 50);
    tab.goto(&format!("{home}?search=adviser&rows=10")).await?;
    tab.click(&format!("Select all {found}, on all pages")).await?;
    tab.follow("Turn Video Calls off").await?;
    tab.see(&format!("Turn Video Calls off for {found} staff?")).await?;
    assert_eq!(off().await?, 2, "not before it is confirmed");
    tab.follow(&format!("Turn off for {found} staff")).await?;
    tab.see(&format!("Video Calls are off for {found} staff; for {} of them that is new", found - 2)).await?;
    assert_eq!(off().await?, found);
    assert!(stage.is_enabled("C-3").await?, "who is not found stays");
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rematching_all_users_moves_before_ones_eyes_and_says_how_it_ended() -> Result<()> {
    let (mut stage, id) = Stage::connected().await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.goto(&format!("/settings/video-calls/{id}")).await?;
    tab.click("Actions").await?;
    tab.follow("Rematch users").await?;
    let held = stage.world.microsoft.faults().hold(Operation::Batch, true);
    tab.follow("Rematch all users").await?;
    tab.until("document.querySelector('progress') !== null").await?;
    held.reached().await;
    // It is under way for as long as Microsoft does not answer, whoever looks.
    assert!(!tab.sees("All users are rematched").await?);
    // The page is the same one until the end: it is not loaded again.
    tab.value("window.same = true").await?;
    held.release();
    tab.see("All users are rematched").await?;
    assert_eq!(tab.value("window.same").await?, true);
    assert!(tab.sees("are matched").await?);
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_staff_member_gets_another_platform_and_the_first_stays_the_default() -> Result<()> {
    let (mut stage, first) = Stage::connected().await?;
    let administrator = stage.signed_in(ADMINISTRATOR).await?;
    let second = administrator.connect(mock_graph::contoso::ADMINISTRATOR).await?;
    let form = [("name", "Second account"), ("match-field", "email")];
    administrator.post(&format!("/settings/video-calls/{second}/edit"), &form).await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.goto(&format!("/staff/{ADVISER}")).await?;
    tab.see("Video Calls Platform").await?;
    tab.set("#platform", second.as_str()).await?;
    tab.follow("Save").await?;
    tab.see("The Video Calls Platform is saved").await?;
    tab.follow("Rematch this user").await?;
    tab.see("Matched.").await?;
    let settings = stage.platform.video_settings(ADVISER).await?.context("they exist")?;
    assert_eq!(settings.integration, Some(second));
    let other = stage.platform.video_settings("C-6").await?.context("they exist")?;
    assert_eq!(other.integration, Some(first));
    tab.close().await
}
