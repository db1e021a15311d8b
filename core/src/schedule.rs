//! Contexts: where a closure runs, and by what policy.

use core::any::TypeId;

use crate::error::Error;
use crate::frames::{Frames, QueueId};
use crate::nesting::{Level, PutOff};
use crate::runnable::Runnable;
use crate::unwind::catch;

/// A queue of runnables: what makes a context of your own.
///
/// A small type that can be cloned cheaply (a handle, usually an `Arc`) and says how to queue. `&YourType` is then a
/// context for every closure that is `Send`, in every verb. See [`Inbox`](crate::Inbox) for a whole one.
pub trait Schedule: Clone + Send + Sync + 'static {
    /// Queues the runnable, to be [run](Runnable::run) once on a thread of this context, soon, after this returns.
    ///
    /// Called on any thread, outside of every lock of the core. If it cannot be queued, drop it: its task is rejected.
    fn schedule(&self, runnable: Runnable);

    /// Queues the runnable, or gives it back with the reason why not: for queues that can be full, or closed. The core calls
    /// this one, and rejects the task of what it gets back without going deeper into the stack, however long a chain of
    /// refusals gets.
    ///
    /// # Errors
    ///
    /// The runnable, or another in whose place it was queued. Left alone, it is [`schedule`](Schedule::schedule), which
    /// drops what it cannot queue.
    fn try_schedule(&self, runnable: Runnable) -> core::result::Result<(), Refused> {
        self.schedule(runnable);
        Ok(())
    }

    /// What tells this queue from every other that is alive, the same for all clones: the address of what they share,
    /// `Arc::as_ptr(&self.0).addr()`. It must not panic.
    fn key(&self) -> usize;

    /// Is the calling thread one of this context's, so that a continuation may run at once instead of being queued?
    ///
    /// The core knows so itself inside of what it runs; say more if you know more.
    fn is_current(&self) -> bool {
        false
    }

    /// The type that `key` belongs to: this one, unless it stands in for another.
    ///
    /// What the core believes of threads hangs on it: so only the core can say otherwise.
    #[doc(hidden)]
    fn kind(&self, _: sealed::Core) -> TypeId {
        TypeId::of::<Self>()
    }

    /// Does every thread that runs this queue's work hold a handle of it meanwhile? Then the work need not, if it does not go
    /// on there.
    #[doc(hidden)]
    fn is_held(&self, _: sealed::Core) -> bool {
        false
    }

    /// Is the calling thread the one that values bound to this context are dropped on?
    #[doc(hidden)]
    fn is_home(&self, _: sealed::Core) -> bool {
        false
    }
}

pub(crate) mod sealed {
    /// In a method's arguments it keeps other crates from writing that method.
    #[derive(Debug)]
    pub struct Core;
}

pub(crate) fn id<S: Schedule>(queue: &S) -> QueueId {
    QueueId { key: queue.key(), kind: queue.kind(sealed::Core) }
}

/// Queues a runnable, unless the queue refuses it. A queue that panics has dropped it, which rejected its task; the panic
/// itself has no task.
pub(crate) fn offer<S: Schedule>(queue: &S, runnable: Runnable) -> core::result::Result<(), Refused> {
    catch(|| queue.try_schedule(runnable)).unwrap_or_else(|panic| {
        crate::hook::report(panic);
        Ok(())
    })
}

/// Queues a runnable; if the queue refuses it, its task is rejected.
pub(crate) fn enqueue<S: Schedule>(queue: &S, runnable: Runnable) {
    if let Err(refused) = offer(queue, runnable) {
        refused.reject();
    }
}

/// A runnable that a queue did not take, and why.
#[derive(Debug)]
#[must_use = "dropped, it rejects the task of the runnable without giving the reason"]
pub struct Refused {
    /// What was refused.
    pub runnable: Runnable,
    /// What its task is to be rejected with.
    pub error: Error,
}

impl Refused {
    /// Rejects the task with the reason.
    pub fn reject(self) {
        self.runnable.reject(self.error);
    }
}

/// A clone of a handle that stands in what its runnable may free before `schedule` returns: made in a call of its own, which
/// is over by then. `None` if that panics; the runnable is then to be dropped, as by a queue that panics.
pub(crate) fn clone_handle<S: Schedule>(queue: &S) -> Option<S> {
    catch(|| queue.clone()).map_err(crate::hook::report).ok()
}

/// May a continuation for this queue run at once on the calling thread? If the host's answer is a panic, it may not: a
/// continuation that is in the middle of being fired must not be lost.
pub(crate) fn is_current<S: Schedule>(queue: &S, frames: Frames<'_>) -> bool {
    catch(|| frames.is_current(id(queue)) || queue.is_current()).unwrap_or_else(|panic| {
        crate::hook::report(panic);
        false
    })
}

/// Where a value of type `F`, a closure or a future, may be run and dropped: the first argument of every verb.
///
/// | context | runs on | what it takes |
/// |---|---|---|
/// | [`&Worker`](crate::Worker) | the threads of one [`TaskProcessor`](crate::TaskProcessor) | `Send` |
/// | [`&Main`](crate::Main) | the main thread, when it dispatches | `Send` |
/// | [`&MainThread`](crate::MainThread) | the same | anything: it is made, run and dropped there |
/// | [`&Immediate`](Immediate) | whichever thread settles the task | `Send` |
/// | `&YourType` | where your [`Schedule`] runs it | `Send` |
///
/// # Safety
///
/// Whoever holds the context must be where an `F` may be made, and `Queue` must run what it is given where an `F` may be
/// run and dropped.
#[diagnostic::on_unimplemented(
    message = "`{F}` cannot run in the context `{Self}`",
    note = "`&Worker`, `&Main`, `&Immediate` and `&YourSchedule` take what is `Send`; `&MainThread` takes anything"
)]
pub unsafe trait Context<F> {
    /// The queue that the value goes to.
    type Queue: Schedule;

    /// Whether what is not run must go back to the queue's thread to be dropped.
    #[doc(hidden)]
    type Leash: Leash;

    /// The queue that the value goes to.
    fn queue(&self) -> &Self::Queue;
}

// SAFETY: what is `Send` may be run and dropped anywhere.
unsafe impl<S: Schedule, F: Send> Context<F> for &S {
    type Queue = S;
    type Leash = Free;

    fn queue(&self) -> &S {
        self
    }
}

/// Where the work of a context may be dropped, if it is not run.
#[doc(hidden)]
pub trait Leash: 'static {
    /// Drops work that is not run. `at_home`: the caller is sure to be on the thread that the queue's work is bound to.
    #[doc(hidden)]
    fn dispose<'q, V: 'static, Q: Schedule>(value: V, queue: impl FnOnce() -> &'q Q, at_home: bool);

    /// Must work that is not run be dropped on the queue's thread?
    #[doc(hidden)]
    const BOUND: bool;
}

/// Work that may be dropped anywhere.
#[doc(hidden)]
#[derive(Debug)]
pub enum Free {}

impl Leash for Free {
    const BOUND: bool = false;

    fn dispose<'q, V: 'static, Q: Schedule>(value: V, _: impl FnOnce() -> &'q Q, _: bool) {
        crate::hook::drop_quietly(value);
    }
}

/// The context of whichever thread settles the task, or attaches to a settled one: the closure runs at once, there.
///
/// For closures that are short and do not care: turning a value into another, counting.
///
/// ```
/// use threadbare::{Immediate, Task};
///
/// let task = Task::resolved(20).map(&Immediate, |n| n + 1);
/// assert!(task.is_settled());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Immediate;

impl Schedule for Immediate {
    fn schedule(&self, runnable: Runnable) {
        if Level::next_is_too_deep() {
            // SAFETY: we have charge of the runnable, and there is an outermost level.
            unsafe { Level::put_off(&PutOff::Run(runnable.into_node())) };
        } else {
            runnable.run();
        }
    }

    fn key(&self) -> usize {
        0
    }

    fn is_current(&self) -> bool {
        true
    }
}
