//! Guests of a pool of `threadbare-threads`: threads that attach until a task has settled.
//!
//! All bounded, to the preemptions that each states, with the loads shadowed.

#![cfg(loom)]

use loom_tests::{Tracked, bounded, race_apart};
use threadbare::{ErrorKind, Result, Task, promise, run};
use threadbare_threads::ThreadPool;

/// What became of a task that must have settled.
fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().expect("it must have settled")
}

fn pool(guests: usize) -> ThreadPool {
    ThreadPool::builder().threads(0).guests(guests).build().expect("the settings make sense")
}

/// Broken if it could settle between the guest's last look and its sleep: then loom finds the deadlock.
#[test]
fn a_guest_stops_when_it_is_told() {
    bounded(3).shadowing_loads().yields([7], |order| {
        let (pool, (done, stop)) = (pool(1), promise::<Tracked>());
        let guest = move || pool.attach_until(stop).expect("it resolves").number();
        race_apart(order, guest, move || done.resolve(Tracked::new(7))).0
    });
}

/// Another thread queues work, then has the guest stop: that runs it, or leaves it to who closes the pool.
///
/// Broken if the one wake-up that the work had used up were missing to the stop, or the other way round.
#[test]
fn work_queued_before_a_guest_stops_is_run() {
    bounded(2).shadowing_loads().yields([true, false], |order| {
        let (pool, (done, stop)) = (pool(1), promise());
        let (twin, worker) = (pool.clone(), pool.worker());
        let guest = move || twin.attach_until(stop).expect("it resolves");
        let host = move || {
            let work = run(&worker, || Tracked::new(7));
            done.resolve(());
            work
        };
        let ((), work) = race_apart(order, guest, host);
        let at_once = work.is_settled();
        drop(pool);
        assert_eq!(settled(work).expect("it was run").number(), 7);
        at_once
    });
}

/// The guest sleeps until there is work, which is what has it stop.
///
/// Broken if a push did not wake a guest as it does a thread of the pool's own.
#[test]
fn work_that_is_queued_wakes_a_guest() {
    bounded(2).shadowing_loads().yields([7], |order| {
        let (pool, (done, stop)) = (pool(1), promise::<Tracked>());
        let (twin, worker) = (pool.clone(), pool.worker());
        let guest = move || twin.attach_until(stop).expect("it resolves").number();
        let host = move || run(&worker, move || done.resolve(Tracked::new(7)));
        let (number, work) = race_apart(order, guest, host);
        settled(work).expect("it was run");
        number
    });
}

/// Two guests are told by the same thread, one after the other; what is queued in between wakes one of them.
///
/// Broken if a guest that has been woken for work took the wake-up along when it was to stop.
#[test]
fn a_guest_that_stops_passes_its_wake_up_on() {
    bounded(1).shadowing_loads().yields([7], |order| {
        let (pool, (done, stop), (finish, finished)) = (pool(2), promise(), promise::<Tracked>());
        let (two, worker) = (pool.clone(), pool.worker());
        let stops = move || {
            run(&worker, move || finish.resolve(Tracked::new(7))).detach();
            done.resolve(());
        };
        let leaves = loom::thread::spawn(move || two.attach_until(stop).expect("it resolves"));
        let stays = move || pool.attach_until(finished).expect("it resolves").number();
        let (number, ()) = race_apart(order, stays, stops);
        leaves.join().expect("it does not panic");
        number
    });
}

/// A pool is closed under its guest, with work in it.
///
/// Broken if the close slipped in between the guest's last look and its sleep, or returned before the work had run.
#[test]
fn a_close_sends_a_guest_home() {
    bounded(2).shadowing_loads().yields([()], |order| {
        let pool = pool(1);
        let twin = pool.clone();
        let guest = move || twin.attach_until(promise::<()>().1).expect_err("it never resolves").kind();
        let host = move || {
            let work = run(&pool.worker(), || Tracked::new(7));
            pool.close();
            settled(work).expect("it was run").number()
        };
        assert_eq!(race_apart(order, guest, host), (ErrorKind::Closed, 7));
    });
}

/// Two threads close a pool that has none: both return when what was queued has run.
///
/// Broken if one could find the queue empty while the other was still running what it had taken out.
#[test]
fn a_pool_without_threads_is_closed_twice_at_once() {
    bounded(2).shadowing_loads().yields([(7, 7)], |order| {
        let pool = pool(1);
        let work = run(&pool.worker(), || Tracked::new(7)).share();
        let (one, two) = (work.fork(), work.fork());
        drop(work);
        let twin = pool.clone();
        let close = |pool: ThreadPool, work: Task<Tracked>| {
            move || {
                pool.close();
                settled(work).expect("it was run").number()
            }
        };
        race_apart(order, close(pool, one), close(twin, two))
    });
}
