//! A provider's tenant, as all its integrations share it.

use std::sync::Arc;
use std::time::Duration;

use super::CallPolicy;
use super::circuit::{Circuit, CircuitState};
use super::conduct::Conduct;
use super::share::Places;
use crate::sandbox::{Queue, queue};
use crate::store::Integration;

/// Whose circuit and share it is: a tenant's, or, while its tenant is not known, an integration's.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) provider: Arc<str>,
    pub(super) whose: Whose,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Whose {
    Tenant(Arc<str>),
    Integration(Integration),
}

#[derive(Debug)]
pub(crate) struct Tenant {
    pub(super) circuit: Circuit,
    pub(super) places: Places,
    pub(super) conduct: Conduct,
    /// Where its calls that compute for long wait for each other.
    pub(crate) queue: Queue,
}

impl Tenant {
    pub(super) fn new(policy: &CallPolicy) -> Self {
        Self {
            circuit: Circuit::new(policy.circuit.clone()),
            places: Places::new(&policy.share),
            conduct: Conduct::new(policy.holds_back),
            queue: queue(),
        }
    }

    /// The plugin misbehaved in a call for the tenant, at this time that has elapsed by the clock.
    pub(crate) fn misbehaved(&self, plugin: &str, function: &'static str, elapsed: Duration) {
        if self.conduct.misbehaved(elapsed) {
            tracing::warn!(plugin, function, "a plugin misbehaves for a tenant, and its calls are held back");
        }
    }

    /// Whether calls take turns from their begin.
    pub(crate) fn is_held_back(&self, elapsed: Duration) -> bool {
        self.conduct.held_back_for(elapsed).is_some()
    }

    /// For how long the provider is left alone, by the clock's time that has elapsed: a call that is
    /// between two of its requests does not send the next one.
    pub(crate) fn left_alone_for(&self, elapsed: Duration) -> Option<Duration> {
        self.circuit.open_for(elapsed)
    }
}

/// A circuit that is not closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitStatus {
    /// The provider's id.
    pub provider: String,
    /// The provider's id of the tenant; none while that of the integration is not known.
    pub tenant: Option<String>,
    /// The integrations that are concerned, as far as they were at work since the host started.
    pub integrations: Vec<Integration>,
    /// How it is.
    pub state: CircuitState,
}

/// Calls of a plugin that are held back for a tenant because it misbehaved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// The provider's id.
    pub provider: String,
    /// The provider's id of the tenant; none while that of the integration is not known.
    pub tenant: Option<String>,
    /// The integrations that are concerned, as far as they were at work since the host started.
    pub integrations: Vec<Integration>,
    /// Until when, unless it misbehaves again: milliseconds since 1970 by the host's clock.
    pub until_ms: i64,
}
