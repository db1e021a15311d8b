//! Closing, from anywhere.

use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use threadbare::{AsyncSystem, ErrorKind, Immediate, Task};
use threadbare_threads::{StatefulPool, ThreadPool};

use crate::common::{Gate, Log, State, What, rejection, reported, settled, watchdog};

/// A pool of one thread.
fn pool() -> (StatefulPool<State>, Log) {
    let log = Log::default();
    let to = log.clone();
    (StatefulPool::new(1, move |index| Ok(State::build(index, &to))).expect("a thread"), log)
}

/// A call that is running, and goes on when the gate is opened.
fn hold(pool: &StatefulPool<State>) -> (Gate, Task<u32>) {
    let (gate, (started, starts)) = (Gate::default(), mpsc::channel());
    let at = gate.clone();
    let task = pool.call(move |state| {
        started.send(()).expect("the test listens");
        at.pass();
        state.touch()
    });
    starts.recv().expect("it starts");
    (gate, task)
}

/// Waits until the pool lets nothing in; returns the calls that it has let in meanwhile.
fn until_closed(pool: &StatefulPool<State>) -> Vec<Task<u32>> {
    let mut calls = Vec::new();
    loop {
        let call = pool.call(State::touch);
        if call.is_settled() {
            assert_eq!(rejection(call).kind(), ErrorKind::Closed);
            return calls;
        }
        calls.push(call);
        std::thread::yield_now();
    }
}

#[test]
fn close_runs_what_is_queued_and_close_now_rejects_it() {
    let _watchdog = watchdog("close and close_now");
    for now in [false, true] {
        let (pool, log) = pool();
        let (gate, running) = hold(&pool);
        let mut queued: Vec<_> = (0..3).map(|_| pool.call(State::touch)).collect();
        let closer = pool.clone();
        let closing = std::thread::spawn(move || if now { closer.close_now() } else { closer.close() });
        queued.extend(until_closed(&pool));
        let count = queued.len();
        assert!(!closing.is_finished(), "it waits for the call that runs");
        if now {
            for call in queued.drain(..) {
                assert_eq!(call.wait().unwrap_err().kind(), ErrorKind::Closed);
            }
            assert!(!running.is_settled());
        }
        gate.open();
        closing.join().expect("closing does not panic");
        assert_eq!(settled(running).expect("it has started"), 1);
        for (n, call) in (2..).zip(queued) {
            assert_eq!(settled(call).expect("it was queued"), n);
        }
        assert_eq!(log.uses(&[true]), if now { 1 } else { 1 + count });
    }
}

/// What `close_now` rejects is dropped where it is called, and a later `close` changes nothing.
#[test]
fn what_close_now_rejects_is_dropped_by_its_caller() {
    struct Tell(mpsc::Sender<std::thread::ThreadId>);
    impl Drop for Tell {
        fn drop(&mut self) {
            _ = self.0.send(std::thread::current().id());
        }
    }
    let _watchdog = watchdog("dropped by the caller of close_now");
    let (pool, log) = pool();
    let (gate, running) = hold(&pool);
    let (sender, dropped) = mpsc::channel();
    let tell = Tell(sender);
    let queued = pool.call(move |_| drop(tell));
    // Rejecting the first call opens the gate, on this thread: the one that closes is not stuck behind the call that runs.
    let queued = queued.catch(&Immediate, move |_| gate.open());
    pool.close_now();
    pool.close();
    assert_eq!(dropped.try_recv(), Ok(std::thread::current().id()));
    settled(queued).expect("caught");
    settled(running).expect("it had started");
    assert_eq!(log.uses(&[true]), 1);
}

#[test]
fn closing_in_a_call_returns_and_takes_effect_after_it() {
    let _watchdog = watchdog("closing in a call");
    for now in [false, true] {
        let (pool, log) = pool();
        let (gate, running) = hold(&pool);
        let closer = pool.clone();
        let closing = pool.call(move |state| {
            if now {
                closer.close_now()
            } else {
                closer.close()
            }
            assert_eq!(rejection(closer.call(State::touch)).kind(), ErrorKind::Closed);
            state.touch()
        });
        let behind = pool.call(State::touch);
        gate.open();
        assert_eq!(closing.wait().expect("it ran"), 2);
        pool.close();
        settled(running).expect("it ran");
        if now {
            assert_eq!(rejection(behind).kind(), ErrorKind::Closed);
        } else {
            assert_eq!(settled(behind).expect("it was queued"), 3);
        }
        assert_eq!(log.uses(&[true]), if now { 2 } else { 3 });
    }
}

/// The last handle is dropped on the pool's own thread: by a call that has captured it, with others behind.
#[test]
fn the_last_handle_may_go_in_a_call() {
    let _watchdog = watchdog("the last handle goes in a call");
    let (pool, log) = pool();
    let (gate, running) = hold(&pool);
    let handle = pool.clone();
    let last = pool.call(move |_| drop(handle));
    let behind = pool.call(State::touch);
    drop(pool);
    gate.open();
    running.wait().expect("it ran");
    last.wait().expect("it ran");
    assert_eq!(behind.wait().expect("it was queued"), 2);
    // The thread ends by itself; nobody is left to wait for it.
    while log.of(0).last() != Some(&What::Dropped) {
        std::thread::yield_now();
    }
    assert_eq!(log.uses(&[true]), 2);
}

#[test]
fn closing_twice_and_from_two_threads_waits_for_the_end_each_time() {
    let _watchdog = watchdog("closing twice");
    for ways in [[false, false], [false, true], [true, false], [true, true]] {
        let (pool, log) = pool();
        let (gate, running) = hold(&pool);
        let at = Arc::new(Barrier::new(3));
        let closers = ways.map(|now| {
            let (pool, log, at) = (pool.clone(), log.clone(), Arc::clone(&at));
            std::thread::spawn(move || {
                at.wait();
                if now {
                    pool.close_now()
                } else {
                    pool.close()
                }
                log.uses(&[true])
            })
        });
        at.wait();
        gate.open();
        let uses = closers.map(|closer| closer.join().expect("the state is gone when it returns"));
        assert_eq!(uses, [1, 1]);
        settled(running).expect("it ran");
        pool.close();
        pool.close_now();
        assert_eq!(log.uses(&[true]), 1);
    }
}

#[test]
fn closing_in_a_callback_on_the_main_thread_delivers_the_other_callbacks() {
    let _watchdog = watchdog("closing in a callback");
    let system = AsyncSystem::new(ThreadPool::with_threads(1));
    let here = system.main().enter().expect("this is the main thread");
    for drops in [false, true] {
        let (pool, log) = pool();
        let closer = pool.clone();
        let first = pool.call(State::touch).map(&here, move |n| {
            if drops {
                drop(closer)
            } else {
                closer.close()
            }
            n
        });
        // A call that needs the main thread while that closes the pool: it is dispatched there and then.
        let main = system.main().clone();
        let asks = pool.call(move |state| threadbare::run(&main, || 10).wait().map(|n| n + state.touch()));
        let later = pool.call(State::touch).map(&here, |n| n);
        drop(pool);
        while !(first.is_settled() && asks.is_settled() && later.is_settled()) {
            here.dispatch();
        }
        assert_eq!(settled(first).expect("it ran"), 1);
        assert_eq!(settled(asks).expect("it ran").expect("it was dispatched"), 12);
        assert_eq!(settled(later).expect("it ran"), 3);
        assert_eq!(log.uses(&[true]), 3);
    }
}

#[test]
fn a_state_whose_destructor_panics_does_not_stop_the_closing() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose, by a state's destructor");
        }
    }
    let _watchdog = watchdog("a destructor that panics");
    let pool = StatefulPool::new(2, |_| Ok(Bomb)).expect("two threads");
    pool.call(|_| ()).wait().expect("it ran");
    pool.close();
    assert_eq!(reported("on purpose, by a state's destructor"), 2);
}

/// Also one that would look for ever.
#[test]
fn a_thread_that_spins_sees_that_its_pool_closes() {
    let _watchdog = watchdog("closing a pool that spins");
    for threads in 1..=2 {
        let builder = ThreadPool::builder().threads(threads).spin(Duration::MAX);
        let pool = builder.build_stateful(Ok).expect("threads");
        assert!(pool.call(|index| *index).wait().expect("it is run") < threads);
        pool.close();
        assert_eq!(rejection(pool.call(|index| *index)).kind(), ErrorKind::Closed);
    }
}
