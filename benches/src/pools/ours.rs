//! This project's pool.

use threadbare::{Task, Worker, run};
use threadbare_threads::ThreadPool;

use super::{Pool, Sizes, THREADS, of_size};

#[derive(Clone, Copy)]
pub(crate) struct Threadbare(pub(crate) &'static Worker);

impl Threadbare {
    /// The pool with so many threads.
    pub(crate) fn of(threads: usize) -> Self {
        static POOLS: Sizes<(ThreadPool, Worker)> = Sizes::new(std::collections::BTreeMap::new());
        let (_, worker) = of_size(&POOLS, threads, || {
            let pool = ThreadPool::with_threads(threads);
            let worker = pool.worker();
            (pool, worker)
        });
        Self(worker)
    }
}

impl Pool for Threadbare {
    const NAME: &'static str = "threadbare";
    const NOTE: &'static str = "";

    /// Nothing after its value was taken.
    type Handle = Option<Task<u64>>;

    fn get() -> Self {
        Self::of(THREADS)
    }

    fn run<F: FnOnce() -> u64 + Send + 'static>(self, f: F) -> Self::Handle {
        Some(run(self.0, f))
    }

    fn wait(self, handle: Self::Handle) -> u64 {
        handle.expect("waited for once").wait().expect("it resolves")
    }

    fn poll(self, handle: &mut Self::Handle) -> Option<u64> {
        match handle.take()?.try_take() {
            Ok(outcome) => Some(outcome.expect("it resolves")),
            Err(pending) => {
                *handle = Some(pending);
                None
            }
        }
    }
}
