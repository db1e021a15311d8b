//! Tasks out of callback interfaces.

use super::Task;
use super::promise::{Promise, promise};
use crate::error::{ErrorKind, Result};
use crate::unwind::catch;

impl<T: Send + 'static> Task<T> {
    /// Wraps a callback interface: calls the closure at once, on this thread, with the promise of the task, which may be
    /// settled then or later, from anywhere.
    ///
    /// If the closure returns an error or panics, and has not settled the promise, the task is rejected with that.
    ///
    /// ```
    /// use threadbare::{Error, Task};
    ///
    /// fn start_request(url: &str, done: Box<dyn FnOnce(u32) + Send>) -> Result<(), std::io::Error> {
    ///     done(url.len() as u32);
    ///     Ok(())
    /// }
    ///
    /// let task = Task::create(|promise| {
    ///     Ok(start_request("a.png", Box::new(move |size| promise.resolve(size)))?)
    /// });
    /// assert_eq!(task.wait()?, 5);
    ///
    /// let task = Task::<u32>::create(|_promise| Err(Error::msg("no network")));
    /// assert_eq!(task.wait().unwrap_err().to_string(), "no network");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn create(start: impl FnOnce(Promise<T>) -> Result<()>) -> Self {
        let (promise, task) = promise();
        match catch(|| start(promise)).and_then(|started| started) {
            Ok(()) => task,
            Err(error) => match task.try_take() {
                // Dropped by the closure on its way out: the closure's own error says more.
                Ok(Err(abandoned)) if abandoned.kind() == ErrorKind::Abandoned => Task::rejected(error),
                Ok(outcome) => {
                    // Settled first, so that stands; but the error must not be lost.
                    crate::hook::report(error);
                    Task::settled(outcome)
                }
                // The promise is elsewhere, and whatever it says comes too late.
                Err(pending) => {
                    pending.detach();
                    Task::rejected(error)
                }
            },
        }
    }
}
