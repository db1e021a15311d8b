//! Waits do what the waiting thread could do, and so do not deadlock on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use behaviour::{Host, OnePool, System, TwoPool, watchdog};
use threadbare::{Error, ErrorKind, Immediate, Result, Task, Worker, promise, run};
use threadbare_threads::ThreadPool;

#[test]
fn a_worker_waits_for_work_of_its_own_pool() {
    let _watchdog = watchdog("a wait in a pool of one");
    let pool = ThreadPool::with_threads(1);
    let worker = pool.worker();
    let inner = worker.clone();
    assert_eq!(run(&worker, move || run(&inner, || 1).wait()).wait().unwrap().unwrap(), 1);
    // A continuation of what is queued behind.
    let inner = worker.clone();
    let task = run(&worker, move || run(&inner, || 1).map(&inner, |n| n + 1).map(&Immediate, |n| n + 1).wait());
    assert_eq!(task.wait().unwrap().unwrap(), 3);
}

/// Forks and waits for both halves.
fn fork(worker: &Worker, depth: u32) -> Result<u32> {
    if depth == 0 {
        return Ok(1);
    }
    let halves = [(); 2].map(|()| {
        let inner = worker.clone();
        run(worker, move || fork(&inner, depth - 1))
    });
    halves.into_iter().map(|half| half.wait()?).sum()
}

#[test]
fn waits_nest() {
    let _watchdog = watchdog("nested waits");
    for threads in [1, 2] {
        let pool = ThreadPool::with_threads(threads);
        let (worker, inner) = (pool.worker(), pool.worker());
        assert_eq!(run(&worker, move || fork(&inner, 10)).wait().unwrap().unwrap(), 1024);
    }
}

/// Deeper than continuations nest before they are put off: a wait runs what was put off, too.
#[test]
fn a_wait_deep_inside_of_closures_sees_what_was_put_off() {
    let _watchdog = watchdog("a wait among what was put off");
    fn dig(depth: usize) -> Result<usize> {
        if depth == 0 {
            return Ok(0);
        }
        let (promise, task) = promise::<()>();
        let task = task.map(&Immediate, move |()| dig(depth - 1));
        promise.resolve(());
        Ok(task.wait()?? + 1)
    }
    assert_eq!(dig(100).unwrap(), 100);
}

#[test]
fn a_settled_task_does_not_block_nor_run_anything() {
    let _watchdog = watchdog("waits for settled tasks");
    let host = Host::<OnePool>::start();
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    run(host.main(), move || _ = counted.fetch_add(1, Ordering::SeqCst)).detach();
    assert_eq!(Task::resolved(1).wait().unwrap(), 1);
    assert_eq!(host.here.wait(Task::resolved(1)).unwrap(), 1);
    assert_eq!(host.here.wait(Task::<u32>::rejected(Error::msg("no"))).unwrap_err().to_string(), "no");
    assert_eq!(ran.load(Ordering::SeqCst), 0, "main work is not run for nothing");
}

/// A wait ends when its task settles, and leaves the rest of the queue.
#[test]
fn a_wait_runs_no_more_than_it_needs() {
    let _watchdog = watchdog("a wait that stops");
    let host = Host::<OnePool>::start();
    let first = run(host.main(), || 1);
    let second = run(host.main(), || 2);
    assert_eq!(first.wait().unwrap(), 1);
    assert!(!second.is_settled());
}

/// Two pools that wait for each other's work, and the main thread for both.
#[test]
fn pools_wait_for_each_other() {
    let _watchdog = watchdog("pools that wait for each other");
    fn bounce(mine: &Worker, theirs: &Worker, left: u32) -> Result<u32> {
        if left == 0 {
            return Ok(0);
        }
        let (back, to) = (mine.clone(), theirs.clone());
        Ok(run(theirs, move || bounce(&to, &back, left - 1)).wait()?? + 1)
    }
    let (one, two) = (ThreadPool::with_threads(1), ThreadPool::with_threads(1));
    for _ in 0..20 {
        assert_eq!(bounce(&one.worker(), &two.worker(), 50).unwrap(), 50);
    }
}

/// Workers wait for the main thread, which waits for workers.
#[test]
fn workers_and_the_main_thread_wait_for_each_other() {
    let _watchdog = watchdog("workers and main thread that wait for each other");
    fn check<S: System>() {
        let host = Host::<S>::start();
        for _ in 0..100 {
            let (main, worker) = (host.main().clone(), host.worker().clone());
            let task = run(host.worker(), move || run(&main, move || run(&worker, || 1).wait()).wait());
            assert_eq!(host.here.wait(task).unwrap().unwrap().unwrap(), 1);
        }
    }
    check::<OnePool>();
    check::<TwoPool>();
}

/// A plain thread, which belongs to no context, only sleeps.
#[test]
fn a_thread_of_no_context_is_woken() {
    let _watchdog = watchdog("a plain wait");
    for _ in 0..1000 {
        let (promise, task) = promise::<u32>();
        let settling = std::thread::spawn(move || promise.resolve(1));
        assert_eq!(task.wait().unwrap(), 1);
        settling.join().unwrap();
    }
}

/// Runs a closure that gets its own task.
fn with_own_task<T: Send + 'static>(worker: &Worker, f: impl FnOnce(Task<T>) -> T + Send + 'static) {
    let (send, own) = channel::<Task<T>>();
    let (done, ended) = channel();
    let task = run(worker, move || {
        let outcome = f(own.recv().unwrap());
        done.send(()).unwrap();
        outcome
    });
    send.send(task).unwrap();
    ended.recv().unwrap();
}

#[test]
fn a_wait_for_oneself_is_an_error() {
    let _watchdog = watchdog("waits for oneself");
    let pool = ThreadPool::with_threads(1);
    let worker = pool.worker();
    with_own_task::<()>(&worker, |own| assert_eq!(own.wait().unwrap_err().kind(), ErrorKind::Deadlock));
    // For what follows from it, too, in whatever context that is.
    let inner = worker.clone();
    with_own_task::<()>(&worker, move |own| {
        let follows = own.map(&Immediate, |()| 1).and_then(&inner, |n| Task::resolved(n + 1)).map(&inner, |n| n + 1);
        assert_eq!(follows.wait().unwrap_err().kind(), ErrorKind::Deadlock);
    });
    assert_eq!(run(&worker, || 1).wait().unwrap(), 1, "the worker lives");
}

/// Main work that waits for other main work, which waits for the first: the second is told, and the first goes on.
#[test]
fn a_wait_for_what_it_is_nested_in_is_an_error() {
    let _watchdog = watchdog("waits for what they are nested in");
    let host = Host::<OnePool>::start();
    let ((send_first, first), (send_second, second)) = (channel::<Task<u32>>(), channel::<Task<ErrorKind>>());
    let outer = run(host.main(), move || {
        assert_eq!(second.recv().unwrap().wait().unwrap(), ErrorKind::Deadlock);
        7
    });
    let told = outer.then(&Immediate, |outcome| outcome);
    let inner = run(host.main(), move || first.recv().unwrap().wait().unwrap_err().kind());
    send_first.send(told).unwrap();
    send_second.send(inner).unwrap();
    assert_eq!(host.here.dispatch(), 1, "the other was run by the wait");
}

/// A task that another thread settles is no deadlock, however deep the waits are nested.
#[test]
fn a_wait_for_another_thread_is_no_deadlock() {
    let _watchdog = watchdog("waits for other threads");
    let host = Host::<OnePool>::start();
    let (promise, task) = promise::<u32>();
    let (waiting, waits) = channel();
    let settler = std::thread::spawn(move || {
        waits.recv().unwrap();
        promise.resolve(7);
    });
    let (send_inner, inner) = channel::<Task<Result<u32>>>();
    let outer = run(host.main(), move || inner.recv().unwrap().wait());
    let inner = run(host.main(), move || {
        waiting.send(()).unwrap();
        task.wait()
    });
    send_inner.send(inner).unwrap();
    assert_eq!(host.here.wait(outer).unwrap().unwrap().unwrap(), 7);
    settler.join().unwrap();
}

/// Drops that were put off are done by a wait that is as deep as they were, not put off once more.
#[test]
fn a_wait_deep_inside_of_closures_sees_drops_that_were_put_off() {
    let _watchdog = watchdog("a wait among drops that were put off");
    let host = Host::<OnePool>::start();
    host.system.close(true);
    fn dig(worker: &Worker, depth: usize) -> Result<usize> {
        if depth == 0 {
            assert_eq!(run(worker, || ()).wait().unwrap_err().kind(), ErrorKind::Closed);
            return Ok(0);
        }
        let (promise, task) = promise::<()>();
        let inner = worker.clone();
        let task = task.map(&Immediate, move |()| dig(&inner, depth - 1));
        promise.resolve(());
        Ok(task.wait()?? + 1)
    }
    for depth in 0..40 {
        assert_eq!(dig(host.worker(), depth).unwrap(), depth);
    }
}
