//! A thread for each task.

use std::sync::{Arc, RwLock};
use std::thread::Builder;

use threadbare::{Runnable, TaskProcessor};

/// Starts a thread for each runnable, until it is released.
pub struct ThreadPerTask(RwLock<Option<Arc<dyn Fn() + Send + Sync>>>);

impl ThreadPerTask {
    /// Each thread calls `on_start` first.
    pub fn new(on_start: impl Fn() + Send + Sync + 'static) -> Self {
        Self(RwLock::new(Some(Arc::new(on_start))))
    }
}

impl TaskProcessor for ThreadPerTask {
    fn start_task(&self, runnable: Runnable) {
        let on_start = self.0.read().expect("nothing panics under this lock").clone();
        let Some(on_start) = on_start else { return }; // which drops the runnable, and so rejects its task
        let work = move || {
            on_start();
            runnable.run();
        };
        Builder::new().spawn(work).ok(); // without a thread to be had the runnable is dropped, too
    }

    fn release(&self) {
        let on_start = self.0.write().expect("nothing panics under this lock").take();
        drop(on_start);
    }
}
