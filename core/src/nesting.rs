//! How deep this thread is nested in continuations, and what was put off for that.
//!
//! A thread-local of plain cells, without a destructor, with feature `std`; nothing without.

#[cfg(feature = "std")]
use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::NonNull;

#[cfg(feature = "std")]
use crate::node::List;
use crate::node::Node;

/// How many continuations may start inside each other on one thread before the next one is put off until the outermost
/// has returned. A chain never nests; this bounds what user code nests, by settling or attaching inside a closure. Small
/// enough for a stack of 64 KiB, large enough that nobody meets it by accident.
#[cfg(feature = "std")]
const DEEPEST: usize = 16;

/// A level of nesting: continuations start at one, and the outermost runs what the deeper ones put off.
pub(crate) struct Level {
    #[cfg(feature = "std")]
    depth: usize,
    /// It counts for the thread that it was made on.
    _not_send: PhantomData<*mut ()>,
}

/// What waits for the outermost level.
pub(crate) enum PutOff {
    /// A runnable to drop unrun.
    Discard(NonNull<Node>),
    /// A cell that has its outcome, to be announced.
    Announce(NonNull<Node>),
    /// A runnable to run.
    Run(NonNull<Node>),
    /// The cell of a continuation whose source is settled, to decide about anew.
    Fire(NonNull<Node>),
}

#[cfg(feature = "std")]
struct Local {
    depth: Cell<usize>,
    to_run: Cell<List>,
    to_discard: Cell<List>,
    to_announce: Cell<List>,
    to_fire: Cell<List>,
}

#[cfg(feature = "std")]
crate::sync::local! {
    static LOCAL: Local = Local {
        depth: Cell::new(0),
        to_run: Cell::new(List::new()),
        to_discard: Cell::new(List::new()),
        to_announce: Cell::new(List::new()),
        to_fire: Cell::new(List::new()),
    };
}

#[cfg(feature = "std")]
impl Level {
    pub(crate) fn enter() -> Self {
        let depth = LOCAL.try_with(|local| {
            local.depth.set(local.depth.get() + 1);
            local.depth.get()
        });
        Self { depth: depth.unwrap_or(1), _not_send: PhantomData }
    }

    /// Is it so deep that what comes next has to wait for the outermost level?
    pub(crate) fn is_too_deep(&self) -> bool {
        self.depth > DEEPEST
    }

    /// Would a level that is entered now be too deep?
    pub(crate) fn next_is_too_deep() -> bool {
        LOCAL.try_with(|local| local.depth.get() >= DEEPEST).unwrap_or(false)
    }

    /// Leaves it to the outermost level to run this. Only at a level that is, or would be, too deep: else there may be
    /// no outermost level.
    ///
    /// # Safety
    ///
    /// The caller has charge of what is put off, and leaves it.
    pub(crate) unsafe fn put_off(work: &PutOff) {
        LOCAL.with(|local| {
            let (list, node) = match work {
                PutOff::Run(node) => (&local.to_run, *node),
                PutOff::Discard(node) => (&local.to_discard, *node),
                PutOff::Announce(node) => (&local.to_announce, *node),
                PutOff::Fire(node) => (&local.to_fire, *node),
            };
            let mut all = list.get();
            // SAFETY: the caller leaves the node to us.
            unsafe { all.push_back(node) };
            list.set(all);
        });
    }

    /// The next thing that was put off, if this is the outermost level.
    pub(crate) fn resume(&self) -> Option<PutOff> {
        if self.depth == 1 { take_put_off() } else { None }
    }
}

/// The next thing that was put off on this thread: for the outermost level, and for waits, which may wait for it.
#[cfg(feature = "std")]
pub(crate) fn take_put_off() -> Option<PutOff> {
    fn pop(list: &Cell<List>) -> Option<NonNull<Node>> {
        let mut all = list.get();
        // SAFETY: `put_off` left the nodes to the list; the caller has charge of this one.
        let node = unsafe { all.pop_front() };
        list.set(all);
        node
    }
    LOCAL
        .try_with(|local| {
            pop(&local.to_fire)
                .map(PutOff::Fire)
                .or_else(|| pop(&local.to_run).map(PutOff::Run))
                .or_else(|| pop(&local.to_announce).map(PutOff::Announce))
                .or_else(|| pop(&local.to_discard).map(PutOff::Discard))
        })
        .ok()
        .flatten()
}

#[cfg(feature = "std")]
impl Drop for Level {
    fn drop(&mut self) {
        _ = LOCAL.try_with(|local| local.depth.set(local.depth.get() - 1));
    }
}

// Without thread-locals nobody can tell how deep a thread is: nothing is put off, and user code that settles or attaches
// inside a closure nests as deep as it calls itself.
#[cfg(not(feature = "std"))]
impl Level {
    pub(crate) fn enter() -> Self {
        Self { _not_send: PhantomData }
    }

    pub(crate) fn is_too_deep(&self) -> bool {
        false
    }

    pub(crate) fn next_is_too_deep() -> bool {
        false
    }

    /// # Safety
    ///
    /// Never called: no level is too deep.
    pub(crate) unsafe fn put_off(_: &PutOff) {
        unreachable!("no level is too deep without thread-locals");
    }

    pub(crate) fn resume(&self) -> Option<PutOff> {
        None
    }
}
