//! What the end-to-end suites share: the compiled plugins in the real host, in front of the stand-in
//! for Microsoft, on a folder of their own.

mod certificate;
mod clouds;
mod file_clock;
mod memory;
mod method;
mod outcome;
pub mod process;
mod tenants;
pub mod toolchains;
mod world;

pub use certificate::Credential;
pub use clouds::{Clouds, national_manifest};
pub use file_clock::FileClock;
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

/// Has `subscriber` listen to this thread until the guards are dropped.
///
/// While there is only one subscriber, tracing asks the thread that comes by an event first whether anybody
/// listens: another test's thread, which does not, and then nobody hears of it. With a second subscriber it
/// asks them all.
#[must_use]
pub fn listen(subscriber: impl tracing::Subscriber + Send + Sync) -> impl Sized {
    let second = tracing::Dispatch::new(tracing_subscriber::registry());
    (tracing::subscriber::set_default(subscriber), second)
}
