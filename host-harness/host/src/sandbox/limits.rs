//! What one call may use.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// Bounds on each call of a plugin. The operator may set them for a plugin; these are the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one instance, in bytes. 32 MiB unless told.
    pub memory: usize,
    /// Wall-clock time of one call, waiting for HTTP included. 30 s unless told.
    pub deadline: Duration,
    /// Processor time of one call, with what the host does for it on the same thread; looked at every
    /// [`TICK`]. 2 s unless told.
    pub processor_time: Duration,
    /// Processor time after which a call takes turns with all others that compute for long. 100 ms unless
    /// told: a call that does its work between two requests uses a few.
    pub at_once: Duration,
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
            at_once: Duration::from_millis(100),
            requests: 64,
            component: 16 << 20,
        }
    }
}

/// How often running guests are looked at.
pub const TICK: Duration = Duration::from_millis(10);

/// Elements of each table; a Rust component has one, with a few hundred.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// Core modules' instances in one component's.
pub(crate) const INSTANCES: u32 = 64;

/// Tables of one instance.
pub(crate) const TABLES: u32 = 8;

/// Linear memories of one instance, which share [`Limits::memory`]; a Rust component has one.
pub(crate) const MEMORIES: u32 = 4;

/// Counts the memory that an instance takes and refuses what is over the limit.
#[derive(Debug)]
pub(crate) struct Meter {
    memory: usize,
    memory_left: usize,
    /// Set when a growth was refused, so that the trap that follows can be told as what it is.
    pub(crate) refused_memory: bool,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { memory: limits.memory, memory_left: limits.memory, refused_memory: false }
    }

    /// The linear memory that the instance took, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.memory - self.memory_left
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
        TABLES as usize
    }

    fn instances(&self) -> usize {
        INSTANCES as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_of_an_instance_share_one_limit_and_each_table_has_its_own() -> wasmtime::Result<()> {
        let mut meter = Meter::new(&Limits { memory: 100, ..Limits::default() });
        assert!(meter.memory_growing(0, 60, None)? && meter.memory_growing(0, 30, None)?, "two memories");
        assert!(!meter.refused_memory);
        assert!(!meter.memory_growing(30, 41, None)? && meter.refused_memory, "11 more, where 10 are left");
        assert!(meter.memory_growing(60, 70, None)?, "what was refused was not taken");
        assert_eq!(meter.memory(), 100);
        assert!(
            meter.table_growing(0, TABLE_ELEMENTS, None)? && meter.table_growing(0, TABLE_ELEMENTS, None)?
        );
        assert!(!meter.table_growing(0, TABLE_ELEMENTS + 1, None)?);
        Ok(())
    }
}
