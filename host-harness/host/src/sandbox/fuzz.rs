//! Where a plugin sends administrators: whatever it gives, browsers go nowhere but to a granted origin.

use super::returns::next_step;
use crate::egress::Grant;
use crate::provider::NextStep;

/// The host that a link names, read as simply as anybody may do it.
fn host(url: &str) -> Option<String> {
    let rest = url.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("https://")).and(url.get(8..))?;
    Some(rest.split(['/', '?', '#', '\\']).next()?.to_ascii_lowercase())
}

#[test]
fn fuzz_visit() {
    let granted = "https://login.example.com".parse().expect("an origin");
    let grant = Grant { identity: vec![granted], ..Grant::default() };
    let mut sent = 0;
    for input in fuzzing::inputs("visit") {
        let url = String::from_utf8_lossy(&input).into_owned();
        if next_step(&NextStep::Visit(url.clone()), &grant).is_err() {
            continue;
        }
        sent += 1;
        let host = host(&url).unwrap_or_default();
        let port = host.strip_prefix("login.example.com").map(|port| port.strip_prefix(':').unwrap_or(port));
        let is_443 = |port: &str| port.is_empty() || port.trim_start_matches('0') == "443";
        assert!(port.is_some_and(is_443), "{url:?}");
        assert!(!url.chars().any(|c| c.is_control() || c.is_whitespace()), "{url:?}");
    }
    assert!(sent > 0, "the good ones of the corpus were refused");
}
