//! What the end-to-end suites share: the compiled plugins in the real host, in front of the stand-in
//! for Microsoft, on a folder of their own.

mod memory;
mod outcome;
mod world;

pub use memory::{Watched, WatchingCreator};
pub use outcome::{Kept, form};
pub use world::{INTEGRATION, SESSION, World, WorldOptions, authorities, contract_error, manifest, parameters, routes, setup_values};

/// Whether `needle` stands anywhere in `haystack`.
pub fn find(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}
