//! A released contract does not change. The changelog names the digest of the files that a release
//! spoke; a change of the files under the same version is found here.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The package line of the WIT: `package scheduling:video-provider@0.1.0;`.
fn version(world: &str) -> Result<&str> {
    world
        .lines()
        .find_map(|line| line.strip_prefix("package scheduling:video-provider@"))
        .and_then(|rest| rest.strip_suffix(';'))
        .context("wit/world.wit names no package version")
}

/// Whether the contract may be what it is: its version is unreleased, or the changelog names its digest.
fn check(changelog: &str, version: &str, digest: &str) -> Result<()> {
    let heading = format!("## [{version}]");
    let Some(start) = changelog.lines().position(|line| line.starts_with(&heading)) else {
        return Ok(());
    };
    let section: Vec<_> =
        changelog.lines().skip(start + 1).take_while(|line| !line.starts_with("## ")).collect();
    if section.iter().any(|line| line.contains(digest)) {
        return Ok(());
    }
    bail!(
        "the files of wit/ (SHA-256 {digest}) are not those of the released contract {version}: give the \
         package a new version, or, if this is the release, name the digest in its section of the changelog"
    )
}

#[test]
fn the_contract_does_not_change_under_a_released_version() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files: Vec<_> = fs::read_dir(root.join("wit"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "wit"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for file in &files {
        all.extend_from_slice(file.file_name().unwrap_or_default().as_encoded_bytes());
        all.push(0);
        all.extend_from_slice(&fs::read(file)?);
        all.push(0);
    }
    let world = fs::read_to_string(root.join("wit/world.wit"))?;
    let version = version(&world)?;
    assert_eq!(video_host::provider::CONTRACT, format!("scheduling:video-provider@{version}"));
    check(&fs::read_to_string(root.join("CHANGELOG.md"))?, version, &video_host::sha256(&all))
}

#[test]
fn an_unreleased_contract_may_change() -> Result<()> {
    check("# Changelog\n\n## Unreleased\n\n- much\n", "0.1.0", "abc")
}

#[test]
fn a_released_contract_may_be_what_it_was_and_nothing_else() {
    let changelog =
        "# Changelog\n\n## [0.2.0]\n\nContract: def\n\n## [0.1.0] - 2026-12-01\n\nContract: abc\n";
    assert!(check(changelog, "0.1.0", "abc").is_ok());
    assert!(check(changelog, "0.1.0", "def").is_err());
    assert!(check(changelog, "0.3.0", "new").is_ok());
}
