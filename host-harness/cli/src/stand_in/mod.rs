//! The stand-in for Microsoft alone, for other clients.

mod guide;

use std::fs;
use std::pin::pin;

use anyhow::{Context as _, Result};
use mock_graph::{Config, MockGraph, Operation, User, contoso as registered};

use crate::arguments::StandInOptions;
use crate::contoso;
use crate::screen::{Screen, count};
use guide::Guide;

/// Seed of the generated users: the same ones at every start.
const SEED: u64 = 2;

/// Runs until Ctrl-C.
pub async fn run(options: &StandInOptions, screen: &mut Screen) -> Result<()> {
    let mut organisation = registered::organisation();
    let bank = contoso::organisation()?;
    organisation.domains = bank.domains;
    organisation.size = bank.size;
    organisation.users.extend(bank.users);
    organisation.users.extend(User::generate(options.users, registered::DOMAIN, SEED));
    let users = organisation.users.len();

    let config = Config { listen: options.listen, organisations: vec![organisation], ..Config::default() };
    let microsoft = MockGraph::start(config).await?;
    fs::write(&options.ca, microsoft.ca_pem())
        .with_context(|| format!("cannot write {}", options.ca.display()))?;
    Guide { address: microsoft.addr(), ca: &options.ca, users, generated: options.users }.show(screen)?;

    // Ctrl-C is listened for before anybody is told that all is ready.
    let mut stop = pin!(tokio::signal::ctrl_c());
    tokio::select! {
        biased;
        stopped = &mut stop => stopped?,
        told = async { screen.line("Ready. Ctrl-C stops it.") } => {
            told?;
            stop.await?;
        }
    }
    let answered = count(microsoft.journal().count(Operation::Any), "request");
    microsoft.shutdown().await;
    screen.line(format!("Stopped after {answered}."))?;
    Ok(())
}
