//! Which handles are alive: so that checked builds can refuse one that is not.
//!
//! The key is kind, hold and address: one address can be the handle of a task and of the runnable that will settle it. A handle whose
//! address has been given out anew is taken for the new one: addresses are all there is to go by.

use alloc::collections::BTreeSet;

use crate::sync::Lock;

/// Whether handles are looked up. Not in a debug build without `std`, unless asked for: there an interrupt handler may
/// call in while what it has interrupted has the lock.
pub(crate) const CHECKED: bool = cfg!(any(feature = "checked", all(debug_assertions, feature = "std")));

/// What a handle is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    #[cfg(feature = "threads")]
    Clock,
    Context,
    Error,
    MainThread,
    #[cfg(feature = "threads")]
    Pool,
    #[cfg(feature = "threads")]
    PoolThread,
    Promise,
    Reply,
    Runnable,
    Shared,
    System,
    Task,
    Thread,
    Values,
}

/// Whose a handle is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    /// The host's, until it gives it back.
    Owned,
    /// Lent to the host, which does not give it back.
    Lent,
}

static LIVE: Lock<BTreeSet<(Kind, Hold, usize)>> = Lock::new(BTreeSet::new());

/// With the address inverted: as it is, a leak checker would take it for a pointer, and find no handle lost.
fn key<T>(kind: Kind, hold: Hold, handle: *const T) -> (Kind, Hold, usize) {
    (kind, hold, !handle.addr())
}

/// A handle is given out.
pub(crate) fn add<T>(kind: Kind, hold: Hold, handle: *const T) {
    if CHECKED {
        LIVE.with(|live| live.insert(key(kind, hold, handle)));
    }
}

/// A handle is none any more; `false` if it was none.
pub(crate) fn remove<T>(kind: Kind, hold: Hold, handle: *const T) -> bool {
    !CHECKED
        || LIVE.with(|live| {
            let was_there = live.remove(&key(kind, hold, handle));
            if live.is_empty() {
                // The host that counts its memory gets all of it back.
                *live = BTreeSet::new();
            }
            was_there
        })
}

/// Is this a handle?
pub(crate) fn has<T>(kind: Kind, hold: Hold, handle: *const T) -> bool {
    !CHECKED || LIVE.with(|live| live.contains(&key(kind, hold, handle)))
}
