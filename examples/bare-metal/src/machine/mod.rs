//! What the scenario runs on: a worker, a main thread and a clock, made of one core or of several.

use threadbare::{Clock, Main, MainThread, Result, Task, Worker};

#[cfg(target_arch = "riscv64")]
mod harts;
#[cfg(target_arch = "riscv64")]
pub(crate) use harts::{Machine, serve};

#[cfg(target_arch = "arm")]
mod one_core;
#[cfg(target_arch = "arm")]
pub(crate) use one_core::Machine;

/// How many runnables fit into the worker's queue.
pub(crate) const ROOM: usize = 8;

/// The worker, the main thread and the clock of a machine, as the scenario sees them.
pub(crate) trait Platform: Sized {
    type Clock: Clock + Clone + Send + 'static;

    /// On how many cores the worker's work runs at the same time.
    const HANDS: usize;

    fn worker(&self) -> &Worker;
    fn main(&self) -> &Main;
    fn here(&self) -> &MainThread;
    fn clock(&self) -> &Self::Clock;

    /// Runs what there is to run until the task has settled, and sleeps while there is nothing.
    fn wait<T: Send + 'static>(&self, task: Task<T>) -> Result<T>;

    /// Calls `f`, which must not wait, while nobody takes anything out of the worker's queue.
    fn hold<R>(&self, f: impl FnOnce() -> R) -> R;

    /// The end: when this returns, nothing runs any more.
    fn close(self);
}
