//! Closing pools that have guests, and pools that have nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};

use threadbare::{AsyncSystem, ErrorKind, Task, promise, run};
use threadbare_threads::ThreadPool;

use crate::common::{at_once, me, pool, settled, watchdog};

/// Two guests are busy while the pool closes: what is queued behind is run first, or rejected.
#[test]
fn a_close_sends_the_guests_home() {
    let _watchdog = watchdog("closing under guests");
    for (now, threads) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
        let pool = pool(threads, 1);
        std::thread::scope(|scope| {
            let guest = scope.spawn(|| pool.attach_until(promise::<()>().1));
            at_once(&pool.worker(), threads + 1);
            let (all_hold, hold) = (Arc::new(Barrier::new(threads + 2)), Arc::new(Barrier::new(threads + 2)));
            for _ in 0..=threads {
                let (begin, end) = (Arc::clone(&all_hold), Arc::clone(&hold));
                run(&pool.worker(), move || {
                    begin.wait();
                    end.wait();
                })
                .detach();
            }
            all_hold.wait();
            let queued: Vec<_> = (0..10).map(|n| run(&pool.worker(), move || n)).collect();
            let closing = scope.spawn(|| if now { pool.close_now() } else { pool.close() });
            while run(&pool.worker(), || ()).try_take().is_err() {
                std::thread::yield_now();
            }
            assert!(!closing.is_finished(), "it waits for what runs");
            hold.wait();
            closing.join().expect("it does not panic");
            for (n, task) in queued.into_iter().enumerate() {
                match settled(task) {
                    Ok(value) => assert!(!now && value == n),
                    Err(error) => assert!(now && error.kind() == ErrorKind::Closed),
                }
            }
            let error = guest.join().expect("it does not panic").expect_err("stop never settles");
            assert_eq!(error.kind(), ErrorKind::Closed);
        });
    }
}

#[test]
fn a_closed_pool_takes_guests_for_nothing() {
    let _watchdog = watchdog("attaching to a closed pool");
    let pool = pool(0, 1);
    pool.close();
    assert_eq!(pool.attach_until(promise::<()>().1).expect_err("closed").kind(), ErrorKind::Closed);
    assert_eq!(pool.attach_until(Task::resolved(7)).expect("stop has settled"), 7);
    assert_eq!(pool.attach_while(|| true).expect("there is room"), 0);
}

/// By `close` and `close_now`, by the last handle, by the last system.
#[test]
fn who_closes_a_pool_without_threads_runs_what_is_left() {
    let _watchdog = watchdog("closing a pool without threads");
    let ways: [(bool, fn(ThreadPool)); 4] = [
        (true, |pool| pool.close()),
        (false, |pool| pool.close_now()),
        (true, drop),
        (true, |pool| drop(AsyncSystem::new(pool))),
    ];
    for guests in [1, 2] {
        for (runs, close) in ways {
            let pool = pool(0, guests);
            let worker = pool.worker();
            let mut tasks: Vec<_> = (0..100).map(|_| run(&worker, me)).collect();
            // What work for the pool waits for is run there as well.
            let inner = worker.clone();
            tasks
                .push(run(&worker, move || Task::resolved(()).map(&inner, |()| me()).wait().expect("it runs at once")));
            close(pool);
            for task in tasks {
                match settled(task) {
                    Ok(thread) => assert!(runs && thread == me()),
                    Err(error) => assert!(!runs && error.kind() == ErrorKind::Closed),
                }
            }
            assert_eq!(settled(run(&worker, || 1)).expect_err("closed").kind(), ErrorKind::Closed);
        }
    }
}

/// One of them does it all, or each does some: none returns before all has run.
#[test]
fn two_close_a_pool_without_threads() {
    let _watchdog = watchdog("closing a pool without threads twice at once");
    for round in 0..2000 {
        let pool = pool(0, 1 + round % 2);
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let done = Arc::clone(&done);
            run(&pool.worker(), move || {
                std::thread::yield_now();
                done.fetch_add(1, Ordering::SeqCst)
            })
            .detach();
        }
        let start = Barrier::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    pool.close();
                    assert_eq!(done.load(Ordering::SeqCst), 2, "in round {round}");
                });
            }
        });
    }
}

/// It cannot wait for itself, but then nobody else may be left to do what is queued: also if it was to stop.
#[test]
fn a_guest_that_closes_the_pool_runs_what_is_left() {
    let _watchdog = watchdog("closing as a guest");
    for (now, budgeted) in [(false, false), (false, true), (true, false)] {
        let pool = pool(0, 1);
        let (closer, worker, (done, stop)) = (pool.clone(), pool.worker(), promise());
        run(&worker, move || {
            if now {
                closer.close_now()
            } else {
                closer.close()
            }
            done.resolve(7);
        })
        .detach();
        let left = run(&worker, me);
        if budgeted {
            let mut once = true;
            assert_eq!(pool.attach_while(|| std::mem::take(&mut once)).expect("there is room"), 1);
        } else {
            assert_eq!(pool.attach_until(stop).expect("it resolves"), 7);
        }
        match settled(left) {
            Ok(thread) => assert!(!now && thread == me()),
            Err(error) => assert!(now && error.kind() == ErrorKind::Closed),
        }
    }
}

/// The last handle goes while a guest of another handle's is still there: no sooner does the pool close.
#[test]
fn a_guest_keeps_its_handle() {
    let _watchdog = watchdog("handles and guests");
    let pool = pool(0, 1);
    let worker = pool.worker();
    let ((done, stop), (is_in, comes_in)) = (promise(), channel());
    let guest = std::thread::spawn(move || pool.attach_until(stop));
    run(&worker, move || is_in.send(())).wait().expect("it runs").expect("the test listens");
    comes_in.recv().expect("it attaches");
    assert_eq!(run(&worker, || 7).wait().expect("the pool is open"), 7);
    done.resolve(8);
    assert_eq!(guest.join().expect("it does not panic").expect("it resolves"), 8);
    assert_eq!(settled(run(&worker, || 7)).expect_err("the last handle is gone").kind(), ErrorKind::Closed);
}
