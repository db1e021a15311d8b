//! The unit of work that is queued and run once.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::error::Error;
use crate::frames::{self, Budget, Frames};
use crate::nesting::{Level, PutOff};
use crate::node::Node;
use crate::task::{Settled, announce};

/// One piece of work: run it once with [`run`](Runnable::run), on a thread of the context it was queued for.
///
/// It is one pointer, to memory that already holds everything the work needs, and it carries its own link: queueing it
/// in an [`Inbox`](crate::Inbox) allocates nothing. What runs inside never unwinds out of `run` (with feature `std`).
///
/// Dropping a `Runnable` unrun rejects the task that waits for it with [`Closed`](crate::ErrorKind::Closed); nothing
/// hangs and nothing is lost but the work.
///
/// ```
/// use std::sync::mpsc;
/// use threadbare::{Runnable, TaskProcessor, Worker, run};
///
/// struct Host(mpsc::Sender<Runnable>); // whatever the host queues jobs with
/// impl TaskProcessor for Host {
///     fn start_task(&self, runnable: Runnable) {
///         self.0.send(runnable).ok();
///     }
/// }
///
/// let (jobs, queue) = mpsc::channel();
/// let task = run(&Worker::new(Host(jobs)), || 6 * 7);
/// queue.recv()?.run(); // on one of the host's threads
/// assert_eq!(task.wait()?, 42);
/// # Ok::<(), threadbare::Error>(())
/// ```
#[must_use = "dropped unrun, it rejects the task that waits for it"]
pub struct Runnable(NonNull<Node>);

// SAFETY: a `Runnable` owns its work. Work whose parts are not `Send` is made by `&MainThread` only: it goes to the main
// queue, which runs it on its main thread, and `discard` elsewhere never touches those parts.
unsafe impl Send for Runnable {}
// SAFETY: a shared `Runnable` offers nothing but its address.
unsafe impl Sync for Runnable {}

impl Runnable {
    /// Gives the runnable away as a pointer: for queues that hold pointers, and for code in other languages.
    ///
    /// Whoever has the pointer must make a runnable of it again, or its task never settles and its memory is never freed.
    pub fn into_raw(self) -> NonNull<()> {
        self.into_node().cast()
    }

    /// Makes a runnable of such a pointer again.
    ///
    /// # Safety
    ///
    /// The pointer is one of [`into_raw`](Runnable::into_raw), and is used for this once.
    pub unsafe fn from_raw(pointer: NonNull<()>) -> Self {
        Self(pointer.cast())
    }

    /// Takes charge of a node.
    ///
    /// # Safety
    ///
    /// The node is alive, its work is ready to run, and nobody else runs, discards or queues it.
    pub(crate) unsafe fn from_node(node: NonNull<Node>) -> Self {
        Self(node)
    }

    /// The node that it has charge of.
    pub(crate) fn node(&self) -> NonNull<Node> {
        self.0
    }

    /// Gives up charge without running or discarding.
    pub(crate) fn into_node(self) -> NonNull<Node> {
        ManuallyDrop::new(self).0
    }

    /// Runs the work, and what follows from it in the same context.
    ///
    /// Call it on a thread of the context that this was queued for, outside of any lock.
    pub fn run(self) {
        self.run_within(frames::current());
    }

    /// Runs the work, and what follows from it in the same context while `more` says so.
    ///
    /// `more` is asked on this thread before each continuation that would run at once. When it has said `false`, what would
    /// follow is queued: for a thread with a frame to finish.
    pub fn run_while(self, mut more: impl FnMut() -> bool) {
        let budget = Budget::new(&mut more);
        frames::current().allow(&budget, |frames| self.run_within(frames));
    }

    /// Drops it unrun; the task that waits for it is rejected with this error, unless its source already has one.
    ///
    /// For a queue that refuses work and can say why. Continuations that follow at once run on the calling thread.
    ///
    /// ```
    /// use threadbare::{Error, ErrorKind, Runnable, TaskProcessor, Worker, run};
    ///
    /// struct Overloaded;
    /// impl TaskProcessor for Overloaded {
    ///     fn start_task(&self, runnable: Runnable) {
    ///         runnable.reject(Error::full("try again next frame"));
    ///     }
    /// }
    ///
    /// let error = run(&Worker::new(Overloaded), || 6 * 7).wait().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Full);
    /// ```
    pub fn reject(self, error: Error) {
        self.give_up(false, Some(error)).into_iter().for_each(announce);
    }

    /// Gives the work up; returns its task, rejected, for the caller to announce.
    pub(crate) fn give_up(self, at_home: bool, cause: Option<Error>) -> Option<Settled> {
        let node = self.into_node();
        // SAFETY: we had charge of the node, and pass it on.
        unsafe { (node.as_ref().vtable().discard)(node, at_home, cause) }
    }

    /// `run`, where the caller knows in which contexts it is.
    pub(crate) fn run_within(self, frames: Frames<'_>) {
        let node = self.into_node();
        // SAFETY: we had charge of the node, and pass it on.
        unsafe { (node.as_ref().vtable().run)(node, frames) }
    }

    /// Drops it unrun, on the thread that the work is bound to.
    pub(crate) fn discard_at_home(self) {
        self.give_up(true, None).into_iter().for_each(announce);
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        // What is dropped may reject what the same closed queue then refuses, and so on: in turn, not inside of each other.
        if Level::next_is_too_deep() {
            // SAFETY: we have charge of the node, and there is an outermost level.
            unsafe { Level::put_off(&PutOff::Discard(self.0)) };
        } else {
            // SAFETY: we have charge of the node, and this is the last use of it.
            let work = unsafe { Self::from_node(self.0) };
            work.give_up(false, None).into_iter().for_each(announce);
        }
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runnable").field(&self.0).finish()
    }
}
