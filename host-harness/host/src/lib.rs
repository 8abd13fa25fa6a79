//! Loads video-provider plugins, runs each call in a sandbox of its own, and lends them HTTP, storage
//! and credentials.

pub mod clock;
pub mod egress;
pub mod transport;
