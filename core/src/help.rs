//! What a thread can do while it waits.

/// What a thread can do for a context while it waits for something else.
pub trait Help {
    /// Runs one piece of queued work on the calling thread, if there is one.
    fn run_one(&self) -> bool;

    /// The calling thread is about to park. From now on, until [`after_park`](Help::after_park), new work unparks it.
    ///
    /// Returns `false`, and promises nothing, if there is work already.
    fn before_park(&self) -> bool;

    /// The calling thread is up again, for whatever reason. Called after each `before_park` that returned `true`.
    fn after_park(&self);
}
