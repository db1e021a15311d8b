//! The facade: the only place that names an atomic, an `UnsafeCell`, an `Arc` or a thread.
//!
//! Four implementations stand behind it, chosen by the build: `core` and `alloc`; the crate `portable-atomic`, for
//! targets without compare-and-swap; loom, for the models; and shuttle, for random schedules of what is too large for a
//! model. Code that goes through here is checked as it is.

#[cfg(loom)]
mod shadowed;
#[cfg(loom)]
pub mod thread;

#[cfg(loom)]
mod imp {
    pub use core::sync::atomic::Ordering;

    pub use super::shadowed::{AtomicPtr, AtomicUsize, rmw_count, shadow_every_operation};
    pub use loom::cell::UnsafeCell;
    pub use loom::sync::atomic::fence;
    pub use loom::sync::{Arc, Mutex};
}

#[cfg(not(loom))]
mod imp {
    pub(crate) use core::sync::atomic::Ordering;

    #[cfg(all(feature = "portable-atomic", not(shuttle)))]
    pub(crate) use portable_atomic::{AtomicPtr, AtomicUsize};
    #[cfg(feature = "portable-atomic")]
    pub(crate) use portable_atomic_util::Arc;

    #[cfg(not(feature = "portable-atomic"))]
    pub(crate) use alloc::sync::Arc;
    #[cfg(not(any(feature = "portable-atomic", shuttle)))]
    pub(crate) use core::sync::atomic::{AtomicPtr, AtomicUsize};

    #[cfg(shuttle)]
    pub(crate) use shuttle::sync::atomic::{AtomicPtr, AtomicUsize};

    #[cfg(shuttle)]
    pub(crate) use shuttle::thread;
    #[cfg(all(feature = "std", not(shuttle)))]
    pub(crate) use std::thread;

    /// `core`'s cell with loom's way of opening it, so that callers need no `cfg`.
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// Opens the cell to read.
        #[inline(always)]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Opens the cell to write, or to move its value out: loom takes a move under `with` for a read.
        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

#[cfg(loom)]
pub use imp::*;
#[cfg(not(loom))]
pub(crate) use imp::*;

/// The `Arc` that wakers are made of; there is none under loom.
#[cfg(feature = "std")]
pub(crate) use std::sync::Arc as WakerArc;

/// Declares a thread-local that has no destructor: plain cells, built without running code.
#[cfg(all(feature = "std", not(any(loom, shuttle))))]
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        std::thread_local! { $(#[$meta])* static $name: $type = const { $init }; }
    };
}
#[cfg(all(feature = "std", loom))]
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
#[cfg(all(feature = "std", shuttle))]
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        shuttle::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
#[cfg(feature = "std")]
pub(crate) use local;
