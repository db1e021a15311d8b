//! What is left of work that was not run, where it may be dropped on the main thread alone.

use alloc::boxed::Box;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::error::Error;
use crate::frames::Frames;
use crate::hook::drop_quietly;
use crate::node::{Node, VTable};
use crate::runnable::Runnable;
use crate::schedule::{Leash, Schedule, enqueue, sealed};
use crate::task::Settled;

/// A value and the work of dropping it at home: a runnable that drops what it holds when it is run.
#[repr(C)]
pub(crate) struct Remains<V> {
    node: Node,
    value: ManuallyDrop<V>,
}

impl<V> Remains<V> {
    pub(crate) fn new(value: V) -> Box<Self> {
        Box::new(Self { node: Node::new(NonNull::from(Self::VTABLE)), value: ManuallyDrop::new(value) })
    }

    const VTABLE: &'static VTable = &VTable { run: Self::run, discard: Self::discard };

    pub(crate) fn value(&self) -> &V {
        &self.value
    }

    pub(crate) fn value_mut(&mut self) -> &mut V {
        &mut self.value
    }

    pub(crate) fn into_value(self) -> V {
        ManuallyDrop::into_inner(self.value)
    }

    /// # Safety
    ///
    /// The runnable goes to where the value may be dropped, or is given up.
    pub(crate) unsafe fn into_runnable(self: Box<Self>) -> Runnable {
        // SAFETY: the node is the box's first field, and the box leaves it to the runnable.
        unsafe { Runnable::from_node(NonNull::from(Box::leak(self)).cast()) }
    }

    unsafe fn run(node: NonNull<Node>, _: Frames<'_>) {
        // SAFETY: the runnable's owner leaves it to us, and runs it where the value may be dropped.
        unsafe { Self::discard(node, true, None) };
    }

    unsafe fn discard(node: NonNull<Node>, at_home: bool, _: Option<Error>) -> Option<Settled> {
        // SAFETY: as above.
        let remains = unsafe { Box::from_raw(node.cast::<Self>().as_ptr()) };
        if at_home {
            drop_quietly(ManuallyDrop::into_inner(remains.value));
        }
        // Elsewhere the value is leaked: its thread is gone, and no other may drop it.
        None
    }
}

/// Work that must be dropped on the main thread.
#[doc(hidden)]
#[derive(Debug)]
pub enum Bound {}

impl Leash for Bound {
    const BOUND: bool = true;

    fn dispose<'q, V: 'static, Q: Schedule>(value: V, queue: impl FnOnce() -> &'q Q, at_home: bool) {
        if !core::mem::needs_drop::<V>() {
            core::mem::forget(value);
            return;
        }
        let queue = queue();
        if at_home || queue.is_home(sealed::Core) {
            drop_quietly(value);
        } else {
            // SAFETY: the value is bound to the queue's thread, and `queue` runs what it is given there.
            enqueue(queue, unsafe { Remains::new(value).into_runnable() });
        }
    }
}
