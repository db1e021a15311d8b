//! On an executor of futures, and threads that do nothing but run it.

use std::sync::{Arc, RwLock};
use std::thread::{park_timeout, spawn};
use std::time::Duration;

use async_executor::Executor;
use futures_lite::future::{block_on, or};
use threadbare::{Help, Outlook, Promise, Runnable, TaskProcessor, helping, promise};

/// An executor with threads of its own. Released, it lets nothing in any more, and ends when it has run what is queued.
pub struct AsyncExecutor {
    queue: Arc<Queue>,
    /// Shared by the processor and all that is queued: when it goes, the threads end.
    lease: RwLock<Option<Arc<Promise<()>>>>,
}

impl AsyncExecutor {
    /// On so many threads, each of which calls `on_start` first.
    pub fn new(threads: usize, on_start: impl Fn() + Send + Sync + 'static) -> Self {
        let (queue, on_start) = (Arc::new(Queue(Executor::new())), Arc::new(on_start));
        let (lease, ended) = promise();
        let ended = ended.share();
        for _ in 0..threads {
            let (queue, on_start, ended) = (Arc::clone(&queue), Arc::clone(&on_start), ended.fork());
            spawn(move || {
                on_start();
                // Not `Executor::run`, which takes many at once, where a wait would not find them.
                let work = async {
                    loop {
                        queue.0.tick().await
                    }
                };
                _ = helping(&*queue, || block_on(or(ended.into_future(), work)));
            });
        }
        Self { queue, lease: RwLock::new(Some(Arc::new(lease))) }
    }
}

impl TaskProcessor for AsyncExecutor {
    fn start_task(&self, runnable: Runnable) {
        let lease = self.lease.read().expect("nothing panics under this lock").clone();
        let Some(lease) = lease else { return }; // which drops the runnable, and so rejects its task
        let job = async move {
            runnable.run();
            drop(lease);
        };
        self.queue.0.spawn(job).detach();
    }

    fn release(&self) {
        let lease = self.lease.write().expect("nothing panics under this lock").take();
        drop(lease);
    }
}

struct Queue(Executor<'static>);

/// A thread that waits runs what is queued, the oldest first.
impl Help for Queue {
    fn run_one(&self) -> bool {
        self.0.try_tick()
    }

    fn before_park(&self) -> Outlook {
        // New work would not wake the thread, so it does not sleep for long. What it waits for wakes it at once.
        park_timeout(Duration::from_millis(1));
        Outlook::Work
    }

    fn after_park(&self) {}
}
