//! Pictures of every page for `docs/screenshots`:
//! `BROWSER=required cargo test --workspace --test console -- --ignored screenshots`.

use std::path::Path;

use anyhow::Result;
use chromiumoxide::page::ScreenshotParams;

use crate::browser::Tab;
use crate::stage::{ADMINISTRATOR, Stage};
use crate::tour;

async fn shoot(tab: &Tab, name: &str) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screenshots");
    std::fs::create_dir_all(&folder)?;
    let whole = ScreenshotParams::builder().full_page(true).build();
    let picture = tab.page().screenshot(whole).await?;
    std::fs::write(folder.join(format!("{name}.png")), picture)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes files"]
async fn screenshots() -> Result<()> {
    let (mut stage, id) = Stage::connected().await?;
    tour::prepare(&stage).await?;
    // Who bears markup for a name is for tests.
    let eve = "id,name,email,user_name\nC-6,Eve Adams,adviser000002@contoso.com,eve\n";
    stage.platform.import_staff(eve.as_bytes()).await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    for (name, path) in tour::pages(&id) {
        tab.goto(&path).await?;
        shoot(&tab, name).await?;
    }
    let home = format!("/settings/video-calls/{id}");
    tour::scenes(&stage, &tab, &id, async |name| shoot(&tab, name).await).await?;
    tab.scheme("dark").await?;
    tab.goto(&format!("{home}?rows=10")).await?;
    shoot(&tab, "dashboard-dark").await?;
    tab.scheme("light").await?;
    tab.size(390, 844).await?;
    tab.goto(&format!("{home}?rows=10")).await?;
    shoot(&tab, "dashboard-narrow").await?;
    // A picture of a whole page sets the size back.
    tab.size(390, 844).await?;
    tab.goto("/schedule?from=2030-01-07").await?;
    shoot(&tab, "schedule-narrow").await?;
    tab.close().await
}
