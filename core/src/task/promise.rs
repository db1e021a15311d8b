//! The write side.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use super::Task;
use super::cell::{Header, Settled, new_pending, put_pending};
use super::drive::{First, announce, drive};
use crate::error::{Error, ErrorKind, Result};
use crate::frames::{self, Frames};

/// The write side: settles one task, once, from any thread.
///
/// Dropped unsettled, it rejects the task with [`Abandoned`](ErrorKind::Abandoned). Settling runs continuations that are
/// where the caller already is, `&Immediate` ones among them, before it returns; so settle outside of your own locks.
#[must_use = "dropped, it rejects its task"]
pub struct Promise<T: Send + 'static> {
    cell: NonNull<Header>,
    value: PhantomData<fn(T)>,
}

// SAFETY: a promise moves a `T` into the task; everything else about it is atomic.
unsafe impl<T: Send + 'static> Send for Promise<T> {}
// SAFETY: a shared promise offers nothing.
unsafe impl<T: Send + 'static> Sync for Promise<T> {}
impl<T: Send + 'static> core::panic::UnwindSafe for Promise<T> {}
impl<T: Send + 'static> core::panic::RefUnwindSafe for Promise<T> {}

/// Makes a promise and the task that it settles, in one allocation.
///
/// ```
/// let (promise, task) = threadbare::promise();
/// std::thread::spawn(move || promise.resolve("done"));
/// assert_eq!(task.wait()?, "done");
/// # Ok::<(), threadbare::Error>(())
/// ```
pub fn promise<T: Send + 'static>() -> (Promise<T>, Task<T>) {
    let cell = new_pending::<T>();
    // SAFETY: the cell is new: nobody else is its producer or its consumer.
    (Promise { cell, value: PhantomData }, unsafe { Task::from_cell(cell) })
}

impl<T: Send + 'static> Promise<T> {
    /// Gives the promise away as a pointer: for code in other languages.
    ///
    /// Whoever has the pointer must make a promise of it again, or the task never settles.
    pub fn into_raw(self) -> NonNull<()> {
        ManuallyDrop::new(self).cell.cast()
    }

    /// Makes a promise of such a pointer again.
    ///
    /// # Safety
    ///
    /// The pointer is one of [`into_raw`](Promise::into_raw), for the same `T`, and is used for this once.
    pub unsafe fn from_raw(pointer: NonNull<()>) -> Self {
        Self { cell: pointer.cast(), value: PhantomData }
    }

    /// Settles the task with a value.
    pub fn resolve(self, value: T) {
        self.settle(Ok(value));
    }

    /// Settles the task with an error.
    pub fn reject(self, error: impl Into<Error>) {
        self.settle(Err(error.into()));
    }

    /// Settles the task with this outcome.
    pub fn settle(self, outcome: Result<T>) {
        self.settle_within(frames::current(), outcome);
    }

    /// Has its task been dropped, so that nobody will see the outcome?
    pub(crate) fn is_abandoned(&self) -> bool {
        // SAFETY: the cell is alive until its producer, which is us, has settled it.
        unsafe { self.cell.as_ref() }.state.is_abandoned()
    }

    /// The cell that it settles.
    pub(crate) fn cell(&self) -> NonNull<Header> {
        self.cell
    }

    /// `settle`, where the caller knows in which contexts it is.
    pub(crate) fn settle_within(self, frames: Frames<'_>, outcome: Result<T>) {
        drive(frames, First::Settled(self.put(outcome)));
    }

    /// Gives the task its outcome, and leaves it to the caller to announce that.
    pub(crate) fn put(self, outcome: Result<T>) -> Settled {
        let cell = ManuallyDrop::new(self).cell;
        // SAFETY: the promise is the producer of its cell, which waits for a `Result<T>`; it is used up.
        unsafe { put_pending(cell, outcome) }
    }
}

impl<T: Send + 'static> Drop for Promise<T> {
    fn drop(&mut self) {
        let cause = Error::of_kind(ErrorKind::Abandoned, "the promise was dropped without being settled");
        // SAFETY: as in `put`.
        announce(unsafe { put_pending::<T>(self.cell, Err(cause)) });
    }
}

impl<T: Send + 'static> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise").finish_non_exhaustive()
    }
}
