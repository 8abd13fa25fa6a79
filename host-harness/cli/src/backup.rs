//! A host's database copied, and put back.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use video_host::HostConfig;
use video_host::store::{self, Backup, Location};

use crate::arguments::{BackupOptions, RestoreOptions};
use crate::screen::{Screen, Tone, bytes, count};

/// Copies, while the host runs.
pub(crate) async fn back_up(options: &BackupOptions, screen: &mut Screen) -> Result<()> {
    ensure!(
        Location::of_folder(&options.data)?.path().is_some(),
        "the store of {} is a PostgreSQL database, which has tools of its own for this: pg_dump, or a copy of its log",
        options.data.display()
    );
    let copy = store::back_up(&options.data.join(HostConfig::DATABASE), &options.to).await?;
    let sentence = format!("{} is a whole copy of {}.", options.to.display(), bytes(copy.bytes));
    screen.marked("✓", Tone::Good, &sentence)?;
    keys(&copy, "Keep them elsewhere", screen)
}

/// Puts a copy back.
pub(crate) async fn restore(options: &RestoreOptions, screen: &mut Screen) -> Result<()> {
    fs::create_dir_all(&options.data).with_context(|| format!("cannot make {}", options.data.display()))?;
    let database = options.data.join(HostConfig::DATABASE);
    let copy = store::restore(&options.from, &database).await?;
    let sentence = format!("{} is {} again.", database.display(), options.from.display());
    screen.marked("✓", Tone::Good, &sentence)?;
    keys(&copy, "Put them back before the host starts", screen)
}

/// What the copy needs and does not have in it.
fn keys(copy: &Backup, what_to_do: &str, screen: &mut Screen) -> Result<()> {
    let needed = count(u64::try_from(copy.keys.len())?, "encryption key");
    screen.text(&format!(
        "What has to be with it, and is not in it: {needed} ({}). {what_to_do}.",
        copy.keys.join(", ")
    ))?;
    Ok(())
}
