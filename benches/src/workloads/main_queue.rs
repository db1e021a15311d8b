//! The main thread's queue, filled and emptied by that thread: a frame's worth at a time, and with nothing in it.
//!
//! Each closure adds to a sum in a thread-local, so that a call has an effect that can be checked.

use std::cell::Cell;

use threadbare::{AsyncSystem, MainThread, run};

use super::triangle;
use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
use crate::report::{Goal, Unit};

/// Queued between two dispatches.
const FRAME: u64 = 1000;

thread_local! {
    static SUM: Cell<u64> = const { Cell::new(0) };
}

fn add(n: u64) {
    SUM.set(SUM.get() + n);
}

pub(super) fn dispatch(scale: Scale) -> Workload {
    let frames = scale.of(100);
    let mut contenders = vec![Contender::ours("threadbare", move || {
        let here = main_thread();
        move || {
            filled(frames, || {
                for n in 0..FRAME {
                    run(here.main(), move || add(n)).detach();
                }
                assert_eq!(here.dispatch() as u64, FRAME);
            })
        }
    })];
    #[cfg(feature = "peers")]
    contenders.extend(peers::filled(frames));
    contenders.push(floors::boxed_closure(scale));
    Workload {
        name: "main-queue",
        title: "main queue: enqueue and dispatch".to_owned(),
        unit: Unit::Nanos,
        goal: Goal { at_most: Some(25.0), allocations: Some(1.0), within: None },
        contenders,
    }
}

pub(super) fn idle(scale: Scale) -> Workload {
    let frames = scale.of(1_000_000);
    let mut contenders = vec![Contender::ours("threadbare", move || {
        let here = main_thread();
        move || empty(frames, || here.dispatch() == 0)
    })];
    #[cfg(feature = "peers")]
    contenders.extend(peers::empty(frames));
    contenders.push(floors::atomic_rmw(scale));
    Workload {
        name: "main-idle",
        title: "main queue: dispatch with nothing queued".to_owned(),
        unit: Unit::Nanos,
        goal: Goal { at_most: Some(1.0), allocations: Some(0.0), within: None },
        contenders,
    }
}

/// Of a system whose workers have nothing to do here. The proof keeps the queue open.
fn main_thread() -> MainThread {
    let system = AsyncSystem::new(NoWorkers);
    system.main().enter().expect("nobody else has entered")
}

struct NoWorkers;

impl threadbare::TaskProcessor for NoWorkers {
    fn start_task(&self, runnable: threadbare::Runnable) {
        drop(runnable);
    }
}

fn filled(frames: u64, frame: impl Fn()) -> Sample {
    SUM.set(0);
    let (sample, ()) = measure(frames * FRAME, || (0..frames).for_each(|_| frame()));
    assert_eq!(SUM.get(), frames * triangle(FRAME));
    sample
}

fn empty(frames: u64, nothing_was_there: impl Fn() -> bool) -> Sample {
    let (sample, idle) =
        measure(frames, || (0..frames).filter(|_| std::hint::black_box(&nothing_was_there)()).count() as u64);
    assert_eq!(idle, frames);
    sample
}

/// None of them has handles for what is queued as a closure; those of the executors are let go, as ours are.
#[cfg(feature = "peers")]
mod peers {
    use std::cell::RefCell;
    use std::sync::mpsc::channel;

    use async_executor::LocalExecutor;
    use concurrent_queue::ConcurrentQueue;
    use crossbeam_queue::SegQueue;
    use futures::executor::LocalPool;
    use futures::task::LocalSpawnExt;

    use super::{Contender, FRAME, add};

    type Job = Box<dyn FnOnce() + Send>;

    const NO_HANDLES: &str = "a queue of boxed closures: no handles, no continuations, a panic goes through";
    const ONE_THREAD: &str = "filled by the same thread only";

    pub(super) fn filled(frames: u64) -> Vec<Contender> {
        vec![
            Contender::peer("std mpsc", move || {
                let (sender, receiver) = channel::<Job>();
                move || {
                    super::filled(frames, || {
                        for n in 0..FRAME {
                            sender.send(Box::new(move || add(n))).expect("the receiver is there");
                        }
                        receiver.try_iter().for_each(|job| job());
                    })
                }
            })
            .but(NO_HANDLES),
            Contender::peer("crossbeam SegQueue", move || {
                let queue = SegQueue::<Job>::new();
                move || {
                    super::filled(frames, || {
                        for n in 0..FRAME {
                            queue.push(Box::new(move || add(n)));
                        }
                        while let Some(job) = queue.pop() {
                            job();
                        }
                    })
                }
            })
            .but(NO_HANDLES),
            Contender::peer("concurrent-queue", move || {
                let queue = ConcurrentQueue::<Job>::unbounded();
                move || {
                    super::filled(frames, || {
                        for n in 0..FRAME {
                            queue.push(Box::new(move || add(n))).ok().expect("it is open");
                        }
                        while let Ok(job) = queue.pop() {
                            job();
                        }
                    })
                }
            })
            .but(NO_HANDLES),
            // Its tasks can be woken from elsewhere, but not spawned.
            Contender::peer("async-executor, local", move || {
                let executor = LocalExecutor::new();
                move || {
                    super::filled(frames, || {
                        for n in 0..FRAME {
                            executor.spawn(async move { add(n) }).detach();
                        }
                        while executor.try_tick() {}
                    })
                }
            })
            .but(ONE_THREAD),
            Contender::peer("futures LocalPool", move || {
                let pool = RefCell::new(LocalPool::new());
                let spawner = pool.borrow().spawner();
                move || {
                    super::filled(frames, || {
                        for n in 0..FRAME {
                            spawner.spawn_local(async move { add(n) }).expect("the pool is there");
                        }
                        pool.borrow_mut().run_until_stalled();
                    })
                }
            })
            .but("filled by the same thread only; without handles"),
            // It has no call that runs what is there and returns: this awaits the last.
            Contender::peer("tokio current_thread", move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
                move || {
                    super::filled(frames, || {
                        let mut last = None;
                        for n in 0..FRAME {
                            last = Some(runtime.spawn(async move { add(n) }));
                        }
                        runtime.block_on(last.expect("there are some")).expect("it does not panic");
                    })
                }
            })
            .but("cannot be told to run what is there and return: waits for the last"),
        ]
    }

    pub(super) fn empty(frames: u64) -> Vec<Contender> {
        vec![
            Contender::peer("std mpsc", move || {
                let (sender, receiver) = channel::<Job>();
                move || {
                    let sample = super::empty(frames, || receiver.try_recv().is_err());
                    sender.send(Box::new(|| ())).expect("the receiver is there");
                    receiver.recv().expect("sent")();
                    sample
                }
            })
            .but(NO_HANDLES),
            Contender::peer("crossbeam SegQueue", move || {
                let queue = SegQueue::<Job>::new();
                move || super::empty(frames, || queue.pop().is_none())
            })
            .but(NO_HANDLES),
            Contender::peer("concurrent-queue", move || {
                let queue = ConcurrentQueue::<Job>::unbounded();
                move || super::empty(frames, || queue.pop().is_err())
            })
            .but(NO_HANDLES),
            Contender::peer("async-executor, local", move || {
                let executor = LocalExecutor::new();
                move || super::empty(frames, || !executor.try_tick())
            })
            .but(ONE_THREAD),
            Contender::peer("futures LocalPool", move || {
                let pool = RefCell::new(LocalPool::new());
                move || super::empty(frames, || !pool.borrow_mut().try_run_one())
            })
            .but(ONE_THREAD),
        ]
    }
}
