//! The facade: the only place in this crate that names an atomic, an `Arc` or a lock.

#[cfg(loom)]
pub(crate) use threadbare::sync::{Arc, AtomicUsize, Ordering};

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::Ordering;

#[cfg(all(not(loom), not(feature = "portable-atomic")))]
pub(crate) use {alloc::sync::Arc, core::sync::atomic::AtomicUsize};

#[cfg(all(not(loom), feature = "portable-atomic"))]
pub(crate) use {portable_atomic::AtomicUsize, portable_atomic_util::Arc};

#[cfg(loom)]
use threadbare::sync::Mutex as Raw;

#[cfg(not(loom))]
use spin::mutex::SpinMutex as Raw;

/// A lock for a few instructions, in which no code of the user's runs.
///
/// An interrupt handler that comes in the middle of them must not wait for what it has interrupted: it only tries.
#[derive(Debug)]
pub(crate) struct Lock<T>(Raw<T>);

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Raw::new(value))
    }

    /// Calls `f` with what is locked, unless somebody else has it.
    pub(crate) fn try_with<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        #[cfg(loom)]
        return self.0.try_lock().ok().map(|mut guard| f(&mut guard));
        #[cfg(not(loom))]
        self.0.try_lock().map(|mut guard| f(&mut guard))
    }

    /// Calls `f` with what is locked; spins while somebody else has it. Not for what an interrupt handler may call.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(loom)]
        let mut guard = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        #[cfg(not(loom))]
        let mut guard = self.0.lock();
        f(&mut guard)
    }
}
