//! What a cell does when it is its turn: the verbs' closures, and what each makes of an outcome.

use core::marker::PhantomData;

use super::cell::Settled;
use super::outcome::{IntoTask, Outcome};
use crate::error::{Error, Result};
use crate::schedule::{Leash, Schedule};

/// The work of a cell.
pub(crate) trait Work: Sized + 'static {
    type Input: Input;
    type Output: Send + 'static;

    /// Is there work for a source that settled with a value, or with an error?
    fn wants(_is_ok: bool) -> bool {
        true
    }

    /// What an outcome that there is no work for becomes.
    fn pass(_: Self::Input) -> Result<Self::Output> {
        unreachable!("work that wants every outcome passes none on")
    }

    /// Does it ask for its queue, to go on there with what its closure returns?
    const GOES_ON: bool = true;

    /// Does the work. `queue` and `L` are the context's, in which it is called.
    ///
    /// # Safety
    ///
    /// They are those of a context for the work's closure and for what that returns.
    unsafe fn perform<'q, Q: Schedule, L: Leash>(
        self,
        input: Self::Input,
        queue: impl FnOnce() -> &'q Q,
    ) -> Outcome<Self::Output>;
}

/// What work takes: its source's outcome, or nothing.
pub(crate) trait Input: Sized {
    /// Moves the outcome out of the source, which is freed.
    ///
    /// # Safety
    ///
    /// The source is there if the work has one, and settled with this type.
    unsafe fn take(source: Option<Settled>) -> Self;

    /// The error in it, if there is one.
    fn into_error(self) -> Option<Error>;
}

impl Input for () {
    unsafe fn take(_: Option<Settled>) {}

    fn into_error(self) -> Option<Error> {
        None
    }
}

impl<T: Send + 'static> Input for Result<T> {
    unsafe fn take(source: Option<Settled>) -> Self {
        match source {
            // SAFETY: the caller says what it settled with.
            Some(source) => unsafe { source.take() },
            None => unreachable!("a continuation is fired with its source"),
        }
    }

    fn into_error(self) -> Option<Error> {
        self.map(crate::hook::drop_quietly).err()
    }
}

/// Declares the work of a verb: the closure `F`, from `T`.
macro_rules! work {
    ($(#[$doc:meta])* $name:ident<$($generic:ident),+>) => {
        $(#[$doc])*
        pub(crate) struct $name<F, $($generic),+>(pub(crate) F, PhantomData<fn() -> ($($generic,)+)>);

        impl<F, $($generic),+> $name<F, $($generic),+> {
            pub(crate) fn new(f: F) -> Self {
                Self(f, PhantomData)
            }
        }
    };
}

/// For work that wants values: passes an error on.
fn pass_error<T, U>(input: Result<T>) -> Result<U> {
    match input {
        Ok(_) => unreachable!("a value is wanted"),
        Err(error) => Err(error),
    }
}

/// For work that wants errors: passes a value on.
fn pass_value<T>(input: Result<T>) -> Result<T> {
    debug_assert!(input.is_ok(), "an error is wanted");
    input
}

work!(
    /// [`run`](crate::run).
    Run<U>
);
impl<F: FnOnce() -> U + 'static, U: Send + 'static> Work for Run<F, U> {
    type Input = ();
    type Output = U;

    const GOES_ON: bool = false;

    unsafe fn perform<'q, Q: Schedule, L: Leash>(self, (): (), _: impl FnOnce() -> &'q Q) -> Outcome<U> {
        Outcome::Ready(Ok((self.0)()))
    }
}

work!(
    /// [`try_run`](crate::try_run).
    TryRun<R, U, Via>
);
impl<F: FnOnce() -> R + 'static, R: IntoTask<U, Via>, U: Send + 'static, Via: 'static> Work for TryRun<F, R, U, Via> {
    type Input = ();
    type Output = U;

    unsafe fn perform<'q, Q: Schedule, L: Leash>(self, (): (), queue: impl FnOnce() -> &'q Q) -> Outcome<U> {
        // SAFETY: the caller says that the context takes what the closure returns.
        unsafe { (self.0)().into_outcome::<Q, L>(queue()) }
    }
}

work!(
    /// [`Task::map`].
    Map<T, U>
);
impl<F: FnOnce(T) -> U + 'static, T: Send + 'static, U: Send + 'static> Work for Map<F, T, U> {
    type Input = Result<T>;
    type Output = U;

    fn wants(is_ok: bool) -> bool {
        is_ok
    }

    fn pass(input: Result<T>) -> Result<U> {
        pass_error(input)
    }

    unsafe fn perform<'q, Q: Schedule, L: Leash>(self, input: Result<T>, _: impl FnOnce() -> &'q Q) -> Outcome<U> {
        Outcome::Ready(input.map(self.0))
    }
}

work!(
    /// [`Task::and_then`].
    AndThen<T, R, U, Via>
);
impl<F, T, R, U, Via> Work for AndThen<F, T, R, U, Via>
where
    F: FnOnce(T) -> R + 'static,
    T: Send + 'static,
    R: IntoTask<U, Via>,
    Via: 'static,
    U: Send + 'static,
{
    type Input = Result<T>;
    type Output = U;

    fn wants(is_ok: bool) -> bool {
        is_ok
    }

    fn pass(input: Result<T>) -> Result<U> {
        pass_error(input)
    }

    unsafe fn perform<'q, Q: Schedule, L: Leash>(self, input: Result<T>, queue: impl FnOnce() -> &'q Q) -> Outcome<U> {
        match input {
            // SAFETY: the caller says that the context takes what the closure returns.
            Ok(value) => unsafe { (self.0)(value).into_outcome::<Q, L>(queue()) },
            Err(error) => Outcome::Ready(Err(error)),
        }
    }
}

work!(
    /// [`Task::catch`].
    Catch<T>
);
impl<F: FnOnce(Error) -> T + 'static, T: Send + 'static> Work for Catch<F, T> {
    type Input = Result<T>;
    type Output = T;

    fn wants(is_ok: bool) -> bool {
        !is_ok
    }

    fn pass(input: Result<T>) -> Result<T> {
        pass_value(input)
    }

    unsafe fn perform<'q, Q: Schedule, L: Leash>(self, input: Result<T>, _: impl FnOnce() -> &'q Q) -> Outcome<T> {
        Outcome::Ready(Ok(input.unwrap_or_else(self.0)))
    }
}

work!(
    /// [`Task::or_else`].
    OrElse<T, R, Via>
);
impl<F, T, R, Via> Work for OrElse<F, T, R, Via>
where
    F: FnOnce(Error) -> R + 'static,
    T: Send + 'static,
    R: IntoTask<T, Via>,
    Via: 'static,
{
    type Input = Result<T>;
    type Output = T;

    fn wants(is_ok: bool) -> bool {
        !is_ok
    }

    fn pass(input: Result<T>) -> Result<T> {
        pass_value(input)
    }

    unsafe fn perform<'q, Q: Schedule, L: Leash>(self, input: Result<T>, queue: impl FnOnce() -> &'q Q) -> Outcome<T> {
        match input {
            Ok(value) => Outcome::Ready(Ok(value)),
            // SAFETY: the caller says that the context takes what the closure returns.
            Err(error) => unsafe { (self.0)(error).into_outcome::<Q, L>(queue()) },
        }
    }
}

work!(
    /// [`Task::then`].
    Then<T, R, U, Via>
);
impl<F, T, R, U, Via> Work for Then<F, T, R, U, Via>
where
    F: FnOnce(Result<T>) -> R + 'static,
    T: Send + 'static,
    R: IntoTask<U, Via>,
    Via: 'static,
    U: Send + 'static,
{
    type Input = Result<T>;
    type Output = U;

    unsafe fn perform<'q, Q: Schedule, L: Leash>(self, input: Result<T>, queue: impl FnOnce() -> &'q Q) -> Outcome<U> {
        // SAFETY: the caller says that the context takes what the closure returns.
        unsafe { (self.0)(input).into_outcome::<Q, L>(queue()) }
    }
}

work!(
    /// [`Task::inspect`].
    Inspect<T>
);
impl<F: FnOnce(&Result<T>) + 'static, T: Send + 'static> Work for Inspect<F, T> {
    type Input = Result<T>;
    type Output = T;

    unsafe fn perform<'q, Q: Schedule, L: Leash>(self, input: Result<T>, _: impl FnOnce() -> &'q Q) -> Outcome<T> {
        (self.0)(&input);
        Outcome::Ready(input)
    }
}
