//! Whatever an operator's file holds: it is told in words, and never with the secret that should not be in it.

use std::path::Path;

use super::file::check;

#[test]
fn fuzz_manifest() {
    for input in fuzzing::inputs("manifest") {
        let Ok(text) = std::str::from_utf8(&input) else { continue };
        let secret = |_: &str| Some("swordfish-in-the-environment".to_owned());
        // No component is there, so that none can be taken.
        let fault = check(text, Path::new("/nonexistent"), &secret).expect_err("there is no plugin");
        let told = fault.problem.to_string();
        assert!(!told.is_empty());
        assert!(!told.contains("swordfish-in-the-environment"), "{told}");
        if let Some(at) = fault.at {
            assert!(at.start <= text.len(), "it points behind the end");
        }
    }
}
