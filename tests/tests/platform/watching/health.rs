//! Health: what a supervisor and a load balancer are told.

use anyhow::Result;
use host_harness::operator;
use serde_json::Value;
use video_host::Manifest;

use super::{Port, sum};
use crate::stage::{Stage, TEAMS, booking};

const MISSING: &str = "1 integrations need the plugin `microsoft-teams`, which is not loaded.";

/// Whether the host is ready, and the sentences of one list of what it tells.
async fn told(port: &Port, list: &str) -> Result<(bool, Vec<String>)> {
    let (head, body) = port.get("/ready").await?;
    let told: Value = serde_json::from_str(&body)?;
    let sentences = told[list].as_array().cloned().unwrap_or_default();
    assert_eq!(told["ready"], head.starts_with("HTTP/1.1 200"), "{head}: {body}");
    Ok((told["ready"] == true, sentences.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
}

async fn ready(port: &Port) -> Result<(bool, Vec<String>)> {
    told(port, "problems").await
}

#[tokio::test]
async fn a_host_is_ready_until_it_stops_and_lives_on() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let port = Port::open(&stage, operator::recorder()?.handle()).await?;
    assert_eq!(ready(&port).await?, (true, Vec::new()));
    port.operator.stopping();
    let (is_ready, problems) = ready(&port).await?;
    assert!(!is_ready && problems == ["The host is stopping: requests go to another one."], "{problems:?}");
    assert!(port.get("/live").await?.0.starts_with("HTTP/1.1 200"));
    assert_eq!(sum(&port.scrape().await?, "video_ready", &[]).to_string(), "0");
    Ok(())
}

#[tokio::test]
async fn a_plugin_that_integrations_need_and_that_is_not_loaded_is_named() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    stage.platform.providers().remove(TEAMS);
    let port = Port::open(&stage, operator::recorder()?.handle()).await?;
    let (is_ready, problems) = ready(&port).await?;
    assert!(!is_ready);
    assert_eq!(problems, ["No plugin is loaded, so nothing can be booked by video."]);
    assert_eq!(told(&port, "missing").await?.1, [MISSING]);
    Ok(())
}

#[tokio::test]
async fn a_host_without_one_plugin_of_several_is_ready_and_names_it() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let providers = stage.platform.providers();
    providers.install(stage.world.host.load(plugin_artifacts::JITSI, &Manifest::default()).await?);
    let port = Port::open(&stage, operator::recorder()?.handle()).await?;
    assert_eq!(told(&port, "missing").await?, (true, Vec::new()));
    let metric = "video_plugin_missing";
    assert!(!port.scrape().await?.iter().any(|it| it.name == metric));

    providers.remove(TEAMS);
    assert_eq!(ready(&port).await?, (true, Vec::new()));
    assert_eq!(told(&port, "missing").await?, (true, vec![MISSING.to_owned()]));
    let scraped = port.scrape().await?;
    assert_eq!(sum(&scraped, metric, &[("provider", TEAMS)]).to_string(), "1");
    assert_eq!(sum(&scraped, "video_ready", &[]).to_string(), "1");
    let (_, page) = port.get("/").await?;
    assert!(page.contains("This host is ready.") && page.contains(MISSING), "{page}");

    providers.install(stage.world.teams.clone());
    assert!(!port.scrape().await?.iter().any(|it| it.name == metric));
    Ok(())
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_and_counted() -> Result<()> {
    let (stage, _) = Stage::ready().await?;
    let recorder = operator::recorder()?;
    let port = Port::open(&stage, recorder.handle()).await?;
    let _listening = metrics::set_default_local_recorder(&recorder);
    stage.world.host.store().pool().close().await;
    assert!(stage.platform.book(&booking("a", "adele")).await.is_err());
    let (is_ready, problems) = ready(&port).await?;
    assert!(!is_ready && problems[0].starts_with("The platform's database did not answer"), "{problems:?}");
    let scraped = port.scrape().await?;
    assert!(sum(&scraped, "video_store_errors_total", &[("tables", "platform")]) >= 1.0);
    assert_eq!(sum(&scraped, "video_store_up", &[]).to_string(), "0");
    // What needs no database is told all the same.
    assert_eq!(sum(&scraped, "video_calls_running", &[]).to_string(), "0");
    let booked = [("operation", "book"), ("outcome", "store")];
    assert_eq!(sum(&scraped, "video_bookings_total", &booked).to_string(), "1");
    // Each time somebody looks it is asked, and waited for, once.
    let failed = || sum(&operator::samples(&recorder.handle().render()), "video_store_errors_total", &[]);
    for path in ["/", "/metrics", "/ready"] {
        let before = failed();
        let (_, told) = port.get(path).await?;
        assert!(path == "/metrics" || told.contains("database did not answer"), "{told}");
        assert_eq!((failed() - before).to_string(), "1", "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn the_operators_page_says_who_is_needed_first() -> Result<()> {
    let (stage, id) = Stage::ready().await?;
    let recorder = operator::recorder()?;
    let port = Port::open(&stage, recorder.handle()).await?;
    let _listening = metrics::set_default_local_recorder(&recorder);
    let (_, page) = port.get("/").await?;
    for said in ["Every booking has its link.", "No connection needs anybody.", "Nobody is left alone."] {
        assert!(page.contains(said), "{said}: {page}");
    }
    super::day(&stage).await?;
    let port = Port::open(&stage, recorder.handle()).await?;
    let (_, page) = port.get("/").await?;
    assert!(page.contains("2 without a link yet, the first for "), "{page}");
    let name = stage.integration(&id).await?.display_name;
    assert!(page.contains(&format!("{name} has been in the state needs reauthorization for ")), "{page}");
    assert!(page.contains(&format!("<td>{name}</td><td>2 of 2000</td>")), "{page}");
    super::assert_private(page.as_bytes(), &stage, "the operator's page");
    Ok(())
}
