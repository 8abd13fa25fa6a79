//! A store moved from a file to a server, for when one machine is not enough any more.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use video_host::store::{self, CopyError, Location};

use crate::arguments::{StoreAction, StoreCopy};
use crate::configured::{self, DATABASE_URL};
use crate::screen::{Screen, Tone, count};

/// Does what was asked.
pub async fn run(action: &StoreAction, screen: &mut Screen) -> Result<ExitCode> {
    match action {
        StoreAction::Copy(options) => copy(options, screen).await,
    }
}

async fn copy(options: &StoreCopy, screen: &mut Screen) -> Result<ExitCode> {
    let from = Location::file(&options.from);
    let Some(to) = configured::server(options.to_file.as_deref())? else {
        bail!(
            "which database to copy to is not said: name the file of its address with --to-file, or set the \
               variable {DATABASE_URL}"
        )
    };
    screen.title("Copying", &format!("{from} to {to}"))?;
    let migrations = [video_platform::migrations(), video_console::migrations()].concat();
    let copied = store::copy(&from, &to, &migrations, |table| {
        tracing::info!(table = table.name, rows = table.rows, "copied and compared");
    });
    let copied = match copied.await {
        Err(unsure @ CopyError::Unsure { .. }) => return Err(unsure.into()),
        ended => ended.context("nothing was copied, and the copy can be begun again")?,
    };
    for table in copied.iter().filter(|table| table.rows > 0) {
        screen.fact(&table.name, &format!("{}, SHA-256 {}", count(table.rows, "row"), table.digest))?;
    }
    let tables = count(copied.len() as u64, "table");
    screen.marked("✓", Tone::Good, &format!("{tables} hold here what they hold there."))?;
    screen.text(&format!(
        "Give every host the database's address before it starts again, and the same encryption keys as before: \
         by `database-url-file` in its configuration, by the variable {DATABASE_URL}, or in the file {} of its \
         data folder. {from} is as it was, and with the file {from}.moved beside it: as long as that is there, \
         hosts and backups refuse it, so that nobody goes on with it by mistake.",
        Location::ADDRESS
    ))?;
    Ok(ExitCode::SUCCESS)
}
