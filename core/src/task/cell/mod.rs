//! The task cell: one allocation with the closure, the queue it goes to, the outcome, the link that queues it and the
//! state word. All unsafe code about it is in this folder: here what can be done without knowing what a cell computes, in
//! `typed` the rest.
//!
//! # Which state grants access to which field
//!
//! | field | who may touch it |
//! |---|---|
//! | `node.vtable`, `key` | anyone who may see the cell; they never change |
//! | `node.link` | who has charge of the cell's `Runnable`, or of its being put off |
//! | `state` | both sides |
//! | `source` | who fires the cell, then who runs, skips or discards it |
//! | `queue` | the producer until it settles; then whoever [owns](super::state) the cell |
//! | `slot` | the producer until it settles: the work, then the outcome; then whoever owns the cell: the outcome |
//!
//! The producer of a promise's cell is the promise. The producer of a continuation is first its task's producer, which
//! fires it, then its `Runnable`, if it is queued, and in the end the tasks whose outcome it waits for, if its closure
//! returned one.

mod typed;

use core::any::TypeId;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::Task;
#[cfg(feature = "std")]
use super::bell::Bell;
use super::state::{AfterConsume, Consumer, State};
use crate::error::Result;
use crate::frames::{Frames, QueueId};
use crate::node::{Node, VTable};
use crate::sync::UnsafeCell;

pub(crate) use typed::{attach, new_pending, new_run, new_settled, put_pending};

/// What every task cell starts with, whatever it computes. Aligned for the tag in the state word.
#[repr(C, align(8))]
pub(crate) struct Header {
    node: Node,
    pub(crate) state: State,
    /// The settled task whose outcome this one is fired with.
    source: UnsafeCell<Option<Settled>>,
    /// Which queue this one runs in; zero for those that do not run.
    key: usize,
}

/// What can be done with a task cell without knowing what it computes. Every header's node has one for its table.
#[repr(C)]
pub(crate) struct TaskOps {
    /// What can be done with it as work.
    vtable: VTable,
    /// Goes on with the cell now that its source is settled: runs it, skips it, or queues it. Returns the cell if that
    /// has put an outcome into it.
    fire: unsafe fn(NonNull<Header>, Frames<'_>) -> Option<Settled>,
    /// Is the outcome in it a value?
    is_ok: unsafe fn(NonNull<Header>) -> bool,
    /// Moves the outcome to where the pointer says, and frees the cell.
    take: unsafe fn(NonNull<Header>, *mut ()),
    /// Moves an outcome from where the pointer says into the cell, which has none.
    put: unsafe fn(NonNull<Header>, *mut ()),
    /// Moves the outcome of the first cell, which it frees, into the second.
    forward: unsafe fn(NonNull<Header>, NonNull<Header>),
    /// Drops the outcome, reporting an error, and frees the cell.
    discard: unsafe fn(NonNull<Header>),
    /// Frees a cell that has neither work nor outcome in it.
    free: unsafe fn(NonNull<Header>),
    /// Moves the queue's handle to where the pointer says.
    take_queue: unsafe fn(NonNull<Header>, *mut ()),
    /// The type of the queue's handle that is in it when it is settled.
    queue: fn() -> TypeId,
}

/// A cell that holds an outcome, and whoever has this owns the cell.
///
/// Whether it is announced is another matter: between the producer's writing and its [`settle`](State::settle) it is not.
pub(crate) struct Settled(NonNull<Header>);

impl Header {
    pub(crate) fn new(ops: &'static TaskOps, state: State, key: usize) -> Self {
        Self { node: Node::new(NonNull::from(ops).cast()), state, source: UnsafeCell::new(None), key }
    }

    fn ops(&self) -> &'static TaskOps {
        // SAFETY: `new` put it there, whole, and it starts with its table.
        unsafe { self.node.vtable.cast().as_ref() }
    }

    /// Would a continuation for `queue` find the handle that it needs in this cell, when it is fired?
    fn lends(&self, queue: QueueId) -> bool {
        self.key == queue.key && (self.ops().queue)() == queue.kind
    }

    /// # Safety
    ///
    /// The caller is about to fire the cell: nobody else looks at it.
    pub(crate) unsafe fn set_source(&self, source: Settled) {
        // SAFETY: ours alone, says the caller.
        self.source.with_mut(|place| unsafe { *place = Some(source) });
    }

    /// # Safety
    ///
    /// The caller fires, runs, skips or discards the cell: nobody else looks at its source.
    pub(crate) unsafe fn take_source(&self) -> Option<Settled> {
        // SAFETY: ours alone, says the caller.
        self.source.with_mut(|place| unsafe { (*place).take() })
    }
}

/// Goes on with a cell whose source was just set.
///
/// # Safety
///
/// The caller is the cell's producer, and leaves it.
pub(crate) unsafe fn fire(cell: NonNull<Header>, frames: Frames<'_>) -> Option<Settled> {
    // SAFETY: the cell is alive, since its producer has not settled it.
    unsafe { (cell.as_ref().ops().fire)(cell, frames) }
}

impl Settled {
    /// # Safety
    ///
    /// The cell holds an outcome, and the caller owns the cell or is its producer.
    pub(crate) unsafe fn new(cell: NonNull<Header>) -> Self {
        Self(cell)
    }

    pub(crate) fn header(&self) -> &Header {
        // SAFETY: it is ours.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn into_header(self) -> NonNull<Header> {
        self.0
    }

    pub(crate) fn is_ok(&self) -> bool {
        // SAFETY: the cell is ours and holds an outcome.
        unsafe { (self.header().ops().is_ok)(self.0) }
    }

    /// Moves the outcome out and frees the cell.
    ///
    /// # Safety
    ///
    /// The task settles with a `Result<T>`.
    pub(crate) unsafe fn take<T>(self) -> Result<T> {
        let mut outcome = MaybeUninit::<Result<T>>::uninit();
        // SAFETY: the cell is ours, and the caller says what is in it.
        unsafe {
            (self.header().ops().take)(self.0, outcome.as_mut_ptr().cast());
            outcome.assume_init()
        }
    }

    /// Moves the outcome into a cell of the same type that is without, and which the caller produces.
    ///
    /// # Safety
    ///
    /// So it must be.
    pub(crate) unsafe fn forward(self, to: NonNull<Header>) -> Settled {
        // SAFETY: the caller vouches for the other cell.
        unsafe {
            (self.header().ops().forward)(self.0, to);
            Settled::new(to)
        }
    }

    /// Disposes of an outcome that nobody will look at. An error goes to the hook.
    pub(crate) fn discard(self) {
        // SAFETY: the cell is ours and holds an outcome.
        unsafe { (self.header().ops().discard)(self.0) }
    }
}

/// Makes a cell, whose closure returned `task`, settle as that does. Returns the cell that this has given an outcome.
///
/// A task that already has to settle as this cell does gets `task` instead, and this cell is freed: so recursion through
/// returned tasks keeps one cell at the top and one at work, however deep it goes. Where threads race, cells that were
/// passed over stay in between until the next call finds and frees them.
///
/// # Safety
///
/// The caller is the producer of the cell, which has neither work nor outcome and settles with a `Result<T>`.
unsafe fn adopt<T: Send + 'static>(cell: NonNull<Header>, task: Task<T>) -> Option<Settled> {
    let mut target = cell;
    // SAFETY: a cell that forwards has a consumer which has spoken, so it is ours; the one it forwards to we now produce.
    unsafe {
        while let Some(next) = target.as_ref().state.forwards_to() {
            (target.as_ref().ops().free)(target);
            target = next;
        }
    }
    let inner = task.into_cell();
    // SAFETY: the inner task is alive until its consumer, which is us, has spoken.
    match unsafe { inner.as_ref() }.state.attach(Consumer::Forward(target)) {
        AfterConsume::Wait => None,
        // SAFETY: it has settled, so it is ours; both settle with a `Result<T>`.
        AfterConsume::Own => Some(unsafe { Settled::new(inner).forward(target) }),
    }
}

/// Does this waiter wait for a task that is settled by what is going on further down on this thread's stack? Then it waits
/// for itself.
///
/// The cells on the way are alive: each waits for the one before it, and the first for us.
#[cfg(feature = "std")]
pub(crate) fn waits_for_itself(waiter: NonNull<Bell>) -> bool {
    super::producing::any_produced(|cell| {
        let mut cell = cell;
        loop {
            // SAFETY: as above.
            match unsafe { cell.as_ref() }.state.consumer() {
                Some(Consumer::Child(next) | Consumer::Forward(next)) => cell = next,
                Some(Consumer::Bell(bell)) => return bell == waiter,
                None => return false,
            }
        }
    })
}
