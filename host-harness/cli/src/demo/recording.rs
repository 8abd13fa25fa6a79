//! The traffic with Microsoft as an HTTP archive that can be shown around.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use mock_graph::Operation;
use serde::Serialize;

use super::promise::Kept;
use super::stage::Stage;
use super::teller::Tell;
use crate::screen::{Screen, count};

#[derive(Debug, Serialize)]
pub(super) struct Recording {
    file: String,
    exchanges: u64,
    kept: Kept,
}

/// Writes the archive.
pub(super) fn write(stage: &Stage, file: &Path) -> Result<String> {
    let archive = stage.microsoft.journal().har();
    fs::write(file, &archive).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(archive)
}

/// Writes it and looks for what must not be in it.
pub(super) fn record(stage: &Stage, file: &Path) -> Result<Recording> {
    let archive = write(stage, file)?;
    let secrets = stage.microsoft.issued_secrets();
    let found = secrets.iter().filter(|secret| archive.contains(secret.as_str())).count();
    let mut kept = Kept::default();
    kept.check(
        found == 0 && !secrets.is_empty(),
        format!("None of the {} tokens, codes and secrets of this story is in it.", secrets.len()),
        format_args!("{found} of them are."),
    )?;
    let exchanges = stage.microsoft.journal().count(Operation::Any);
    Ok(Recording { file: file.display().to_string(), exchanges, kept })
}

impl Tell for Recording {
    fn tell(&self, screen: &mut Screen) -> io::Result<()> {
        screen.fact("Recorded", &format!("{} in {}", count(self.exchanges, "exchange"), self.file))
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }
}
