//! On the threads of a task pool of Bevy's.

use std::sync::{Arc, RwLock};

use bevy_tasks::TaskPool;
use threadbare::{Runnable, TaskProcessor};

/// A task pool of Bevy's. Released, it lets nothing in any more, and ends when it has run what is queued.
pub struct BevyTasks(RwLock<Option<Arc<Lease>>>);

/// Shared by the processor and all that is queued: when it goes, the pool ends.
struct Lease(Option<TaskPool>);

impl Drop for Lease {
    fn drop(&mut self) {
        // To drop a pool is to join its threads, of which this may be one.
        let pool = self.0.take();
        std::thread::spawn(move || drop(pool));
    }
}

impl BevyTasks {
    /// On this pool.
    pub fn new(pool: TaskPool) -> Self {
        Self(RwLock::new(Some(Arc::new(Lease(Some(pool))))))
    }
}

impl TaskProcessor for BevyTasks {
    fn start_task(&self, runnable: Runnable) {
        let lease = self.0.read().expect("nothing panics under this lock").clone();
        let Some(pool) = lease.as_ref().and_then(|lease| lease.0.as_ref()) else { return }; // rejects the task
        let share = lease.clone();
        let job = async move {
            runnable.run();
            drop(share);
        };
        pool.spawn(job).detach();
    }

    fn release(&self) {
        let lease = self.0.write().expect("nothing panics under this lock").take();
        drop(lease);
    }
}
