//! Probe.
wit_bindgen::generate!({ path: "../../wit", world: "video-provider", generate_all });
