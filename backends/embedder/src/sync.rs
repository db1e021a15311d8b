//! The facade: the only place in this crate that names an atomic, an `Arc` or a lock.

pub(crate) use core::sync::atomic::Ordering;

#[cfg(not(feature = "portable-atomic"))]
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicUsize};
#[cfg(feature = "portable-atomic")]
pub(crate) use portable_atomic::{AtomicPtr, AtomicUsize};

#[cfg(all(not(feature = "std"), not(feature = "portable-atomic")))]
pub(crate) use alloc::sync::{Arc, Weak};
#[cfg(all(not(feature = "std"), feature = "portable-atomic"))]
pub(crate) use portable_atomic_util::{Arc, Weak};

/// A lock for a few instructions, in which no code of the host's runs but, where memory comes from it, `tb_host_alloc` and
/// `tb_host_free`.
pub(crate) struct Lock<T>(
    #[cfg(feature = "std")] std::sync::Mutex<T>,
    #[cfg(not(feature = "std"))] spin::mutex::SpinMutex<T>,
);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        #[cfg(feature = "std")]
        return Self(std::sync::Mutex::new(value));
        #[cfg(not(feature = "std"))]
        Self(spin::mutex::SpinMutex::new(value))
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(feature = "std")]
        return f(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        #[cfg(not(feature = "std"))]
        f(&mut self.0.lock())
    }
}
