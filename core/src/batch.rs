//! Runnables out of an inbox, in the order in which they came: a list through their own links.

use core::fmt;
use core::ptr::NonNull;

use crate::node::{List, Node};
use crate::runnable::Runnable;

/// Runnables in the order in which they came. Dropping it drops them unrun, which rejects their tasks.
#[must_use = "dropped, it rejects the tasks of what it holds"]
pub struct Batch {
    list: List,
    len: usize,
}

// SAFETY: it owns runnables, and those are `Send`.
unsafe impl Send for Batch {}
// SAFETY: a shared batch offers its length alone.
unsafe impl Sync for Batch {}

impl Batch {
    /// An empty batch.
    pub const fn new() -> Self {
        Self { list: List::new(), len: 0 }
    }

    /// A batch of what a stack holds, deepest first.
    ///
    /// # Safety
    ///
    /// The caller owns the stack of nodes that hangs from `head`.
    pub(crate) unsafe fn from_stack(head: *mut Node) -> Self {
        let mut batch = Self::new();
        let mut next = head;
        while let Some(node) = NonNull::new(next) {
            // SAFETY: the stack's nodes are ours, each is visited once.
            unsafe {
                next = node.as_ref().link.with(|link| *link);
                batch.list.push_front(node);
            }
            batch.len += 1;
        }
        batch
    }

    /// How many runnables are in it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts a runnable at the end.
    pub fn push(&mut self, runnable: Runnable) {
        // SAFETY: we had charge of the node.
        unsafe { self.list.push_back(runnable.into_node()) };
        self.len += 1;
    }

    /// Moves all of `other` behind what is here.
    pub fn append(&mut self, mut other: Self) {
        // SAFETY: both lists own their nodes, and the other forgets its own.
        unsafe { self.list.append(core::mem::replace(&mut other.list, List::new())) };
        self.len += core::mem::take(&mut other.len);
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes from the front.
impl Iterator for Batch {
    type Item = Runnable;

    fn next(&mut self) -> Option<Runnable> {
        // SAFETY: the list owns its nodes; this one leaves it.
        let node = unsafe { self.list.pop_front() }?;
        self.len -= 1;
        // SAFETY: as above.
        Some(unsafe { Runnable::from_node(node) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("len", &self.len).finish_non_exhaustive()
    }
}
