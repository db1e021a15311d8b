//! A host: a system, its main thread and a render queue, all driven by the test's own thread.

use threadbare::{AsyncSystem, Main, MainThread, Result, Task, Worker};

use crate::render::Render;
use crate::systems::System;

/// What a test has before it: every context there is, and the loop that drives them.
pub struct Host<S: System> {
    /// The test's thread is the main thread. Dropped first: the main thread leaves before the system goes.
    pub here: MainThread,
    /// The system under test.
    pub system: S,
    /// A queue of the test's own.
    pub render: Render,
}

impl<S: System> Host<S> {
    /// A system, of which the calling thread is the main thread.
    pub fn start() -> Self {
        let system = S::start();
        let here = system.system().main().enter().expect("nobody else has entered");
        Self { here, system, render: Render::new() }
    }

    /// The system as the host passes it around.
    pub fn system(&self) -> &AsyncSystem {
        self.system.system()
    }

    /// The context of the workers.
    pub fn worker(&self) -> &Worker {
        self.system.worker()
    }

    /// The context of the main thread.
    pub fn main(&self) -> &Main {
        self.here.main()
    }

    /// Runs what is queued on this thread, in each of its scopes.
    pub fn turn(&self) {
        self.system.turn_with(&self.here);
        self.render.turn();
    }

    /// Drives everything until the task has settled.
    pub fn settle<T: Send + 'static>(&self, task: Task<T>) -> Result<T> {
        let mut task = task;
        loop {
            self.turn();
            match task.try_take() {
                Ok(outcome) => return outcome,
                Err(pending) => task = pending,
            }
            std::thread::yield_now();
        }
    }
}

/// What a queue holds refers to the queue: whoever owns it must close it, or both stay.
impl<S: System> Drop for Host<S> {
    fn drop(&mut self) {
        self.render.close();
    }
}
