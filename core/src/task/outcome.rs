//! What a closure may return to go on: a `Result`, a `Task`, either of the two, or a future.

use core::future::Future;

use super::Task;
use crate::error::Result;
use crate::schedule::{Leash, Schedule};

/// What came of a closure that may have the outcome itself, or a task of it, and returns either without another allocation.
///
/// ```
/// use threadbare::{Immediate, Outcome, Task, promise};
///
/// let (fetch, fetched) = promise();
/// let cached = |key: u32| (key == 1).then_some("from the cache");
/// let mut fetched = Some(fetched);
/// let look_up = move |key| match (cached(key), fetched.take()) {
///     (Some(text), _) => Outcome::Ready(Ok(text)),
///     (None, Some(task)) => Outcome::Pending(task),
///     (None, None) => Outcome::Ready(Err(threadbare::Error::msg("fetched already"))),
/// };
/// let task = Task::resolved(2).and_then(&Immediate, look_up);
/// assert!(!task.is_settled());
/// fetch.resolve("from the network");
/// assert_eq!(task.wait()?, "from the network");
/// # Ok::<(), threadbare::Error>(())
/// ```
#[derive(Debug)]
pub enum Outcome<T: Send + 'static> {
    /// The outcome itself.
    Ready(Result<T>),
    /// A task that has it, or will.
    Pending(Task<T>),
}

/// What [`and_then`](Task::and_then), [`or_else`](Task::or_else), [`then`](Task::then) and
/// [`try_run`](crate::try_run) take from their closures: a `Result<T>`, a `Task<T>`, an [`Outcome<T>`](Outcome), which is one
/// of the two, or a future of a `Result<T>`.
///
/// `Via` tells them apart; it is inferred, and never written. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "a closure returned `{Self}`, which is not a `Result<{T}>`, a `Task<{T}>` or a future of a `Result<{T}>`",
    label = "must return a `Result`, a `Task` or a future of a `Result`",
    note = "for a closure that returns a plain value, use `map` (or `run` instead of `try_run`, `catch` instead of `or_else`)",
    note = "the error type of the `Result` is `threadbare::Error`; `?` converts others into it"
)]
pub trait IntoTask<T, Via>: sealed::Sealed<Via> + 'static {
    /// The outcome, or the task that will have it.
    ///
    /// # Safety
    ///
    /// `queue` and `L` are those of a context for `Self`, and the caller is in it.
    #[doc(hidden)]
    unsafe fn into_outcome<Q: Schedule, L: Leash>(self, queue: &Q) -> Outcome<T>
    where
        T: Send + 'static;
}

mod sealed {
    pub trait Sealed<Via> {}
}

/// How a [`Result`] is taken.
#[derive(Debug)]
pub enum AsResult {}
/// How a [`Task`] is taken.
#[derive(Debug)]
pub enum AsTask {}
/// How an [`Outcome`] is taken.
#[derive(Debug)]
pub enum AsOutcome {}
/// How a future is taken.
#[derive(Debug)]
pub enum AsFuture {}

impl<T> sealed::Sealed<AsResult> for Result<T> {}
impl<T: Send + 'static> sealed::Sealed<AsTask> for Task<T> {}
impl<T: Send + 'static> sealed::Sealed<AsOutcome> for Outcome<T> {}
impl<F: Future> sealed::Sealed<AsFuture> for F {}

impl<T: 'static> IntoTask<T, AsResult> for Result<T> {
    unsafe fn into_outcome<Q: Schedule, L: Leash>(self, _: &Q) -> Outcome<T>
    where
        T: Send,
    {
        Outcome::Ready(self)
    }
}

impl<T: Send + 'static> IntoTask<T, AsTask> for Task<T> {
    unsafe fn into_outcome<Q: Schedule, L: Leash>(self, _: &Q) -> Outcome<T> {
        match self.try_take() {
            Ok(outcome) => Outcome::Ready(outcome),
            Err(pending) => Outcome::Pending(pending),
        }
    }
}

impl<T: Send + 'static> IntoTask<T, AsOutcome> for Outcome<T> {
    unsafe fn into_outcome<Q: Schedule, L: Leash>(self, queue: &Q) -> Outcome<T> {
        match self {
            Outcome::Ready(outcome) => Outcome::Ready(outcome),
            // SAFETY: as the caller says; a settled task is unwrapped there.
            Outcome::Pending(task) => unsafe { task.into_outcome::<Q, L>(queue) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Immediate, promise, try_run};

    #[test]
    fn an_outcome_is_what_is_in_it() {
        let ready = try_run(&Immediate, || Outcome::Ready(Ok(1)));
        assert_eq!(ready.try_take().expect("settled").expect("resolved"), 1);

        let failed = try_run(&Immediate, || Outcome::<u32>::Ready(Err(Error::msg("no"))));
        assert!(failed.try_take().expect("settled").is_err());

        let (later, inner) = promise();
        let pending = Task::resolved(2).then(&Immediate, |_| Outcome::Pending(inner));
        assert!(!pending.is_settled());
        later.resolve(3);
        assert_eq!(pending.try_take().expect("settled").expect("resolved"), 3);

        let settled = Task::<u32>::rejected(Error::msg("no"));
        let task = settled.or_else(&Immediate, |_| Outcome::Pending(Task::resolved(4)));
        assert_eq!(task.try_take().expect("settled").expect("resolved"), 4);
    }

    #[test]
    fn a_pointer_is_the_task_or_the_promise_again() {
        let (write, read) = promise::<u32>();
        let (write, read) = (write.into_raw(), read.into_raw());
        // SAFETY: each is made of the one of its kind, for the same type, once.
        let (write, read) = unsafe { (crate::Promise::<u32>::from_raw(write), Task::<u32>::from_raw(read)) };
        write.resolve(5);
        assert_eq!(read.try_take().expect("settled").expect("resolved"), 5);

        let (write, read) = promise::<u32>();
        let write = write.into_raw();
        // SAFETY: as above; dropped, the promise abandons its task.
        drop(unsafe { crate::Promise::<u32>::from_raw(write) });
        assert!(read.try_take().expect("settled").is_err());
    }
}
