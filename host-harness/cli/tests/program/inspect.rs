//! What is told of plugins, and of what is none.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::{run, text};

fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let file = folder.path().join(name);
    std::fs::write(&file, bytes).expect("written");
    file
}

#[test]
fn a_plugin_is_described() {
    let folder = TempDir::new().expect("a folder");
    let plugin = file(&folder, "teams.wasm", plugin_artifacts::TEAMS);
    let output = run(["inspect".as_ref(), plugin.as_os_str()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    insta::with_settings!({ filters => vec![
        (r"[\d.]+ KiB \(\d+ bytes\)", "[size]"),
        (r"\b[0-9a-f]{64}\b", "[digest]"),
        (r"@0\.2\.\d+", "@0.2.[patch]"),
    ]}, { insta::assert_snapshot!("teams", text(&output.stdout)) });
}

#[test]
fn a_plugin_is_described_as_data() {
    let folder = TempDir::new().expect("a folder");
    let plugin = file(&folder, "teams.wasm", plugin_artifacts::TEAMS);
    let output = run(["inspect".as_ref(), "--json".as_ref(), plugin.as_os_str()]);
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["size"], plugin_artifacts::TEAMS.len());
    assert_eq!(told["sha256"], video_host::sha256(plugin_artifacts::TEAMS));
    assert_eq!(told["identity"]["id"], "microsoft-teams");
    let lobby = &told["identity"]["meeting_options"][0];
    assert_eq!((lobby["name"].as_str(), lobby["default"].as_str()), (Some("lobby"), Some("Everyone")));
    assert!(told["refusal"].is_null());
}

#[test]
fn the_manifest_that_a_plugin_asks_for_is_printed_and_can_be_used() {
    let folder = TempDir::new().expect("a folder");
    let plugin = file(&folder, "teams.wasm", plugin_artifacts::TEAMS);
    let output = run(["inspect".as_ref(), "--manifest".as_ref(), plugin.as_os_str()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let asked = text(&output.stdout);
    // As an operator does after the review: names the client and where its secret is.
    let pinned =
        asked.replace("# client-id = \"…\"", "client-id = \"00001111-aaaa-2222-bbbb-3333cccc4444\"").replace(
            "# client-secret = { file = \"client-secret\" }",
            "client-secret = { file = \"client-secret\" }",
        );
    assert_ne!(pinned, asked, "there are places for both");
    file(&folder, "client-secret", mock_graph::contoso::CLIENT_SECRET.as_bytes());
    let staff = file(&folder, "staff.csv", b"id,name,email,user_name\n1,O'Brien,O'Brien@contoso.com,x\n");
    let manifest = file(&folder, "teams.toml", pinned.as_bytes());
    let by_manifest = |manifest: &PathBuf| {
        run([
            "match".as_ref(),
            "--plan".as_ref(),
            "--staff".as_ref(),
            staff.as_os_str(),
            "--manifest".as_ref(),
            manifest.as_os_str(),
        ])
    };
    let output = by_manifest(&manifest);
    assert!(output.status.success(), "{}", text(&output.stderr));

    let ungranted =
        pinned.replacen("[grants]\napi = [\"https://graph.microsoft.com\"]", "[grants]\napi = []", 1);
    assert_ne!(ungranted, pinned);
    let output = by_manifest(&file(&folder, "ungranted.toml", ungranted.as_bytes()));
    assert!(!output.status.success());
    let told = text(&output.stderr);
    assert!(told.contains("ungranted.toml, line ") && told.contains("https://graph.microsoft.com"), "{told}");
}

#[test]
fn what_a_plugin_asks_for_is_written_into_its_file() {
    let folder = TempDir::new().expect("a folder");
    let plugin = file(&folder, "evil.wasm", plugin_artifacts::EVIL);
    let embed = |plugin: &PathBuf, into: &PathBuf| {
        run(["inspect".as_ref(), plugin.as_os_str(), "--embed".as_ref(), into.as_os_str()])
    };
    let (into, again) = (folder.path().join("telling.wasm"), folder.path().join("again.wasm"));
    let output = embed(&plugin, &into);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let telling = std::fs::read(&into).expect("it was written");
    assert!(telling.starts_with(plugin_artifacts::EVIL));
    assert!(text(&telling[plugin_artifacts::EVIL.len()..]).contains("api https://graph.microsoft.com\n"));
    let output = embed(&into, &again);
    assert!(!output.status.success() && text(&output.stderr).contains("already"), "once is enough");
}

#[test]
fn what_is_no_plugin_is_refused_by_name() {
    let folder = TempDir::new().expect("a folder");
    let component = b"\0asm\x0d\0\x01\0";
    let large = [component.as_slice(), &vec![0; 20 << 20]].concat();
    for (name, bytes, reason) in [
        ("core.wasm", b"\0asm\x01\0\0\0".as_slice(), "core WebAssembly module"),
        ("notes.wasm", b"Dear host, please run me.", "magic number"),
        ("short.wasm", b"\0asm", "fewer than eight bytes"),
        ("large.wasm", &large, "16777216 are allowed"),
        ("empty.wasm", component, "does not export scheduling:video-provider/provider"),
    ] {
        let output = run(["inspect".as_ref(), "--json".as_ref(), file(&folder, name, bytes).as_os_str()]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let refusal = told["refusal"].as_str().expect("a refusal");
        assert!(refusal.contains(reason), "{name}: {refusal}");
        assert_eq!(told["sha256"], video_host::sha256(bytes), "{name}");
    }
    let missing = run(["inspect".as_ref(), folder.path().join("missing.wasm").as_os_str()]);
    assert!(!missing.status.success() && text(&missing.stderr).contains("cannot read"));
}
