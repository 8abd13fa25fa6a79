//! `check`, as an author runs it.

use serde_json::Value;
use tempfile::TempDir;

use crate::{run, text};

#[test]
fn a_provider_that_keeps_every_rule_passes() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("jitsi.wasm");
    std::fs::write(&file, plugin_artifacts::JITSI).expect("written");
    let output = run(["check".as_ref(), file.as_os_str()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = text(&output.stdout);
    assert!(report.lines().all(|line| console::measure_text_width(line) <= 100), "{report}");
    insta::with_settings!({ filters => vec![
        (r" +[\d.]+ KiB", "  [size]"),
        (r"\b[0-9a-f]{64}\b", "[digest]"),
    ]}, { insta::assert_snapshot!("check_jitsi", report) });
}

#[test]
fn an_author_is_told_what_to_mend_and_what_was_not_judged() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("wrong.wasm");
    std::fs::write(&file, plugin_artifacts::WRONG).expect("written");
    let broken = ["--setting", "breaks=says-that-it-is-not-connected", "--setup", "house=Rooms"];
    let output = run([&["check"], &broken[..], &[&file.to_string_lossy()]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    insta::with_settings!({ filters => vec![
        (r" +[\d.]+ KiB", "  [size]"),
        (r"\b[0-9a-f]{64}\b", "[digest]"),
        (r"state=[\w-]+", "state=[state]"),
    ]}, { insta::assert_snapshot!("check_wrong", text(&output.stdout)) });
}

#[test]
fn a_setup_that_does_not_fit_is_told_before_anything_is_judged() {
    let folder = TempDir::new().expect("a folder");
    let [wrong, teams] = [("wrong.wasm", plugin_artifacts::WRONG), ("teams.wasm", plugin_artifacts::TEAMS)]
        .map(|(name, component)| {
            let file = folder.path().join(name);
            std::fs::write(&file, component).expect("written");
            file.to_string_lossy().into_owned()
        });
    for (plugin, setup, told) in [
        (&wrong, &[][..], "the setup needs `house`: run `check --setup house=VALUE`"),
        (&wrong, &["--setup", "huose=Rooms"][..], "the setup has no field `huose`; it has: house"),
        // The platform keeps a staff field, and the stand-in for Microsoft answers for the tenant.
        (&teams, &["--setup", "tenant=x"][..], "the setup has no field `tenant`; it has: tenant-id, "),
        (&teams, &["--setup", "match-field=email"][..], "`match-field` is a field of the staff records"),
    ] {
        let output = run([&["check", plugin.as_str()], setup].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(told), "{said}");
        assert_eq!(text(&output.stdout), "", "nothing is judged");
    }
}

#[test]
fn an_author_who_asks_for_the_demo_is_sent_to_check() {
    let folder = TempDir::new().expect("a folder");
    for (name, component) in
        [("jitsi.wasm", plugin_artifacts::JITSI), ("wrong.wasm", plugin_artifacts::WRONG)]
    {
        let file = folder.path().join(name);
        std::fs::write(&file, component).expect("written");
        let output = run(["demo".as_ref(), "--json".as_ref(), "--plugin".as_ref(), file.as_os_str()]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("the story of microsoft-teams"), "{said}");
        assert!(said.contains("`host-harness check PLUGIN`") && said.contains("serve --config"), "{said}");
    }
}

#[test]
fn a_report_can_be_read_by_programs() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("none.wasm");
    std::fs::write(&file, "no component").expect("written");
    let output = run(["check".as_ref(), "--json".as_ref(), file.as_os_str()]);
    assert_eq!(output.status.code(), Some(2));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["rules"][0]["rule"], "loads-and-describes-itself");
    assert_eq!(told["rules"][0]["verdict"], "broken");
    assert!(told["rules"][0]["came"].as_str().is_some_and(|came| came.contains("magic number")), "{told}");
    assert_eq!(told["rules"][1]["verdict"], "not-judged");
    let missing = run(["check".as_ref(), folder.path().join("missing.wasm").as_os_str()]);
    assert_eq!(missing.status.code(), Some(1));
}
