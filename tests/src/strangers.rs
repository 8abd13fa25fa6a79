//! Programs and packages that others wrote, from the package registries on first use, in the target folder.
//! Where a program or a registry is not there, a test says so on the terminal and passes; with
//! `CLIENTS=required` in the environment it fails.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// Why something cannot be tried here.
#[derive(Debug)]
pub struct Missing(pub String);

/// Says that something was not tried, or fails where nothing may be left out.
pub fn not_tried(what: &str, missing: &Missing) -> Result<()> {
    let Missing(why) = missing;
    ensure!(std::env::var("CLIENTS").as_deref() != Ok("required"), "{what} could not be tried: {why}");
    // Not through the test's captured output: a skip is to be seen.
    writeln!(std::io::stderr(), "SKIPPED: {what} was not tried: {why}")?;
    Ok(())
}

/// Runs a program to its end and gives its output; no such program, or a failure, is `Missing`.
pub fn run(program: &Path, arguments: &[&str], folder: &Path) -> Result<String, Missing> {
    let ended = Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    let output = ended.map_err(|error| Missing(format!("{}: {error}", program.display())))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(Missing(format!("{} {}: {last}", program.display(), arguments.join(" "))))
}

/// A folder of this name below `target`, and whether `pinned` is what was installed there last.
pub fn installed(target: &Path, name: &str, pinned: &str) -> Result<(PathBuf, bool)> {
    let folder = target.join("clients").join(name);
    let current = std::fs::read_to_string(folder.join("installed")).is_ok_and(|last| last == pinned);
    if !current {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)?;
    }
    Ok((folder, current))
}

/// A copy of a folder of scripts, with the packages of its `package-lock.json` beside them: these versions, with
/// these digests. Not by `npm ci`, which refuses a lock that lacks optional packages of other machines, as npm
/// itself writes it.
pub fn node(from: &Path, target: &Path, name: &str) -> Result<Result<PathBuf, Missing>> {
    let lock = from.join("package-lock.json");
    let pinned = std::fs::read_to_string(&lock).with_context(|| lock.display().to_string())?;
    let (folder, current) = installed(target, name, &pinned)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    if !current {
        let install = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
        if let Err(missing) = run(Path::new("npm"), &install, &folder) {
            return Ok(Err(missing));
        }
        std::fs::write(folder.join("installed"), pinned)?;
    }
    Ok(Ok(folder))
}
