//! Shared tasks, `all`, `any` and `race`, of tasks that settle on many threads at once.

#![cfg(shuttle)]

use shuttle::thread;
use shuttle_tests::{Ledger, explore};
use threadbare::{Error, all, any, promise, race};
use threadbare_threads::ThreadPool;

/// Broken if an input were counted twice, or not at all, or if the last to settle were not the one that tells.
#[test]
fn all_inputs_settle_on_many_threads() {
    for threads in [1, 2, 8] {
        explore(8, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let worker = pool.worker();
            let rows = (0..6).map(|row| {
                let row: Vec<_> = (0..12).map(|n| ledger.run(&worker, move || row * 12 + n)).collect();
                all(row).map(&worker, |row| row.iter().sum::<u32>())
            });
            let rows = all(rows.collect::<Vec<_>>()).wait().expect("none is rejected");
            assert_eq!(rows, (0..6).map(|row| row * 144 + 66).collect::<Vec<_>>(), "in order");
            pool.close();
            ledger.close();
            assert_eq!(ledger.balance(), (72, 0));
        });
    }
}

/// The first error by position wins, whichever came first in time.
#[test]
fn all_inputs_settle_and_some_are_rejected() {
    explore(20, || {
        let pool = ThreadPool::with_threads(4);
        let inputs = (0..20u32).map(|n| {
            let fails = n % 7 == 3;
            threadbare::try_run(&pool.worker(), move || if fails { Err(Error::msg(n)) } else { Ok(n) })
        });
        let inputs: Vec<_> = inputs.collect();
        assert_eq!(all(inputs).wait().unwrap_err().to_string(), "3");
        pool.close();
    });
}

/// Forks are made before, while and after the shared task settles, on three threads and on the pool's. Broken if one of them
/// fell between a look and its entry on the list.
#[test]
fn a_shared_task_is_forked_while_it_settles() {
    for threads in [1, 4] {
        explore(15, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let (promise, task) = promise::<u32>();
            let shared = task.share();
            let forkers = [(); 3].map(|()| {
                let (shared, ledger, worker) = (shared.clone(), ledger.clone(), pool.worker());
                thread::spawn(move || {
                    let inside = (0..4).map(|_| {
                        let shared = shared.clone();
                        ledger.run(&worker, move || shared.fork().wait().expect("it is resolved"))
                    });
                    let inside: Vec<_> = inside.collect();
                    let outside = (0..6).map(|_| shared.fork().map(&worker, |n| n + 1));
                    let outside: u32 = all(outside.collect::<Vec<_>>()).wait().expect("it is resolved").iter().sum();
                    outside + all(inside).wait().expect("they are run").iter().sum::<u32>()
                })
            });
            let resolver = thread::spawn(move || promise.resolve(7));
            drop(shared);
            for forker in forkers {
                assert_eq!(forker.join().expect("it does not panic"), 6 * 8 + 4 * 7);
            }
            resolver.join().expect("it does not panic");
            pool.close();
            ledger.close();
            assert_eq!(ledger.balance(), (12, 0));
        });
    }
}

/// A tree of shared tasks and of `all`, which settles from its root: 1 + 3 + 9 + 27 tasks.
#[test]
fn a_tree_of_shared_tasks_settles_from_its_root() {
    explore(15, || {
        let (pool, ledger) = (ThreadPool::with_threads(4), Ledger::new());
        let worker = pool.worker();
        let (promise, root) = promise::<u32>();
        let mut level = vec![root.share()];
        for _ in 0..3 {
            let next =
                level.iter().flat_map(|shared| (0..3).map(|n| shared.fork().map(&worker, move |m| m + n).share()));
            level = next.collect();
        }
        let leaves = all(level.iter().map(threadbare::SharedTask::fork).collect::<Vec<_>>());
        ledger.run(&worker, move || promise.resolve(1)).detach();
        assert_eq!(leaves.wait().expect("it is resolved").iter().sum::<u32>(), 27 + 27 * 3);
        pool.close();
        ledger.close();
        assert_eq!(ledger.balance(), (1, 0));
    });
}

/// Losers settle while the winner is told of, and after that. Broken if a second were told of, or memory freed too soon.
#[test]
fn races_have_one_winner() {
    explore(20, || {
        let (pool, ledger) = (ThreadPool::with_threads(8), Ledger::new());
        let worker = pool.worker();
        for round in 0..3 {
            let first = race((0..8).map(|n| ledger.run(&worker, move || round * 8 + n)).collect::<Vec<_>>());
            let value = first.wait().expect("none is rejected");
            assert_eq!(value / 8, round);
            let inputs =
                (0..8).map(|n| threadbare::try_run(&worker, move || if n == 5 { Ok(n) } else { Err(Error::msg(n)) }));
            assert_eq!(any(inputs.collect::<Vec<_>>()).wait().expect("one is not rejected"), 5);
        }
        pool.close();
        ledger.close();
        assert_eq!(ledger.balance(), (24, 0));
    });
}
