//! Many into one: `all`, `join`, `race`, `any`.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use super::Task;
use super::cell::Settled;
use super::gather::{Inputs, Rule, gather};
use crate::error::{Error, Result};
use crate::hook::drop_quietly;

fn collect<T: Send + 'static, R: Rule>(tasks: impl IntoIterator<Item = Task<T>>) -> Inputs<R> {
    let tasks = tasks.into_iter();
    let mut inputs = Inputs::with_capacity(tasks.size_hint().0);
    tasks.for_each(|task| inputs.push(task));
    inputs
}

/// Waits for all of the tasks, and has their values in order.
///
/// It waits for every one, also after a rejection; the error is then the first by position, and the others go to the
/// [error hook](crate::set_error_hook). Of no tasks it has no values, at once.
///
/// It settles on the thread that settles the last of them. It takes a fixed number of allocations, one of which grows with
/// the tasks, besides the values.
///
/// ```
/// # use threadbare::{Immediate, all, run};
/// # let worker = Immediate;
/// let squares = all((0..4).map(|n| run(&worker, move || n * n)));
/// assert_eq!(squares.wait()?, [0, 1, 4, 9]);
/// # Ok::<(), threadbare::Error>(())
/// ```
pub fn all<T: Send + 'static>(tasks: impl IntoIterator<Item = Task<T>>) -> Task<Vec<T>> {
    gather(collect::<T, All<T>>(tasks))
}

struct All<T>(PhantomData<T>);

// SAFETY: none decides.
unsafe impl<T: Send + 'static> Rule for All<T> {
    type Output = Vec<T>;

    fn dismiss(input: Settled) {
        input.discard();
    }

    fn conclude(mut inputs: Inputs<Self>) -> Result<Vec<T>> {
        let mut values = Vec::with_capacity(inputs.len());
        let mut failed = None;
        for input in &mut inputs {
            // SAFETY: the inputs settle with a `Result<T>`.
            match unsafe { input.take::<T>() } {
                Ok(value) => values.push(value),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        match failed {
            None => Ok(values),
            Some(error) => {
                values.into_iter().for_each(drop_quietly);
                // The rest is dropped with `inputs`, which reports the errors in it.
                Err(error)
            }
        }
    }
}

/// Settles as the first of the tasks to settle does. The others go on; what comes of them is dropped.
///
/// It settles on the thread that settles the first. A race of no tasks is rejected: nothing could ever settle it.
///
/// ```
/// # use threadbare::{Error, Task, promise, race};
/// let (_slow, pending) = promise();
/// assert_eq!(race([pending, Task::resolved(2)]).wait()?, 2);
/// # Ok::<(), Error>(())
/// ```
pub fn race<T: Send + 'static>(tasks: impl IntoIterator<Item = Task<T>>) -> Task<T> {
    gather(collect::<T, Race<T>>(tasks))
}

struct Race<T>(PhantomData<T>);

// SAFETY: all settle with a `Result<T>`.
unsafe impl<T: Send + 'static> Rule for Race<T> {
    type Output = T;

    fn decides(_: &Settled) -> bool {
        true
    }

    fn dismiss(input: Settled) {
        // An error that comes second is what a race is for: it is not reported.
        // SAFETY: it settles with a `Result<T>`.
        drop_quietly(unsafe { input.take::<T>() });
    }

    fn conclude(_: Inputs<Self>) -> Result<T> {
        Err(Error::msg("a race of no tasks"))
    }
}

/// Settles with the value of the first of the tasks to resolve. The others go on; what comes of them is dropped.
///
/// It settles on the thread that settles that one. If none resolves, it is rejected with [`NoneResolved`], which has all
/// their errors.
///
/// ```
/// # use threadbare::{Error, NoneResolved, Task, any};
/// let mirrors = [Task::rejected(Error::msg("down")), Task::resolved(3)];
/// assert_eq!(any(mirrors).wait()?, 3);
///
/// let error = any([Task::<u32>::rejected(Error::msg("down"))]).wait().unwrap_err();
/// assert_eq!(error.downcast_ref::<NoneResolved>().unwrap().errors().len(), 1);
/// # Ok::<(), Error>(())
/// ```
pub fn any<T: Send + 'static>(tasks: impl IntoIterator<Item = Task<T>>) -> Task<T> {
    gather(collect::<T, Any<T>>(tasks))
}

struct Any<T>(PhantomData<T>);

// SAFETY: all settle with a `Result<T>`.
unsafe impl<T: Send + 'static> Rule for Any<T> {
    type Output = T;

    fn decides(input: &Settled) -> bool {
        input.is_ok()
    }

    fn dismiss(input: Settled) {
        // The others' errors are what `any` is for: they are not reported.
        // SAFETY: it settles with a `Result<T>`.
        drop_quietly(unsafe { input.take::<T>() });
    }

    fn conclude(inputs: Inputs<Self>) -> Result<T> {
        // SAFETY: they settle with a `Result<T>`.
        let errors = inputs.filter_map(|input| unsafe { input.take::<T>() }.err()).collect();
        Err(NoneResolved { errors }.into())
    }
}

/// Why [`any`] was rejected: every task's error, in order.
#[derive(Debug)]
pub struct NoneResolved {
    errors: Vec<Error>,
}

impl NoneResolved {
    /// The tasks' errors, in the order of the tasks.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }
}

impl fmt::Display for NoneResolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "none of {} tasks resolved", self.errors.len())?;
        for (index, error) in self.errors.iter().enumerate() {
            write!(f, "{} {error}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl core::error::Error for NoneResolved {}

/// Waits for all of a tuple of tasks, of one to twelve types, and has the tuple of their values.
///
/// As [`all`]: it waits for every one, and the error is the first by position.
///
/// ```
/// # use threadbare::{Immediate, join, run};
/// # let worker = Immediate;
/// let both = join((run(&worker, || 1_u8), run(&worker, || "two")));
/// assert_eq!(both.wait()?, (1, "two"));
/// # Ok::<(), threadbare::Error>(())
/// ```
pub fn join<J: Joined>(tasks: J) -> Task<J::Values> {
    tasks.join()
}

/// A tuple of tasks. The trait is sealed.
pub trait Joined: sealed::Sealed {
    /// The tuple of their values.
    type Values: Send + 'static;

    #[doc(hidden)]
    fn join(self) -> Task<Self::Values>;
}

mod sealed {
    pub trait Sealed {}
}

/// The rule of a tuple of values.
struct Tuple<V>(PhantomData<V>);

/// # Safety
///
/// There is a next input, and it settles with a `Result<T>`.
unsafe fn next<T: Send + 'static, R: Rule>(inputs: &mut Inputs<R>) -> Result<T> {
    match inputs.next() {
        // SAFETY: as the caller says.
        Some(input) => unsafe { input.take() },
        None => unreachable!("as many inputs as tasks"),
    }
}

macro_rules! joined {
    ($(($value:ident $task:ident))+) => {
        impl<$($value: Send + 'static),+> sealed::Sealed for ($(Task<$value>,)+) {}

        impl<$($value: Send + 'static),+> Joined for ($(Task<$value>,)+) {
            type Values = ($($value,)+);

            fn join(self) -> Task<Self::Values> {
                let ($($task,)+) = self;
                let mut inputs = Inputs::<Tuple<Self::Values>>::with_capacity(12);
                $(inputs.push($task);)+
                gather(inputs)
            }
        }

        // SAFETY: none decides.
        unsafe impl<$($value: Send + 'static),+> Rule for Tuple<($($value,)+)> {
            type Output = ($($value,)+);

            fn dismiss(input: Settled) {
                input.discard();
            }

            fn conclude(mut inputs: Inputs<Self>) -> Result<Self::Output> {
                // Each is taken before any is looked at, so an error leaves no task of another type in `inputs`.
                $(
                    // SAFETY: the inputs were pushed in this order, with these types.
                    let $task = unsafe { next::<$value, _>(&mut inputs) };
                )+
                let mut failed = None;
                $(
                    let $task = $task.map_err(|error| match &failed {
                        None => failed = Some(error),
                        Some(_) => crate::hook::report(error),
                    }).ok();
                )+
                match (failed, $($task),+) {
                    (None, $(Some($task)),+) => Ok(($($task,)+)),
                    (failed, $($task),+) => {
                        $(drop_quietly($task);)+
                        Err(failed.unwrap_or_else(|| unreachable!("a value is missing for an error")))
                    }
                }
            }
        }
    };
}

joined!((A a));
joined!((A a)(B b));
joined!((A a)(B b)(C c));
joined!((A a)(B b)(C c)(D d));
joined!((A a)(B b)(C c)(D d)(E e));
joined!((A a)(B b)(C c)(D d)(E e)(F f));
joined!((A a)(B b)(C c)(D d)(E e)(F f)(G g));
joined!((A a)(B b)(C c)(D d)(E e)(F f)(G g)(H h));
joined!((A a)(B b)(C c)(D d)(E e)(F f)(G g)(H h)(I i));
joined!((A a)(B b)(C c)(D d)(E e)(F f)(G g)(H h)(I i)(J j));
joined!((A a)(B b)(C c)(D d)(E e)(F f)(G g)(H h)(I i)(J j)(K k));
joined!((A a)(B b)(C c)(D d)(E e)(F f)(G g)(H h)(I i)(J j)(K k)(L l));
