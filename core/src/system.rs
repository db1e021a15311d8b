//! A worker and a main thread that belong together.

use alloc::boxed::Box;
use core::fmt;

use crate::main_thread::Main;
use crate::sync::Arc;
use crate::worker::{TaskProcessor, Worker, release};

/// A [`Worker`] and a [`Main`] that belong together: what an engine makes once and passes around.
///
/// Clones are the same system, and equal. The last one to go [releases](TaskProcessor::release) the processor, which a
/// thread pool takes as the sign to finish its queue and its threads; if no main thread is attending, it also closes the
/// main queue. Tasks, promises, workers and `Main`s may outlive the system: what they queue is then rejected.
///
/// ```
/// use threadbare::{AsyncSystem, run};
/// # struct Host; impl threadbare::TaskProcessor for Host { fn start_task(&self, r: threadbare::Runnable) { r.run() } }
///
/// let system = AsyncSystem::new(Host); // a `ThreadPool`, or what the engine has
/// let here = system.main().enter().expect("no other thread is the main thread");
/// let task = run(system.worker(), || 20).map(system.main(), |n| n + 1);
/// assert_eq!(here.wait(task)?, 21);
/// # Ok::<(), threadbare::Error>(())
/// ```
#[derive(Clone)]
pub struct AsyncSystem(Arc<Inner>);

struct Inner {
    worker: Worker,
    main: Main,
    /// The processor, if the worker is one that it had already.
    processor: Option<Box<dyn TaskProcessor>>,
}

impl AsyncSystem {
    /// A system whose workers are this processor's threads.
    pub fn new(processor: impl TaskProcessor) -> Self {
        Self::build(processor, None)
    }

    /// A system that tells its host when the main queue goes from empty to non-empty, to wake an event loop.
    ///
    /// The hook is called on the thread that queues, outside of every lock, and must not block. It is not called while the
    /// main thread sleeps in a wait, which takes what comes, but then again if the wait leaves something. After a
    /// dispatch with a budget ask [`is_idle`](crate::MainThread::is_idle) before you go to sleep.
    pub fn with_main_hook(processor: impl TaskProcessor, hook: impl Fn() + Send + Sync + 'static) -> Self {
        Self::build(processor, Some(Box::new(hook)))
    }

    fn build(processor: impl TaskProcessor, hook: Option<Box<dyn Fn() + Send + Sync>>) -> Self {
        let (worker, processor) = match processor.own_worker() {
            Some(worker) => (worker, Some(Box::new(processor) as Box<dyn TaskProcessor>)),
            None => (Worker::new(processor), None),
        };
        let main = Main::new(hook, Some(worker.clone()));
        Self(Arc::new(Inner { worker, main, processor }))
    }

    /// The context of the processor's threads. A clone of it does not keep the system: hold on to that as well.
    pub fn worker(&self) -> &Worker {
        &self.0.worker
    }

    /// The context of the main thread. A clone of it does not keep the system: hold on to that as well.
    pub fn main(&self) -> &Main {
        &self.0.main
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The main queue first, so that a worker that waits for the main thread is let go before the pool joins it.
        self.main.release();
        match &self.processor {
            Some(processor) => release(&**processor),
            None => self.worker.release(),
        }
    }
}

/// By identity.
impl PartialEq for AsyncSystem {
    fn eq(&self, other: &Self) -> bool {
        self.main() == other.main()
    }
}

impl Eq for AsyncSystem {}

impl fmt::Debug for AsyncSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncSystem").field("worker", self.worker()).field("main", self.main()).finish()
    }
}
