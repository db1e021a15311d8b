//! Workers: contexts on the threads of what a host supplies.

use alloc::boxed::Box;
use core::fmt;

use crate::help::Help;
use crate::runnable::Runnable;
use crate::schedule::{Refused, Schedule};
use crate::sync::Arc;

/// What a host supplies: takes a [`Runnable`], runs it on some thread. A thread pool, the engine's job system, a queue
/// that the one thread there is polls.
///
/// ```
/// use threadbare::{AsyncSystem, Runnable, TaskProcessor, run};
///
/// struct ThreadPerTask;
/// impl TaskProcessor for ThreadPerTask {
///     fn start_task(&self, runnable: Runnable) {
///         std::thread::spawn(|| runnable.run());
///     }
/// }
///
/// let system = AsyncSystem::new(ThreadPerTask);
/// assert_eq!(run(system.worker(), || 6 * 7).wait()?, 42);
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

    /// The last [`AsyncSystem`](crate::AsyncSystem) that this worker belongs to is gone: finish up.
    ///
    /// Tasks and workers may refer to this processor for longer, also those in its own queue: run or drop what is queued,
    /// and refuse what comes, or processor and queue keep each other. Called once, on the thread that dropped the system.
    fn release(&self) {}
}

/// The context of a [`TaskProcessor`]'s threads; every pool is one more `Worker`. Clones are the same worker.
///
/// A `Worker` refers to its processor and does not keep it at work: when the pool is closed, what is queued by a worker
/// that is still around is rejected with [`Closed`](crate::ErrorKind::Closed).
#[derive(Clone)]
pub struct Worker(Arc<Shared>);

struct Shared {
    processor: Box<dyn TaskProcessor>,
}

impl Worker {
    /// A worker on a processor of its own.
    ///
    /// With feature `std` the first one wraps the process's panic hook, so that a closure that panics rejects its task
    /// with the place of the panic in the message.
    pub fn new(processor: impl TaskProcessor) -> Self {
        crate::unwind::watch_panics();
        Self(Arc::new(Shared { processor: Box::new(processor) }))
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
        crate::hook::quietly(|| self.0.processor.release());
    }
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
    use crate::{Immediate, Inbox, promise, run};

    struct Queue(Arc<Inbox>);

    impl TaskProcessor for Queue {
        fn start_task(&self, runnable: Runnable) {
            drop(self.0.push(runnable));
        }
    }

    /// A chain in one context shares one handle, however long it is: clones of an `Arc` are what would make it cost more
    /// than the state word's two swaps a hop.
    #[test]
    fn a_chain_in_one_context_holds_one_handle() {
        let inbox = Arc::new(Inbox::new());
        let worker = Worker::new(Queue(Arc::clone(&inbox)));
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
