//! loom's atomics, with what loom 0.7 overlooks put back.
//!
//! loom's partial-order reduction remembers one last access per atomic, so a thread's own load can hide another
//! thread's earlier load, and executions go unexplored (tokio-rs/loom#166, #392). A relaxed read-modify-write on a
//! private shadow atomic before each load is an access that the reduction cannot forget: it makes loom consider the
//! missing order, and it synchronises nothing. [`shadow_every_operation`] does the same before stores and
//! read-modify-writes, at 14 to 93 times the executions: for the smallest models.

use std::cell::Cell;
use std::sync::atomic::Ordering;

std::thread_local! {
    // A model's threads all run on one thread of the operating system, so these belong to the model that runs there.
    static EVERY_OPERATION: Cell<bool> = const { Cell::new(false) };
    static RMWS: Cell<usize> = const { Cell::new(0) };
}

/// From here on, the models that run on this thread shadow every atomic operation instead of the loads alone.
pub fn shadow_every_operation(on: bool) {
    EVERY_OPERATION.set(on);
}

/// How many read-modify-writes of the facade's atomics the models on this thread have done, shadows not counted.
pub fn rmw_count() -> usize {
    RMWS.get()
}

fn count_rmw() {
    RMWS.set(RMWS.get() + 1);
}

macro_rules! shadowed {
    ($(#[$doc:meta])* $name:ident $(<$generic:ident>)?, $value:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name $(<$generic>)? {
            real: loom::sync::atomic::$name $(<$generic>)?,
            shadow: loom::sync::atomic::AtomicUsize,
            alive: loom::cell::UnsafeCell<()>,
        }

        // SAFETY: loom watches each access to the cell, and fails the model before one that is not ordered.
        unsafe impl $(<$generic>)? Sync for $name $(<$generic>)? {}

        impl $(<$generic>)? Drop for $name $(<$generic>)? {
            /// Freeing counts as a write, so each use of the atomic must come before it in order.
            fn drop(&mut self) {
                // A model that has failed is torn down outside of loom.
                if !std::thread::panicking() {
                    self.alive.with_mut(|_| {});
                }
            }
        }

        impl $(<$generic>)? $name $(<$generic>)? {
            /// An atomic that holds `value`.
            pub fn new(value: $value) -> Self {
                Self {
                    real: loom::sync::atomic::$name::new(value),
                    shadow: loom::sync::atomic::AtomicUsize::new(0),
                    alive: loom::cell::UnsafeCell::new(()),
                }
            }

            fn cast_shadow(&self) {
                // ORDERING: Relaxed: it is there to be seen by loom, and must order nothing.
                self.shadow.fetch_add(1, Ordering::Relaxed);
            }

            fn before_write(&self) {
                self.alive.with(|_| {});
                if EVERY_OPERATION.get() {
                    self.cast_shadow();
                }
            }

            /// Loads the value.
            pub fn load(&self, order: Ordering) -> $value {
                self.alive.with(|_| {});
                self.cast_shadow();
                self.real.load(order)
            }

            /// Stores `value`.
            pub fn store(&self, value: $value, order: Ordering) {
                self.before_write();
                self.real.store(value, order);
            }

            /// Stores `value`, returns what was there.
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.before_write();
                count_rmw();
                self.real.swap(value, order)
            }

            /// Stores `new` if `current` is there.
            ///
            /// # Errors
            ///
            /// What was there instead.
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.before_write();
                count_rmw();
                self.real.compare_exchange(current, new, success, failure)
            }

            /// Stores `new` if `current` is there; loom's never fails without cause.
            ///
            /// # Errors
            ///
            /// What was there instead.
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }
        }
    };
}

shadowed!(
    /// loom's `AtomicPtr`, shadowed.
    AtomicPtr<T>, *mut T
);
shadowed!(
    /// loom's `AtomicUsize`, shadowed.
    AtomicUsize, usize
);

macro_rules! fetch {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        impl AtomicUsize {
            $($(#[$doc])*
            pub fn $name(&self, value: usize, order: Ordering) -> usize {
                self.before_write();
                count_rmw();
                self.real.$name(value, order)
            })+
        }
    };
}

fetch! {
    /// Adds `value`, returns what was there.
    fetch_add;
    /// Subtracts `value`, returns what was there.
    fetch_sub;
    /// Sets the bits of `value`, returns what was there.
    fetch_or;
    /// Keeps only the bits of `value`, returns what was there.
    fetch_and;
}
