//! A place where requests wait until a test lets them go.

use std::sync::Arc;

use tokio::sync::watch;

#[derive(Debug)]
pub(crate) struct Gate {
    parked: watch::Sender<u32>,
    open: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self { parked: watch::Sender::new(0), open: watch::Sender::new(false) }
    }

    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits, as a parked request, until the gate is open.
    pub(crate) async fn pass(&self) {
        self.parked.send_modify(|count| *count += 1);
        let mut open = self.open.subscribe();
        // The sender is `self`, so waiting ends only when the gate opens.
        let _ = open.wait_for(|open| *open).await;
    }
}

/// A request that is, or will be, parked. Dropping it releases the request, so that a failing
/// test does not leave a server waiting.
#[derive(Debug)]
pub struct Held(Arc<Gate>);

impl Held {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self(gate)
    }

    /// Resolves when a request is parked, at once if one already was.
    pub async fn reached(&self) {
        let mut parked = self.0.parked.subscribe();
        let _ = parked.wait_for(|count| *count > 0).await;
    }

    /// Whether a request has been parked.
    pub fn is_reached(&self) -> bool {
        *self.0.parked.borrow() > 0
    }

    /// Lets the parked request go on. One that has not come yet will not be parked.
    pub fn release(&self) {
        self.0.open();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.open();
    }
}
