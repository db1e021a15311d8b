//! Fibonacci the silly way: each node with two children forks one, computes the other itself, and joins.

use threadbare::{Worker, run};

use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
use crate::pools::{Pool, Threadbare};
use crate::report::{Goal, Unit};

pub(super) fn workload(scale: Scale) -> Workload {
    let depth = depth(scale);
    let mut contenders = vec![Contender::ours(Threadbare::NAME, move || rounds(Threadbare::get(), depth))];
    #[cfg(feature = "peers")]
    contenders.extend(peers::all(depth));
    contenders.push(floors::boxed_closure(scale));
    Workload {
        name: "fork-join",
        title: format!("fork-join fib({depth}), a node; every other one is forked"),
        unit: Unit::Nanos,
        goal: Goal { at_most: Some(60.0), ..Goal::default() },
        contenders,
    }
}

/// Of which number.
pub(super) fn depth(scale: Scale) -> u64 {
    if scale == Scale::Tiny { 10 } else { 20 }
}

pub(super) fn rounds(Threadbare(worker): Threadbare, depth: u64) -> impl FnMut() -> Sample {
    move || computed(depth, || run(worker, move || fib(worker, depth)).wait().expect("resolved"))
}

/// Calls of the function, which are the nodes: of them all but the leaves fork.
fn nodes(n: u64) -> u64 {
    if n < 2 { 1 } else { 1 + nodes(n - 1) + nodes(n - 2) }
}

fn computed(depth: u64, compute: impl FnOnce() -> u64) -> Sample {
    let (sample, value) = measure(nodes(depth), compute);
    assert_eq!(value, (0..depth).fold((0, 1), |(a, b), _| (b, a + b)).0);
    sample
}

fn fib(worker: &'static Worker, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let forked = run(worker, move || fib(worker, n - 1));
    let own = fib(worker, n - 2);
    forked.wait().expect("resolved") + own
}

/// Pools whose waits block a worker cannot do this: with two threads they are stuck at the third level. Nor is there a
/// `forte` with handles: fib by its spawned futures kept a core busy for a minute without coming to an end.
#[cfg(feature = "peers")]
pub(super) mod peers {
    use std::pin::Pin;

    use super::{Contender, Sample, computed};
    use crate::pools::forte::pool;
    use crate::pools::{AsyncExecutor, AsyncPool, BevyTasks, Fire, FuturesPool, Rayon, StaticExecutor, Tokio};

    pub(super) fn all(depth: u64) -> Vec<Contender> {
        vec![
            Contender::peer("rayon scope", move || rounds(Rayon::get(), depth)).but(NO_HANDLE),
            asynchronous::<AsyncExecutor>(depth),
            asynchronous::<StaticExecutor>(depth),
            asynchronous::<Tokio>(depth),
            asynchronous::<FuturesPool>(depth),
            asynchronous::<BevyTasks>(depth),
            Contender::aside("rayon join", move || {
                let Rayon(pool) = Rayon::get();
                move || computed(depth, || pool.install(|| joined(depth)))
            })
            .but("no task: both closures stay on the stack, and the call returns when both have run"),
            Contender::aside("forte join", move || {
                let pool = pool();
                move || computed(depth, || pool.with_worker(|worker| joined_by_forte(worker, depth)))
            })
            .but("no task: both closures stay on the stack, and the call returns when both have run"),
        ]
    }

    /// What a scope gives up.
    pub(in super::super) const NO_HANDLE: &str =
        "no handle: the value goes into a borrowed slot, and the scope ends when it has run";

    pub(in super::super) fn rounds(Rayon(pool): Rayon, depth: u64) -> impl FnMut() -> Sample {
        move || computed(depth, || pool.install(|| scoped(depth)))
    }

    fn scoped(n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let mut forked = 0;
        let own = rayon::scope(|scope| {
            scope.spawn(|_| forked = scoped(n - 1));
            scoped(n - 2)
        });
        forked + own
    }

    fn joined(n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let (one, other) = rayon::join(|| joined(n - 1), || joined(n - 2));
        one + other
    }

    fn joined_by_forte(worker: &forte::Worker, n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let (one, other) =
            worker.join(|worker| joined_by_forte(worker, n - 1), |worker| joined_by_forte(worker, n - 2));
        one + other
    }

    type Boxed = Pin<Box<dyn Future<Output = u64> + Send>>;

    fn asynchronous<P: AsyncPool>(depth: u64) -> Contender {
        Contender::peer(P::NAME, move || {
            let pool = P::get();
            move || computed(depth, || P::value(pool.block_on(pool.spawn(spawned(pool, depth)))))
        })
        .but("futures that recurse have to be boxed: one allocation more a node")
    }

    fn spawned<P: AsyncPool>(pool: P, n: u64) -> Boxed {
        Box::pin(async move {
            if n < 2 {
                return n;
            }
            let forked = pool.spawn(spawned(pool, n - 1));
            let own = spawned(pool, n - 2).await;
            P::value(forked.await) + own
        })
    }
}
