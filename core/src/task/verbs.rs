//! The verbs: what happens to a task's outcome.

use alloc::borrow::Cow;
use core::result::Result as StdResult;

use super::outcome::IntoTask;
use super::{Task, attach, work};
use crate::error::{Error, Result};
use crate::schedule::{Context, Immediate};

/// # Verbs
///
/// Each takes the task and a [context](Context), and gives the task of what the closure makes of the outcome. The closure
/// runs once, in the context: at once, if the thread that settles this task (or calls the verb, if it is settled) is
/// already there, else when the context's queue gets to it. It is dropped where it runs.
///
/// An outcome that a verb has no use for passes on at once, without going through the queue, and the closure is dropped
/// unrun on the thread that settles the task; for `&MainThread` that drop happens on the main thread. A closure that
/// panics rejects its task with [`Panicked`](crate::ErrorKind::Panicked). If the context is closed before the closure
/// could run, the task is rejected with [`Closed`](crate::ErrorKind::Closed), or with the error that was on its way.
///
/// One allocation holds all that a continuation needs, and chains of any length settle in constant stack.
impl<T: Send + 'static> Task<T> {
    /// Turns the value into another.
    ///
    /// ```
    /// # use threadbare::{Immediate, Task};
    /// # let worker = Immediate;
    /// let task = Task::resolved("hello").map(&worker, str::len);
    /// assert_eq!(task.wait()?, 5);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn map<U, F, C>(self, context: C, f: F) -> Task<U>
    where
        F: FnOnce(T) -> U + 'static,
        U: Send + 'static,
        C: Context<F>,
    {
        attach::<_, _, F, _>(self, &context, work::Map::new(f))
    }

    /// Goes on with the value: the task settles as the `Result`, `Task` or future that the closure returns.
    ///
    /// A future is spawned in the same context. Recursion through returned tasks takes constant memory.
    ///
    /// ```
    /// # use threadbare::{Immediate, Task};
    /// # let worker = Immediate;
    /// let task = Task::resolved("42")
    ///     .and_then(&worker, |text| Ok(text.parse::<u32>()?))
    ///     .and_then(&worker, |n| Task::resolved(n + 1))
    ///     .and_then(&worker, |n| async move { Ok(n * 2) });
    /// assert_eq!(task.wait()?, 86);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn and_then<U, Via, R, F, C>(self, context: C, f: F) -> Task<U>
    where
        F: FnOnce(T) -> R + 'static,
        R: IntoTask<U, Via>,
        Via: 'static,
        U: Send + 'static,
        C: Context<F> + Context<R, Queue = <C as Context<F>>::Queue, Leash = <C as Context<F>>::Leash>,
    {
        attach::<_, _, F, _>(self, &context, work::AndThen::new(f))
    }

    /// Turns an error into a value.
    ///
    /// ```
    /// # use threadbare::{Error, Immediate, Task};
    /// # let worker = Immediate;
    /// let task = Task::rejected(Error::msg("no")).catch(&worker, |error| error.to_string());
    /// assert_eq!(task.wait()?, "no");
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn catch<F, C>(self, context: C, f: F) -> Task<T>
    where
        F: FnOnce(Error) -> T + 'static,
        C: Context<F>,
    {
        attach::<_, _, F, _>(self, &context, work::Catch::new(f))
    }

    /// Goes on with an error: the task settles as the `Result`, `Task` or future that the closure returns.
    ///
    /// ```
    /// # use threadbare::{Error, ErrorKind, Immediate, promise};
    /// # let worker = Immediate;
    /// let (promise, task) = promise::<u32>();
    /// drop(promise);
    /// let task = task.or_else(&worker, |error| match error.kind() {
    ///     ErrorKind::Abandoned => Ok(0),
    ///     _ => Err(error),
    /// });
    /// assert_eq!(task.wait()?, 0);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn or_else<Via, R, F, C>(self, context: C, f: F) -> Task<T>
    where
        F: FnOnce(Error) -> R + 'static,
        R: IntoTask<T, Via>,
        Via: 'static,
        C: Context<F> + Context<R, Queue = <C as Context<F>>::Queue, Leash = <C as Context<F>>::Leash>,
    {
        attach::<_, _, F, _>(self, &context, work::OrElse::new(f))
    }

    /// Goes on with the outcome, whichever it is: the task settles as the `Result`, `Task` or future that the closure
    /// returns.
    ///
    /// ```
    /// # use threadbare::{Immediate, Task};
    /// # let worker = Immediate;
    /// let task = Task::resolved(7).then(&worker, |outcome| Ok(outcome.is_ok()));
    /// assert!(task.wait()?);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn then<U, Via, R, F, C>(self, context: C, f: F) -> Task<U>
    where
        F: FnOnce(Result<T>) -> R + 'static,
        R: IntoTask<U, Via>,
        Via: 'static,
        U: Send + 'static,
        C: Context<F> + Context<R, Queue = <C as Context<F>>::Queue, Leash = <C as Context<F>>::Leash>,
    {
        attach::<_, _, F, _>(self, &context, work::Then::new(f))
    }

    /// Looks at the outcome, which passes on.
    ///
    /// ```
    /// # use threadbare::{Immediate, Task};
    /// # let worker = Immediate;
    /// let task = Task::resolved(7).inspect(&worker, |outcome| println!("{outcome:?}"));
    /// assert_eq!(task.wait()?, 7);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn inspect<F, C>(self, context: C, f: F) -> Task<T>
    where
        F: FnOnce(&Result<T>) + 'static,
        C: Context<F>,
    {
        attach::<_, _, F, _>(self, &context, work::Inspect::new(f))
    }

    /// Adds a line about what was going on to an error that passes; see [`Error::context`].
    ///
    /// ```
    /// # use threadbare::{Error, Task};
    /// let task = Task::<u32>::rejected(Error::msg("no such file")).context("loading hero.png");
    /// let error = task.wait().unwrap_err();
    /// assert_eq!(format!("{error:?}"), "loading hero.png\n  caused by: no such file");
    /// ```
    pub fn context(self, line: impl Into<Cow<'static, str>>) -> Task<T> {
        let line = line.into();
        self.or_else(&Immediate, |error| Err(error.context(line)))
    }

    /// Carries something along with the value. It is paired on the thread that settles the task.
    ///
    /// ```
    /// # use threadbare::Task;
    /// let task = Task::resolved(7).with("lucky");
    /// assert_eq!(task.wait()?, ("lucky", 7));
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn with<X: Send + 'static>(self, x: X) -> Task<(X, T)> {
        self.map(&Immediate, |value| (x, value))
    }
}

impl<T: Send + 'static> From<StdResult<T, Error>> for Task<T> {
    fn from(outcome: StdResult<T, Error>) -> Self {
        Self::settled(outcome)
    }
}
