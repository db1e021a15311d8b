//! The kinds of work, each of which says how many tasks it was.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use threadbare::{
    AsyncSystem, Clock, Error, ErrorKind, Immediate, Inbox, Main, MainThread, Runnable, Schedule, Task, Worker, all,
    promise, run, spawn, spawn_with, try_run,
};
use threadbare_single_thread::{Host, SingleThread};
use threadbare_threads::{StatefulPool, StdClock, ThreadPool};

/// How many tasks are in flight at most.
pub(crate) const BATCH: u64 = 1000;

/// A queue of the program's own.
#[derive(Clone, Default)]
pub(crate) struct Own(Arc<Inbox>);

impl Schedule for Own {
    fn schedule(&self, runnable: Runnable) {
        self.0.push(runnable).ok();
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.own.0.close());
    }
}

/// Everything that tasks go through.
pub(crate) struct World {
    /// Pending all the time, before the timers that nobody wants any more: so these have to be swept.
    _alarm: Task<()>,
    here: MainThread,
    system: AsyncSystem,
    stateful: StatefulPool<u64>,
    clock: StdClock,
    single: Host,
    own: Own,
}

impl World {
    pub(crate) fn new() -> Self {
        let system = AsyncSystem::new(ThreadPool::with_threads(2));
        let clock = StdClock::new();
        let alarm = clock.delay(Duration::from_secs(1800));
        Self {
            _alarm: alarm,
            here: system.main().enter().expect("no other thread is the main thread"),
            system,
            stateful: StatefulPool::new(2, |_| Ok(0)).expect("two threads"),
            clock,
            single: SingleThread::new().host(),
            own: Own::default(),
        }
    }

    fn worker(&self) -> &Worker {
        self.system.worker()
    }

    fn main(&self) -> &Main {
        self.system.main()
    }
}

/// One kind of work: a batch of it.
pub(crate) type Stage = fn(&World) -> u64;

pub(crate) const STAGES: &[(&str, Stage)] = &[
    ("run on a worker, from outside", outside),
    ("run on a worker, from inside", inside),
    ("run on the main thread, from anywhere", main),
    ("run on the main thread, captures !Send", here),
    ("continuations, immediate", immediate),
    ("continuations, worker to main and back", across),
    ("a queue of one's own", own),
    ("errors, caught", errors),
    ("spawned futures that await", futures),
    ("hops", hops),
    ("shared and forked", shared),
    ("all of a batch", gathered),
    ("calls on a stateful pool", calls),
    ("timers of a clock's thread", timers),
    ("one thread, polled", single),
    ("one thread, timers in virtual time", virtual_time),
];

/// The sum of 0 up to there.
fn triangle(n: u64) -> u64 {
    n * (n - 1) / 2
}

/// Waits for all, on the main thread, and compares what comes with what should.
fn expect_sum(world: &World, tasks: Vec<Task<u64>>, sum: u64) {
    let found: u64 = tasks.into_iter().map(|task| world.here.wait(task).expect("it resolves")).sum();
    assert_eq!(found, sum);
}

fn outside(world: &World) -> u64 {
    expect_sum(world, (0..BATCH).map(|n| run(world.worker(), move || n)).collect(), triangle(BATCH));
    BATCH
}

fn inside(world: &World) -> u64 {
    let worker = world.worker().clone();
    let fan = run(world.worker(), move || {
        let tasks: Vec<_> = (0..BATCH).map(|n| run(&worker, move || n)).collect();
        tasks.into_iter().map(|task| task.wait().expect("it resolves")).sum::<u64>()
    });
    assert_eq!(world.here.wait(fan).expect("it resolves"), triangle(BATCH));
    BATCH + 1
}

fn main(world: &World) -> u64 {
    expect_sum(world, (0..BATCH).map(|n| run(world.main(), move || n)).collect(), triangle(BATCH));
    BATCH
}

fn here(world: &World) -> u64 {
    let sum = Rc::new(Cell::new(0));
    for n in 0..BATCH {
        let sum = Rc::clone(&sum);
        run(&world.here, move || sum.set(sum.get() + n)).detach();
    }
    assert_eq!(world.here.dispatch(), usize::try_from(BATCH).expect("it fits"));
    assert_eq!((sum.get(), Rc::strong_count(&sum)), (triangle(BATCH), 1));
    BATCH
}

fn immediate(_: &World) -> u64 {
    let (promise, task) = promise();
    let end = (0..BATCH).fold(task, |task, _| task.map(&Immediate, |n: u64| n + 1));
    promise.resolve(0);
    assert_eq!(end.wait().expect("it resolves"), BATCH);
    BATCH + 1
}

fn across(world: &World) -> u64 {
    let there = |n| run(world.worker(), move || n).map(world.main(), |n| n + 1).map(&world.here, |n| n + 1);
    let tasks = (0..BATCH / 4).map(|n| there(n).map(world.worker(), |n| n - 2));
    expect_sum(world, tasks.collect(), triangle(BATCH / 4));
    BATCH
}

fn own(world: &World) -> u64 {
    let tasks: Vec<_> = (0..BATCH / 2).map(|n| run(&world.own, move || n).map(&world.own, |n| n)).collect();
    world.own.0.take().for_each(Runnable::run);
    // Continuations of this queue that were not run at once.
    world.own.0.take().for_each(Runnable::run);
    expect_sum(world, tasks, triangle(BATCH / 2));
    BATCH
}

fn errors(world: &World) -> u64 {
    let fails = |n: u64| try_run(world.worker(), move || Err::<u64, _>(Error::msg(n))).map(world.main(), |n| n + 1);
    let tasks = (0..BATCH / 3)
        .map(|n| fails(n).catch(&Immediate, |error| error.to_string().parse().expect("the number that it was")));
    expect_sum(world, tasks.collect(), triangle(BATCH / 3));
    BATCH
}

fn futures(world: &World) -> u64 {
    let tasks = (0..BATCH / 2).map(|n| {
        let awaited = run(world.worker(), move || n);
        spawn(world.worker(), async move { Ok(awaited.await? + 1) })
    });
    expect_sum(world, tasks.collect(), triangle(BATCH / 2) + BATCH / 2);
    BATCH
}

fn hops(world: &World) -> u64 {
    let tasks = (0..BATCH).map(|n| {
        let (worker, main) = (world.worker().clone(), world.main().clone());
        spawn_with(world.worker(), move |cx| async move {
            drop(cx.hop(&main).await);
            cx.hop(&worker).await;
            Ok(n)
        })
    });
    expect_sum(world, tasks.collect(), triangle(BATCH));
    BATCH
}

fn shared(world: &World) -> u64 {
    let shared = run(world.worker(), || 1).share();
    let forks = (0..BATCH / 2).map(|_| shared.fork().map(world.main(), |one| one)).collect();
    drop(shared);
    expect_sum(world, forks, BATCH / 2);
    BATCH + 1
}

fn gathered(world: &World) -> u64 {
    let values = all((0..BATCH).map(|n| run(world.worker(), move || n)));
    let values = world.here.wait(values).expect("it resolves");
    assert!(values.into_iter().eq(0..BATCH), "in order");
    BATCH + 1
}

fn calls(world: &World) -> u64 {
    let call = |n| {
        world.stateful.call(move |state| {
            *state += 1;
            n
        })
    };
    expect_sum(world, (0..BATCH).map(call).collect(), triangle(BATCH));
    BATCH
}

fn timers(world: &World) -> u64 {
    let (kept, pending): (Vec<_>, Vec<_>) = (0..BATCH / 4).map(|_| promise::<u64>()).unzip();
    let tasks = (0..).zip(pending).map(|(n, pending)| {
        let late = world.clock.timeout(pending, Duration::from_micros(n)).catch(&Immediate, move |error| {
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            n
        });
        world.clock.delay(Duration::from_micros(n)).detach();
        // In time, and in the way until it is swept.
        world.clock.timeout(late, Duration::from_secs(3600))
    });
    expect_sum(world, tasks.collect(), triangle(BATCH / 4));
    drop(kept);
    BATCH
}

fn single(world: &World) -> u64 {
    let host = &world.single;
    let there = |n| run(host.worker(), move || n).map(host.main(), |n| n).map(host.here(), |n| n);
    let tasks: Vec<_> = (0..BATCH / 3).map(there).collect();
    host.run_until_idle();
    expect_sum(world, tasks, triangle(BATCH / 3));
    BATCH
}

fn virtual_time(world: &World) -> u64 {
    let (host, now) = (&world.single, world.single.single().now());
    let tasks = (0..BATCH / 2).map(|n| host.single().delay(Duration::from_millis(n)).map(host.worker(), move |()| n));
    let tasks: Vec<_> = tasks.collect();
    host.run_until_idle();
    assert_eq!(host.single().now(), now + Duration::from_millis(BATCH / 2 - 1));
    expect_sum(world, tasks, triangle(BATCH / 2));
    BATCH
}
