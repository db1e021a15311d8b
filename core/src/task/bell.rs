//! Consumers that are neither continuations nor tasks: a future that is awaited, a shared task, an input of `all`.

use core::ptr::NonNull;

use super::cell::{Header, Settled};
use crate::node::List;

/// What a task's producer sees of such a consumer: the first field of it. Aligned for the tag in the state word.
#[repr(C, align(8))]
pub(crate) struct Bell {
    ring: Ring,
}

/// Takes the settled task whose consumer it is. What it settles in turn it leaves to the caller.
pub(crate) type Ring = unsafe fn(NonNull<Bell>, Settled, &mut Settlements);

impl Bell {
    /// `ring` gets the pointer that was attached.
    pub(crate) fn new(ring: Ring) -> Self {
        Self { ring }
    }
}

/// # Safety
///
/// The caller is the producer of the task whose consumer this is, and has settled it.
pub(crate) unsafe fn ring(bell: NonNull<Bell>, settled: Settled, then: &mut Settlements) {
    // SAFETY: a consumer is alive until its producer has rung.
    unsafe { (bell.as_ref().ring)(bell, settled, then) }
}

/// Tasks that have an outcome and are to be announced, in this order: so that no ringing is inside another.
pub(crate) struct Settlements(List);

impl Settlements {
    pub(crate) fn new() -> Self {
        Self(List::new())
    }

    pub(crate) fn push(&mut self, settled: Settled) {
        // SAFETY: whoever has the outcome of a task that is not announced has charge of its link.
        unsafe { self.0.push_back(settled.into_header().cast()) };
    }

    pub(crate) fn pop(&mut self) -> Option<Settled> {
        // SAFETY: the nodes are those of `push`, which start the headers of settled cells.
        unsafe { self.0.pop_front().map(|node| Settled::new(node.cast::<Header>())) }
    }
}
