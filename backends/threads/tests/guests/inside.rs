//! Attaching inside of other work.

use std::sync::mpsc::channel;

use threadbare::{AsyncSystem, ErrorKind, Immediate, Worker, promise, run};
use threadbare_threads::{StatefulPool, ThreadPool};

use crate::common::{is_outside, me, pool, settled, watchdog};

/// Attaches to the pool and does this there, once; returns what that returns.
fn visit<T: Send + 'static>(pool: &ThreadPool, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, stop) = promise();
    run(&pool.worker(), move || done.resolve(work())).detach();
    pool.attach_until(stop).expect("it resolves")
}

/// Is the calling thread in the context of this worker, and do waits run its work?
fn serves(worker: &Worker) -> bool {
    !is_outside(worker) && run(worker, me).wait().expect("it runs") == me()
}

#[test]
fn a_pools_thread_may_be_a_guest_of_another_pool() {
    let _watchdog = watchdog("a guest from another pool");
    let (own, other) = (pool(1, 0), pool(0, 1));
    let (mine, yours) = (own.worker(), other.worker());
    let task = run(&own.worker(), move || {
        let workers = (mine.clone(), yours.clone());
        // In there it belongs to both: what waits for its own pool would otherwise wait for ever.
        assert_eq!(visit(&other, move || (serves(&workers.0), serves(&workers.1))), (true, true));
        (serves(&mine), is_outside(&yours))
    });
    assert_eq!(task.wait().expect("it does not panic"), (true, true));
}

/// A pool of several threads: what one queues for itself while it is a guest elsewhere is its own's as ever.
#[test]
fn a_guest_elsewhere_keeps_its_own_place() {
    let _watchdog = watchdog("a place while a guest elsewhere");
    let (own, other) = (pool(2, 0), pool(0, 1));
    let (worker, (hold, held)) = (own.worker(), channel::<()>());
    let holds = run(&worker, move || held.recv().is_err());
    let mine = worker.clone();
    let task = run(&worker, move || {
        let inner = mine.clone();
        let queued = visit(&other, move || {
            let tasks: Vec<_> = (0..10).map(|n| run(&inner, move || (n, me()))).collect();
            assert_eq!(run(&inner, || 7).wait().expect("it runs"), 7);
            tasks
        });
        let here = me();
        queued.into_iter().map(|task| task.wait().expect("it runs")).all(|(_, thread)| thread == here)
    });
    assert!(task.wait().expect("it does not panic"), "the other thread is held");
    drop(hold);
    assert!(holds.wait().expect("it ends"));
}

/// It lets nothing in, and returns: its own work comes to an end first.
#[test]
fn a_guest_elsewhere_closes_its_own_pool() {
    let _watchdog = watchdog("closing one's own pool as a guest elsewhere");
    let (own, other) = (pool(1, 0), pool(0, 1));
    let (twin, worker) = (own.clone(), own.worker());
    let refused = run(&worker, move || {
        visit(&other, move || {
            twin.close();
            run(&twin.worker(), || ()).wait().expect_err("it is closed").kind()
        })
    });
    assert_eq!(refused.wait().expect("it does not panic"), ErrorKind::Closed);
    own.close();

    let (own, other) = (StatefulPool::new(1, |_| Ok(7)).expect("a thread"), pool(0, 1));
    let twin = own.clone();
    let refused = own.call(move |_| {
        visit(&other, move || {
            twin.close();
            twin.call(|n| *n).wait().expect_err("it is closed").kind()
        })
    });
    assert_eq!(refused.wait().expect("it does not panic"), ErrorKind::Closed);
    own.close();
}

/// Main work may become a guest, also of the system's own pool. What it runs there may wait for the main thread.
#[test]
fn main_work_may_be_a_guest() {
    let _watchdog = watchdog("a guest from the main thread");
    for own in [false, true] {
        let pool = pool(0, 1);
        let system = AsyncSystem::new(if own { pool.clone() } else { ThreadPool::with_threads(1) });
        let here = system.main().enter().expect("no other thread is the main thread");
        let (main, worker, inner) = (system.main().clone(), pool.worker(), pool.clone());
        let task = run(&main.clone(), move || {
            let needed = main.clone();
            let visited = visit(&inner, move || run(&needed, me).wait().expect("it is dispatched"));
            let at_once = run(&main, || ()).map(&main, |()| me()).wait().expect("it is dispatched");
            (visited, at_once)
        });
        let later = run(system.main(), || 8);
        assert!(here.dispatch() > 0);
        assert_eq!(settled(task).expect("it does not panic"), (me(), me()));
        assert_eq!(settled(later).expect("it ran"), 8);
        assert!(is_outside(&worker));
        pool.attach_while(|| true).expect("there is room");
    }
}

/// What the thread had in its first place it finds from the second.
#[test]
fn a_pools_own_thread_may_be_its_guest() {
    let _watchdog = watchdog("a guest from the same pool");
    for threads in [0, 1] {
        let pool = pool(threads, 2 - threads);
        let (mine, worker, (begun, begin)) = (pool.clone(), pool.worker(), channel());
        let visit_own = move || {
            let first = run(&mine.worker(), || 6);
            let seventh = visit(&mine, || 7);
            // Both places are taken while it is there twice.
            let full = visit(&mine, {
                let mine = mine.clone();
                move || mine.attach_while(|| true).expect_err("full").kind()
            });
            let after = run(&mine.worker(), || 8).wait().expect("it runs");
            assert!(serves(&mine.worker()));
            begun.send((first.wait().expect("it ran"), seventh, full, after)).expect("the test listens");
        };
        let task = run(&worker, visit_own);
        if threads == 0 {
            pool.attach_while(|| true).expect("there is room");
        }
        assert_eq!(begin.recv().expect("it sends"), (6, 7, ErrorKind::Full, 8));
        task.wait().expect("it ran");
        pool.close();
    }
}

/// What nests too deep is put off until the outermost work returns, which here waits for it.
#[test]
fn what_is_put_off_inside_of_other_work_is_done_by_a_guest() {
    let _watchdog = watchdog("a guest and what was put off");
    for links in [1, 14, 15, 16, 17, 40] {
        let pool = pool(0, 1);
        let (done, stop) = promise();
        let first = (0..links).fold(done, |next, _| {
            let (promise, task) = promise();
            task.map(&Immediate, move |n: u32| next.resolve(n + 1)).detach();
            promise
        });
        run(&pool.worker(), move || first.resolve(0)).detach();
        let stay = run(&Immediate, move || pool.attach_until(stop).expect("it resolves"));
        assert_eq!(stay.wait().expect("it returns"), links);
    }
}
