//! The budgets: sizes, and how many bytes in how many allocations. Counted on the thread that does it.

use std::hint::black_box;
use std::num::NonZeroU64;

use behaviour::{Counting, Host, Render, System, Tally, each_system, tally, watchdog};
use threadbare::{Error, ErrorKind, Immediate, Promise, Runnable, Schedule, Task, all, promise, run, spawn};
use threadbare_threads::ThreadPool;

#[global_allocator]
static HEAP: Counting = Counting;

/// What a cell may have beside closure and value.
const OVERHEAD: usize = 64;

each_system!(an_idle_dispatch_allocates_nothing);
// On the test's own thread, where it is counted. What a pool's thread allocates is counted there, below.
each_system!(on [Polled, OneThread, Seeded]:
    a_continuation_is_one_allocation_in_every_context,
    a_run_is_one_allocation_and_none_for_queueing,
    a_spawned_future_is_two_allocations,
);

const NONE: Tally = Tally { count: 0, bytes: 0, largest: 0 };

/// One allocation, of at most `bytes` beside the overhead.
fn assert_one(what: &str, tally: Tally, bytes: usize) {
    assert_eq!(tally.count, 1, "{what}: {tally:?}");
    assert!(tally.bytes <= OVERHEAD + bytes, "{what}: {tally:?} for {bytes} bytes of closure and value");
}

#[test]
fn handles_are_one_pointer() {
    const POINTER: usize = size_of::<*const ()>();
    assert_eq!(size_of::<Error>(), POINTER);
    assert_eq!(size_of::<Option<Error>>(), POINTER);
    assert_eq!(size_of::<Task<[u64; 8]>>(), POINTER);
    assert_eq!(size_of::<Option<Task<[u64; 8]>>>(), POINTER);
    assert_eq!(size_of::<Promise<[u64; 8]>>(), POINTER);
    assert_eq!(size_of::<Option<Promise<[u64; 8]>>>(), POINTER);
    assert_eq!(size_of::<Runnable>(), POINTER);
    assert_eq!(size_of::<Option<Runnable>>(), POINTER);
}

/// Values of several sizes and alignments.
#[test]
fn promises_and_settled_tasks_are_one_allocation() {
    fn check<T: Send + 'static>(value: fn() -> T) {
        let what = std::any::type_name::<T>();
        let (made, (promise, task)) = tally(promise::<T>);
        assert_one(what, made, size_of::<T>());
        let (settled, ()) = tally(|| promise.resolve(value()));
        assert_eq!(settled, NONE, "{what}: resolving");
        let (taken, outcome) = tally(|| task.wait());
        assert_eq!((taken, outcome.is_ok()), (NONE, true), "{what}: taking");
        let (made, task) = tally(|| Task::resolved(value()));
        assert_one(what, made, size_of::<T>());
        let (dropped, ()) = tally(|| drop(task));
        assert_eq!(dropped, NONE, "{what}: dropping");
    }
    check(|| ());
    check(|| 1_u8);
    check(|| 1_u32);
    check(|| 1_u64);
    check(|| [1_u8; 9]);
    check(|| [1_u64; 32]);
    check(|| NonZeroU64::MIN);
}

/// Attaches and runs a continuation with each size of closure and value, before and after the task has settled.
fn continuations<S: Schedule>(what: &str, context: &S, run_it: impl Fn()) {
    fn check<S: Schedule, const CAPTURED: usize, const RETURNED: usize>(what: &str, context: &S, run_it: &impl Fn()) {
        for settled_first in [true, false] {
            let what =
                format!("{what}: {CAPTURED} bytes captured, {RETURNED} returned, settled first: {settled_first}");
            let captured = [7_u8; CAPTURED];
            let closure = move |n: u32| {
                black_box(&captured);
                black_box([n as u8; RETURNED])
            };
            let size = size_of_val(&closure) + RETURNED;
            let (promise, task) = promise::<u32>();
            let (tally, out) = if settled_first {
                promise.resolve(3);
                tally(|| {
                    let out = task.map(context, closure);
                    run_it();
                    out
                })
            } else {
                tally(|| {
                    let out = task.map(context, closure);
                    promise.resolve(3);
                    run_it();
                    out
                })
            };
            assert_one(&what, tally, size);
            assert!(matches!(out.try_take(), Ok(Ok(value)) if value == [3; RETURNED]), "{what}");
        }
    }
    run(context, || ()).detach(); // warm
    run_it();
    check::<S, 0, 0>(what, context, &run_it);
    check::<S, 0, 1>(what, context, &run_it);
    check::<S, 1, 0>(what, context, &run_it);
    check::<S, 8, 8>(what, context, &run_it);
    check::<S, 9, 3>(what, context, &run_it);
    check::<S, 40, 0>(what, context, &run_it);
    check::<S, 0, 200>(what, context, &run_it);
}

fn a_continuation_is_one_allocation_in_every_context<S: System>() {
    let host = Host::<S>::start();
    continuations("&Immediate", &Immediate, || ());
    continuations("&Worker", host.worker(), || {
        host.system.turn();
    });
    continuations("&Main", host.main(), || {
        host.here.dispatch();
    });
    let (promise, task) = promise::<u32>();
    let captured = std::rc::Rc::new(1);
    let (tally, out) = tally(|| {
        let out = task.map(&host.here, move |n| n + *captured);
        promise.resolve(3);
        host.here.dispatch();
        out
    });
    assert_one("&MainThread", tally, size_of::<usize>() + size_of::<u32>());
    assert!(matches!(out.try_take(), Ok(Ok(4))));
}

/// A closure's task, on the thread of a pool that settles its source.
#[test]
fn a_continuation_on_a_pool_is_one_allocation() {
    let _watchdog = watchdog("budgets on a pool");
    let pool = ThreadPool::with_threads(1);
    let worker = pool.worker();
    let inner = worker.clone();
    let tally = run(&worker, move || {
        let (promise, task) = promise::<u32>();
        let (tally, out) = tally(|| {
            let out = task.map(&inner, |n| n + 1);
            promise.resolve(1);
            out
        });
        assert!(matches!(out.try_take(), Ok(Ok(2))), "it ran at once");
        tally
    });
    assert_one("a pool's worker", tally.wait().unwrap(), size_of::<u32>());
}

const WARM: usize = 100;

/// So many runs, each of which is one allocation.
fn runs<S: Schedule>(what: &str, context: &S) -> Vec<Task<u32>> {
    let mut tasks = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        let (tally, task) = tally(|| run(context, || 1_u32));
        tasks.push(task);
        assert_one(what, tally, size_of::<u32>());
    }
    tasks
}

/// Queued behind others, in queues that have held as many before.
fn a_run_is_one_allocation_and_none_for_queueing<S: System>() {
    let host = Host::<S>::start();
    for round in 0..3 {
        let tasks = runs("queued for the main thread", host.main());
        let (dispatched, ran) = tally(|| host.here.dispatch());
        assert_eq!((dispatched, ran), (NONE, WARM));
        drop(tasks);

        let tasks = runs("queued for the worker", host.worker());
        let (polled, ran) = tally(|| host.system.turn());
        assert!(ran && (round == 0 || polled == NONE), "round {round}: {polled:?}");
        assert!(tasks.iter().all(Task::is_settled));
    }
}

#[test]
fn a_run_on_a_pool_is_one_allocation_and_none_for_queueing() {
    let _watchdog = watchdog("budgets of run on a pool");
    let pool = ThreadPool::with_threads(1);
    let worker = pool.worker();
    for round in 0..3 {
        // The pool's one thread is held meanwhile.
        let (hold, held) = std::sync::mpsc::sync_channel::<()>(0);
        run(&worker, move || held.recv().is_err()).detach();
        let tasks = runs("queued for a pool", &worker);
        drop(hold);
        for task in tasks {
            assert_eq!(task.wait().unwrap(), 1, "round {round}");
        }
    }
}

/// What the pool's own thread allocates to take and run what is queued: nothing, once its list is warm.
#[test]
fn a_warm_pool_allocates_nothing_to_run_what_is_queued() {
    let _watchdog = watchdog("a warm pool");
    const MANY: usize = 100;
    let pool = ThreadPool::with_threads(1);
    let worker = pool.worker();
    let round = || {
        let (hold, held) = std::sync::mpsc::sync_channel::<()>(0);
        let first = run(&worker, move || {
            held.recv().ok();
            behaviour::tally_so_far()
        });
        for _ in 0..MANY {
            run(&worker, || ()).detach();
        }
        let last = run(&worker, behaviour::tally_so_far);
        drop(hold);
        let (first, last) = (first.wait().unwrap(), last.wait().unwrap());
        last.count - first.count
    };
    round();
    round();
    assert_eq!(round(), 0);
}

/// Nor does an idle turn of a worker that is polled.
fn an_idle_dispatch_allocates_nothing<S: System>() {
    let host = Host::<S>::start();
    let (tally, ran) = tally(|| {
        let one = host.here.dispatch_one() || host.here.dispatch_one_while(|| true) || host.system.turn();
        let ran = host.here.dispatch() + host.here.dispatch_while(|| true) + usize::from(one);
        ran + host.here.dispatch_for(std::time::Duration::from_secs(1))
    });
    assert_eq!((tally, ran), (NONE, 0));
}

#[test]
fn errors_clone_without_allocating_and_skipping_costs_nothing() {
    let error = Error::msg("no");
    let (cloned, copy) = tally(|| error.clone());
    assert_eq!((cloned, copy.kind()), (NONE, ErrorKind::Other));
    let (promise, task) = promise::<u32>();
    let out = task.map(&Immediate, |n| n + 1).map(&Render::new(), |n| n + 1);
    let (skipped, ()) = tally(|| promise.reject(error));
    assert_eq!(skipped, NONE);
    assert!(matches!(out.try_take(), Ok(Err(error)) if error.to_string() == "no"));
}

/// Not in the table of budgets, but to be noticed when it grows: the future's block, and that of its promise.
fn a_spawned_future_is_two_allocations<S: System>() {
    let host = Host::<S>::start();
    run(host.worker(), || ()).detach(); // warm
    host.system.turn();
    let (tally, out) = tally(|| {
        let out = spawn(host.worker(), async { Ok(1_u32) });
        host.system.turn();
        out
    });
    assert_eq!(tally.count, 2, "{tally:?}");
    assert!(matches!(out.try_take(), Ok(Ok(1))));
}

/// The block of its bells grows with the inputs, and so does the vector of values; there are no others that do.
#[test]
fn all_is_one_block_besides_the_values() {
    let count = |inputs: u64| {
        let mut promises = Vec::with_capacity(usize::try_from(inputs).unwrap());
        let mut tasks = Vec::with_capacity(promises.capacity());
        for _ in 0..inputs {
            let (promise, task) = promise::<u64>();
            promises.push(promise);
            tasks.push(task);
        }
        let (made, all) = tally(|| all(tasks));
        let (settled, ()) = tally(|| promises.into_iter().for_each(|promise| promise.resolve(1)));
        let values = all.try_take().expect("settled").expect("resolved");
        assert_eq!(values.iter().sum::<u64>(), inputs);
        (made.count, settled.count)
    };
    assert_eq!(count(1000), (3, 1), "the bells, what counts them down, the task's cell; then the values");
    assert_eq!(count(3), count(1000), "however many there are");
}

#[test]
fn a_fork_is_one_allocation_and_settling_it_none() {
    let (promise, task) = promise::<u64>();
    let shared = task.share();
    let (made, forks) = tally(|| [shared.fork(), shared.fork(), shared.fork()]);
    assert_eq!(made.count, 3);
    assert!(made.largest <= OVERHEAD + size_of::<u64>(), "{made:?}");
    let (settled, ()) = tally(|| promise.resolve(7));
    assert_eq!(settled, NONE);
    assert_eq!(forks.map(|fork| fork.try_take().expect("settled").expect("resolved")), [7; 3]);
}
