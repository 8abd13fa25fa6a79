//! What the operator decides for a plugin. It belongs to the operator, never to the plugin.

mod file;
#[cfg(test)]
mod fuzz;
mod parts;
mod print;
mod signing;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::egress::Grant;
use crate::sandbox::Limits;
use crate::signing::{Links, SigningKeys};
use crate::vault::ClientKeys;

pub use file::{ManifestError, ManifestFile, ManifestProblem};
pub use print::asked_by;

/// One plugin's grant, settings, keys and limits.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    /// SHA-256 of the component's file, in lower-case hex: another file is refused. None accepts any
    /// file, for development.
    pub sha256: Option<String>,
    /// The id that the plugin has to give itself: another one is refused, so that no plugin takes the place
    /// of another. None accepts any.
    pub provider: Option<String>,
    /// Where the plugin may send requests and people.
    pub grant: Grant,
    /// How the links begin that people may be sent to join: a meeting with another one is not handed on. None
    /// named is any https address, as a provider may call its links opaque (Microsoft does).
    pub links: Vec<Links>,
    /// What `settings.get` gives: `client-id`, for one. Nothing secret.
    pub settings: BTreeMap<String, String>,
    /// How the host proves at token endpoints that it speaks for the registered client.
    pub client: Arc<ClientKeys>,
    /// With what the host signs tokens for those who join.
    pub signing: Arc<SigningKeys>,
    /// Bounds on each call.
    pub limits: Limits,
}
