//! What the end-to-end suites share: the compiled plugins in the real host, in front of the stand-in
//! for Microsoft, on a folder of their own.

mod booking;
mod certificate;
mod clouds;
mod file_clock;
mod listening;
mod memory;
mod method;
mod outcome;
pub mod process;
mod tenants;
pub mod toolchains;
mod world;

pub use booking::{HOUR, booking};
pub use certificate::Credential;
pub use clouds::{Clouds, national_manifest};
pub use file_clock::FileClock;
pub use listening::{Log, listen};
pub use memory::{Watched, WatchingCreator};
pub use method::Method;
pub use outcome::{Kept, form};
pub use tenants::{FABRIKAM, FABRIKAM_ACCOUNT, contoso_itself, fabrikam, impostor};
pub use world::{
    INTEGRATION, ManifestChange, MovingClocks, SESSION, World, WorldOptions, appointment, authorities,
    contract_error, manifest, parameters, routes, setup_values,
};

/// Whether `needle` stands anywhere in `haystack`.
pub fn find(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}
