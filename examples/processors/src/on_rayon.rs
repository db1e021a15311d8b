//! On rayon's threads.

use std::sync::RwLock;
use std::thread::park_timeout;
use std::time::Duration;

use rayon::{ThreadPool, Yield, yield_now};
use threadbare::{Help, Outlook, Runnable, TaskProcessor, helping};

/// A pool of rayon's. Released, it lets nothing in any more, and ends when it has run what is queued.
pub struct Rayon(RwLock<Option<ThreadPool>>);

impl Rayon {
    /// On this pool.
    pub fn new(pool: ThreadPool) -> Self {
        Self(RwLock::new(Some(pool)))
    }
}

impl TaskProcessor for Rayon {
    fn start_task(&self, runnable: Runnable) {
        let job = move || helping(&WhileWaiting, || runnable.run());
        if let Some(pool) = &*self.0.read().expect("nothing panics under this lock") {
            pool.spawn(job);
        }
        // Without a pool the job is dropped here, out of the lock, which rejects its task.
    }

    fn is_current(&self) -> bool {
        let pool = self.0.read().expect("nothing panics under this lock");
        pool.as_ref().is_some_and(|pool| pool.current_thread_index().is_some())
    }

    fn release(&self) {
        let pool = self.0.write().expect("nothing panics under this lock").take();
        drop(pool); // which waits for nothing, and so may happen on one of its own threads
    }
}

/// A thread that waits runs what its pool has to do, its own newest first.
struct WhileWaiting;

impl Help for WhileWaiting {
    fn run_one(&self) -> bool {
        yield_now() == Some(Yield::Executed)
    }

    fn before_park(&self) -> Outlook {
        // New work would not wake the thread, so it does not sleep for long. What it waits for wakes it at once.
        park_timeout(Duration::from_millis(1));
        Outlook::Work
    }

    fn after_park(&self) {}
}
