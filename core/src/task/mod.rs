//! Tasks: a value or an error that is there, or will be.

mod bell;
mod cell;
mod combine;
mod create;
mod drive;
mod gather;
mod outcome;
mod producing;
mod promise;
mod shared;
mod state;
mod verbs;
mod waiting;
mod work;

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::error::{Error, Result};
use crate::schedule::{Context, enqueue};
use cell::Header;
use state::AfterConsume;

pub(crate) use cell::Settled;
pub use combine::{Joined, NoneResolved, all, any, join, race};
pub(crate) use drive::announce;
#[cfg(feature = "std")]
pub use drive::resume_one;
pub use outcome::{AsFuture, AsOutcome, AsResult, AsTask, IntoTask, Outcome};
pub(crate) use producing::producing;
pub use promise::{Promise, promise};
pub use shared::SharedTask;
pub use waiting::TaskFuture;

/// The read side: a value or an error that is there, or will be.
///
/// The work behind a task is eager: it starts when it is scheduled, and goes on whether or not anybody holds the task.
/// What happens to the outcome is said by the verbs, each of which takes the task and gives another: see
/// [`map`](Task::map), [`and_then`](Task::and_then), [`catch`](Task::catch), [`or_else`](Task::or_else),
/// [`then`](Task::then) and [`inspect`](Task::inspect). Where it happens is said by the verb's first argument, a
/// [`Context`].
///
/// A task is settled exactly once, always: if its producer is dropped, panics, or is refused by a closed pool, it is
/// rejected with an [`Error`] that says so. It can be awaited on any executor, and with feature `std` a thread can
/// [`wait`](Task::wait) for it.
///
/// ```
/// use threadbare::{Immediate, promise};
///
/// let (promise, task) = promise();
/// let text = task.map(&Immediate, |n: u32| format!("{n} bytes"));
/// promise.resolve(7);
/// assert_eq!(text.wait()?, "7 bytes");
/// # Ok::<(), threadbare::Error>(())
/// ```
///
/// # Dropping
///
/// Dropping a task neither cancels nor blocks; [`detach`](Task::detach) says so aloud. An error that is then seen by
/// nobody goes to the [error hook](crate::set_error_hook).
#[must_use = "dropped, its outcome is lost and its error goes to the error hook; `detach` it if that is meant"]
pub struct Task<T: Send + 'static> {
    cell: NonNull<Header>,
    value: PhantomData<fn() -> T>,
}

// SAFETY: a task moves a `T` to whoever consumes it; everything else about it is atomic.
unsafe impl<T: Send + 'static> Send for Task<T> {}
// SAFETY: a shared task offers `is_settled` alone.
unsafe impl<T: Send + 'static> Sync for Task<T> {}
impl<T: Send + 'static> core::panic::UnwindSafe for Task<T> {}
impl<T: Send + 'static> core::panic::RefUnwindSafe for Task<T> {}

impl<T: Send + 'static> Task<T> {
    /// # Safety
    ///
    /// The caller is the consumer of this cell, which settles with a `Result<T>`, and leaves it.
    pub(crate) unsafe fn from_cell(cell: NonNull<Header>) -> Self {
        Self { cell, value: PhantomData }
    }

    /// Gives the consumer's place to the caller.
    pub(crate) fn into_cell(self) -> NonNull<Header> {
        ManuallyDrop::new(self).cell
    }

    pub(crate) fn header(&self) -> &Header {
        // SAFETY: the cell is alive until its consumer has spoken.
        unsafe { self.cell.as_ref() }
    }

    /// Gives the task away as a pointer: for code in other languages.
    ///
    /// Whoever has the pointer must make a task of it again, or its memory is never freed.
    ///
    /// ```
    /// use threadbare::Task;
    ///
    /// let pointer = Task::resolved(7).into_raw();
    /// // SAFETY: it is the pointer of a task of the same type, and used once.
    /// let task = unsafe { Task::<i32>::from_raw(pointer) };
    /// assert_eq!(task.wait()?, 7);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn into_raw(self) -> NonNull<()> {
        self.into_cell().cast()
    }

    /// Makes a task of such a pointer again.
    ///
    /// # Safety
    ///
    /// The pointer is one of [`into_raw`](Task::into_raw), for the same `T`, and is used for this once.
    pub unsafe fn from_raw(pointer: NonNull<()>) -> Self {
        Self { cell: pointer.cast(), value: PhantomData }
    }

    /// A task that has its value.
    ///
    /// ```
    /// assert_eq!(threadbare::Task::resolved(7).wait()?, 7);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn resolved(value: T) -> Self {
        Self::settled(Ok(value))
    }

    /// A task that has an error.
    ///
    /// ```
    /// use threadbare::{Error, Task};
    ///
    /// let task = Task::<u32>::rejected(Error::msg("no such file"));
    /// assert_eq!(task.wait().unwrap_err().to_string(), "no such file");
    /// ```
    pub fn rejected(error: impl Into<Error>) -> Self {
        Self::settled(Err(error.into()))
    }

    /// A task that has this outcome.
    pub fn settled(outcome: Result<T>) -> Self {
        // SAFETY: we are the consumer of the new cell.
        unsafe { Self::from_cell(cell::new_settled(outcome)) }
    }

    /// Whether the outcome is there.
    ///
    /// When this says `true`, everything that was done before the task was settled can be seen by the caller.
    pub fn is_settled(&self) -> bool {
        self.header().state.is_settled()
    }

    /// Lets the task go: its work goes on, its value is dropped on the thread that settles it, its error goes to the
    /// [error hook](crate::set_error_hook).
    pub fn detach(self) {}

    /// The outcome, if it is there.
    ///
    /// # Errors
    ///
    /// The task itself, while it is pending.
    pub fn try_take(self) -> core::result::Result<Result<T>, Self> {
        if !self.is_settled() {
            return Err(self);
        }
        let cell = self.into_cell();
        // SAFETY: a settled cell is its consumer's, and this one settles with a `Result<T>`.
        Ok(unsafe { Settled::new(cell).take() })
    }
}

impl<T: Send + 'static> Drop for Task<T> {
    fn drop(&mut self) {
        if self.header().state.abandon() == AfterConsume::Own {
            // SAFETY: it has settled, so it is ours.
            unsafe { Settled::new(self.cell) }.discard();
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("is_settled", &self.is_settled()).finish_non_exhaustive()
    }
}

/// Queues work of its own in a context: the start of [`run`](crate::run) and [`try_run`](crate::try_run).
pub(crate) fn start<W, F, C>(context: &C, work: W) -> Task<W::Output>
where
    W: work::Work<Input = ()>,
    C: Context<F>,
{
    let queue = context.queue();
    let cell = cell::new_run::<W, C::Queue, C::Leash>(work, queue);
    // SAFETY: we are the consumer of the new cell; its producer becomes the runnable, which nobody else has.
    let (task, runnable) = unsafe { (Task::from_cell(cell), crate::runnable::Runnable::from_node(cell.cast())) };
    enqueue(queue, runnable);
    task
}

/// Runs a closure in a context; the task has what it returns.
///
/// It is always queued, never run at once, so that forks spread over the workers (on `&Immediate` there is no queue to
/// wait in: it runs now). The closure runs and is dropped in the context; a panic rejects the task.
///
/// ```
/// # use threadbare::{Immediate, run};
/// # let worker = Immediate;
/// let task = run(&worker, || 6 * 7);
/// assert_eq!(task.wait()?, 42);
/// # Ok::<(), threadbare::Error>(())
/// ```
pub fn run<T, F, C>(context: C, f: F) -> Task<T>
where
    F: FnOnce() -> T + 'static,
    T: Send + 'static,
    C: Context<F>,
{
    start::<_, F, _>(&context, work::Run::new(f))
}

/// Runs a closure in a context; the task settles as the `Result`, `Task` or future that it returns.
///
/// As [`run`], for work that can fail or goes on elsewhere.
///
/// ```
/// # use threadbare::{Immediate, try_run};
/// # let worker = Immediate;
/// let task = try_run(&worker, || Ok("42".parse::<u32>()?));
/// assert_eq!(task.wait()?, 42);
/// # Ok::<(), threadbare::Error>(())
/// ```
pub fn try_run<T, Via, R, F, C>(context: C, f: F) -> Task<T>
where
    F: FnOnce() -> R + 'static,
    R: IntoTask<T, Via>,
    Via: 'static,
    T: Send + 'static,
    C: Context<F> + Context<R, Queue = <C as Context<F>>::Queue, Leash = <C as Context<F>>::Leash>,
{
    start::<_, F, _>(&context, work::TryRun::new(f))
}

/// Attaches a verb's work to a task.
fn attach<T, W, F, C>(task: Task<T>, context: &C, work: W) -> Task<W::Output>
where
    T: Send + 'static,
    W: work::Work<Input = Result<T>>,
    C: Context<F>,
{
    cell::attach::<T, W, C::Queue, C::Leash>(task, context.queue(), work)
}
