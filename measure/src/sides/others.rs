//! What people would use instead: pinned packages, installed where this machine has the toolchains.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use end_to_end::toolchains::{self, Missing};
use tokio::process::Command;

use super::SideName;

/// A command that is the side, and why there is none.
pub(super) async fn command(side: SideName, tools: &Path) -> Result<Result<Command, Missing>> {
    match side {
        SideName::RustSdk => rust(tools).await,
        SideName::PythonSdk => {
            let scripts = scripts("python");
            Ok(toolchains::python(&scripts, &tools.join("python")).await?.map(|interpreter| {
                let mut command = Command::new(interpreter);
                command.arg(scripts.join("create_meeting.py"));
                command
            }))
        }
        SideName::JavascriptClient => {
            let installed = toolchains::node(&scripts("node"), &tools.join("node")).await?;
            Ok(installed.map(|folder| {
                let mut command = Command::new("node");
                command.arg(folder.join("create_meeting.mjs"));
                command
            }))
        }
        SideName::Ours | SideName::Plain => bail!("{} is no other's program", side.title()),
    }
}

fn scripts(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(language)
}

/// A program in a workspace of its own: what the SDK depends on stays out of ours.
async fn rust(tools: &Path) -> Result<Result<Command, Missing>> {
    let target = tools.join("rust");
    let place = target.to_string_lossy();
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let arguments = ["build", "--release", "--locked", "--quiet", "--target-dir", &place];
    let built = toolchains::run(&cargo, &arguments, &scripts("rust")).await;
    Ok(built.map(|_| Command::new(target.join("release").join("graph-client"))))
}
