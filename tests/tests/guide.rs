//! What `docs/authors-guide.md` says to do, done: the template as a folder of its own keeps every rule.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use provider_conformance::{Alone, check};
use tempfile::TempDir;
use tokio::process::Command;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_template_compiles_in_a_folder_of_its_own_and_keeps_every_rule() -> Result<()> {
    let folder = TempDir::new()?;
    let place = folder.path();
    copy(&repository().join("plugin/template"), place)?;
    copy(&repository().join("wit"), &place.join("wit"))?;
    // The versions that are here already, so that no network is needed.
    std::fs::copy(repository().join("Cargo.lock"), place.join("Cargo.lock"))?;
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--release", "--target", "wasm32-wasip2"])
        .current_dir(place)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .await?;
    ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    ensure!(
        built.stderr.is_empty(),
        "an author begins with warnings: {}",
        String::from_utf8_lossy(&built.stderr)
    );
    let component = std::fs::read(place.join("target/wasm32-wasip2/release/my_provider.wasm"))?;
    let report = check(&component, &Alone).await?;
    assert!(report.passed(), "{report}");
    Ok(())
}
