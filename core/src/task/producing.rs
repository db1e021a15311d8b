//! Which outcomes are being made on this thread, so that a wait for one of them can be told.

#[cfg(feature = "std")]
use core::cell::Cell;
use core::ptr::NonNull;

use super::cell::Header;

#[cfg(feature = "std")]
crate::sync::local! {
    static PRODUCING: Cell<*const Producing> = Cell::new(core::ptr::null());
}

/// Calls `f`, which makes the outcome of this cell, and lets waits inside of it know that it does.
#[cfg(feature = "std")]
pub(crate) fn producing<R>(cell: NonNull<Header>, f: impl FnOnce() -> R) -> R {
    let outer = PRODUCING.try_with(Cell::get).unwrap_or(core::ptr::null());
    let here = Producing { cell, outer };
    // Nothing unwinds out of `f` that has not been caught, but under loom; there it ends the model.
    _ = PRODUCING.try_with(|producing| producing.set(&raw const here));
    let result = f();
    _ = PRODUCING.try_with(|producing| producing.set(outer));
    result
}

#[cfg(not(feature = "std"))]
pub(crate) fn producing<R>(_: NonNull<Header>, f: impl FnOnce() -> R) -> R {
    f()
}

/// A cell whose outcome is being made, further down on this thread's stack.
#[cfg(feature = "std")]
struct Producing {
    cell: NonNull<Header>,
    outer: *const Producing,
}

/// Calls `visit` with each cell whose outcome is being made further down on this thread's stack, until it says `true`.
#[cfg(feature = "std")]
pub(crate) fn any_produced(mut visit: impl FnMut(NonNull<Header>) -> bool) -> bool {
    let mut next = PRODUCING.try_with(Cell::get).unwrap_or(core::ptr::null());
    // SAFETY: each stands on this thread's stack, below the caller, until its `producing` returns.
    while let Some(producing) = unsafe { next.as_ref() } {
        if visit(producing.cell) {
            return true;
        }
        next = producing.outer;
    }
    false
}
