//! Room for answers: what those of one plugin may take of the host's memory together, which no limit of an instance
//! counts.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An answer up to this size needs no room, in bytes: most are far smaller, and each call has one at a time.
const FREE: usize = 256 << 10;

/// What room is counted in, in bytes.
const UNIT: usize = 1 << 10;

/// Room that several requests share: put it into a request's extensions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AnswerRoom(Arc<Semaphore>);

/// What one answer takes, until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Taken {
    permit: Option<OwnedSemaphorePermit>,
    units: usize,
}

impl AnswerRoom {
    /// For so many bytes, of answers above 256 KiB.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT)))
    }

    /// Has `taken` hold room for so many bytes. False if there is not as much: others hold it.
    pub(super) fn take(&self, taken: &mut Taken, bytes: usize) -> bool {
        let units = if bytes > FREE { bytes.div_ceil(UNIT) } else { 0 };
        let Some(more) = units.checked_sub(taken.units).filter(|more| *more > 0) else { return true };
        let more = u32::try_from(more).ok().and_then(|more| self.0.clone().try_acquire_many_owned(more).ok());
        let Some(more) = more else { return false };
        match &mut taken.permit {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        taken.units = units;
        true
    }
}
