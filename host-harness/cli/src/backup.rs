//! A host's database copied, and put back.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use video_host::store::{self, Backup};

use crate::arguments::{BackupOptions, RestoreOptions, StorePlace};
use crate::configured;
use crate::screen::{Screen, Tone, bytes, count};
use crate::serve;

/// Copies, while the host runs.
pub(crate) async fn back_up(options: &BackupOptions, screen: &mut Screen) -> Result<()> {
    let database = database(&options.place, "pg_dump, or a copy of its log")?;
    let copy = store::back_up(&database, &options.to).await?;
    let sentence = format!("{} is a whole copy of {}.", options.to.display(), bytes(copy.bytes));
    screen.marked("✓", Tone::Good, &sentence)?;
    keys(&copy, "Keep them elsewhere", screen)
}

/// Puts a copy back.
pub(crate) async fn restore(options: &RestoreOptions, screen: &mut Screen) -> Result<()> {
    let database = database(&options.place, "pg_restore, or a copy of its log")?;
    if let Some(data) = database.parent() {
        fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    }
    let copy = store::restore(&options.from, &database).await?;
    let sentence = format!("{} is {} again.", database.display(), options.from.display());
    screen.marked("✓", Tone::Good, &sentence)?;
    keys(&copy, "Put them back before the host starts", screen)
}

/// The file that is a host's store, found as the host finds it.
fn database(place: &StorePlace, tools: &str) -> Result<PathBuf> {
    let (location, of) = match (&place.config, &place.data) {
        (Some(config), _) => (serve::kept(config)?.store, config),
        (None, Some(data)) => (configured::store(data, place.database_url_file.as_deref())?, data),
        (None, None) => bail!("whose database is not said: name --config or --data"),
    };
    let path = location.path().map(PathBuf::from);
    path.with_context(|| {
        format!(
            "the store of {} is the PostgreSQL database {location}, which has tools of its own for this: {tools}",
            of.display()
        )
    })
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
