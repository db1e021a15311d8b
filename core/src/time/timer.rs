//! Something that is to happen at a certain time.

use alloc::boxed::Box;
use core::fmt;
use core::ptr::NonNull;
use core::time::Duration;

use super::clock::{Alarm, Clock, start};
use crate::error::{Error, ErrorKind};
use crate::frames::Frames;
use crate::node::{Node, VTable};
use crate::runnable::Runnable;
use crate::task::{Settled, Task, promise};

/// Something that is to happen at a certain time: for a [`Clock`] to keep until then.
///
/// Dropped unfired, it rejects what waits for it with [`Closed`](crate::ErrorKind::Closed).
#[must_use = "dropped unfired, it rejects the task that waits for it"]
pub struct Timer(Runnable);

/// What every timer starts with: a runnable's node, so that it can wait in an inbox.
#[repr(C)]
struct Head {
    node: Node,
    deadline: Duration,
}

/// What can be done with a timer, whatever it does. Every head's node has one for its table.
#[repr(C)]
struct TimerOps {
    /// To run is to fire, to discard is to reject.
    vtable: VTable,
    is_wanted: unsafe fn(NonNull<Node>) -> bool,
}

/// A timer, whole.
#[repr(C)]
struct Cell<A> {
    head: Head,
    alarm: A,
}

impl<A: Alarm> Cell<A> {
    const OPS: &'static TimerOps =
        &TimerOps { vtable: VTable { run: Self::run, discard: Self::discard }, is_wanted: Self::is_wanted };

    /// # Safety
    ///
    /// The node is that of a `Self`, and the caller has charge of its timer, and leaves it.
    unsafe fn open(node: NonNull<Node>) -> A {
        // SAFETY: the node is the first field of the first, and came from a box.
        unsafe { Box::from_raw(node.cast::<Self>().as_ptr()) }.alarm
    }

    unsafe fn run(node: NonNull<Node>, frames: Frames<'_>) {
        // SAFETY: we have charge of the runnable.
        unsafe { Self::open(node) }.ring(frames);
    }

    unsafe fn discard(node: NonNull<Node>, _: bool, cause: Option<Error>) -> Option<Settled> {
        // SAFETY: we have charge of the runnable.
        let alarm = unsafe { Self::open(node) };
        if !alarm.is_wanted() {
            alarm.ring(Frames::none());
            return None;
        }
        alarm.reject(cause.unwrap_or_else(|| {
            Error::of_kind(
                ErrorKind::Closed,
                "the timer was dropped before its time: its clock is closed, or let go of it",
            )
        }));
        None
    }

    unsafe fn is_wanted(node: NonNull<Node>) -> bool {
        // SAFETY: the node is the first field of the first, and alive.
        unsafe { node.cast::<Self>().as_ref() }.alarm.is_wanted()
    }
}

impl Timer {
    pub(super) fn new<A: Alarm>(deadline: Duration, alarm: A) -> Self {
        let node = Node::new(NonNull::from(Cell::<A>::OPS).cast());
        let cell = Box::new(Cell { head: Head { node, deadline }, alarm });
        // SAFETY: the node is the first field of the first, and the box leaves it to the runnable.
        Self(unsafe { Runnable::from_node(NonNull::from(Box::leak(cell)).cast()) })
    }

    /// When it is due, by its clock's time.
    pub fn deadline(&self) -> Duration {
        // SAFETY: the node is the first field of a timer's head, which is ours.
        unsafe { self.0.node().cast::<Head>().as_ref() }.deadline
    }

    /// Whether anybody would notice if it fired: not after the task of a delay was dropped, or a task with a limit has
    /// settled in time.
    pub fn is_wanted(&self) -> bool {
        let node = self.0.node();
        // SAFETY: a timer's node has a table of this kind, and is ours.
        unsafe { (node.as_ref().vtable.cast::<TimerOps>().as_ref().is_wanted)(node) }
    }

    /// Fires it: settles its task, and runs what follows at once.
    pub fn fire(self) {
        self.0.run();
    }

    /// Drops it unfired; what waits for it is rejected with this error.
    pub fn reject(self, error: Error) {
        self.0.reject(error);
    }

    pub(super) fn into_runnable(self) -> Runnable {
        self.0
    }

    /// # Safety
    ///
    /// The runnable was a timer.
    pub(super) unsafe fn from_runnable(runnable: Runnable) -> Self {
        Self(runnable)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("deadline", &self.deadline()).finish_non_exhaustive()
    }
}

/// A task that resolves when it is time.
pub(super) fn delay(clock: &(impl Clock + ?Sized), deadline: Duration) -> Task<()> {
    let (promise, task) = promise();
    start(clock, Timer::new(deadline, promise));
    task
}
