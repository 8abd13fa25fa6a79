//! The story, as data and as people read it.

use std::fs;

use serde_json::{Value, json};

use crate::{program, run, text};

fn story(arguments: &[&str]) -> Value {
    let output = run([&["demo", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "a story without trouble is told without a log");
    serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else")
}

#[test]
fn the_demo_keeps_every_promise() {
    let story = story(&[]);
    assert_eq!(story["stage"]["staff"], 200);
    assert_eq!(
        story["matching"]["outcomes"],
        json!({
            "matched": 171, "alias_of": 9, "not_found": 8, "guest": 3, "disabled": 3, "unlicensed": 2,
            "shared": 2, "ambiguous": 1, "no_key": 1,
        })
    );
    for (staff, other) in [("CB-1247", "CB-1330"), ("CB-1330", "CB-1247")] {
        let others = story["matching"]["others"].as_array().expect("a list");
        let told = others.iter().find(|one| one["staff"] == staff).expect("who shares a key is told");
        assert!(told["reason"].as_str().is_some_and(|reason| reason.contains(other)), "{told}");
    }

    let link = &story["booking"]["link"];
    assert!(link.as_str().is_some_and(|link| link.starts_with("https://teams.microsoft.com/l/meetup-join/")));
    for chapter in ["moving", "repetition", "reauthorization", "disconnection"] {
        assert_eq!(&story[chapter]["link"], link, "{chapter}");
    }
    assert_ne!(story["booking"]["when"], story["moving"]["when"]);
    assert_ne!(&story["lost_answer"]["link"], link);

    let beside = story["second_provider"]["link"].as_str().expect("a link");
    assert!(beside.starts_with("https://meet.contoso.example/"), "{beside}");

    let [malformed, unknown] = story["tenants"]["refused"].as_array().expect("a list").as_slice() else {
        panic!("two tenants are tried")
    };
    assert_eq!((&malformed["calls"], &unknown["calls"]), (&json!(0), &json!(1)));
    let refusal = story["reauthorization"]["refusal"].as_str().expect("a refusal");
    assert!(refusal.contains("video.service@contoso.com") && refusal.contains("other.admin@contoso.com"));

    assert_eq!(story["cost"]["calls_by_operation"]["batch"], 2, "200 staff take two requests");
    assert_eq!(story["cost"]["calls_by_operation"]["create_meeting"], 3, "one each, and one lost");
    let chapters = story["cost"]["chapters"].as_array().expect("a list");
    let counted: u64 = chapters.iter().filter_map(|chapter| chapter["calls"].as_u64()).sum();
    assert_eq!(story["cost"]["calls"], counted);
    assert!(story["cost"]["bytes_in"].as_u64() > Some(0));
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    let mut demo = program(["demo", "--json"]);
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        // Nobody listens there.
        demo.env(name, "http://127.0.0.1:9");
    }
    for name in ["NO_PROXY", "no_proxy"] {
        demo.env_remove(name);
    }
    let output = demo.output().expect("the program runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn the_story_reads_well() {
    let output = run(["demo"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let story = text(&output.stdout);
    for line in story.lines() {
        assert!(console::measure_text_width(line) <= 100, "{line}");
        assert!(!line.contains('\u{1b}'), "colour where there is no terminal: {line}");
    }
    insta::with_settings!({ filters => vec![
        (r" +(no calls|\d+ calls?), [\d.]+ m?s\n", "  $1, [time]\n"),
        (r" +[\d.]+ m?s\b", " [time]"),
        (r"[\d.]+ (B|KiB|MiB)\b", "[size]"),
        (r"\d+ characters;", "[length] characters;"),
        (r"\d+ connections", "[several] connections"),
        (r"SHA-256 [0-9a-f]{12}…", "SHA-256 [digest]"),
        (r"127\.0\.0\.1:\d+", "[address]"),
        (r"(Last success +)[^\n]+", "$1[moment]"),
        (r"[A-Z][a-z]{2} \d+ [A-Z][a-z]{2} \d{4}", "[day]"),
        (r"meetup-join/\S+", "meetup-join/[…]"),
        (r"contoso\.example/\S+", "contoso.example/[…]"),
    ]}, { insta::assert_snapshot!("story", story) });
}

#[test]
fn another_staff_list_can_be_told_and_the_data_kept() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let (list, data) = (folder.path().join("staff.csv"), folder.path().join("data"));
    fs::write(&list, "id,name,email,user_name\n1,Siobhán O'Brien,o'brien@contoso.com,x\n,Nobody,,\n")
        .expect("written");
    let (list, data) = (list.to_string_lossy(), data.to_string_lossy());
    let told = story(&["--staff", &list, "--data", &data]);
    assert_eq!(told["matching"]["outcomes"], json!({ "matched": 1 }));
    assert_eq!(told["stage"]["rejected_rows"].as_array().map(Vec::len), Some(1));
    assert!(folder.path().join("data/video.db").is_file());

    let again = run(["demo", "--data", &data]);
    assert!(!again.status.success());
    assert!(text(&again.stderr).contains("is not empty"), "{}", text(&again.stderr));
}

#[test]
fn a_story_that_cannot_be_told_says_why_and_fails() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let list = folder.path().join("staff.csv");
    fs::write(&list, "id,name,email,user_name\n1,Nobody,nobody@contoso.com,x\n").expect("written");
    let output = run(["demo", "--json", "--staff", &list.to_string_lossy()]);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(text(&output.stderr).contains("nobody on the staff list is matched"), "{}", text(&output.stderr));
}
