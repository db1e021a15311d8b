//! What a thread can do while it waits.

use crate::error::Error;

/// What a thread can do for a context while it waits for something else.
pub trait Help {
    /// Runs one piece of queued work on the calling thread, if there is one.
    fn run_one(&self) -> bool;

    /// Runs one piece of queued work on the calling thread: of this context, or of the main queue, which this thread has to
    /// dispatch as well. `main` runs one of that, if there is one.
    ///
    /// For a context that decides in which order all work of its thread is done. Left alone, main work comes first.
    fn run_one_or(&self, main: &mut dyn FnMut() -> bool) -> bool {
        main() || self.run_one()
    }

    /// The calling thread has found nothing to do, and is about to park.
    fn before_park(&self) -> Outlook;

    /// The calling thread is up again, for whatever reason. Called after each `before_park` that did not return
    /// [`Work`](Outlook::Work).
    fn after_park(&self);
}

/// What a context has to say to a thread that is about to park.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outlook {
    /// From now on, until [`after_park`](Help::after_park), new work unparks the thread.
    Sleep,
    /// Don't: there is, or may be, work already.
    Work,
    /// There is nothing to do, and nothing will come but from what this thread goes on with after its wait. If all that
    /// the thread could wait for says so, the wait returns [`Deadlock`](crate::ErrorKind::Deadlock).
    Never,
}

/// Calls `f`, inside of which waits on this thread run the work of this context, too.
///
/// For the loop of a backend that has no threads of its own. (Without feature `std` it only calls `f`: there the main
/// thread's [`wait`](crate::MainThread::wait) asks its own system's processor, and no other thread can wait.)
pub fn helping<R>(helper: &dyn Help, f: impl FnOnce() -> R) -> R {
    #[cfg(feature = "std")]
    return crate::frames::helping(helper, f);
    #[cfg(not(feature = "std"))]
    {
        _ = helper;
        f()
    }
}

/// The error of a wait that nothing can end.
pub(crate) fn nothing_left() -> Error {
    Error::deadlock("a wait for a task that nothing is left to settle: there is no work to run, and none will come")
}
