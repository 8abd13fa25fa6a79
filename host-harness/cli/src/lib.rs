//! The `host-harness` program: the whole story on one machine, without an account anywhere.
//!
//! `demo` plays it from connecting to disconnecting and fails if a promise does not hold, `mock-graph`
//! runs the stand-in for Microsoft alone, `serve` serves the platform's web pages, `sign-in` makes a link to
//! them, `match` matches a staff file, `reconcile` compares what a platform has booked with what its providers
//! hold, `inspect` shows what a plugin is and what it wants, `check` holds one against every rule of the
//! contract, `keys` replaces the keys under which a host encrypts what it stores, `backup` and `restore` copy
//! that, and `store` moves it to another database.

pub mod arguments;
mod backup;
pub mod check;
pub mod configured;
pub mod contoso;
pub mod demo;
pub mod inspect;
pub mod keys;
mod matching;
pub mod operator;
pub mod reconcile;
pub mod screen;
pub mod serve;
mod sign_in;
pub mod stand_in;
pub mod store;
pub mod watching;

use std::process::ExitCode;

use anyhow::Result;
use arguments::Command;
use screen::Screen;

/// Does what was asked, and says whether it went well.
pub async fn run(command: Command, screen: &mut Screen) -> Result<ExitCode> {
    match command {
        Command::Demo(options) => {
            let story = demo::run(&options, (!options.json).then_some(&mut *screen)).await?;
            if options.json {
                screen.json(&story)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::MockGraph(options) => {
            stand_in::run(&options, screen).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve(options) => {
            serve::run(&options, screen).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::SignIn(options) => {
            sign_in::run(&options, screen).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Match(options) => {
            matching::run(&options, screen).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Reconcile(options) => reconcile::run(&options, screen).await,
        Command::Inspect(options) => {
            let limits = inspect::limits(options.memory, options.size);
            let inspection = inspect::inspect(&options.plugin, &limits).await?;
            if let Some(file) = &options.embed {
                inspection.embed(&options.plugin, file)?;
            }
            if let (true, Some(manifest)) = (options.manifest, &inspection.manifest) {
                screen.line(manifest.trim_end())?;
            } else if options.json {
                screen.json(&inspection)?;
            } else {
                inspection.show(screen)?;
            }
            Ok(if inspection.refusal.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Check(options) => check::run(&options, screen).await,
        Command::Backup(options) => {
            backup::back_up(&options, screen).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Restore(options) => {
            backup::restore(&options, screen).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Keys(options) => keys::run(&options.action, screen).await,
        Command::Store(options) => store::run(&options.action, screen).await,
    }
}
