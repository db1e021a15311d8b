//! Chains that go back and forth between the threads of a pool and the main thread, and waits on both sides.

#![cfg(shuttle)]

use std::{cell::Cell, rc::Rc};

use shuttle::thread;
use shuttle_tests::{Ledger, explore};
use threadbare::{AsyncSystem, MainThread, Task, all, run};
use threadbare_threads::ThreadPool;

fn system(threads: usize) -> (AsyncSystem, ThreadPool, MainThread) {
    let pool = ThreadPool::with_threads(threads);
    let system = AsyncSystem::new(pool.clone());
    let here = system.main().enter().expect("no other thread is the main thread");
    (system, pool, here)
}

/// So many chains, each with so many hops there and back.
fn chains(
    system: &AsyncSystem,
    here: &MainThread,
    ledger: &Ledger,
    count: usize,
    hops: usize,
) -> (Task<usize>, Rc<Cell<usize>>) {
    let at_home = Rc::new(Cell::new(0)); // not `Send`
    let chains = (0..count).map(|_| {
        (0..hops).fold(ledger.run(system.worker(), || 0), |task, _| {
            let at_home = at_home.clone();
            let back = move |n| {
                at_home.set(at_home.get() + 1);
                n
            };
            task.map(here, back).map(system.worker(), |n| n + 1)
        })
    });
    let sum = all(chains.collect::<Vec<_>>()).map(system.worker(), |ends| ends.iter().sum::<usize>());
    (sum, at_home)
}

/// Broken if a push to the main queue could fall between a last look and the main thread's sleep, or a hop were lost.
#[test]
fn chains_hop_while_the_main_thread_waits() {
    for threads in [1, 2, 8] {
        explore(15, move || {
            let ((system, pool, here), ledger) = (system(threads), Ledger::new());
            let (sum, at_home) = chains(&system, &here, &ledger, 6, 5);
            assert_eq!(here.wait(sum).expect("they are run"), 6 * 5);
            assert_eq!(at_home.get(), 6 * 5);
            pool.close();
            ledger.close();
            assert_eq!(ledger.balance(), (6, 0));
        });
    }
}

/// A frame loop: it never sleeps, and dispatches what has come.
#[test]
fn chains_hop_while_the_main_thread_dispatches() {
    for threads in [1, 2, 8] {
        explore(15, move || {
            let ((system, pool, here), ledger) = (system(threads), Ledger::new());
            let (sum, at_home) = chains(&system, &here, &ledger, 6, 5);
            let mut dispatched = 0;
            while !sum.is_settled() {
                dispatched += here.dispatch();
                thread::yield_now();
            }
            assert_eq!(sum.wait().expect("they are run"), 6 * 5);
            assert!(at_home.get() == 6 * 5 && dispatched > 0);
            pool.close();
            ledger.close();
            assert_eq!(ledger.balance(), (6, 0));
        });
    }
}

/// Broken if closing slept while a worker waited for the main thread, which is the one that closes.
#[test]
fn a_pool_is_closed_by_the_main_thread_which_its_threads_wait_for() {
    for threads in [1, 3] {
        explore(20, move || {
            let ((system, pool, _here), ledger) = (system(threads), Ledger::new());
            let jobs = (0..8).map(|n| {
                let main = system.main().clone();
                ledger.run(system.worker(), move || run(&main, move || n).wait().expect("it is dispatched"))
            });
            let jobs: Vec<_> = jobs.collect();
            pool.close();
            ledger.close();
            assert_eq!(all(jobs).wait().expect("they are run"), (0..8).collect::<Vec<_>>());
            assert_eq!(ledger.balance(), (8, 0));
        });
    }
}

/// The main thread leaves for good while work is on its way to it. Broken if some of that were lost.
#[test]
fn the_main_thread_leaves_while_work_is_queued_for_it() {
    for threads in [1, 4] {
        let (run, rejected) = explore(20, move || {
            let ((system, pool, here), ledger) = (system(threads), Ledger::new());
            for _ in 0..12 {
                let (main, books) = (system.main().clone(), ledger.clone());
                ledger.run(system.worker(), move || books.run(&main, || ()).detach()).detach();
            }
            here.dispatch();
            drop(here);
            pool.close();
            let (run, rejected) = ledger.balance();
            assert!(run >= 12 && run + rejected == 24);
        });
        assert!(run > 0 && rejected > 0, "{run} run, {rejected} rejected: it no longer races");
    }
}

/// Workers wait for the main thread, which waits for them. Broken if one of them slept while the other had work for it.
#[test]
fn both_sides_wait_for_each_other() {
    for threads in [1, 2, 4] {
        explore(20, move || {
            let ((system, pool, here), ledger) = (system(threads), Ledger::new());
            let jobs = (0..6).map(|n| {
                let (main, worker, books) = (system.main().clone(), system.worker().clone(), ledger.clone());
                ledger.run(system.worker(), move || {
                    let there = books.run(&main, move || n);
                    let back = there.map(&worker, |n| n + 1).map(&main, |n| n + 1);
                    back.wait().expect("the main thread waits, too")
                })
            });
            let sum: u32 = here.wait(all(jobs.collect::<Vec<_>>())).expect("they are run").iter().sum();
            pool.close();
            ledger.close();
            assert_eq!((ledger.balance(), sum), ((12, 0), 27));
        });
    }
}
