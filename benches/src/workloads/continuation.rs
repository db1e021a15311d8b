//! A chain of pending continuations: made, settled, taken.

use threadbare::{Immediate, promise};

use super::count;
use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
use crate::report::{Goal, Unit};

const LINKS: u64 = 100;

pub(super) fn workload(scale: Scale) -> Workload {
    let chains = scale.of(1000);
    let mut contenders = vec![Contender::ours("threadbare", move || {
        move || {
            chained(chains, || {
                let (promise, mut task) = promise();
                for _ in 0..LINKS {
                    task = task.map(&Immediate, |n: u64| n + 1);
                }
                promise.resolve(0);
                task.try_take().expect("settled").expect("resolved")
            })
        }
    })];
    #[cfg(feature = "peers")]
    contenders.extend(peers::all(chains));
    contenders.push(floors::malloc_and_free(scale));
    Workload {
        name: "continuation",
        title: format!("a continuation, in a pending chain of {}", count(LINKS)),
        unit: Unit::Nanos,
        goal: Goal { at_most: Some(25.0), allocations: Some(1.0), within: None },
        contenders,
    }
}

/// The root of each chain is an allocation of its own: with 100 links, 1.01 a link.
fn chained(chains: u64, chain: impl Fn() -> u64) -> Sample {
    let (sample, sum) = measure(chains * LINKS, || (0..chains).map(|_| chain()).sum::<u64>());
    assert_eq!(sum, chains * LINKS);
    sample
}

#[cfg(feature = "peers")]
mod peers {
    use futures::FutureExt;
    use futures::executor::{LocalPool, block_on};
    use futures::future::BoxFuture;
    use futures::task::LocalSpawnExt;

    use super::{Contender, LINKS, chained};

    pub(super) fn all(chains: u64) -> Vec<Contender> {
        vec![
            // Each link wraps the one before, so nothing is attached, and the whole chain is polled when it is waited for.
            Contender::peer("futures, boxed map", move || {
                move || {
                    chained(chains, || {
                        let (sender, receiver) = futures::channel::oneshot::channel();
                        let mut chain: BoxFuture<'static, u64> = receiver.map(|n| n.expect("sent")).boxed();
                        for _ in 0..LINKS {
                            chain = chain.map(|n| n + 1).boxed();
                        }
                        sender.send(0).expect("the receiver is there");
                        block_on(chain)
                    })
                }
            })
            .but("lazy: runs when polled, by recursion as deep as the chain; polled once, after it was settled"),
            // The same with callbacks: the closure is boxed, and passes its value to the next.
            Contender::peer("boxed callbacks, by hand", move || {
                move || {
                    chained(chains, || {
                        let taken = std::rc::Rc::new(std::cell::Cell::new(0));
                        let into = taken.clone();
                        // Built from the end, since each owns the next.
                        let mut chain: Box<dyn FnOnce(u64)> = Box::new(move |n| into.set(n));
                        for _ in 0..LINKS {
                            let next = chain;
                            chain = Box::new(move |n| next(n + 1));
                        }
                        chain(0);
                        taken.get()
                    })
                }
            })
            .but("no handle, no threads, built back to front, as deep as the chain"),
            // A task for each link, which awaits the one before.
            Contender::peer("async-executor, local", move || {
                let executor = async_executor::LocalExecutor::new();
                move || {
                    chained(chains, || {
                        let (sender, receiver) = oneshot::async_channel::<u64>();
                        let mut task = executor.spawn(async move { receiver.await.expect("sent") });
                        for _ in 0..LINKS {
                            task = executor.spawn(async move { task.await + 1 });
                        }
                        while executor.try_tick() {}
                        sender.send(0).expect("the receiver is there");
                        block_on(executor.run(task))
                    })
                }
            })
            .but("a task for each link; one thread"),
            Contender::peer("futures LocalPool", move || {
                let pool = std::cell::RefCell::new(LocalPool::new());
                let spawner = pool.borrow().spawner();
                move || {
                    chained(chains, || {
                        let (sender, receiver) = oneshot::async_channel::<u64>();
                        let spawned = spawner.spawn_local_with_handle(async move { receiver.await.expect("sent") });
                        let mut task = spawned.expect("the pool is there");
                        for _ in 0..LINKS {
                            let spawned = spawner.spawn_local_with_handle(async move { task.await + 1 });
                            task = spawned.expect("the pool is there");
                        }
                        pool.borrow_mut().run_until_stalled();
                        sender.send(0).expect("the receiver is there");
                        pool.borrow_mut().run_until(task)
                    })
                }
            })
            .but("a task for each link; one thread"),
        ]
    }
}
