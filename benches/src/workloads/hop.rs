//! From the main thread to a worker and back, one after the other: how long until the other thread is running what follows.

use std::hint::spin_loop;

use threadbare::{AsyncSystem, MainThread, Task, run, spawn_with};
use threadbare_threads::ThreadPool;

use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
use crate::pools::{ForEach, Pool, THREADS, each_peer};
use crate::report::{Goal, Unit};

/// The main thread sleeps while the worker has its turn.
pub(super) fn blocking(scale: Scale) -> Workload {
    let times = scale.of(5_000);
    let mut contenders = vec![continuations(times, WAITING), hopping(times, WAITING)];
    each_peer(&mut Blocking { times, contenders: &mut contenders });
    #[cfg(feature = "peers")]
    contenders.extend([peers::mpsc(times, |jobs| jobs.recv().ok()), peers::spawn_blocking(times)]);
    contenders.push(floors::futex_one_way(scale));
    let goal = Goal { at_most: Some(2300.0), ..Goal::default() };
    workload("hop-blocking", "blocking", goal, contenders)
}

/// The main thread looks again and again.
pub(super) fn spinning(scale: Scale) -> Workload {
    let times = scale.of(5_000);
    let mut contenders = vec![continuations(times, LOOKING), hopping(times, LOOKING)];
    each_peer(&mut Spinning { times, contenders: &mut contenders });
    #[cfg(feature = "peers")]
    contenders.push(peers::mpsc(times, |jobs| {
        spin_loop();
        jobs.try_recv().ok()
    }));
    contenders.push(floors::cache_line_one_way(scale));
    let goal = Goal { at_most: Some(150.0), ..Goal::default() };
    workload("hop-spinning", "spinning", goal, contenders)
}

pub(super) fn workload(name: &'static str, how: &str, goal: Goal, contenders: Vec<Contender>) -> Workload {
    Workload {
        name,
        title: format!("a hop between a worker and the main thread, {how}"),
        unit: Unit::Nanos,
        goal,
        contenders,
    }
}

pub(super) type Wait = fn(&MainThread, Task<u64>) -> u64;

pub(super) const WAITING: Wait = |here, task| here.wait(task).expect("resolved");

pub(super) const LOOKING: Wait = |here, task| {
    while !task.is_settled() {
        if here.dispatch() == 0 {
            spin_loop();
        }
    }
    task.try_take().expect("settled").expect("resolved")
};

/// So many times there and back; each hop adds one.
pub(super) fn bounced(times: u64, bounce: impl FnOnce() -> u64) -> Sample {
    let (sample, hops) = measure(2 * times, bounce);
    assert_eq!(hops, 2 * times);
    sample
}

/// Every hop is a continuation in the other context.
pub(super) fn continuations(times: u64, wait: Wait) -> Contender {
    Contender::ours("threadbare", move || {
        let system = AsyncSystem::new(ThreadPool::with_threads(THREADS));
        let here = system.main().enter().expect("nobody else has entered");
        move || {
            let worker = system.worker();
            bounced(times, || (0..times).fold(0, |n, _| wait(&here, run(worker, move || n + 1).map(&here, |n| n + 1))))
        }
    })
}

/// An async block that goes to and fro.
fn hopping(times: u64, wait: Wait) -> Contender {
    Contender::ours("threadbare, async", move || {
        let system = AsyncSystem::new(ThreadPool::with_threads(THREADS));
        let here = system.main().enter().expect("nobody else has entered");
        move || {
            let (worker, main) = (system.worker().clone(), system.main().clone());
            bounced(times, || {
                let task = spawn_with(system.main(), |cx| async move {
                    let mut n = 0;
                    for _ in 0..times {
                        cx.hop(&worker).await;
                        n += 1;
                        cx.hop(&main).await;
                        n += 1;
                    }
                    Ok(n)
                });
                wait(&here, task)
            })
        }
    })
    .but("one task for all of the hops")
}

struct Blocking<'a> {
    times: u64,
    contenders: &'a mut Vec<Contender>,
}

impl ForEach for Blocking<'_> {
    fn visit<P: Pool>(&mut self) {
        let times = self.times;
        let start = move || {
            let pool = P::get();
            move || bounced(times, || pool.bounce(times))
        };
        self.contenders
            .push(Contender::peer(P::NAME, start).but("no main queue: the main thread waits for each handle"));
    }
}

struct Spinning<'a> {
    times: u64,
    contenders: &'a mut Vec<Contender>,
}

impl ForEach for Spinning<'_> {
    fn visit<P: Pool>(&mut self) {
        let times = self.times;
        let start = move || {
            let pool = P::get();
            move || {
                bounced(times, || {
                    (0..times).fold(0, |n, _| {
                        let mut handle = pool.run(move || n + 1);
                        loop {
                            match pool.poll(&mut handle) {
                                Some(n) => break n + 1,
                                None => spin_loop(),
                            }
                        }
                    })
                })
            }
        };
        self.contenders.push(Contender::peer(P::NAME, start).but("no main queue: the main thread asks each handle"));
    }
}

#[cfg(feature = "peers")]
mod peers {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use super::{Contender, bounced};
    use crate::pools::{AsyncPool, Tokio};

    /// Work for the one side or the other, and what it is given.
    type Job = (Box<dyn FnOnce(u64) -> u64 + Send>, u64);

    /// One thread, and a channel of boxed closures in either direction.
    pub(super) fn mpsc(times: u64, next: fn(&Receiver<Job>) -> Option<Job>) -> Contender {
        Contender::peer("std mpsc, both ways", move || {
            let (to_worker, for_worker) = channel::<Job>();
            let (to_main, for_main): (Sender<Job>, _) = channel();
            thread::spawn(move || {
                for (job, n) in for_worker {
                    // For a closed channel there is nobody to tell.
                    _ = to_main.send((Box::new(|n| n + 1), job(n)));
                }
            });
            move || {
                bounced(times, || {
                    (0..times).fold(0, |n, _| {
                        to_worker.send((Box::new(|n| n + 1), n)).expect("the thread serves");
                        loop {
                            if let Some((job, n)) = next(&for_main) {
                                break job(n);
                            }
                        }
                    })
                })
            }
        })
        .but("one thread instead of two; no handles, a panic ends it")
    }

    pub(super) fn spawn_blocking(times: u64) -> Contender {
        Contender::peer("tokio spawn_blocking", move || {
            let Tokio(runtime) = Tokio::get();
            move || {
                bounced(times, || {
                    runtime.block_on(async {
                        let mut n = 0;
                        for _ in 0..times {
                            n = tokio::task::spawn_blocking(move || n + 1).await.expect("it does not panic") + 1;
                        }
                        n
                    })
                })
            }
        })
        .but("threads of its own, as many as are asked for at once")
    }
}
