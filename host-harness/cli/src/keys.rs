//! The encryption keys of a host: added, listed, left behind and taken away, while hosts run.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use indicatif::ProgressBar;
use video_host::HostConfig;
use video_host::clock::SystemClock;
use video_host::store::{KeyFile, KeyRingError, Resealed, Store};

use crate::arguments::{KeysAction, KeysPlace};
use crate::configured;
use crate::screen::{Screen, Tone, count};

/// Does what was asked, and says whether all of it is done.
pub async fn run(action: &KeysAction, screen: &mut Screen) -> Result<ExitCode> {
    match action {
        KeysAction::Add(place) => add(place, screen),
        KeysAction::List(place) => list(place, screen).await,
        KeysAction::Reseal(place) => reseal(place, screen).await,
        KeysAction::Remove { id, place } => remove(id, place, screen).await,
    }
}

fn file(place: &KeysPlace) -> KeyFile {
    KeyFile::new(place.keys.clone().unwrap_or_else(|| place.data.join(HostConfig::KEYS)))
}

/// The store of a host that has run. Neither a database nor keys are made here.
async fn store(place: &KeysPlace) -> Result<Store> {
    let location = configured::store(&place.data, place.database_url_file.as_deref())?;
    if let Some(path) = location.path() {
        ensure!(
            path.is_file(),
            "there is no {}: is {} a host's data folder?",
            path.display(),
            place.data.display()
        );
    }
    let file = file(place);
    file.load()?;
    Store::open(location, file, Arc::new(SystemClock)).await.context("the host's store cannot be opened")
}

fn add(place: &KeysPlace, screen: &mut Screen) -> Result<ExitCode> {
    let file = file(place);
    let id = file.add()?;
    screen.marked(
        "✓",
        Tone::Good,
        &format!("The new key {id} stands first in {}.", file.path().display()),
    )?;
    screen.text(
        "Keep a copy of the file. Have every host read its keys again, or restart it; then run \
         `host-harness keys reseal`.",
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn list(place: &KeysPlace, screen: &mut Screen) -> Result<ExitCode> {
    let uses = store(place).await?.key_uses().await?;
    screen.title("Encryption keys", &uses.len().to_string())?;
    for key in uses {
        let active = if key.active { ", and whatever is written" } else { "" };
        // The whole id: it is what `remove` takes.
        screen.text(&format!("{} seals {}{active}", key.id, count(key.values, "value")))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn reseal(place: &KeysPlace, screen: &mut Screen) -> Result<ExitCode> {
    let store = store(place).await?;
    let bar = ProgressBar::new(0);
    let resealed = store
        .reseal(|progress| {
            bar.set_length(progress.done + progress.left);
            bar.set_position(progress.done);
        })
        .await;
    bar.finish_and_clear();
    let Resealed { done, left } = resealed?;
    let uses = store.key_uses().await?;
    let active = uses.first().map_or("", |key| key.id.as_str());
    screen.marked("✓", Tone::Good, &format!("Sealed {} anew under {active}.", count(done, "value")))?;
    if left > 0 {
        let sentence = format!(
            "{} more came under older keys meanwhile: a host still writes with one. Have every host read its \
             keys again, and repeat this.",
            count(left, "value")
        );
        screen.marked("✗", Tone::Bad, &sentence)?;
        return Ok(ExitCode::FAILURE);
    }
    for key in uses.iter().skip(1) {
        screen.text(&format!("{} seals nothing any more: `host-harness keys remove {}`.", key.id, key.id))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn remove(id: &str, place: &KeysPlace, screen: &mut Screen) -> Result<ExitCode> {
    let (file, store) = (file(place), store(place).await?);
    if !store.key_ids().iter().any(|known| known == id) {
        return Err(KeyRingError::Unknown(id.to_owned()).into());
    }
    // The store first: from here on nothing can be sealed under it any more.
    store.retire_key(id).await?;
    file.remove(id)?;
    screen.marked("✓", Tone::Good, &format!("The key {id} is no longer in {}.", file.path().display()))?;
    screen.text(
        "Older backups of the database still need it: keep the copy of the file that goes with them.",
    )?;
    Ok(ExitCode::SUCCESS)
}
