//! The contract is no matter of one language: a provider in JavaScript, made a component by JavaScript's own
//! toolchain, keeps the rules that those in Rust keep, within the limits that every plugin has.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use end_to_end::toolchains::{self, Missing};
use end_to_end::{World, manifest};
use provider_conformance::{Alone, Verdict, check};
use video_host::{Limits, sha256};

/// The component, made anew if anything that it is made of has changed.
async fn javascript() -> Result<Result<Vec<u8>, Missing>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (sources, contract) = (package.join("guests/javascript"), package.join("../wit"));
    let mut read = std::fs::read(sources.join("provider.js"))?;
    read.extend(std::fs::read(sources.join("build.mjs"))?);
    read.extend(std::fs::read(sources.join("package-lock.json"))?);
    let mut files: Vec<_> = std::fs::read_dir(&contract)?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::path);
    for file in files {
        read.extend(std::fs::read(file.path())?);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join("javascript");
    let folder = match toolchains::node(&sources, &folder).await? {
        Ok(folder) => folder,
        Err(missing) => return Ok(Err(missing)),
    };
    let file = folder.join(format!("{}.wasm", sha256(&read)));
    if !file.is_file() {
        let draft = folder.join("draft.wasm");
        let (wit, into) = (contract.to_string_lossy(), draft.to_string_lossy());
        // The packages are there, so that what goes wrong now is ours.
        let built = Command::new("node").args(["build.mjs", &wit, &into]).current_dir(&folder).output()?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        std::fs::rename(&draft, &file)?;
    }
    Ok(Ok(std::fs::read(&file)?))
}

#[tokio::test]
async fn a_provider_in_javascript_keeps_every_rule_that_is_about_it() -> Result<()> {
    let component = match javascript().await? {
        Ok(component) => component,
        Err(missing) => return toolchains::not_tried("a provider in JavaScript", &missing),
    };
    let report = check(&component, &Alone).await?;
    assert!(report.passed(), "{report}");
    let judged = [Verdict::Kept, Verdict::NotApplicable].map(|verdict| report.count(verdict));
    assert_eq!(judged, [25, 18], "{report}");

    // Of WASI it has what it needs for random numbers.
    let world = World::start().await?;
    let plugin = world.host.load(&component, &manifest()?).await.context("within the usual limits")?;
    assert_eq!(manifest()?.limits, Limits::default());
    let wasi: Vec<_> = plugin.surface().imports.iter().filter(|name| name.starts_with("wasi:")).collect();
    assert!(matches!(wasi[..], [random] if random.starts_with("wasi:random/random@0.2.")), "{wasi:?}");
    Ok(())
}
