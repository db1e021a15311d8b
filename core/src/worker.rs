//! Workers: contexts on the threads of what a host supplies.

use alloc::boxed::Box;
use core::fmt;

use crate::help::Help;
use crate::runnable::Runnable;
use crate::schedule::{Refused, Schedule, sealed};
use crate::sync::Arc;

/// What a host supplies: takes a [`Runnable`], runs it on some thread. A thread pool, the engine's job system, a queue
/// that the one thread there is polls.
///
/// A closure is one, or a function, if there is nothing more to say than how to queue:
///
/// ```
/// use threadbare::{AsyncSystem, Runnable, run};
///
/// let system = AsyncSystem::new(|runnable: Runnable| {
///     std::thread::spawn(|| runnable.run());
/// });
/// assert_eq!(run(system.worker(), || 6 * 7).wait()?, 42);
/// # Ok::<(), threadbare::Error>(())
/// ```
///
/// A type of one's own can also say which threads are its own, what they do while they wait, why it refuses, and what
/// happens at the end:
///
/// ```
/// use std::sync::Arc;
/// use threadbare::{AsyncSystem, ErrorKind, Inbox, Runnable, TaskProcessor, run};
///
/// struct Jobs(Arc<Inbox>); // for a loop that the host has anyway
/// impl TaskProcessor for Jobs {
///     fn start_task(&self, runnable: Runnable) {
///         self.0.push(runnable).ok(); // refused when closed: then it rejects its task
///     }
///     fn release(&self) {
///         drop(self.0.close());
///     }
/// }
///
/// let jobs = Arc::new(Inbox::new());
/// let system = AsyncSystem::new(Jobs(jobs.clone()));
/// let (done, left) = (run(system.worker(), || 6 * 7), system.worker().clone());
/// jobs.take().for_each(Runnable::run);
/// assert_eq!(done.wait()?, 42);
/// drop(system);
/// assert_eq!(run(&left, || 6 * 7).wait().unwrap_err().kind(), ErrorKind::Closed);
/// # Ok::<(), threadbare::Error>(())
/// ```
pub trait TaskProcessor: Send + Sync + 'static {
    /// Runs it on some thread, soon, not inside of this call: called on any thread, outside of every lock of the core.
    ///
    /// What cannot be run, drop: its task is rejected. A panic in here drops the runnable too, and goes no further.
    fn start_task(&self, runnable: Runnable);

    /// Takes the runnable, or gives it back with the reason why not: see [`Schedule::try_schedule`].
    ///
    /// # Errors
    ///
    /// The runnable, or another in whose place it was taken. Left alone, it is [`start_task`](TaskProcessor::start_task),
    /// which drops what it cannot run.
    fn try_start_task(&self, runnable: Runnable) -> core::result::Result<(), Refused> {
        self.start_task(runnable);
        Ok(())
    }

    /// Is the calling thread one of mine? A continuation for this processor then runs at once.
    ///
    /// The core knows so itself inside of the runnables that it runs; say more if you know more.
    fn is_current(&self) -> bool {
        false
    }

    /// How a wait on the calling thread can run my work meanwhile; `None` if that must not happen here.
    ///
    /// The core asks on threads that [serve](Worker::serve), and on the main thread of the system that this belongs to.
    fn help(&self) -> Option<&dyn Help> {
        None
    }

    /// The worker that this processor has already, for its own users: a system on it then has the same, so that work of the
    /// one runs at once where work of the other does.
    fn own_worker(&self) -> Option<Worker> {
        None
    }

    /// Do all of my threads run my work inside of [`Worker::serve`]? Then they keep the worker while they do, and
    /// what is [`run`](crate::run) need not: it saves two changes of a count that all threads share.
    ///
    /// A wrong `true` breaks no memory. But the worker may then be gone while its work runs, and one that is made meanwhile may
    /// be taken for it: continuations of that one would run at once, on the wrong thread.
    fn serves(&self) -> bool {
        false
    }

    /// The last [`AsyncSystem`](crate::AsyncSystem) that this worker belongs to is gone: finish up.
    ///
    /// Tasks and workers may refer to this processor for longer, also those in its own queue: run or drop what is queued,
    /// and refuse what comes, or processor and queue keep each other. Called once, on the thread that dropped the system.
    fn release(&self) {}
}

/// To call it is to queue. It knows nothing of its threads: continuations run at once inside of its runnables alone, waits
/// there run no other work, and what is queued after the last system has gone is passed on as before.
impl<F: Fn(Runnable) + Send + Sync + 'static> TaskProcessor for F {
    fn start_task(&self, runnable: Runnable) {
        self(runnable);
    }
}

/// The context of a [`TaskProcessor`]'s threads; every pool is one more `Worker`. Clones are the same worker.
///
/// A `Worker` refers to its processor and does not keep it at work: when the pool is closed, what is queued by a worker
/// that is still around is rejected with [`Closed`](crate::ErrorKind::Closed).
#[derive(Clone)]
pub struct Worker(Arc<Shared>);

struct Shared {
    processor: Box<dyn TaskProcessor>,
    serves: bool,
}

impl Worker {
    /// A worker on a processor of its own.
    ///
    /// With feature `std` the first one wraps the process's panic hook, so that a closure that panics rejects its task
    /// with the place of the panic in the message.
    pub fn new(processor: impl TaskProcessor) -> Self {
        crate::unwind::watch_panics();
        let serves = processor.serves();
        Self(Arc::new(Shared { processor: Box::new(processor), serves }))
    }

    /// Calls `f` with the calling thread marked as one of this worker's: for the main function of a processor's thread.
    ///
    /// Inside, continuations for this worker run at once, and waits run its work if the processor [helps](Help).
    #[cfg(feature = "std")]
    pub fn serve<R>(&self, f: impl FnOnce() -> R) -> R {
        crate::frames::serve(crate::schedule::id(self), self.0.processor.help(), f)
    }

    /// What the processor can do on this thread while it waits.
    pub(crate) fn help(&self) -> Option<&dyn Help> {
        self.0.processor.help()
    }

    pub(crate) fn release(&self) {
        release(&*self.0.processor);
    }
}

/// Tells a processor that the last system on it is gone.
pub(crate) fn release(processor: &dyn TaskProcessor) {
    crate::hook::quietly(|| processor.release());
}

impl Schedule for Worker {
    fn schedule(&self, runnable: Runnable) {
        self.0.processor.start_task(runnable);
    }

    fn try_schedule(&self, runnable: Runnable) -> core::result::Result<(), Refused> {
        self.0.processor.try_start_task(runnable)
    }

    fn key(&self) -> usize {
        core::ptr::from_ref::<Shared>(&self.0).addr()
    }

    fn is_current(&self) -> bool {
        self.0.processor.is_current()
    }

    fn is_held(&self, _: sealed::Core) -> bool {
        self.0.serves
    }
}

/// By identity.
impl PartialEq for Worker {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Worker {}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Worker").field(&format_args!("{:#x}", self.key())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AsyncSystem, ErrorKind, Immediate, Inbox, promise, run};

    /// Also a function, and what captures.
    #[test]
    fn what_can_be_called_with_a_runnable_is_a_processor() {
        let at_once = AsyncSystem::new(Runnable::run);
        assert_eq!(run(at_once.worker(), || 1).try_take().expect("run").expect("it resolves"), 1);
        let lost = AsyncSystem::new(drop::<Runnable>);
        assert_eq!(run(lost.worker(), || 1).try_take().expect("dropped").unwrap_err().kind(), ErrorKind::Closed);
        let inbox = Arc::new(Inbox::new());
        let queue = Arc::clone(&inbox);
        let queued = Worker::new(move |runnable| drop(queue.push(runnable)));
        let task = run(&queued, || 1).map(&queued, |n| n + 1);
        assert!(!task.is_settled());
        assert_eq!(inbox.take().map(Runnable::run).count(), 1, "the continuation runs inside of it");
        assert_eq!(task.try_take().expect("run").expect("it resolves"), 2);
    }

    /// A chain in one context shares one handle, however long it is: clones of an `Arc` are what would make it cost more
    /// than the state word's two swaps a hop.
    #[test]
    fn a_chain_in_one_context_holds_one_handle() {
        let inbox = Arc::new(Inbox::new());
        let queue = Arc::clone(&inbox);
        let worker = Worker::new(move |runnable| drop(queue.push(runnable)));
        let handles = || Arc::strong_count(&worker.0) - 1;
        assert_eq!(handles(), 0);

        let mut task = run(&worker, || 0);
        assert_eq!(handles(), 1);
        for _ in 0..10 {
            task = task.map(&worker, |n| n + 1);
        }
        assert_eq!(handles(), 1, "the continuations take the handle of the cell before them");
        let task = task.map(&Immediate, |n| n + 1).map(&worker, |n| n + 1);
        assert_eq!(handles(), 2, "after another context there is nothing to take");
        inbox.take().for_each(Runnable::run);
        assert_eq!(handles(), 1, "only the last cell is left");
        assert_eq!(task.try_take().expect("it has run").expect("it has resolved"), 12);
        assert_eq!(handles(), 0);

        let (promise, task) = promise::<u32>();
        let task = task.map(&worker, |n| n + 1).map(&worker, |n| n + 1);
        assert_eq!(handles(), 1);
        promise.reject(crate::Error::msg("skipped"));
        assert_eq!(handles(), 1, "skipped cells hand it on, too");
        assert!(task.try_take().expect("settled").is_err());
        assert_eq!(handles(), 0);
    }
}
