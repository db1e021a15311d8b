//! Attaching, and going again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use threadbare::{Error, ErrorKind, Task, Worker, promise, run};

use crate::common::{at_once, is_outside, me, pool, settled, watchdog};

#[test]
fn it_runs_work_and_returns_what_stop_has() {
    let _watchdog = watchdog("attaching");
    let (pool, here) = (pool(0, 1), me());
    let worker = pool.worker();
    for fails in [false, true] {
        let (done, stop) = promise();
        let work = run(&worker, me);
        let last = run(&worker, move || if fails { done.reject(Error::msg("no more")) } else { done.resolve(7) });
        match pool.attach_until(stop) {
            Ok(value) => assert!(!fails && value == 7),
            Err(error) => assert!(fails && error.to_string() == "no more"),
        }
        assert_eq!(settled(work).expect("it ran"), here);
        settled(last).expect("it ran");
        assert!(is_outside(&worker));
        pool.attach_while(|| true).expect("there is room");
    }
}

#[test]
fn a_stop_that_has_settled_runs_nothing() {
    let _watchdog = watchdog("a settled stop");
    let pool = pool(0, 1);
    let work = run(&pool.worker(), || 1);
    assert_eq!(pool.attach_until(Task::resolved(7)).expect("resolved"), 7);
    assert_eq!(pool.attach_until(Task::<()>::rejected(Error::msg("no"))).expect_err("rejected").to_string(), "no");
    assert!(!work.is_settled());
    assert_eq!(pool.attach_while(|| true).expect("there is room"), 1);
    assert_eq!(settled(work).expect("it ran"), 1);
}

/// Another thread settles it, mostly while the guest sleeps, with and without work queued just before.
#[test]
fn it_wakes_when_stop_settles() {
    let _watchdog = watchdog("waking a guest");
    for threads in [0, 1] {
        let pool = pool(threads, 1);
        let (worker, (rounds, others)) = (pool.worker(), channel::<(usize, threadbare::Promise<usize>)>());
        let other = std::thread::spawn(move || {
            let settle = |(round, done): (usize, threadbare::Promise<usize>)| {
                let work = (round % 2 == 1).then(|| run(&worker, move || round));
                if round % 4 > 1 {
                    std::thread::yield_now();
                }
                done.resolve(round);
                work
            };
            others.into_iter().filter_map(settle).collect::<Vec<_>>()
        });
        const ROUNDS: usize = 2000;
        for round in 0..ROUNDS {
            let (done, stop) = promise();
            rounds.send((round, done)).expect("it listens");
            assert_eq!(pool.attach_until(stop).expect("it resolves"), round);
        }
        drop(rounds);
        let work = other.join().expect("it does not panic");
        // Of what was queued last it may have left some.
        pool.close();
        let sum: usize = work.into_iter().map(|task| settled(task).expect("it ran")).sum();
        assert_eq!(sum, (0..ROUNDS).filter(|round| round % 2 == 1).sum());
    }
}

#[test]
fn there_is_room_for_so_many() {
    let _watchdog = watchdog("room");
    let none = pool(1, 0);
    let refused = |pool: &threadbare_threads::ThreadPool| {
        assert_eq!(pool.attach_while(|| true).expect_err("full").kind(), ErrorKind::Full);
        assert_eq!(pool.attach_until(promise::<()>().1).expect_err("full").kind(), ErrorKind::Full);
    };
    refused(&none);
    let pool = pool(0, 2);
    for _ in 0..3 {
        std::thread::scope(|scope| {
            let stops = [(); 2].map(|()| {
                let ((done, stop), (pool, (is_in, comes_in))) = (promise(), (&pool, channel()));
                // The one that runs it is in; the other comes in while that holds it.
                run(&pool.worker(), move || is_in.send(())).detach();
                let guest = scope.spawn(move || pool.attach_until(stop));
                comes_in.recv().expect("it attaches");
                (done, guest)
            });
            at_once(&pool.worker(), 2);
            refused(&pool);
            for (done, guest) in stops {
                done.resolve(7);
                assert_eq!(guest.join().expect("it does not panic").expect("there was room"), 7);
            }
        });
    }
}

/// What is for the pool runs at once there, and waits run the pool's work.
#[test]
fn a_guest_is_one_of_the_pools_threads() {
    let _watchdog = watchdog("a guest's context");
    let pool = pool(0, 1);
    let worker = pool.worker();
    let ((done, stop), inner) = (promise(), worker.clone());
    run(&worker, move || {
        assert!(!is_outside(&inner));
        let waited = run(&inner, || 7).wait().expect("it runs here");
        done.resolve((waited, me()));
    })
    .detach();
    assert_eq!(pool.attach_until(stop).expect("it resolves"), (7, me()));
    assert!(is_outside(&worker));
}

fn fib(worker: &Worker, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let fork = worker.clone();
    let left = run(worker, move || fib(&fork, n - 1));
    fib(worker, n - 2) + left.wait().expect("it does not fail")
}

#[test]
fn guests_share_forked_work() {
    let _watchdog = watchdog("forks on guests");
    for threads in [0, 1] {
        let pool = pool(threads, 2);
        let ((done, stop), worker) = (promise::<()>(), pool.worker());
        let stop = stop.share();
        std::thread::scope(|scope| {
            let guests = [(); 2].map(|()| {
                let (pool, stop) = (&pool, stop.fork());
                scope.spawn(move || {
                    pool.attach_until(stop).expect("it resolves");
                    me()
                })
            });
            let ran = at_once(&worker, threads + 2);
            let root = worker.clone();
            assert_eq!(run(&worker, move || fib(&root, 18)).wait().expect("it does not fail"), 2584);
            done.resolve(());
            for guest in guests {
                assert!(ran.contains(&guest.join().expect("it does not panic")), "it has run some");
            }
        });
    }
}

/// The pool's thread is held while a guest queues for itself, and goes.
#[test]
fn what_a_guest_leaves_others_find() {
    let _watchdog = watchdog("what a guest leaves");
    for threads in [0, 1] {
        let pool = pool(threads, 2 - threads);
        let (worker, (hold, held)) = (pool.worker(), channel::<()>());
        let ((done, stop), inner) = (promise(), worker.clone());
        let (begin, begun) = channel();
        if threads == 1 {
            run(&worker, move || {
                begin.send(()).expect("the test listens");
                held.recv().is_err()
            })
            .detach();
            begun.recv().expect("it begins");
        }
        run(&worker, move || {
            let left: Vec<_> = (0..100).map(|n| run(&inner, move || (n, me()))).collect();
            done.resolve(left);
        })
        .detach();
        let left = pool.attach_until(stop).expect("it resolves");
        assert!(!left.iter().any(Task::is_settled), "it has left at once");
        let guest = (threads == 0).then(|| {
            std::thread::scope(|scope| {
                let guest = scope.spawn(|| (pool.attach_while(|| true).expect("there is room"), me()));
                let (ran, guest) = guest.join().expect("it does not panic");
                assert_eq!(ran, 100);
                guest
            })
        });
        drop(hold);
        for (n, task) in left.into_iter().enumerate() {
            let (number, thread) = task.wait().expect("it runs");
            assert_eq!(number, n);
            assert!(guest.map_or(thread != me(), |guest| thread == guest));
        }
    }
}

#[test]
fn attach_while_asks_before_each() {
    let _watchdog = watchdog("attach_while");
    let pool = pool(0, 1);
    assert_eq!(pool.attach_while(|| true).expect("there is room"), 0, "it does not wait");
    let tasks: Vec<_> = (0..5).map(|n| run(&pool.worker(), move || n)).collect();
    let done = || tasks.iter().filter(|task| task.is_settled()).count();
    let mut asked = 0;
    let mut more = |most: usize| {
        asked = 0;
        let ran = pool.attach_while(|| {
            asked += 1;
            asked <= most
        });
        (ran.expect("there is room"), asked)
    };
    assert_eq!((more(0), done()), ((0, 1), 0));
    assert_eq!((more(3), done()), ((3, 4), 3));
    assert_eq!((more(3), done()), ((2, 3), 5), "then there is none");
}

/// The thread is the host's own again, and so is the place.
#[test]
fn a_panic_of_the_hosts_own_comes_out_of_attach_while() {
    let _watchdog = watchdog("a panic in attach_while");
    let pool = pool(0, 1);
    let worker = pool.worker();
    let work = run(&worker, || 7);
    let panicked = catch_unwind(AssertUnwindSafe(|| pool.attach_while(|| panic!("on purpose, by the host"))));
    assert!(panicked.is_err());
    assert!(is_outside(&worker));
    assert_eq!(pool.attach_while(|| true).expect("there is room"), 2);
    assert_eq!(settled(work).expect("it ran"), 7);
    let left = run(&worker, me);
    pool.close();
    assert_eq!(settled(left).expect("it ran"), me(), "it closes as from outside");
}

#[test]
fn a_panic_in_work_stays_there() {
    let _watchdog = watchdog("a panic on a guest");
    let pool = pool(0, 1);
    let ((done, stop), worker) = (promise(), pool.worker());
    let panics = run(&worker, || panic!("on purpose, on a guest"));
    run(&worker, move || done.resolve(7)).detach();
    assert_eq!(pool.attach_until(stop).expect("it goes on"), 7);
    assert_eq!(settled::<()>(panics).expect_err("it panicked").kind(), ErrorKind::Panicked);
}

/// Wherever it was queued: what was first is run first, by a pool's one thread as by its one guest.
#[test]
fn one_thread_alone_runs_all_in_order() {
    let _watchdog = watchdog("one thread alone");
    for threads in [0, 1] {
        let pool = pool(threads, 1 - threads);
        let (worker, log) = (pool.worker(), Arc::new(Mutex::new(Vec::new())));
        let write = |what: &'static str| {
            let log = Arc::clone(&log);
            move || log.lock().expect("nobody panics in here").push(what)
        };
        let ((hold, held), (inner, inside)) = (channel::<()>(), (worker.clone(), write("from inside")));
        run(&worker, move || {
            held.recv().expect("the test sends");
            run(&inner, inside).detach();
        })
        .detach();
        for _ in 0..3 {
            run(&worker, write("from outside")).detach();
        }
        hold.send(()).expect("it waits");
        let ((done, stop), last) = (promise(), worker.clone());
        run(&worker, move || run(&last, move || done.resolve(())).detach()).detach();
        if threads == 0 {
            pool.attach_until(stop).expect("it resolves");
        } else {
            stop.wait().expect("it resolves");
        }
        let log = std::mem::take(&mut *log.lock().expect("nobody panics in here"));
        assert_eq!(log, ["from outside", "from outside", "from outside", "from inside"]);
    }
}
