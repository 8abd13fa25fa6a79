//! Other languages' programs and packages, pinned, in a folder of their own: installed when they are asked for,
//! and not again until what is pinned changes. Where a program or a registry is not there, a test says so on the
//! terminal and passes; with `CLIENTS=required` in the environment it fails.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use tokio::process::Command;

/// Why something of another language cannot be had on this machine.
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

/// Runs a program to its end and gives its output; no such program, or a failure, is [`Missing`].
pub async fn run(program: &Path, arguments: &[&str], folder: &Path) -> Result<String, Missing> {
    let ended = Command::new(program).args(arguments).current_dir(folder).output().await;
    let output = ended.map_err(|error| Missing(format!("{}: {error}", program.display())))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(Missing(format!("{} {}: {last}", program.display(), arguments.join(" "))))
}

/// Whether `pinned` is what was installed in the folder last; if not, the folder is empty.
fn installed(folder: &Path, pinned: &str) -> Result<bool> {
    let current = std::fs::read_to_string(folder.join("installed")).is_ok_and(|last| last == pinned);
    if !current {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder)?;
    }
    Ok(current)
}

/// An interpreter in `folder` with the packages that `requirements.txt` of `scripts` pins.
pub async fn python(scripts: &Path, folder: &Path) -> Result<Result<PathBuf, Missing>> {
    let requirements = scripts.join("requirements.txt");
    let pinned = std::fs::read_to_string(&requirements)?;
    let current = installed(folder, &pinned)?;
    let interpreter = folder.join("bin").join("python");
    if current {
        return Ok(Ok(interpreter));
    }
    let place = folder.to_string_lossy();
    if let Err(missing) = run(Path::new("python3"), &["-m", "venv", &place], folder).await {
        return Ok(Err(missing));
    }
    let requirements = requirements.to_string_lossy();
    let install =
        ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary=:all:", "-r", &requirements];
    if let Err(missing) = run(&interpreter, &install, folder).await {
        return Ok(Err(missing));
    }
    std::fs::write(folder.join("installed"), pinned)?;
    Ok(Ok(interpreter))
}

/// `folder` with a copy of `scripts` and the packages that its `package-lock.json` pins: these versions, with these
/// digests. Not by `npm ci`, which refuses a lock that lacks optional packages of other machines, as npm itself
/// writes it.
pub async fn node(scripts: &Path, folder: &Path) -> Result<Result<PathBuf, Missing>> {
    let pinned = std::fs::read_to_string(scripts.join("package-lock.json"))?;
    let current = installed(folder, &pinned)?;
    for entry in std::fs::read_dir(scripts)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    if !current {
        let install = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
        if let Err(missing) = run(Path::new("npm"), &install, folder).await {
            return Ok(Err(missing));
        }
        std::fs::write(folder.join("installed"), pinned)?;
    }
    Ok(Ok(folder.to_owned()))
}
