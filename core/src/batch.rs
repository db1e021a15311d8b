//! Runnables out of an inbox, in the order in which they came: a list through their own links.

use core::fmt;
use core::ptr::{NonNull, null_mut};

use crate::runnable::{Node, Runnable};

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

/// First in, first out, through the nodes' own links. It owns nothing: whoever holds it must.
#[derive(Clone, Copy)]
pub(crate) struct List {
    first: *mut Node,
    last: *mut Node,
}

impl List {
    pub(crate) const fn new() -> Self {
        Self { first: null_mut(), last: null_mut() }
    }

    /// # Safety
    ///
    /// The caller has charge of the node, and leaves it to the list.
    pub(crate) unsafe fn push_back(&mut self, node: NonNull<Node>) {
        // SAFETY: the caller vouches for the node, the list for its last one.
        unsafe {
            node.as_ref().link.with_mut(|link| *link = null_mut());
            match NonNull::new(self.last) {
                Some(last) => last.as_ref().link.with_mut(|link| *link = node.as_ptr()),
                None => self.first = node.as_ptr(),
            }
        }
        self.last = node.as_ptr();
    }

    /// # Safety
    ///
    /// The caller has charge of the node, and leaves it to the list.
    pub(crate) unsafe fn push_front(&mut self, node: NonNull<Node>) {
        // SAFETY: the caller vouches for the node.
        unsafe { node.as_ref().link.with_mut(|link| *link = self.first) };
        self.first = node.as_ptr();
        if self.last.is_null() {
            self.last = self.first;
        }
    }

    /// # Safety
    ///
    /// The list's nodes are alive. The caller has charge of what is returned.
    pub(crate) unsafe fn pop_front(&mut self) -> Option<NonNull<Node>> {
        let node = NonNull::new(self.first)?;
        // SAFETY: the node is the list's first.
        self.first = unsafe { node.as_ref().link.with(|link| *link) };
        if self.first.is_null() {
            self.last = null_mut();
        }
        Some(node)
    }

    /// # Safety
    ///
    /// Both lists' nodes are alive; `other` is not used again.
    unsafe fn append(&mut self, other: Self) {
        match NonNull::new(self.last) {
            None => *self = other,
            Some(_) if other.first.is_null() => {}
            Some(last) => {
                // SAFETY: the last node is this list's.
                unsafe { last.as_ref().link.with_mut(|link| *link = other.first) };
                self.last = other.last;
            }
        }
    }
}
