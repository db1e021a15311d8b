//! What the threads of a pool keep for themselves, take from each other, and owe to others.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};

use behaviour::watchdog;
use threadbare::{Task, Worker, promise, run};
use threadbare_threads::ThreadPool;

/// What a thread has queued itself is done by another while that one is held up.
#[test]
fn an_idle_thread_takes_what_a_busy_one_has_queued() {
    let _watchdog = watchdog("an idle thread takes");
    let pool = ThreadPool::with_threads(2);
    let worker = pool.worker();
    let (done, is_done) = channel();
    let inner = worker.clone();
    let busy = run(&worker, move || {
        for n in 0..100 {
            let done = done.clone();
            run(&inner, move || done.send(n).unwrap()).detach();
        }
        drop(done);
        // This thread does nothing else until all of them have been done: by the other one.
        is_done.iter().collect::<Vec<u32>>()
    });
    assert_eq!(busy.wait().unwrap(), (0..100).collect::<Vec<_>>(), "and in their order");
}

/// Runs, and queues itself again, until it is told to stop.
fn feed(worker: Worker, stop: Arc<AtomicBool>, runs: Arc<AtomicUsize>) {
    runs.fetch_add(1, Ordering::SeqCst);
    if !stop.load(Ordering::SeqCst) {
        let again = worker.clone();
        run(&worker, move || feed(again, stop, runs)).detach();
    }
}

/// Every thread feeds itself for ever; what comes from outside is run all the same, after a bounded number of their turns.
#[test]
fn threads_that_feed_themselves_do_not_starve_what_comes_from_outside() {
    let _watchdog = watchdog("self-feeding");
    for threads in [1, 2, 3] {
        let pool = ThreadPool::with_threads(threads);
        let worker = pool.worker();
        let (stop, runs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let together = Arc::new(Barrier::new(threads));
        for _ in 0..threads {
            let (again, stop, runs) = (worker.clone(), Arc::clone(&stop), Arc::clone(&runs));
            let together = Arc::clone(&together);
            run(&worker, move || {
                together.wait(); // one on each thread
                feed(again, stop, runs);
            })
            .detach();
        }
        while runs.load(Ordering::SeqCst) < 1000 {
            std::thread::yield_now();
        }
        for _ in 0..100 {
            run(&worker, || ()).wait().expect("it is run");
        }
        stop.store(true, Ordering::SeqCst);
        pool.close();
    }
}

/// A wait on a pool's thread, which prefers the newest, comes to the oldest as well: what it waits for is behind work that
/// queues itself again for ever.
#[test]
fn a_wait_gets_past_work_that_feeds_itself() {
    let _watchdog = watchdog("a wait gets past");
    for threads in [1, 2] {
        let pool = ThreadPool::with_threads(threads);
        let worker = pool.worker();
        let (stop, runs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let together = Arc::new(Barrier::new(threads));
        let waits: Vec<Task<()>> = (0..threads)
            .map(|_| {
                let (again, stop, runs, together) =
                    (worker.clone(), Arc::clone(&stop), Arc::clone(&runs), Arc::clone(&together));
                let (promise, task) = promise();
                run(&worker, move || {
                    together.wait(); // one on each thread, so that nobody else can do it
                    let wanted = run(&again, || ());
                    feed(again.clone(), stop, runs);
                    promise.settle(wanted.wait());
                })
                .detach();
                task
            })
            .collect();
        for wait in waits {
            wait.wait().expect("it is run");
        }
        stop.store(true, Ordering::SeqCst);
        pool.close();
    }
}

/// A pool of one thread runs everything in the order in which it was queued, wherever that was.
#[test]
fn one_thread_keeps_the_order() {
    let _watchdog = watchdog("one thread keeps the order");
    let pool = ThreadPool::with_threads(1);
    let worker = pool.worker();
    let (done, order) = channel();
    let (hold, held) = channel::<()>();
    let (queued, is_queued) = channel::<()>();
    let (inner, from_inside) = (worker.clone(), done.clone());
    let first = run(&worker, move || {
        queued.send(()).unwrap();
        held.recv().unwrap(); // until `0..100` are queued outside
        for n in 100..200 {
            let done = from_inside.clone();
            run(&inner, move || done.send(n).unwrap()).detach();
        }
    });
    is_queued.recv().unwrap();
    for n in 0..100 {
        let done = done.clone();
        run(&worker, move || done.send(n).unwrap()).detach();
    }
    hold.send(()).unwrap();
    first.wait().unwrap();
    drop(done);
    pool.close();
    assert_eq!(order.iter().collect::<Vec<u32>>(), (0..200).collect::<Vec<_>>());
}

/// Forks within forks on several threads, some of which are stolen: each is run once.
#[test]
fn whatever_is_stolen_runs_once() {
    let _watchdog = watchdog("whatever is stolen runs once");
    fn fork(worker: &Worker, depth: u32, count: &Arc<AtomicUsize>) {
        count.fetch_add(1, Ordering::SeqCst);
        if depth > 0 {
            for _ in 0..3 {
                let (inner, count) = (worker.clone(), Arc::clone(count));
                run(worker, move || fork(&inner, depth - 1, &count)).detach();
            }
        }
    }
    for threads in [2, 4] {
        let pool = ThreadPool::with_threads(threads);
        let (worker, count) = (pool.worker(), Arc::new(AtomicUsize::new(0)));
        const NODES: usize = (3_usize.pow(9) - 1) / 2;
        let (inner, counts) = (worker.clone(), Arc::clone(&count));
        run(&worker, move || fork(&inner, 8, &counts)).wait().unwrap();
        while count.load(Ordering::SeqCst) < NODES {
            std::thread::yield_now();
        }
        pool.close();
        assert_eq!(count.load(Ordering::SeqCst), NODES);
    }
}
