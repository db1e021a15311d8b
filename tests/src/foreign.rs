//! Systems on other job systems, through the processors of `examples/processors`.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use threadbare::{AsyncSystem, Help, Refused, Runnable, TaskProcessor};

use crate::probe::Scope;
use crate::systems::System;

/// A job system with two threads, if it has a number of them. Nobody else uses it.
pub trait Pool: TaskProcessor + Sized {
    /// Starts it. Its threads are in the scope of a worker; `ended` is dropped when the last of them has left.
    fn start(ended: Sender<()>) -> Self;
}

const THREADS: usize = 2;

/// What a thread calls first.
fn on_start(ended: Sender<()>) -> impl Fn() + Send + Sync + 'static {
    move || {
        _ = &ended;
        Scope::Worker.stay();
    }
}

impl Pool for processors::Rayon {
    fn start(ended: Sender<()>) -> Self {
        let on_start = on_start(ended);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).start_handler(move |_| on_start());
        Self::new(pool.build().expect("the machine has a few threads to give"))
    }
}

impl Pool for processors::Tokio {
    fn start(ended: Sender<()>) -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(THREADS).on_thread_start(on_start(ended)).build();
        Self::new(runtime.expect("the machine has a few threads to give"))
    }
}

impl Pool for processors::BevyTasks {
    fn start(ended: Sender<()>) -> Self {
        let pool = bevy_tasks::TaskPoolBuilder::new().num_threads(THREADS).on_thread_spawn(|| Scope::Worker.stay());
        // What its threads call first it drops as soon as they have.
        Self::new(pool.on_thread_destroy(move || _ = &ended).build())
    }
}

impl Pool for processors::AsyncExecutor {
    fn start(ended: Sender<()>) -> Self {
        Self::new(THREADS, on_start(ended))
    }
}

impl Pool for processors::ThreadPerTask {
    fn start(ended: Sender<()>) -> Self {
        Self::new(on_start(ended))
    }
}

/// A system on another job system.
pub struct Foreign<P> {
    system: AsyncSystem,
    processor: Arc<P>,
    ended: Mutex<Receiver<()>>,
}

/// A system on two threads of rayon's.
pub type Rayon = Foreign<processors::Rayon>;
/// A system on a tokio runtime with two threads.
pub type Tokio = Foreign<processors::Tokio>;
/// A system on two threads of Bevy's.
pub type BevyTasks = Foreign<processors::BevyTasks>;
/// A system on an executor of futures with two threads.
pub type AsyncExecutor = Foreign<processors::AsyncExecutor>;
/// A system with a thread for each task.
pub type ThreadPerTask = Foreign<processors::ThreadPerTask>;

impl<P: Pool> System for Foreign<P> {
    fn start() -> Self {
        let (ended, ends) = channel();
        let processor = Arc::new(P::start(ended));
        let system = AsyncSystem::new(Shared(Arc::clone(&processor)));
        Self { system, processor, ended: Mutex::new(ends) }
    }

    fn system(&self) -> &AsyncSystem {
        &self.system
    }

    fn turn(&self) -> bool {
        false
    }

    const POLLED: bool = false;

    // What they have queued cannot be taken from them, but by a queue of one's own in between.
    const CLOSES_NOW: bool = false;

    fn close(&self, _now: bool) {
        self.processor.release();
        let ended = self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        assert!(ended.recv().is_err(), "nobody sends anything");
    }
}

/// A processor that the system has, and the test as well.
struct Shared<P>(Arc<P>);

impl<P: TaskProcessor> TaskProcessor for Shared<P> {
    fn start_task(&self, runnable: Runnable) {
        self.0.start_task(runnable);
    }

    fn try_start_task(&self, runnable: Runnable) -> Result<(), Refused> {
        self.0.try_start_task(runnable)
    }

    fn is_current(&self) -> bool {
        self.0.is_current()
    }

    fn help(&self) -> Option<&dyn Help> {
        self.0.help()
    }

    fn release(&self) {
        self.0.release();
    }
}
