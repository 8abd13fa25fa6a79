//! A host of its own process that makes many calls at once, for tests with several of them on one store.
//!
//! `busy-host FOLDER`, with the stand-in in `MICROSOFT` and `MICROSOFT_CA` and the clock's file in `CLOCK`. A
//! number on standard input is how many calls to make; what came of them is a line on standard output. It ends
//! with its input.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use end_to_end::process::{self, variable};
use end_to_end::{FileClock, INTEGRATION};
use mock_graph::contoso;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::task::JoinSet;
use video_host::Provider;
use video_host::provider::{Look, MatchOutcome};

/// Calls under way at once.
const AT_ONCE: u64 = 8;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_default();
    ensure!(!folder.is_empty(), "busy-host FOLDER");
    let clock = Arc::new(FileClock::open(variable("CLOCK")?.as_ref())?);
    let (_host, teams) = process::host(folder.as_ref(), clock).await?;
    let provider = Arc::new(teams.on(&INTEGRATION.parse()?));
    println!("ready");
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        println!("{}", call(&provider, order.parse()?).await);
    }
    Ok(())
}

/// Makes so many calls, and says how many succeeded and what the first failure was.
async fn call(provider: &Arc<Provider>, calls: u64) -> String {
    let left = Arc::new(AtomicU64::new(calls));
    let mut callers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (provider, left) = (provider.clone(), left.clone());
        callers.spawn(async move {
            let (mut succeeded, mut failed) = (0_u64, None);
            let next = |left| u64::checked_sub(left, 1);
            while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).is_ok() {
                match provider.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await.as_deref()
                {
                    Ok([MatchOutcome::Matched(user)]) if user.id == contoso::ADVISER_ID => succeeded += 1,
                    other => failed = failed.or(Some(format!("{other:?}"))),
                }
            }
            (succeeded, failed)
        });
    }
    let ended = callers.join_all().await;
    let succeeded: u64 = ended.iter().map(|(succeeded, _)| succeeded).sum();
    let failed = ended.into_iter().find_map(|(_, failed)| failed).unwrap_or_default();
    format!("{succeeded} {failed}")
}
