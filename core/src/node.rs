//! What every piece of work starts with, and lists of it.

use core::ptr::{NonNull, null_mut};

use crate::error::Error;
use crate::frames::Frames;
use crate::sync::UnsafeCell;
use crate::task::Settled;

/// What every piece of work starts with: how to run it, and the link of the queue it waits in.
///
/// | field | who may touch it |
/// |---|---|
/// | `vtable` | anyone, it never changes |
/// | `link` | who holds the `Runnable`; while it is queued, the queue |
#[repr(C)]
pub(crate) struct Node {
    /// A pointer and no reference, since some tables have more behind this.
    pub(crate) vtable: NonNull<VTable>,
    pub(crate) link: UnsafeCell<*mut Node>,
}

/// What kind of work a node starts. Each function consumes the node's `Runnable`.
pub(crate) struct VTable {
    /// Runs the work. `Frames` tells in which contexts the calling thread is.
    pub(crate) run: unsafe fn(NonNull<Node>, Frames<'_>),
    /// Gives the work up; its task is rejected with the cause, if one is given, and returned, for the caller to announce. The
    /// flag says that the caller is sure to be on the thread that the work is bound to.
    pub(crate) discard: unsafe fn(NonNull<Node>, at_home: bool, cause: Option<Error>) -> Option<Settled>,
}

impl Node {
    /// The table is static, and may be the head of a larger one.
    pub(crate) fn new(vtable: NonNull<VTable>) -> Self {
        Self { vtable, link: UnsafeCell::new(core::ptr::null_mut()) }
    }

    pub(crate) fn vtable(&self) -> &'static VTable {
        // SAFETY: it is static.
        unsafe { self.vtable.as_ref() }
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
    pub(crate) unsafe fn append(&mut self, other: Self) {
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
