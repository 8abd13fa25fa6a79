//! What `docs/authors-guide.md` says to do, done: the template as a folder of its own, and a provider in another
//! language, under the same suite.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use end_to_end::foreign::{self, not_tried};
use provider_conformance::{Alone, Backend, Fault, SigningIn, Who, check};
use tempfile::TempDir;
use tokio::process::Command;
use video_host::clock::ShiftedClock;
use video_host::provider::Parameter;
use video_host::{HostConfig, Limits, Manifest};

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

/// Nobody, with the limits that the guide has the operator raise for Python.
struct ForPython;

impl Backend for ForPython {
    fn is_there(&self) -> bool {
        Alone.is_there()
    }

    fn configure(&self, config: &mut HostConfig) -> Result<()> {
        Alone.configure(config)
    }

    fn manifest(&self) -> Result<Manifest> {
        let limits = Limits { component: 32 << 20, memory: 128 << 20, ..Limits::default() };
        Ok(Manifest { limits, ..Alone.manifest()? })
    }

    fn setup(&self) -> Vec<Parameter> {
        Alone.setup()
    }

    fn sign_in<'a>(&'a self, url: &'a str, who: Who) -> SigningIn<'a> {
        Alone.sign_in(url, who)
    }

    fn meetings(&self) -> usize {
        Alone.meetings()
    }

    fn requests(&self) -> u64 {
        Alone.requests()
    }

    fn inject(&self, fault: Fault) {
        Alone.inject(fault);
    }

    fn kill_grants(&self, clock: &ShiftedClock) -> Result<()> {
        Alone.kill_grants(clock)
    }
}

#[tokio::test]
async fn a_provider_in_python_keeps_the_same_rules() -> Result<()> {
    let scripts = repository().join("tests/guests/python");
    let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("languages/python");
    let interpreter = match foreign::python(&packages, &scripts.join("requirements.txt")).await? {
        Ok(interpreter) => interpreter,
        Err(missing) => return not_tried("a provider in Python", &missing),
    };
    let tool = interpreter.with_file_name("componentize-py");
    let folder = TempDir::new()?;
    let component = folder.path().join("provider.wasm");
    let (wit, output) = (repository().join("wit"), component.to_string_lossy());
    let wit = wit.to_string_lossy();
    let arguments =
        ["-d", &wit, "-w", "video-provider", "componentize", "provider", "--stub-wasi", "-o", &output];
    let built = Command::new(&tool).args(arguments).current_dir(&scripts).output().await?;
    ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let component = std::fs::read(&component).context("the component")?;
    let report = check(&component, &ForPython).await?;
    assert!(report.passed(), "{report}");
    Ok(())
}
