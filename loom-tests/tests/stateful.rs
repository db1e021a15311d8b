//! The stateful pool of `threadbare-threads`: calls against closing, and waits that only the waiting threads could end.
//!
//! All bounded, to the preemptions that each states, with the loads shadowed.

#![cfg(loom)]

use loom_tests::{Tracked, bounded, race};
use threadbare::{Error, ErrorKind, Result, Task};
use threadbare_threads::StatefulPool;

/// What became of a task that must have settled.
fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().expect("it must have settled")
}

fn pool(threads: usize) -> StatefulPool<Tracked> {
    StatefulPool::new(threads, |_| Ok(Tracked::new(7))).expect("loom has threads to give")
}

/// Broken if a call could fall between a thread's last look and its sleep, or a close could: then loom finds the deadlock.
#[test]
fn what_is_called_before_a_close_is_run() {
    bounded(3).shadowing_loads().yields_once([7], || {
        let pool = pool(1);
        let call = pool.call(|state| state.number());
        pool.close();
        settled(call).expect("it is run")
    });
}

/// Broken if a call that races with a close were let in behind the last look, and hung there.
#[test]
fn a_call_while_the_pool_closes_is_run_or_rejected() {
    bounded(2).shadowing_loads().yields(["run", "rejected"], |order| {
        let pool = pool(1);
        let twin = pool.clone();
        let (call, ()) = race(order, move || twin.call(|state| state.number()), move || pool.close());
        match call.wait() {
            Ok(_) => "run",
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed);
                "rejected"
            }
        }
    });
}

/// Broken if a call could be queued after the last loader has failed and found nobody.
#[test]
fn a_call_while_the_only_loader_fails_is_rejected() {
    bounded(2).shadowing_loads().yields_once(["no device"], || {
        let pool = StatefulPool::<()>::new(1, |_| Err(Error::msg("no device"))).expect("loom has threads to give");
        let call = pool.call(|()| ());
        assert_eq!(call.wait().unwrap_err().to_string(), "no device");
        "no device"
    });
}

/// Each of two threads may wait for a call that is queued. Broken if both could sleep over that: loom finds the deadlock.
#[test]
fn two_threads_that_wait_for_their_pool_do_not_both_go_to_rest() {
    bounded(1).shadowing_loads().yields_once([(true, true), (true, false), (false, true)], || {
        let pool = pool(2);
        let outer = [(); 2].map(|()| {
            let inner = pool.clone();
            pool.call(move |_| inner.call(|_| ()).wait().is_ok())
        });
        let [one, two] = outer.map(|task| task.wait().expect("it is run"));
        (one, two)
    });
}
