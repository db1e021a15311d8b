//! Where runnables wait: a lock-free inbox that any thread fills, and out of which they come in order.
//!
//! The inbox is a stack that is only ever taken whole, so it has no ABA problem, never frees, and its push waits for
//! nobody: one compare-and-swap that is retried only if another push or a take succeeded meanwhile (lock-free). It may
//! be called from an interrupt handler. A take is one compare-and-swap as well, then a reversal of what it got.
//!
//! ```text
//!            push(first)                 close
//!   EMPTY ───────────────► node ──────────────────► CLOSED ──reopen──► EMPTY
//!   EMPTY ◄─────────────── node ◄─┐ push
//!     │  ▲      take         └────┘
//!     │  └─────────────┐
//!     │ fall_asleep    │ awake
//!     └────────────► ASLEEP ── push: wake the sleeper ──► node
//! ```

use core::fmt;
use core::ptr::{null_mut, without_provenance_mut};

use crate::batch::Batch;
use crate::node::Node;
use crate::runnable::Runnable;
use crate::sync::{AtomicPtr, Ordering};

/// Nothing waits.
const EMPTY: *mut Node = null_mut();
/// Nothing is let in.
const CLOSED: *mut Node = without_provenance_mut(1);
/// Nothing waits, and the one consumer sleeps: who pushes must wake it.
const ASLEEP: *mut Node = without_provenance_mut(2);

#[inline]
fn is_node(head: *mut Node) -> bool {
    head != EMPTY && head != CLOSED && head != ASLEEP
}

/// # Safety
///
/// `head` is a sentinel, or the caller owns the stack of nodes that hangs from it.
unsafe fn from_head(head: *mut Node) -> Batch {
    // SAFETY: as the caller says.
    if is_node(head) { unsafe { Batch::from_stack(head) } } else { Batch::new() }
}

/// A lock-free inbox of runnables: any thread pushes, any thread takes all that is there, first come first.
///
/// Pushing allocates nothing and waits for nobody, so it can stand behind an interrupt handler. It is what the main
/// queue and the thread pool are made of; a context of your own may be too.
///
/// What waits in it refers to its context, and so keeps the inbox: [`close`](Inbox::close) it when its thread ends, or both
/// stay, with tasks that never settle.
///
/// ```
/// use std::sync::Arc;
/// use threadbare::{Inbox, Runnable, Schedule, run};
///
/// #[derive(Clone)]
/// struct RenderThread(Arc<Inbox>);
///
/// impl Schedule for RenderThread {
///     fn schedule(&self, runnable: Runnable) {
///         self.0.push(runnable).ok(); // refused when closed: then it rejects its task
///     }
///     fn key(&self) -> usize {
///         Arc::as_ptr(&self.0).addr()
///     }
/// }
///
/// let render = RenderThread(Arc::default());
/// let task = run(&render, || "drawn");
/// for runnable in render.0.take() {
///     runnable.run(); // in the render thread's loop
/// }
/// assert_eq!(task.wait()?, "drawn");
/// drop(render.0.close()); // at the end of that thread: rejects what is left, and refuses what comes
/// # Ok::<(), threadbare::Error>(())
/// ```
pub struct Inbox {
    head: AtomicPtr<Node>,
}

/// What a push found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pushed {
    /// Others were waiting already.
    Behind,
    /// The inbox was empty.
    First,
    /// The inbox was empty and its consumer asleep: the pusher must wake it.
    WakeConsumer,
}

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new() -> Self {
        Self { head: AtomicPtr::new(EMPTY) }
    }

    /// Puts a runnable in. Lock-free; allocates nothing.
    ///
    /// | before | after | returns |
    /// |---|---|---|
    /// | `EMPTY` | node | `First` |
    /// | node | node → node | `Behind` |
    /// | `ASLEEP` | node | `WakeConsumer` |
    /// | `CLOSED` | `CLOSED` | the runnable |
    ///
    /// # Errors
    ///
    /// A closed inbox gives the runnable back; dropping it rejects its task.
    pub fn push(&self, runnable: Runnable) -> core::result::Result<Pushed, Runnable> {
        let node = runnable.into_node();
        // ORDERING: Relaxed: a guess, which the exchange below checks.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head == CLOSED {
                // SAFETY: the node was never let in, we still have charge of it.
                return Err(unsafe { Runnable::from_node(node) });
            }
            let next = if is_node(head) { head } else { null_mut() };
            // SAFETY: we have charge of the node until the exchange lets it in.
            unsafe { node.as_ref().link.with_mut(|link| *link = next) };
            // ORDERING: Release publishes the link and the work to `take` and `close`. Acquire: who finds ASLEEP goes on
            // to read what the consumer wrote before `fall_asleep`, namely whom to wake. Failure: as the load above.
            match self.head.compare_exchange_weak(head, node.as_ptr(), Ordering::AcqRel, Ordering::Relaxed) {
                Ok(ASLEEP) => return Ok(Pushed::WakeConsumer),
                Ok(EMPTY) => return Ok(Pushed::First),
                Ok(_) => return Ok(Pushed::Behind),
                Err(found) => head = found,
            }
        }
    }

    /// Takes all that waits, first come first. Any thread may, several at once too.
    ///
    /// | before | after | returns |
    /// |---|---|---|
    /// | node | `EMPTY` | what waited |
    /// | other | the same | nothing |
    pub fn take(&self) -> Batch {
        // ORDERING: Relaxed: a guess, which the exchange below checks. An empty inbox costs this load alone.
        let mut head = self.head.load(Ordering::Relaxed);
        while is_node(head) {
            // ORDERING: Acquire pairs with the Release of each `push`: theirs are read-modify-writes, so the newest
            // carries the older ones' along. Failure: as the load above.
            match self.head.compare_exchange_weak(head, EMPTY, Ordering::Acquire, Ordering::Relaxed) {
                // SAFETY: the exchange took the whole stack out, it is ours alone.
                Ok(_) => return unsafe { from_head(head) },
                Err(found) => head = found,
            }
        }
        Batch::new()
    }

    /// Whether nothing waits. A push that happens at the same time may or may not be seen.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // ORDERING: Relaxed: a hint; who sleeps on it goes through `fall_asleep`, or fences between its own
        // announcement and this load as the pool does.
        !is_node(self.head.load(Ordering::Relaxed))
    }

    /// Lets nothing in from now on, and returns what waited. Idempotent.
    ///
    /// | before | after | returns |
    /// |---|---|---|
    /// | any | `CLOSED` | what waited |
    pub fn close(&self) -> Batch {
        // ORDERING: Acquire pairs with the Release of each `push`.
        let head = self.head.swap(CLOSED, Ordering::Acquire);
        // SAFETY: the swap took the whole stack out, it is ours alone.
        unsafe { from_head(head) }
    }

    /// Lets runnables in again.
    pub(crate) fn reopen(&self) {
        // ORDERING: Relaxed: opening publishes nothing; failure means that it is open.
        _ = self.head.compare_exchange(CLOSED, EMPTY, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The consumer says that it will sleep unless something waits: then `false`. There must be one consumer only.
    ///
    /// | before | after | returns |
    /// |---|---|---|
    /// | `EMPTY` | `ASLEEP` | `true` |
    /// | other | the same | `false` |
    #[cfg(feature = "std")]
    pub(crate) fn fall_asleep(&self) -> bool {
        // ORDERING: Release publishes whom to wake to the push that finds ASLEEP. One word holds both the sleeper and
        // the work, so no wake-up falls between them.
        self.head.compare_exchange(EMPTY, ASLEEP, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// The consumer is up again.
    #[cfg(feature = "std")]
    pub(crate) fn awake(&self) {
        // ORDERING: Relaxed: it takes back what the same thread said; failure means that a push found it first.
        _ = self.head.compare_exchange(ASLEEP, EMPTY, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        drop(self.close());
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("is_empty", &self.is_empty()).finish_non_exhaustive()
    }
}
