//! What went wrong in an older system of this kind, and does not here. Each test is named after what went wrong, and runs on
//! the kind of system on which it did; what is general about it is tested on each system elsewhere.

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};

use behaviour::{Host, Log, OnePool, Polled, TwoPool, quiet_panics, watchdog};
use threadbare::{AsyncSystem, Error, ErrorKind, Immediate, Runnable, Task, TaskProcessor, promise, run};
use threadbare_threads::ThreadPool;

/// Queues for whoever has the other end.
struct Queue(Mutex<Sender<Runnable>>);

impl TaskProcessor for Queue {
    fn start_task(&self, runnable: Runnable) {
        self.0.lock().unwrap().send(runnable).ok();
    }
}

/// Main work and settling from two workers, against a main thread that goes to sleep whenever it can.
#[test]
fn a_wait_on_the_main_thread_lost_wake_ups() {
    let _watchdog = watchdog("waits on the main thread");
    const ROUNDS: usize = 5000;
    let host = Host::<TwoPool>::start();
    for round in 0..ROUNDS {
        let hop = run(host.worker(), move || round).map(host.main(), |n| n + 1);
        let both = hop.map(host.worker(), |n| n + 1).map(&host.here, |n| n + 1);
        assert_eq!(host.here.wait(both).unwrap(), round + 3);
    }
}

#[test]
fn a_processor_that_ran_a_task_after_the_system_was_gone_used_freed_memory() {
    let (queue, queued) = channel();
    let log = Log::new();
    {
        let system = AsyncSystem::new(Queue(Mutex::new(queue)));
        let (promise, task) = promise::<u32>();
        let (probe, inner) = (log.probe(), system.worker().clone());
        task.map(system.worker(), move |n| {
            probe.run();
            Task::resolved(n).map(&inner, |n| n).detach();
        })
        .detach();
        promise.resolve(1);
    }
    queued.try_iter().for_each(Runnable::run);
    assert_eq!((log.runs().len(), log.drops().len()), (1, 1));
    assert!(queued.recv().is_err(), "the processor itself is gone by now");
}

#[test]
fn a_pool_dropped_with_a_continuation_pending_was_used_after_it_was_freed() {
    let _watchdog = watchdog("a pool that is dropped");
    let log = Log::new();
    let pool = ThreadPool::with_threads(2);
    let (promise, task) = promise::<u32>();
    let probe = log.probe();
    let out = task.map(&pool.worker(), move |_| probe.run());
    drop(pool);
    promise.resolve(1);
    assert_eq!(out.wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!((log.runs().len(), log.drops().len()), (0, 1));
}

#[test]
fn a_processor_that_threw_destroyed_the_closure_twice() {
    quiet_panics();
    let system = AsyncSystem::new(|_dropped_by_unwinding: Runnable| panic!("start_task panics on purpose"));
    let log = Log::new();
    let probe = log.probe();
    let out = run(system.worker(), move || probe.run());
    assert_eq!(out.wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!((log.runs().len(), log.drops().len()), (0, 1));
}

#[test]
fn the_last_pool_handle_dropped_on_its_own_thread_aborted() {
    let _watchdog = watchdog("the last pool handle");
    let (gone, told) = channel();
    let pool = ThreadPool::builder().threads(1).on_stop(move |_| gone.send(()).unwrap()).build().unwrap();
    run(&pool.worker(), move || drop(pool)).wait().unwrap();
    told.recv().expect("the thread ends");
}

#[test]
fn a_queued_main_task_that_captured_its_system_leaked_both() {
    let system = AsyncSystem::new(ThreadPool::with_threads(1));
    let here = system.main().enter().unwrap();
    let (log, worker) = (Log::new(), system.worker().clone());
    let (probe, mine) = (log.probe(), system.clone());
    let task = run(system.main(), move || drop((probe, mine)));
    drop(system);
    drop(here);
    assert_eq!(task.wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(log.drops().len(), 1);
    assert_eq!(run(&worker, || 1).wait().unwrap_err().kind(), ErrorKind::Closed, "the system has gone, with its pool");
}

/// More are in `depth.rs`.
#[test]
fn a_chain_of_a_hundred_thousand_continuations_overflowed_the_stack() {
    const LINKS: usize = 100_000;
    let small = std::thread::Builder::new().stack_size(128 << 10).spawn(|| {
        let host = Host::<Polled>::start();
        let (promise, task) = promise::<usize>();
        let at_once = (0..LINKS).fold(task, |task, _| task.map(&Immediate, |n| n + 1));
        let on_main = (0..LINKS).fold(at_once, |task, _| task.map(&host.here, |n| n + 1));
        promise.resolve(0);
        host.settle(on_main)
    });
    assert_eq!(small.unwrap().join().unwrap().unwrap(), 2 * LINKS);
}

#[test]
fn a_rejected_parent_was_scheduled_to_be_skipped() {
    let _watchdog = watchdog("skipping");
    let queued = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&queued);
    let system = AsyncSystem::new(move |runnable: Runnable| {
        counts.fetch_add(1, Ordering::SeqCst);
        runnable.run();
    });
    let here = system.main().enter().unwrap();
    let local = Rc::new(());
    let (promise, task) = promise::<u32>();
    let skipped = task
        .map(system.worker(), |n| n)
        .map(system.main(), |n| n)
        .map(&here, move |n| (local, n).1)
        .and_then(system.worker(), Ok);
    promise.reject(Error::msg("no"));
    assert!(skipped.is_settled() && here.is_idle());
    assert_eq!(skipped.wait().unwrap_err().to_string(), "no");
    // The other way round: a value is not scheduled to be passed by a `catch`.
    let passed = Task::resolved(7).catch(system.worker(), |_| 0).or_else(system.main(), |_| Ok(0));
    assert!(passed.is_settled() && here.is_idle());
    assert_eq!((passed.wait().unwrap(), queued.load(Ordering::SeqCst)), (7, 0));
}

#[test]
fn work_could_not_fork_from_a_worker() {
    let _watchdog = watchdog("forks");
    let host = Host::<TwoPool>::start();
    let worker = host.worker().clone();
    // Only two threads at once can pass.
    let meet = Arc::new(Barrier::new(2));
    let both = run(host.worker(), move || {
        let there = Arc::clone(&meet);
        let forked = run(&worker, move || {
            there.wait();
            std::thread::current().id()
        });
        meet.wait();
        (std::thread::current().id(), forked)
    });
    let (one, forked) = both.wait().unwrap();
    assert_ne!(forked.wait().unwrap(), one);
    // Nor was it queued on a pool of one thread.
    let host = Host::<OnePool>::start();
    let worker = host.worker().clone();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (outer, inner) = (Arc::clone(&order), Arc::clone(&order));
    let forked = run(host.worker(), move || {
        let forked = run(&worker, move || inner.lock().unwrap().push("forked"));
        outer.lock().unwrap().push("forks");
        forked
    });
    forked.wait().unwrap().wait().unwrap();
    assert_eq!(*order.lock().unwrap(), ["forks", "forked"]);
}

/// 8. Its shared future runs continuations under its mutex: one that needs another thread, which needs the shared future,
///    never returns.
#[test]
fn a_shared_task_ran_its_continuations_under_a_lock() {
    let _watchdog = watchdog("a_shared_task_ran_its_continuations_under_a_lock");
    let (promise, task) = promise::<u32>();
    let shared = task.share();
    let other = shared.clone();
    let sum = shared.fork().map(&Immediate, move |n| {
        let helper = std::thread::spawn(move || (other.is_settled(), other.fork().wait().expect("resolved")));
        let (settled, same) = helper.join().expect("it got through while the first fork is being served");
        assert!(settled);
        n + same
    });
    promise.resolve(20);
    assert_eq!(sum.try_take().expect("settled").expect("resolved"), 40);
}
