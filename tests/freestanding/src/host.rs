//! The host: one thread that polls the single-thread backend, and a system on top.

use threadbare::{Runnable, TaskProcessor};
use threadbare_single_thread::{Host, SingleThread};

/// A system of its own, whose queues have all their room from the start: so what is counted later is what tasks take.
pub(crate) fn new_host() -> Host {
    SingleThread::with_capacity::<8>().host()
}

/// Runs the worker's part until there is none; returns how many runnables and timers.
pub(crate) fn poll(host: &Host) -> usize {
    host.single().run_until_idle()
}

/// A processor that has this thread, always, and so never needs to queue.
pub(crate) struct Here;

impl TaskProcessor for Here {
    fn start_task(&self, runnable: Runnable) {
        drop(runnable);
    }

    fn is_current(&self) -> bool {
        true
    }
}
