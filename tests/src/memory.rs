//! Guests' memories that can be looked at: everything that a plugin ever held, byte for byte.

use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// What guests' memories held when their instances ended.
#[derive(Default)]
pub struct Watched {
    ended: Mutex<Vec<Vec<u8>>>,
}

impl Watched {
    /// How many memories ended so far.
    pub fn count(&self) -> usize {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// In how many of them `needle`, a text or bytes, stands.
    pub fn holding(&self, needle: impl AsRef<[u8]>) -> usize {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.iter().filter(|memory| crate::find(memory, needle.as_ref())).count()
    }
}

/// Hands out memories that report to a [`Watched`] when they end.
pub struct WatchingCreator(pub Arc<Watched>);

/// Room for a guest to grow into, in bytes. Never moved, so that a plain allocation does.
const CAPACITY: usize = 64 << 20;

struct WatchedMemory {
    bytes: Box<[u8]>,
    size: usize,
    watched: Arc<Watched>,
}

impl Drop for WatchedMemory {
    fn drop(&mut self) {
        let held = self.bytes[..self.size].to_vec();
        self.watched.ended.lock().unwrap_or_else(PoisonError::into_inner).push(held);
    }
}

// SAFETY: the base pointer stays where it is for the memory's whole life, `CAPACITY` bytes behind it
// are allocated and zeroed, and the engine is configured to check bounds against `byte_size`.
#[allow(unsafe_code)]
unsafe impl LinearMemory for WatchedMemory {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        CAPACITY
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        if new_size > CAPACITY {
            wasmtime::bail!("a watched memory has {CAPACITY} bytes");
        }
        self.size = new_size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.bytes.as_ptr().cast_mut()
    }
}

// SAFETY: see `WatchedMemory`; guard pages are not asked for with a custom memory (guard size 0).
#[allow(unsafe_code)]
unsafe impl MemoryCreator for WatchingCreator {
    fn new_memory(
        &self,
        _ty: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        _reserved_size_in_bytes: Option<usize>,
        guard_size_in_bytes: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        if guard_size_in_bytes != 0 || minimum > CAPACITY {
            return Err("a watched memory has no guard pages and 64 MiB at most".to_owned());
        }
        Ok(Box::new(WatchedMemory {
            bytes: vec![0; CAPACITY].into_boxed_slice(),
            size: minimum,
            watched: self.0.clone(),
        }))
    }
}
