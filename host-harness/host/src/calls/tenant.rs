//! A provider's tenant, as all its integrations share it.

use std::sync::Arc;
use std::time::Duration;

use super::CallPolicy;
use super::circuit::{Circuit, CircuitState};
use super::share::Places;
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
}

impl Tenant {
    pub(super) fn new(policy: &CallPolicy) -> Self {
        Self { circuit: Circuit::new(policy.circuit.clone()), places: Places::new(&policy.share) }
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
