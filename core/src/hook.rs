//! Where errors go that nobody can see any more, and panics that have no task to reject.

use spin::Once;

use crate::error::Error;
use crate::unwind::catch;

/// The core's only global state. A spin lock's `Once`, since the core has no other: it is written once, in a few
/// instructions, and read without waiting.
static HOOK: Once<fn(&Error)> = Once::new();

/// Sets where an error goes that nobody can see: that of a rejected task which was detached or dropped.
///
/// One function for the process, set once, best before the first task is made. It is called on the thread that
/// settles or drops the task, outside every lock; a panic in it is swallowed. Until a hook is set, such errors are
/// printed to standard error with feature `std`, and go nowhere without it.
///
/// # Errors
///
/// Returns `false`, and changes nothing, if a hook was set before.
///
/// ```
/// assert!(threadbare::set_error_hook(|error| eprintln!("nobody saw: {error}")));
/// assert!(!threadbare::set_error_hook(|_| {}), "the first hook stays");
/// ```
#[must_use = "false says that an earlier hook stays in force"]
pub fn set_error_hook(hook: fn(&Error)) -> bool {
    let mut first = false;
    HOOK.call_once(|| {
        first = true;
        hook
    });
    first
}

/// Hands `error`, which nobody can see any more, to the hook, and drops it.
pub(crate) fn report(error: Error) {
    let hook = HOOK.get().copied().unwrap_or(default_hook);
    // A hook that panics has had its say, and so has an error whose destructor does: the report must not take down the
    // thread that happened to settle a task. Their payloads are forgotten, since dropping those may panic again.
    for panic in [catch(|| hook(&error)).err(), catch(|| drop(error)).err()].into_iter().flatten() {
        core::mem::forget(panic);
    }
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
        report(panic);
    }
}

#[cfg(feature = "std")]
fn default_hook(error: &Error) {
    std::eprintln!("threadbare: an error that nobody saw: {error:?}");
}

#[cfg(not(feature = "std"))]
fn default_hook(_: &Error) {}
