//! A checker's run over every page: axe-core, from the package registry.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tokio::process::Command;

use crate::browser::{Tab, not_tried};
use crate::stage::{ADMINISTRATOR, Stage};
use crate::tour;

/// The checker's script; none where it cannot be had.
async fn axe() -> Result<Option<String>> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    let pinned = std::fs::read_to_string(from.join("package-lock.json"))?;
    let current = std::fs::read_to_string(folder.join("installed")).is_ok_and(|last| last == pinned);
    if !current {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(from.join(file), folder.join(file))?;
        }
        let ended = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await;
        match ended {
            Ok(status) if status.success() => std::fs::write(folder.join("installed"), &pinned)?,
            Ok(status) => return not_tried(&format!("npm ci ended with {status}")).map(|()| None),
            Err(error) => return not_tried(&format!("npm: {error}")).map(|()| None),
        }
    }
    Ok(Some(std::fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js"))?))
}

/// What it finds on the page that is open, the serious and the critical: one line each.
async fn findings(tab: &Tab, axe: &str) -> Result<Vec<String>> {
    tab.value(&format!("{axe}; true")).await?;
    let found =
        tab.value("axe.run(document, { resultTypes: ['violations'] }).then((it) => it.violations)").await?;
    let found = found.as_array().context("a list")?;
    let serious = found.iter().filter(|it| matches!(it["impact"].as_str(), Some("serious" | "critical")));
    Ok(serious
        .map(|it| {
            let nodes: Vec<&str> = it["nodes"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|node| node["html"].as_str())
                .collect();
            format!(
                "{}: {} {}",
                it["id"].as_str().unwrap_or_default(),
                it["help"].as_str().unwrap_or_default(),
                nodes.join(" | ")
            )
        })
        .collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accessibility_checker_finds_nothing_serious_on_any_page() -> Result<()> {
    let (mut stage, id) = Stage::connected().await?;
    tour::prepare(&stage).await?;
    let Some(axe) = axe().await? else { return Ok(()) };
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.bypass_policy().await?;
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    let mut all = Vec::new();
    for scheme in ["light", "dark"] {
        tab.scheme(scheme).await?;
        for (name, path) in tour::pages(&id) {
            tab.goto(&path).await?;
            let _: Value = tab
                .value("document.querySelectorAll('details').forEach((it) => { it.open = true; }); true")
                .await?;
            all.extend(
                findings(&tab, &axe)
                    .await?
                    .into_iter()
                    .map(|finding| format!("{name} ({scheme}): {finding}")),
            );
        }
    }
    tab.scheme("light").await?;
    tour::scenes(&stage, &tab, &id, async |name| {
        all.extend(findings(&tab, &axe).await?.into_iter().map(|finding| format!("{name}: {finding}")));
        Ok(())
    })
    .await?;
    assert!(all.is_empty(), "{}", all.join("\n"));
    tab.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_is_wider_than_a_telephone() -> Result<()> {
    let (mut stage, id) = Stage::connected().await?;
    tour::prepare(&stage).await?;
    let Some(tab) = Tab::open(&mut stage).await? else { return Ok(()) };
    tab.sign_in(&stage, ADMINISTRATOR).await?;
    tab.size(360, 740).await?;
    for (name, path) in tour::pages(&id) {
        tab.goto(&path).await?;
        let width = tab.value("document.documentElement.scrollWidth").await?.as_i64().context("a width")?;
        assert!(width <= 360, "{name} is {width} wide");
    }
    tour::scenes(&stage, &tab, &id, async |name| {
        let width = tab.value("document.documentElement.scrollWidth").await?.as_i64().context("a width")?;
        anyhow::ensure!(width <= 360, "{name} is {width} wide");
        Ok(())
    })
    .await?;
    tab.close().await
}
