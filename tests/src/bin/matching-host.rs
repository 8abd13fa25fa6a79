//! A host of its own process that works on jobs, as `host-harness serve` does, for tests with several of them on
//! one store.
//!
//! `matching-host FOLDER`, with the stand-in in `MICROSOFT` and `MICROSOFT_CA` and the clock's file in `CLOCK`, by
//! which it waits, too. `keys` or `directory` on standard input starts matching the staff of the one integration by
//! that way; the job's id is a line on standard output. It ends with its input.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use end_to_end::FileClock;
use end_to_end::process::{self, variable};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use video_platform::{Platform, Plugins, Way};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_default();
    ensure!(!folder.is_empty(), "matching-host FOLDER");
    let clock = Arc::new(FileClock::open(variable("CLOCK")?.as_ref())?);
    let (host, teams) = process::host(folder.as_ref(), clock.clone()).await?;
    let store = host.store().clone();
    let platform = Platform::over(Plugins::new(host), &store, clock.clone(), clock).await?;
    platform.providers().install(teams);
    let at_work = platform.clone();
    tokio::spawn(async move { at_work.run_jobs(pending(), Duration::ZERO).await });
    println!("ready");
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        let way = match order.as_str() {
            "keys" => Way::Keys,
            "directory" => Way::Directory,
            other => bail!("no way {other}"),
        };
        let [integration] = &platform.integrations().await?[..] else { bail!("one integration") };
        println!("{}", platform.start_rematch_by(&integration.id, way).await?);
    }
    Ok(())
}
