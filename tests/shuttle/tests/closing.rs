//! Pools that close while work is queued from outside and from inside.
//!
//! In each: what is queued settles, run or else rejected; nothing runs when a close has returned; and the pool ends.

#![cfg(shuttle)]

use std::sync::Arc;

use shuttle::{sync::Barrier, thread};
use shuttle_tests::{Ledger, explore};
use threadbare::{ErrorKind, Task, Worker, all, promise};
use threadbare_threads::ThreadPool;

#[derive(Clone, Copy, Debug)]
enum How {
    Close,
    CloseNow,
    Drop,
}

const ALL: [How; 3] = [How::Close, How::CloseNow, How::Drop];

impl How {
    fn end(self, pool: ThreadPool) {
        match self {
            Self::Close => pool.close(),
            Self::CloseNow => pool.close_now(),
            Self::Drop => drop(pool),
        }
    }
}

/// A job that queues three from inside, each of which queues another.
fn family(ledger: &Ledger, worker: &Worker) -> Task<()> {
    let (books, inner) = (ledger.clone(), worker.clone());
    ledger.run(worker, move || {
        for _ in 0..3 {
            let (again, innermost) = (books.clone(), inner.clone());
            books.run(&inner, move || again.run(&innermost, || ()).detach()).detach();
        }
    })
}

/// Some was run, and some came too late.
fn both((run, rejected): (usize, usize)) {
    assert!(run > 0 && rejected > 0, "{run} run, {rejected} rejected: it no longer races");
}

/// Broken if a job could slip in behind the last look of a closing pool, if a thread left with work in its own queue or in
/// another's, or if a close returned before the last thread had ended.
#[test]
fn a_pool_is_closed_while_three_threads_queue() {
    for (threads, how) in [1, 3, 8].into_iter().flat_map(|threads| ALL.map(|how| (threads, how))) {
        both(explore(20, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let worker = pool.worker();
            let queuers = [(); 3].map(|()| {
                let (worker, ledger) = (worker.clone(), ledger.clone());
                thread::spawn(move || (0..6).for_each(|_| family(&ledger, &worker).detach()))
            });
            let before: Vec<_> = (0..6).map(|n| ledger.run(&worker, move || n)).collect();
            how.end(pool);
            ledger.close();
            for (n, task) in before.into_iter().enumerate() {
                match task.try_take().expect("what was queued before a close has settled when that returns") {
                    Ok(value) => assert_eq!(value, n),
                    Err(error) => assert!(matches!(how, How::CloseNow), "{how:?}: {error}"),
                }
            }
            let late = ledger.run(&worker, || ());
            assert_eq!(late.try_take().expect("it is refused").unwrap_err().kind(), ErrorKind::Closed);
            for queuer in queuers {
                queuer.join().expect("it does not panic");
            }
            ledger.balance();
        }));
    }
}

/// The close returns at once; the threads drain the queue and end. Broken if one of them slept over that.
#[test]
fn a_pool_is_closed_from_inside() {
    for (threads, how) in [1, 2, 8].into_iter().flat_map(|threads| ALL.map(|how| (threads, how))) {
        both(explore(15, move || {
            let ledger = Ledger::new();
            // The threads meet this one when they have run their last.
            let gate = Arc::new(Barrier::new(threads + 1));
            let meeting = gate.clone();
            let pool = ThreadPool::builder().threads(threads).on_stop(move |_| _ = meeting.wait());
            let pool = pool.build().expect("shuttle has threads to give");
            let worker = pool.worker();
            let (books, inner) = (ledger.clone(), worker.clone());
            (0..4).for_each(|_| family(&ledger, &worker).detach());
            let closer = ledger.run(&worker, move || {
                let queued = family(&books, &inner);
                how.end(pool);
                let late = books.run(&inner, || ());
                assert_eq!(late.try_take().expect("it is refused").unwrap_err().kind(), ErrorKind::Closed);
                queued
            });
            (0..4).for_each(|_| family(&ledger, &worker).detach());
            gate.wait();
            ledger.close();
            assert!(closer.try_take().expect("it has settled").is_ok());
            ledger.balance();
        }));
    }
}

/// All threads are held up, so what was queued, on whichever side, has not started. Broken if any of it were left to be run.
#[test]
fn what_has_not_started_is_rejected_by_a_close_from_inside() {
    for threads in [1, 2, 4] {
        explore(10, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let [begun, done] = [(); 2].map(|()| Arc::new(Barrier::new(threads)));
            for _ in 1..threads {
                let (begun, done) = (begun.clone(), done.clone());
                let hold_up = move || {
                    begun.wait();
                    done.wait();
                };
                ledger.run(&pool.worker(), hold_up).detach();
            }
            let (handle, worker, books) = (pool.clone(), pool.worker(), ledger.clone());
            let closer = ledger.run(&pool.worker(), move || {
                begun.wait();
                let inside: Vec<_> = (0..3).map(|_| books.run(&worker, || ())).collect();
                let (outer, twin) = (worker.clone(), books.clone());
                let outside = thread::spawn(move || (0..3).map(|_| twin.run(&outer, || ())).collect::<Vec<_>>());
                let outside = outside.join().expect("it does not panic");
                handle.close_now();
                let rejected = |task: Task<()>| task.try_take().is_ok_and(|outcome| outcome.is_err());
                let all_rejected = inside.into_iter().chain(outside).all(rejected);
                done.wait();
                all_rejected
            });
            assert!(closer.wait().expect("it was run"));
            pool.close();
            ledger.close();
            assert_eq!(ledger.balance(), (threads, 6));
        });
    }
}

/// Each of several closes returns when the threads have ended, whichever was first.
#[test]
fn a_pool_is_closed_by_several_at_once() {
    both(explore(40, || {
        let (pool, ledger) = (ThreadPool::with_threads(4), Ledger::new());
        let worker = pool.worker();
        let closers = ALL.map(|how| {
            let (pool, worker, ledger) = (pool.clone(), worker.clone(), ledger.clone());
            thread::spawn(move || {
                (0..4).for_each(|_| family(&ledger, &worker).detach());
                how.end(pool);
                if !matches!(how, How::Drop) {
                    ledger.close();
                }
            })
        });
        drop(pool);
        for closer in closers {
            closer.join().expect("it does not panic");
        }
        ledger.balance();
    }));
}

fn feed(ledger: &Ledger, worker: &Worker) {
    thread::yield_now(); // or PCT might let nobody else have a turn
    let (books, inner) = (ledger.clone(), worker.clone());
    ledger.run(worker, move || feed(&books, &inner)).detach();
}

/// Jobs that queue themselves anew for ever. Broken if a closing pool went on letting them in.
#[test]
fn work_that_feeds_itself_does_not_hold_up_a_close() {
    for (threads, how) in [1, 3].into_iter().flat_map(|threads| ALL.map(|how| (threads, how))) {
        both(explore(10, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            (0..4).for_each(|_| feed(&ledger, &pool.worker()));
            how.end(pool);
            ledger.close();
            ledger.balance();
        }));
    }
}

fn fibonacci(ledger: &Ledger, worker: &Worker, n: u32) -> u32 {
    if n < 2 {
        return n;
    }
    let (books, inner) = (ledger.clone(), worker.clone());
    let forked = ledger.run(worker, move || fibonacci(&books, &inner, n - 1));
    let own = fibonacci(ledger, worker, n - 2);
    // What the closing pool has refused we do ourselves.
    own + forked.wait().unwrap_or_else(|_| fibonacci(ledger, worker, n - 1))
}

/// Broken if a close let a wait on one of the pool's threads sleep on: over work that was let in, or that was rejected.
#[test]
fn a_pool_is_closed_while_its_threads_wait_for_forked_work() {
    for (threads, how) in [1, 2, 8].into_iter().flat_map(|threads| ALL.map(|how| (threads, how))) {
        explore(15, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let (worker, books) = (pool.worker(), ledger.clone());
            let root = ledger.run(&pool.worker(), move || fibonacci(&books, &worker, 6));
            thread::yield_now();
            how.end(pool);
            ledger.close();
            match root.try_take().expect("it has settled") {
                Ok(value) => assert_eq!(value, 8),
                Err(error) => assert!(matches!(how, How::CloseNow), "{how:?}: {error}"),
            }
            ledger.balance();
        });
    }
}

/// What the threads wait for comes from outside, when the close has begun. Broken if that woke nobody.
#[test]
fn a_close_waits_for_threads_that_wait() {
    for threads in [1, 4] {
        explore(20, move || {
            let (pool, ledger) = (ThreadPool::with_threads(threads), Ledger::new());
            let (promises, tasks): (Vec<_>, Vec<_>) = (0..8).map(|_| promise::<u32>()).unzip();
            let jobs =
                tasks.into_iter().map(|task| ledger.run(&pool.worker(), || task.wait().expect("it is resolved")));
            let jobs: Vec<_> = jobs.collect();
            let resolver = thread::spawn(|| promises.into_iter().for_each(|promise| promise.resolve(1)));
            pool.close();
            ledger.close();
            resolver.join().expect("it does not panic");
            let values = all(jobs).wait().expect("they were queued before the close");
            assert_eq!((ledger.balance(), values), ((8, 0), vec![1; 8]));
        });
    }
}

/// The next pool may stand where the last one stood. Broken if a handle of the old one got work into it.
#[test]
fn pools_open_and_close_one_after_the_other() {
    explore(15, || {
        let ledger = Ledger::new();
        let mut old: Vec<Worker> = Vec::new();
        for round in 0..4 {
            let (pool, current) = (ThreadPool::with_threads(1 + round % 3), Ledger::new());
            let jobs: Vec<_> = (0..5).map(|_| current.run(&pool.worker(), || ())).collect();
            let late: Vec<_> = old.iter().map(|worker| ledger.run(worker, || ())).collect();
            old.push(pool.worker());
            ALL[round % 3].end(pool);
            current.close();
            assert!(late.into_iter().all(|late| late.try_take().is_ok_and(|outcome| outcome.is_err())));
            drop(jobs);
            current.balance();
        }
        ledger.close();
        assert_eq!(ledger.balance(), (0, 6));
    });
}
