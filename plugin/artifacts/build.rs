//! Compiles the plugins to components, into a target folder of their own below `OUT_DIR`: the outer
//! build holds the lock of its own target folder until this script ends.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What plugins are compiled for.
const TARGET: &str = "wasm32-wasip2";

/// Package and the constant that holds its component.
const PLUGINS: [(&str, &str); 4] = [
    ("teams-provider", "TEAMS"),
    ("jitsi-provider", "JITSI"),
    ("evil-provider", "EVIL"),
    ("wrong-provider", "WRONG"),
];

fn main() {
    // As this run has it: a script that was compiled in another copy of the workspace must not build that.
    let package =
        env::var_os("CARGO_MANIFEST_DIR").expect("cargo tells build scripts their package's folder");
    let workspace = Path::new(&package).join("../..");
    for path in [
        "plugin/teams",
        "plugin/jitsi",
        "tests/guests/evil",
        "tests/guests/wrong",
        "wit",
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
    ] {
        println!("cargo:rerun-if-changed={}", workspace.join(path).display());
    }
    add_target(&workspace);
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts"));
    let target = out.join("plugins");
    for (package, constant) in PLUGINS {
        build(&workspace, &target, package);
        let file = target.join(TARGET).join("plugin").join(format!("{}.wasm", package.replace('-', "_")));
        assert!(file.is_file(), "cargo built {package} and left no {}", file.display());
        println!("cargo:rustc-env={constant}_COMPONENT={}", file.display());
    }
}

/// The compiler's own library for the target, added where it is missing and rustup can.
fn add_target(workspace: &Path) {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(workspace)
        .output()
        .unwrap_or_else(|error| panic!("{rustc} does not run: {error}"));
    if Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir() {
        return;
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).current_dir(workspace).status();
    assert!(
        added.is_ok_and(|status| status.success()),
        "plugins are built for {TARGET}, which this toolchain lacks: run `rustup target add {TARGET}`"
    );
}

/// Flags for the plugins: a panic names its place in a source file, and that must not be a path of the
/// machine that built it, or the same source would give another digest on every machine.
fn flags(workspace: &Path) -> String {
    let home = |name: &str, below: &str| {
        env::var_os(name).map(PathBuf::from).or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(below)))
    };
    let mut places = vec![(workspace.canonicalize().ok(), ".")];
    places.push((home("CARGO_HOME", ".cargo"), "cargo"));
    places.push((home("RUSTUP_HOME", ".rustup"), "rustup"));
    let remaps = places.into_iter().filter_map(|(from, to)| Some(format!("{}={to}", from?.display())));
    let remaps = remaps.map(|remap| format!("--remap-path-prefix={remap}"));
    // As `.cargo/config.toml` has it, which these flags replace.
    let smaller = ["--cfg", "sha2_backend_soft=\"compact\""].map(str::to_owned);
    remaps.chain(smaller).collect::<Vec<_>>().join("\u{1f}")
}

fn build(workspace: &Path, target: &Path, package: &str) {
    let status = Command::new(env::var_os("CARGO").expect("cargo sets CARGO for build scripts"))
        .args([
            "build",
            "--locked",
            "--quiet",
            "--package",
            package,
            "--profile",
            "plugin",
            "--target",
            TARGET,
        ])
        .arg("--target-dir")
        .arg(target)
        .current_dir(workspace)
        // In place of what the outer build set here, even if it is empty. The others would carry the outer
        // build's choices, clippy's wrapper for one, into this one.
        .env("CARGO_ENCODED_RUSTFLAGS", flags(workspace))
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_TARGET_DIR")
        .status();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "the plugin {package} does not build: `cargo build -p {package} --profile plugin --target {TARGET}` shows why"
    );
}
