//! The systems that the tests run on.

use std::sync::Arc;

use threadbare::{AsyncSystem, Inbox, Runnable, TaskProcessor, Worker};
use threadbare_threads::ThreadPool;

use crate::probe::Scope;

/// A system under test.
pub trait System: Send + Sync + 'static {
    /// Starts it.
    fn start() -> Self;

    /// Its worker and main thread.
    fn system(&self) -> &AsyncSystem;

    /// Its worker.
    fn worker(&self) -> &Worker {
        self.system().worker()
    }

    /// Runs what is queued, if that is the caller's business; returns whether there was something.
    fn turn(&self) -> bool;

    /// Does its work run on the thread that calls [`turn`](System::turn)?
    const POLLED: bool;

    /// Lets nothing in any more. What is queued is run (unless `now`) or dropped before this returns, or else (if
    /// `POLLED`) by the next turn.
    fn close(&self, now: bool);
}

/// What a polled system has for a processor: an inbox, and whoever polls it.
#[derive(Clone, Default)]
pub struct PolledProcessor(Arc<Inbox>);

impl PolledProcessor {
    /// Runs what is queued; `false` if that is nothing.
    pub fn turn(&self) -> bool {
        self.0.take().map(Runnable::run).count() > 0
    }
}

impl TaskProcessor for PolledProcessor {
    fn start_task(&self, runnable: Runnable) {
        // A closed inbox gives it back, and dropping it rejects its task.
        self.0.push(runnable).ok();
    }

    fn release(&self) {
        drop(self.0.close());
    }
}

/// A system whose work runs when the test polls it: orders are the test's.
pub struct Polled {
    system: AsyncSystem,
    inbox: Arc<Inbox>,
}

impl System for Polled {
    fn start() -> Self {
        let processor = PolledProcessor::default();
        let inbox = Arc::clone(&processor.0);
        Self { system: AsyncSystem::new(processor), inbox }
    }

    fn system(&self) -> &AsyncSystem {
        &self.system
    }

    fn turn(&self) -> bool {
        let batch = self.inbox.take();
        let any = !batch.is_empty();
        Scope::Worker.enter(|| batch.for_each(Runnable::run));
        any
    }

    const POLLED: bool = true;

    fn close(&self, now: bool) {
        let left = self.inbox.close();
        if !now {
            Scope::Worker.enter(|| left.for_each(Runnable::run));
        }
    }
}

/// A system on a pool of so many threads.
pub struct Pool<const THREADS: usize> {
    system: AsyncSystem,
    pool: ThreadPool,
}

/// A system on a pool of one thread.
pub type OnePool = Pool<1>;
/// A system on a pool of two threads.
pub type TwoPool = Pool<2>;

impl<const THREADS: usize> System for Pool<THREADS> {
    fn start() -> Self {
        let pool = ThreadPool::builder().threads(THREADS).on_start(|_| Scope::Worker.stay()).build();
        let pool = pool.expect("the machine has a few threads to give");
        Self { system: AsyncSystem::new(pool.clone()), pool }
    }

    fn system(&self) -> &AsyncSystem {
        &self.system
    }

    fn turn(&self) -> bool {
        false
    }

    const POLLED: bool = false;

    fn close(&self, now: bool) {
        if now {
            self.pool.close_now();
        } else {
            self.pool.close();
        }
    }
}
