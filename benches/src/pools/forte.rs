//! The pool of `forte`. It hands on to its threads nothing but what `join` has pushed: a spawned closure or future is run
//! by the thread that has spawned it, and one that is spawned from outside of the pool before `spawn` returns. So it is an
//! aside in every row.

use super::THREADS;

pub(crate) const NOTE: &str = "what is spawned is run by the thread that spawns it";

/// The pool. From the first call on one of its threads ticks, which would disturb others: but asides come last. It cannot be
/// ended: in the version that is used here, a pool that shrinks waits for that thread with the lock held that it needs.
pub(crate) fn pool() -> &'static forte::ThreadPool {
    static POOL: forte::ThreadPool = forte::ThreadPool::new();
    POOL.resize_to(THREADS);
    &POOL
}
