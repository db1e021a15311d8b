//! Panics of user code, where they can be caught.

use crate::error::{Error, Result};

/// Runs `f`; a panic becomes an error. Without feature `std` there is nothing that catches, and the panic goes on.
///
/// Nothing is caught under loom either: there a panic is the model's verdict, and must reach it.
#[cfg(all(feature = "std", not(loom)))]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R> {
    // Whatever `f` was in the middle of changing is dropped or was moved into it: nobody sees it half done.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).map_err(Error::from_panic)
}

#[cfg(not(all(feature = "std", not(loom))))]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R> {
    Ok(f())
}

/// Drops a value of the user's where there is no task left to reject: a panic goes to the error hook.
pub(crate) fn drop_quietly<T>(value: T) {
    if core::mem::needs_drop::<T>() {
        quietly(|| drop(value));
    }
}

/// Runs code of the user's where there is no task to reject: a panic goes to the error hook.
pub(crate) fn quietly(f: impl FnOnce()) {
    if let Err(panic) = catch(f) {
        crate::hook::report(&panic);
    }
}

/// Rejects, in its drop, what a panic would otherwise leave unsettled: for builds that do not catch but may unwind.
pub(crate) struct OnUnwind<F: FnMut(Error)>(pub(crate) F);

impl<F: FnMut(Error)> Drop for OnUnwind<F> {
    fn drop(&mut self) {
        (self.0)(Error::of_kind(
            crate::ErrorKind::Panicked,
            "panicked, with no unwinding support to carry the message",
        ));
    }
}
