//! Calls inside of calls, and waits there.

use std::sync::{Arc, Barrier, Mutex, mpsc};

use threadbare::{Error, Immediate, promise};
use threadbare_threads::StatefulPool;

use crate::common::{Gate, reported, watchdog};

const STUCK: &str = "its pool has no thread left to run it";

#[test]
fn a_call_inside_a_call_is_queued_behind_those_that_are_there() {
    let _watchdog = watchdog("a call inside a call");
    for threads in 1..=2 {
        let pool = StatefulPool::new(threads, |_| Ok(())).expect("threads");
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |what: &'static str| {
            let order = Arc::clone(&order);
            move |_: &mut ()| order.lock().expect("no panic").push(what)
        };
        let (gate, inner, handle) = (Gate::default(), note("inner"), pool.clone());
        let (at, outer) = (gate.clone(), note("outer"));
        let task = pool.try_call(move |state| {
            at.pass();
            outer(state);
            handle.call(inner)
        });
        if threads == 1 {
            let behind = pool.call(note("behind"));
            gate.open();
            behind.wait().expect("it ran");
            task.wait().expect("it ran");
            assert_eq!(*order.lock().expect("no panic"), ["outer", "behind", "inner"]);
        } else {
            gate.open();
            task.wait().expect("it ran");
            assert_eq!(*order.lock().expect("no panic"), ["outer", "inner"]);
        }
    }
}

#[test]
fn waiting_inside_the_only_thread_for_its_own_pool_is_an_error() {
    let _watchdog = watchdog("waiting for one's own pool");
    for others_fail in [false, true] {
        let load = move |index| if index == 0 { Ok(1) } else { Err(Error::msg("on purpose: this one fails")) };
        let pool = StatefulPool::new(if others_fail { 3 } else { 1 }, load).expect("threads");
        assert_eq!(pool.ready().wait().expect("one loads"), 1);
        let inner = pool.clone();
        let outer = pool.call(move |n| {
            *n += 1;
            // Also through a continuation, and twice.
            let first = inner.call(|n| *n).map(&Immediate, |n| n + 1).wait();
            let second = inner.call(|n| *n).wait();
            (first.unwrap_err().to_string(), second.unwrap_err().to_string())
        });
        let (first, second) = outer.wait().expect("it ran");
        assert!(first.contains(STUCK) && second.contains(STUCK), "{first}; {second}");
        assert_eq!(pool.call(|n| *n).wait().expect("pool and state live on"), 2);
    }
}

/// Broken if the first call that can be found were taken for the one that is waited for.
#[test]
fn only_the_newest_inner_call_is_rejected() {
    let _watchdog = watchdog("only the newest");
    let pool = StatefulPool::new(1, |_| Ok(Vec::new())).expect("a thread");
    let (inner, gate) = (pool.clone(), Gate::default());
    let at = gate.clone();
    let outer = pool.call(move |_| {
        at.pass();
        inner.call(|list| list.push("older")).detach();
        inner.call(|list| list.push("newest")).wait().is_err()
    });
    pool.call(|list| list.push("from outside")).detach();
    gate.open();
    assert!(outer.wait().expect("it ran"));
    assert_eq!(pool.call(|list| list.clone()).wait().expect("it ran"), ["from outside", "older"]);
}

#[test]
fn waiting_inside_a_call_for_a_free_thread_works() {
    let _watchdog = watchdog("waiting for a free thread");
    let pool = StatefulPool::new(2, Ok).expect("two threads");
    let (inner, at) = (pool.clone(), Arc::new(Barrier::new(2)));
    let other_at = Arc::clone(&at);
    // Both are busy when the inner call is made, and one is free while it is waited for.
    let outer = pool.call(move |index| {
        at.wait();
        let call = inner.call(|index| *index);
        at.wait();
        (*index, call.wait())
    });
    let other = pool.call(move |_| {
        other_at.wait();
        other_at.wait();
    });
    let (outer, inner) = outer.wait().expect("it ran");
    assert_eq!(inner.expect("the other thread runs it"), 1 - outer);
    other.wait().expect("it ran");
}

/// Each of two threads waits for a call that is queued: whoever falls asleep last gives up, and serves the other.
#[test]
fn of_two_threads_that_wait_for_their_pool_one_gives_up() {
    let _watchdog = watchdog("one of two gives up");
    let pool = StatefulPool::new(2, |_| Ok(())).expect("two threads");
    for _ in 0..2000 {
        let at = Arc::new(Barrier::new(2));
        let outer = [(); 2].map(|()| {
            let (at, inner) = (Arc::clone(&at), pool.clone());
            pool.call(move |()| {
                at.wait();
                let call = inner.call(|()| ());
                at.wait();
                call.wait().is_ok()
            })
        });
        let served = outer.map(|task| task.wait().expect("it ran"));
        assert!(served[0] != served[1], "{served:?}");
    }
}

/// A loader that still runs may come to serve the inner call; when it fails instead, the thread that waits must learn it.
#[test]
fn the_last_other_thread_may_fail_while_one_waits() {
    let _watchdog = watchdog("the last other thread fails");
    for round in 0..200 {
        let (gate, at) = (Gate::default(), Gate::default());
        let pass = gate.clone();
        let pool = StatefulPool::new(2, move |index| {
            if index == 1 {
                pass.pass();
                return Err(Error::msg("on purpose: fails late"));
            }
            Ok(())
        });
        let pool = pool.expect("two threads");
        let (inner, waits) = (pool.clone(), at.clone());
        let outer = pool.call(move |()| {
            let call = inner.call(|()| ());
            waits.open();
            call.wait().is_err()
        });
        at.pass();
        // Sooner or later: whether it sleeps by then or not, it must come to the same.
        (0..round).for_each(|_| std::thread::yield_now());
        gate.open();
        assert!(outer.wait().expect("it ran"));
    }
}

/// Broken if any wait inside of a call were taken for one that is stuck.
#[test]
fn waiting_inside_a_call_for_something_else_rejects_nothing() {
    let _watchdog = watchdog("waiting for something else");
    let pool = StatefulPool::new(1, |_| Ok(7)).expect("a thread");
    let (promise, elsewhere) = promise::<u32>();
    let (started, starts) = mpsc::channel();
    let outer = pool.call(move |n| {
        started.send(()).expect("the test listens");
        elsewhere.wait().map(|more| more + *n)
    });
    starts.recv().expect("it starts");
    let behind = pool.call(|n| *n);
    for _ in 0..100 {
        std::thread::yield_now();
        assert!(!behind.is_settled() && !outer.is_settled());
    }
    promise.resolve(1);
    assert_eq!(outer.wait().expect("it ran").expect("it resolved"), 8);
    assert_eq!(behind.wait().expect("it ran"), 7);
}

/// Two threads, one of which waits for something else with no call of its own: the other's inner call has a future.
#[test]
fn a_call_that_a_waiting_thread_can_still_run_is_not_rejected() {
    let _watchdog = watchdog("a waiting thread can still run it");
    for round in 0..100 {
        let pool = StatefulPool::new(2, |_| Ok(())).expect("two threads");
        let (promise, elsewhere) = promise::<()>();
        let at = Arc::new(Barrier::new(2));
        let (first_at, inner) = (Arc::clone(&at), pool.clone());
        let first = pool.call(move |()| {
            first_at.wait();
            elsewhere.wait()
        });
        let second = pool.call(move |()| {
            at.wait();
            // Whichever of the two sleeps first, it must come to the same.
            (0..round).for_each(|_| std::thread::yield_now());
            inner.call(|()| ()).wait()
        });
        for _ in 0..2 * round {
            std::thread::yield_now();
            assert!(!second.is_settled());
        }
        promise.resolve(());
        first.wait().expect("it ran").expect("it resolved");
        second.wait().expect("it ran").expect("the first thread runs it");
    }
}

/// What a loader calls is queued; waiting for it there is the same trouble, and has the same end.
#[test]
fn a_loader_that_waits_for_its_own_pool_fails() {
    let _watchdog = watchdog("a loader that waits");
    let place: Arc<Mutex<Option<StatefulPool<u32>>>> = Arc::default();
    let (gate, of) = (Gate::default(), Arc::clone(&place));
    let at = gate.clone();
    let load = move |_| {
        at.pass();
        let pool = of.lock().expect("no panic").take().expect("it was put there");
        pool.call(|n| *n).wait().map_err(|error| error.context("on purpose: a loader that waits"))
    };
    let pool = StatefulPool::new(1, load).expect("a thread");
    *place.lock().expect("no panic") = Some(pool.clone());
    let call = pool.call(|n| *n);
    gate.open();
    let error = pool.ready().wait().unwrap_err();
    assert!(format!("{error:?}").contains(STUCK), "{error:?}");
    assert_eq!(call.wait().unwrap_err().to_string(), error.to_string());
    pool.close();
    assert_eq!(reported("a loader that waits"), 1);
}
