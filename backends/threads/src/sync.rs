//! The facade: the only place in this crate that names an atomic, an `Arc`, a lock or a thread.

#[cfg(loom)]
pub(crate) use threadbare::sync::{Arc, AtomicPtr, AtomicUsize, Ordering, fence, thread};

#[cfg(shuttle)]
pub(crate) use shuttle::{
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence},
    thread,
};
#[cfg(not(loom))]
pub(crate) use std::sync::Arc;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::{
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence},
    thread,
};

/// Blocks the calling thread until it is unparked, or for so long, or for once without cause.
pub(crate) fn park_for(time: std::time::Duration) {
    #[cfg(not(loom))]
    thread::park_timeout(time);
    #[cfg(loom)]
    {
        _ = time;
        thread::park(); // which may return without cause, and so has a time-out in it
    }
}

#[cfg(loom)]
use threadbare::sync::Mutex as RawMutex;

#[cfg(shuttle)]
use shuttle::sync::Mutex as RawMutex;

#[cfg(not(any(loom, shuttle)))]
use std::sync::Mutex as RawMutex;

/// Declares a thread-local that has no destructor.
#[cfg(not(any(loom, shuttle)))]
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        std::thread_local! { $(#[$meta])* static $name: $type = const { $init }; }
    };
}
#[cfg(loom)]
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
#[cfg(shuttle)]
macro_rules! local {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        shuttle::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
pub(crate) use local;

/// A lock that is never poisoned: nothing that can panic runs under one.
#[derive(Debug)]
pub(crate) struct Mutex<T>(RawMutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(RawMutex::new(value))
    }

    /// Calls `f` under the lock.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        match self.0.lock() {
            Ok(mut guard) => f(&mut guard),
            Err(poisoned) => f(&mut poisoned.into_inner()),
        }
    }
}
