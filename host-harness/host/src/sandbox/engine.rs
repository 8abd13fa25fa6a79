//! The one engine of a host, its pool of instances and its ticker.

use std::sync::Arc;
use std::thread;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, MemoryCreator, PoolingAllocationConfig};

use super::limits::{INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES, TICK};

/// Where guests' linear memories come from.
#[derive(Clone, Default)]
pub enum Memory {
    /// Slots of a pool that are made once and used again: what production uses.
    #[default]
    Pooled,
    /// Memories of the embedder's own making, one for each instance. Tests use it to look at
    /// everything that a guest ever held.
    Custom(Arc<dyn MemoryCreator>),
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pooled => "Pooled",
            Self::Custom(_) => "Custom",
        })
    }
}

/// Guests that can run at the same time; the next ones wait for a place.
pub(crate) const CONCURRENT_CALLS: usize = 1_000;

/// Calls of one plugin that can run at the same time: no plugin takes all places by holding on to its calls.
pub(crate) const PLUGIN_CALLS: usize = CONCURRENT_CALLS / 2;

/// Places that a plugin has for itself, of these: who holds on to all others does not hold it up.
pub(crate) const KEPT_CALLS: usize = 16;

/// How many plugins have them; those that are loaded beside so many share the others.
pub(crate) const KEEPERS: usize = 8;

/// Those that all share. The pool is not larger for the kept ones: each place is 4 GiB of addresses, and a process
/// has room for some thirty thousand.
pub(crate) const SHARED_CALLS: usize = CONCURRENT_CALLS - KEEPERS * KEPT_CALLS;

/// The most linear memory that any plugin can be granted, in bytes: the size of a pool slot.
pub(crate) const LARGEST_MEMORY: usize = 256 << 20;

/// A guest's stack, the host's frames above it included. Rust guests bring 64 KiB of their own in
/// linear memory; this one is for compiled code.
const ASYNC_STACK: usize = 512 << 10;
const WASM_STACK: usize = 256 << 10;

/// What calls hold of the engine's pool in one moment. Without calls it is nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pool {
    /// Core instances: a call has one for each core module of its component.
    pub instances: u64,
    /// Linear memories.
    pub memories: usize,
    /// Stacks of calls.
    pub stacks: usize,
}

impl Pool {
    /// None if memories come from elsewhere.
    pub(crate) fn of(engine: &Engine) -> Option<Self> {
        let held = engine.pooling_allocator_metrics()?;
        Some(Self { instances: held.core_instances(), memories: held.memories(), stacks: held.stacks() })
    }
}

/// Makes the engine and starts its ticker.
pub(crate) fn engine(memory: &Memory) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(false)
        .async_stack_size(ASYNC_STACK)
        .max_wasm_stack(WASM_STACK)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(64));
    match memory {
        Memory::Pooled => {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
        }
        Memory::Custom(creator) => {
            // Without a reservation and guards every access is checked, so that any allocation will do.
            config
                .with_host_memory(creator.clone())
                .memory_reservation(0)
                .memory_guard_size(0)
                .memory_reservation_for_growth(0)
                .memory_init_cow(false);
        }
    }
    let engine = Engine::new(&config)?;
    start_ticker(&engine)?;
    Ok(engine)
}

fn pool() -> PoolingAllocationConfig {
    let calls = u32::try_from(CONCURRENT_CALLS).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        // A Rust component is its module and two small ones that wit-component adds; Python's is linked
        // of 38 when it starts.
        .max_core_instances_per_component(INSTANCES)
        // Of these and of tables as many as all calls may need, so that what one plugin holds is not missing to
        // another one: instances are counted, and a table is addresses until it is used.
        .total_core_instances(calls * INSTANCES)
        // A toolchain of another language stubs what its runtime does not need with modules that have
        // a memory of their own.
        .max_memories_per_component(MEMORIES)
        // A place in it is 4 GiB of addresses, so that a call of a component with several takes as many of the
        // places for calls.
        .total_memories(calls)
        .max_tables_per_component(TABLES)
        .total_tables(calls * TABLES)
        .total_stacks(calls)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(LARGEST_MEMORY)
        // Pages that a call touched stay mapped, so that the next call in the slot faults on none of
        // them: with the defaults faults cost more than the call. PAGEMAP_SCAN (Linux 6.7) finds the
        // touched pages instead of clearing all up to the bound.
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// One thread an engine. It holds the engine weakly and ends with it.
fn start_ticker(engine: &Engine) -> wasmtime::Result<()> {
    let weak = engine.weak();
    thread::Builder::new().name("plugin-ticker".to_owned()).spawn(move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use wasmtime::Store;
    use wasmtime::component::{Component, Linker};

    use super::*;

    /// As many core instances and tables as one may have.
    fn greedy() -> String {
        let mut text = "(component (core module $t (table 1 funcref)) (core module $m)".to_owned();
        for number in 0..INSTANCES {
            let module = if number < TABLES { "$t" } else { "$m" };
            write!(text, "(core instance (instantiate {module}))").expect("memory");
        }
        text + ")"
    }

    #[test]
    fn what_the_calls_of_one_plugin_hold_is_not_missing_to_those_of_another_one() -> wasmtime::Result<()> {
        let engine = engine(&Memory::Pooled)?;
        let component = |text: &str| {
            let bytes = wat::parse_str(text).map_err(wasmtime::Error::msg)?;
            Component::from_binary(&engine, &bytes)
        };
        let instance = |component: &Component| {
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(u64::MAX / 2);
            Linker::new(&engine).instantiate(&mut store, component).map(|_| store)
        };
        let greedy = component(&greedy())?;
        let held = (0..PLUGIN_CALLS).map(|_| instance(&greedy)).collect::<wasmtime::Result<Vec<_>>>()?;
        let good = component(
            "(component (core module $m (memory 1) (table 1 funcref)) (core instance (instantiate $m)))",
        )?;
        let all = CONCURRENT_CALLS;
        let others = (PLUGIN_CALLS..all).map(|_| instance(&good)).collect::<wasmtime::Result<Vec<_>>>()?;
        assert_eq!(held.len() + others.len(), all);
        assert!(instance(&good).is_err(), "there is no place besides those for calls");
        Ok(())
    }
}
