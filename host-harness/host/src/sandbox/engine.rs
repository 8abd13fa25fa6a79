//! The one engine of a host, its pool of instances and its ticker.

use std::sync::Arc;
use std::thread;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, MemoryCreator, PoolingAllocationConfig};

use super::limits::{INSTANCES, MEMORIES, TABLE_ELEMENTS, TICK};

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

/// The most linear memory that any plugin can be granted, in bytes: the size of a pool slot.
pub(crate) const LARGEST_MEMORY: usize = 256 << 20;

/// A guest's stack, the host's frames above it included. Rust guests bring 64 KiB of their own in
/// linear memory; this one is for compiled code.
const ASYNC_STACK: usize = 512 << 10;
const WASM_STACK: usize = 256 << 10;

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
        .total_core_instances(calls * 4)
        // A toolchain of another language stubs what its runtime does not need with modules that have
        // a memory of their own.
        .max_memories_per_component(MEMORIES)
        .total_memories(calls)
        .max_tables_per_component(8)
        .total_tables(calls * 2)
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
