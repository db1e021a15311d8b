//! What a closure may return to go on: a `Result`, a `Task`, or a future.

use core::future::Future;

use super::Task;
use crate::error::Result;
use crate::schedule::{Leash, Schedule};

/// What came of a closure.
pub enum Outcome<T: Send + 'static> {
    /// The outcome itself.
    Ready(Result<T>),
    /// A task that has it, or will.
    Pending(Task<T>),
}

/// What [`and_then`](Task::and_then), [`or_else`](Task::or_else), [`then`](Task::then) and
/// [`try_run`](crate::try_run) take from their closures: a `Result<T>`, a `Task<T>`, or a future of a `Result<T>`.
///
/// `Via` tells the three apart; it is inferred, and never written. The trait is sealed.
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
/// How a future is taken.
#[derive(Debug)]
pub enum AsFuture {}

impl<T> sealed::Sealed<AsResult> for Result<T> {}
impl<T: Send + 'static> sealed::Sealed<AsTask> for Task<T> {}
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
