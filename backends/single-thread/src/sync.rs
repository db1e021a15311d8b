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
use modelled::Raw;

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
        self.0.try_lock().map(|mut guard| f(&mut guard))
    }

    /// Calls `f` with what is locked; spins while somebody else has it. Not for what an interrupt handler may call.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock())
    }
}

/// A spin lock that loom sees through. Its own mutex will not do: there a thread that tries, while another has the lock,
/// is made to wait, and the models would never see a try fail.
#[cfg(loom)]
mod modelled {
    use core::ops::{Deref, DerefMut};

    use loom::cell::{MutPtr, UnsafeCell};
    use threadbare::sync::{AtomicUsize, Ordering, thread};

    #[derive(Debug)]
    pub(super) struct Raw<T> {
        taken: AtomicUsize,
        value: UnsafeCell<T>,
    }

    // SAFETY: the value goes to who has the lock, one at a time.
    unsafe impl<T: Send> Sync for Raw<T> {}

    pub(super) struct Guard<'a, T> {
        taken: &'a AtomicUsize,
        /// There until it is dropped.
        place: Option<MutPtr<T>>,
    }

    impl<T> Raw<T> {
        pub(super) fn new(value: T) -> Self {
            Self { taken: AtomicUsize::new(0), value: UnsafeCell::new(value) }
        }

        pub(super) fn try_lock(&self) -> Option<Guard<'_, T>> {
            // ORDERING: Acquire pairs with the Release of the guard before.
            let free = self.taken.swap(1, Ordering::Acquire) == 0;
            free.then(|| Guard { taken: &self.taken, place: Some(self.value.get_mut()) })
        }

        pub(super) fn lock(&self) -> Guard<'_, T> {
            loop {
                match self.try_lock() {
                    Some(guard) => return guard,
                    None => thread::yield_now(),
                }
            }
        }
    }

    impl<T> Guard<'_, T> {
        fn place(&self) -> &MutPtr<T> {
            self.place.as_ref().unwrap_or_else(|| unreachable!("it is there until the guard is dropped"))
        }
    }

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            // SAFETY: we have the lock.
            unsafe { self.place().deref() }
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            // SAFETY: we have the lock.
            unsafe { self.place().deref() }
        }
    }

    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            self.place = None;
            // ORDERING: Release pairs with the Acquire of the next one. A swap, since loom does not order a store after the
            // read-modify-writes before it.
            self.taken.swap(0, Ordering::Release);
        }
    }
}
