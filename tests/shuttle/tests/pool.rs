//! The thread pool under load: nothing is lost, nothing is left lying, and nobody sleeps over work.

#![cfg(shuttle)]

use std::sync::Arc;

use shuttle::sync::{Barrier, mpsc};
use shuttle::thread;
use shuttle_tests::{Ledger, explore};
use threadbare::{Worker, all, promise};
use threadbare_threads::ThreadPool;

/// Each of the threads has a job, and no job is done before all have begun.
fn all_at_once(threads: usize, queue: impl Fn(&Ledger, &Worker, &Arc<Barrier>)) {
    let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
    let rounds = 4;
    for _ in 0..rounds {
        // And this thread, which thereby waits without helping.
        let barrier = Arc::new(Barrier::new(threads + 1));
        queue(&ledger, &pool.worker(), &barrier);
        barrier.wait();
    }
    pool.close();
    ledger.close();
    assert_eq!(ledger.balance(), (rounds * threads, 0));
}

fn meet(ledger: &Ledger, worker: &Worker, barrier: &Arc<Barrier>) {
    let barrier = barrier.clone();
    ledger.run(worker, move || _ = barrier.wait()).detach();
}

/// Broken if the last to search found one job and left another lying, since its queuer had seen somebody search.
#[test]
fn jobs_from_outside_have_a_thread_each() {
    for threads in [2, 3, 8] {
        explore(8, move || {
            all_at_once(threads, move |ledger, worker, barrier| {
                (0..threads).for_each(|_| meet(ledger, worker, barrier));
            });
        });
    }
}

/// Broken if one of several that queue at the same time relied on a wake-up that another's job has used up.
#[test]
fn jobs_from_several_threads_have_a_thread_each() {
    for threads in [2, 4] {
        explore(8, move || {
            all_at_once(threads, move |ledger, worker, barrier| {
                for _ in 0..threads {
                    let (ledger, worker, barrier) = (ledger.clone(), worker.clone(), barrier.clone());
                    thread::spawn(move || meet(&ledger, &worker, &barrier));
                }
            });
        });
    }
}

/// Broken if nobody were woken to steal from a thread that is held up.
#[test]
fn jobs_from_inside_have_a_thread_each() {
    for threads in [2, 3, 8] {
        explore(8, move || {
            all_at_once(threads, move |ledger, worker, barrier| {
                let (books, inner, theirs) = (ledger.clone(), worker.clone(), barrier.clone());
                let first = move || {
                    (1..threads).for_each(|_| meet(&books, &inner, &theirs));
                    theirs.wait();
                };
                ledger.run(worker, first).detach();
            });
        });
    }
}

/// One job at a time, so that all fall asleep in between. Broken if a push could fall between a last look and its sleep.
#[test]
fn no_job_waits_for_a_thread_that_sleeps() {
    for threads in [1, 2, 8] {
        explore(4, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let worker = pool.worker();
            for number in 0..30 {
                assert_eq!(ledger.run(&worker, move || number).wait().expect("it is run"), number);
            }
            pool.close();
            ledger.close();
            assert_eq!(ledger.balance(), (30, 0));
        });
    }
}

/// Work from three threads, each piece of which makes more, which is stolen.
#[test]
fn what_is_queued_from_outside_and_inside_is_all_run() {
    for threads in [1, 3, 8] {
        explore(3, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let queuers: Vec<_> = (0..3)
                .map(|_| {
                    let (worker, ledger) = (pool.worker(), ledger.clone());
                    thread::spawn(move || {
                        let outer = (0..8).map(|_| {
                            let (inner, books) = (worker.clone(), ledger.clone());
                            ledger.run(&worker, move || all((0..10).map(|n| books.run(&inner, move || n))))
                        });
                        all(outer.collect::<Vec<_>>()).wait().expect("they are run")
                    })
                })
                .collect();
            let mut sum = 0;
            for queuer in queuers {
                for inner in queuer.join().expect("it does not panic") {
                    sum += inner.wait().expect("they are run").iter().sum::<u32>();
                }
            }
            pool.close();
            ledger.close();
            assert_eq!((ledger.balance(), sum), ((3 * 8 * 11, 0), 3 * 8 * 45));
        });
    }
}

/// A thread that waits for something from outside is woken for a job, just when its wait ends: it goes on with what it was at,
/// and that needs the job done. Broken if it kept the wake-up to itself.
#[test]
fn a_wait_that_ends_passes_on_what_it_was_woken_for() {
    for threads in [2, 4] {
        explore(20, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let (promises, tasks): (Vec<_>, Vec<_>) = (1..threads).map(|_| promise::<()>()).unzip();
            let senders = tasks.into_iter().map(|task| {
                let (sender, receiver) = mpsc::channel();
                let work = move || {
                    task.wait().expect("it is resolved");
                    receiver.recv().expect("it is sent"); // without helping
                };
                ledger.run(&pool.worker(), work).detach();
                sender
            });
            let senders: Vec<_> = senders.collect();
            let resolver = thread::spawn(|| promises.into_iter().for_each(|promise| promise.resolve(())));
            let send =
                |sender: mpsc::Sender<()>| ledger.run(&pool.worker(), move || sender.send(()).expect("it is awaited"));
            let sent: Vec<_> = senders.into_iter().map(send).collect();
            all(sent).wait().expect("they are run"); // before the close, which wakes all
            resolver.join().expect("it does not panic");
            pool.close();
            ledger.close();
            assert_eq!(ledger.balance(), (2 * (threads - 1), 0));
        });
    }
}

fn fibonacci(ledger: &Ledger, worker: &Worker, n: u32) -> u32 {
    if n < 2 {
        return n;
    }
    let (books, inner) = (ledger.clone(), worker.clone());
    let forked = ledger.run(worker, move || fibonacci(&books, &inner, n - 1));
    fibonacci(ledger, worker, n - 2) + forked.wait().expect("it is run")
}

/// Each wait is on one of the pool's threads, and runs other work. Broken if a wait slept on work that it could do, or kept a
/// wake-up that was meant for work which it does not do.
#[test]
fn forked_work_is_joined_on_the_pools_threads() {
    for threads in [1, 2, 4, 8] {
        explore(3, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let (worker, books) = (pool.worker(), ledger.clone());
            let root = ledger.run(&pool.worker(), move || fibonacci(&books, &worker, 9));
            assert_eq!(root.wait().expect("it is run"), 34);
            pool.close();
            ledger.close();
            assert_eq!(ledger.balance(), (55, 0));
        });
    }
}

/// Two pools wait for each other's work, and their threads meanwhile run their own.
#[test]
fn two_pools_wait_for_each_other() {
    explore(4, || {
        let (pools, ledger) = ([2, 3].map(ThreadPool::with_threads), Ledger::new());
        let [one, other] = [0, 1].map(|index: usize| pools[index].worker());
        let outer = (0..12).map(|n| {
            let (near, far) = if n % 2 == 0 { (&one, other.clone()) } else { (&other, one.clone()) };
            let books = ledger.clone();
            ledger.run(near, move || books.run(&far, move || n).wait().expect("it is run"))
        });
        let sum: u32 = all(outer.collect::<Vec<_>>()).wait().expect("they are run").iter().sum();
        pools.iter().for_each(ThreadPool::close);
        ledger.close();
        assert_eq!((ledger.balance(), sum), ((24, 0), 66));
    });
}
