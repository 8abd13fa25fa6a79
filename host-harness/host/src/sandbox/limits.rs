//! What one call may use.

use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;

/// Bounds on each call of a plugin. The operator may set them for a plugin; these are the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one instance, in bytes. 32 MiB unless told.
    pub memory: usize,
    /// Wall-clock time of one call, waiting for HTTP included. 30 s unless told.
    pub deadline: Duration,
    /// Processor time of one call, waiting excluded, in steps of [`TICK`]. 2 s unless told.
    pub processor_time: Duration,
    /// HTTP exchanges of one call, token requests not counted. 64 unless told.
    pub requests: u32,
    /// Size of the component's file, in bytes. 16 MiB unless told.
    pub component: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 32 << 20,
            deadline: Duration::from_secs(30),
            processor_time: Duration::from_secs(2),
            requests: 64,
            component: 16 << 20,
        }
    }
}

/// How often running guests are looked at.
pub const TICK: Duration = Duration::from_millis(10);

/// Elements of all of an instance's tables; a Rust component uses a few hundred.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// Core modules' instances in one component's.
pub(crate) const INSTANCES: u32 = 64;

/// Linear memories of one instance, which share [`Limits::memory`]; a Rust component has one.
pub(crate) const MEMORIES: u32 = 4;

/// Ticks after which a guest counts as one that computes for long, and takes turns with the others that do.
/// A call that does its work between two requests ends long before.
const AT_ONCE: u64 = 10;

/// Counts what an instance takes and refuses what is over the limit.
#[derive(Debug)]
pub(crate) struct Meter {
    memory: usize,
    memory_left: usize,
    /// Set when a growth was refused, so that the trap that follows can be told as what it is.
    pub(crate) refused_memory: bool,
    ticks_left: u64,
    ticks_used: u64,
    /// How long the guest waited for the host since the last tick.
    waited: Duration,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        let ticks = limits.processor_time.as_millis().div_ceil(TICK.as_millis());
        Self {
            memory: limits.memory,
            memory_left: limits.memory,
            refused_memory: false,
            ticks_left: u64::try_from(ticks).unwrap_or(u64::MAX),
            ticks_used: 0,
            waited: Duration::ZERO,
        }
    }

    /// The linear memory that the instance took, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.memory - self.memory_left
    }

    /// The guest waited for the host since `begun`.
    pub(crate) fn waited_since(&mut self, begun: Instant) {
        self.waited += begun.elapsed();
    }

    /// One tick passed while the guest ran, or while it waited for the host. False when its processor time
    /// is used up. A tick is the guest's unless it waited for most of it: who computes and asks the host for
    /// a trifle in between, computes.
    pub(crate) fn tick(&mut self) -> bool {
        if std::mem::take(&mut self.waited) >= TICK / 2 {
            return true;
        }
        self.ticks_used += 1;
        self.ticks_left = self.ticks_left.saturating_sub(1);
        self.ticks_left > 0
    }
}

impl Meter {
    /// Whether it has computed for so long that others go first.
    pub(crate) fn computes_for_long(&self) -> bool {
        self.ticks_used > AT_ONCE
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let left = self.memory_left.checked_sub(desired.saturating_sub(current));
        self.refused_memory |= left.is_none();
        self.memory_left = left.unwrap_or(self.memory_left);
        Ok(left.is_some())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn memories(&self) -> usize {
        MEMORIES as usize
    }

    fn tables(&self) -> usize {
        8
    }

    fn instances(&self) -> usize {
        INSTANCES as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many ticks it takes to use up a processor time of ten.
    fn ticks(between: impl Fn(&mut Meter)) -> Option<usize> {
        let mut meter = Meter::new(&Limits { processor_time: 10 * TICK, ..Limits::default() });
        (1..100).find(|_| {
            between(&mut meter);
            !meter.tick()
        })
    }

    #[test]
    fn who_computes_uses_up_the_time_and_who_waits_does_not() {
        assert_eq!(ticks(|_| ()), Some(10));
        let long_ago = Instant::now().checked_sub(TICK).expect("the machine runs for longer");
        assert_eq!(ticks(|meter| meter.waited_since(long_ago)), None);
    }

    #[test]
    fn asking_the_host_for_trifles_buys_no_time() {
        assert_eq!(ticks(|meter| meter.waited_since(Instant::now())), Some(10));
    }
}
