//! The HTTP archive: complete, and without anything secret.

use std::fs;

use serde_json::Value;

use crate::{run, text};

/// Names whose values are secret wherever they stand.
const SECRETS: [&str; 10] = [
    "access_token",
    "refresh_token",
    "id_token",
    "code",
    "code_verifier",
    "client_secret",
    "client_assertion",
    "password",
    "authorization",
    "cookie",
];
const REDACTED: &str = "[redacted]";

/// Every list of `name` and `value` in the archive: headers, queries.
fn named<'a>(value: &'a Value, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::Object(map) => {
            if let (Some(Value::String(name)), Some(Value::String(value))) =
                (map.get("name"), map.get("value"))
            {
                found.push((name, value));
            }
            map.values().for_each(|inner| named(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| named(inner, found)),
        _ => {}
    }
}

/// Every property of a JSON body, at any depth.
fn properties<'a>(value: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                found.push((name, inner));
                properties(inner, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| properties(inner, found)),
        _ => {}
    }
}

#[test]
fn the_recording_is_complete_and_holds_no_secret() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("traffic.har");
    let output = run(["demo", "--json", "--har", &file.to_string_lossy()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let story: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let written = fs::read_to_string(&file).expect("the recording");
    let archive: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(archive["log"]["version"], "1.2");
    let entries = archive["log"]["entries"].as_array().expect("a list");
    assert_eq!(story["recording"]["exchanges"].as_u64(), Some(entries.len() as u64));

    // A bearer token and the application's secret would be known by their beginnings, and a JWT by its shape too:
    // what is drawn may have the same three letters somewhere.
    let words = written.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    for word in words {
        assert!(!(word.starts_with("eyJ") && word.contains('.')), "{word}");
    }
    for secret in ["Bearer ", mock_graph::contoso::CLIENT_SECRET, "correct horse", "correct+horse"] {
        assert!(!written.contains(secret), "{secret}");
    }
    let mut seen = Vec::new();
    let mut found = Vec::new();
    named(&archive, &mut found);
    for (name, value) in found {
        check(name, value, &mut seen);
    }
    for entry in entries {
        let form = entry["request"]["postData"]["text"].as_str().unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(form.as_bytes()) {
            check(&name, &value, &mut seen);
        }
        let body = entry["response"]["content"]["text"].as_str().unwrap_or_default();
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let mut found = Vec::new();
        properties(&body, &mut found);
        // In JSON, `code` is what Graph calls the code of an error.
        for (name, value) in found.into_iter().filter(|(name, _)| *name != "code") {
            check(name, value.as_str().unwrap_or_default(), &mut seen);
        }
    }
    for name in [
        "access_token",
        "refresh_token",
        "id_token",
        "code",
        "code_verifier",
        "client_secret",
        "authorization",
    ] {
        assert!(seen.iter().any(|seen| seen == name), "the recording has no {name} at all: {seen:?}");
    }
}

fn check(name: &str, value: &str, seen: &mut Vec<String>) {
    let name = name.to_lowercase();
    if SECRETS.contains(&name.as_str()) {
        assert_eq!(value, REDACTED, "{name}");
        seen.push(name);
    }
}
