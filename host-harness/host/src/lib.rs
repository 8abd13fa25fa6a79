#![doc = include_str!("../README.md")]

#[allow(missing_docs, unreachable_pub, clippy::pedantic, clippy::unwrap_used)]
mod bindings;
pub mod calls;
pub mod clock;
pub mod egress;
mod host;
mod joining;
mod jws;
mod lend;
mod load;
pub mod manifest;
mod plugin;
pub mod provider;
mod sandbox;
pub mod signing;
pub mod store;
pub mod transport;
pub mod vault;
pub mod wants;
pub mod watch;

pub use host::{AuthorizationError, Callback, Host, HostConfig, StartError};
pub use joining::JoinLink;
pub use load::{LoadError, sha256};
pub use manifest::{Manifest, ManifestError, ManifestFile};
pub use plugin::{Plugin, Provider};
pub use sandbox::{CallError, Failure, Limits, Memory, Pool, Surface, SurfaceError, TICK};
