//! Pools, of two threads mostly, that run closures and give a handle for each: ours and the peers, behind one trait.
//!
//! Each is made when it is first asked for and kept; it sleeps while others have their turn. Handles of the pool itself are
//! `'static` references, so that no peer pays for reference counts that a program with one pool would not have.

use std::collections::BTreeMap;
use std::sync::Mutex;

#[cfg(feature = "peers")]
mod asynchronous;
#[cfg(feature = "peers")]
mod blocking;
#[cfg(feature = "peers")]
pub(crate) mod forte;
mod ours;

#[cfg(feature = "peers")]
pub(crate) use asynchronous::{Async, AsyncExecutor, AsyncPool, BevyTasks, FuturesPool, StaticExecutor, Tokio};
#[cfg(feature = "peers")]
pub(crate) use blocking::{Blocking, Fire, Rayon, StdThreads, ThreadPool};
pub(crate) use ours::Threadbare;

/// How many threads each pool has, but in `scaling`.
pub(crate) const THREADS: usize = 2;

/// Pools of several sizes.
type Sizes<P> = Mutex<BTreeMap<usize, &'static P>>;

/// The pool of this size: made when it is first asked for, and kept.
fn of_size<P>(sizes: &Sizes<P>, threads: usize, make: impl FnOnce() -> P) -> &'static P {
    let mut sizes = sizes.lock().expect("nothing panics under this lock");
    sizes.entry(threads).or_insert_with(|| Box::leak(Box::new(make())))
}

/// A pool with two threads. Closures return numbers, which keeps the checks simple.
pub(crate) trait Pool: Copy + Send + Sync + 'static {
    const NAME: &'static str;
    /// What its handles lack, beside ours.
    const NOTE: &'static str;

    type Handle: Send + 'static;

    /// The pool.
    fn get() -> Self;

    /// Queues a closure.
    fn run<F: FnOnce() -> u64 + Send + 'static>(self, f: F) -> Self::Handle;

    /// Waits for one, outside of the pool.
    fn wait(self, handle: Self::Handle) -> u64;

    /// Takes the value, if it is there.
    fn poll(self, handle: &mut Self::Handle) -> Option<u64>;

    /// Waits for all of them, in order, outside of the pool; returns the sum.
    fn sum(self, handles: &mut Vec<Self::Handle>) -> u64 {
        handles.drain(..).map(|handle| self.wait(handle)).sum()
    }

    /// From one of its threads: queues so many closures, waits for all, and returns the sum of 0 up to there.
    fn fan_out(self, closures: u64) -> u64 {
        let inside = self.run(move || {
            let mut handles = (0..closures).map(|n| self.run(move || n)).collect();
            self.sum(&mut handles)
        });
        self.wait(inside)
    }

    /// There and back so many times, waiting outside of the pool each time; each hop adds one.
    fn bounce(self, times: u64) -> u64 {
        (0..times).fold(0, |n, _| self.wait(self.run(move || n + 1)) + 1)
    }
}

/// Something to be done for each pool.
pub(crate) trait ForEach {
    fn visit<P: Pool>(&mut self);
}

/// Does it for each of the peers' pools.
pub(crate) fn each_peer(visitor: &mut impl ForEach) {
    #[cfg(feature = "peers")]
    {
        visitor.visit::<Blocking<Rayon>>();
        visitor.visit::<Async<AsyncExecutor>>();
        visitor.visit::<Async<StaticExecutor>>();
        visitor.visit::<Async<Tokio>>();
        visitor.visit::<Async<FuturesPool>>();
        visitor.visit::<Async<BevyTasks>>();
        visitor.visit::<Blocking<ThreadPool>>();
        visitor.visit::<Blocking<StdThreads>>();
    }
    _ = visitor;
}
