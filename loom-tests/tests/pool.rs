//! The pool of `threadbare-threads`: queueing against sleeping, closing and dropping.
//!
//! All bounded, to the preemptions that each states, with the loads shadowed: a pool's word, its lists and its inbox make
//! for millions of executions.

#![cfg(loom)]

use loom::thread;
use loom_tests::{Plain, Tracked, bounded, race};
use threadbare::{AsyncSystem, ErrorKind, Result, Task, run};
use threadbare_threads::ThreadPool;

/// What became of a task that must have settled.
fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().expect("it must have settled")
}

fn number(task: Task<Tracked>) -> u32 {
    settled(task).expect("it was run").number()
}

/// Broken if a push could fall between a worker's last look and its sleep, or a close could: then loom finds the deadlock.
#[test]
fn what_is_queued_before_a_close_is_run() {
    bounded(3).shadowing_loads().yields_once([7], || {
        let pool = ThreadPool::with_threads(1);
        let memory = Plain::new(0);
        memory.set(7);
        let task = run(&pool.worker(), move || Tracked::new(memory.get()));
        pool.close();
        number(task)
    });
}

/// Broken if a worker that was never woken for work could sleep over the close.
#[test]
fn an_idle_pool_closes() {
    bounded(3).shadowing_loads().yields_once([()], || ThreadPool::with_threads(1).close());
}

/// Broken if the second of two pushes relied on a wake-up that the first had used up.
#[test]
fn two_pushes_are_run_though_one_wakes() {
    bounded(2).shadowing_loads().yields_once([(1, 2)], || {
        let pool = ThreadPool::with_threads(1);
        let worker = pool.worker();
        let (one, two) = (run(&worker, || Tracked::new(1)), run(&worker, || Tracked::new(2)));
        pool.close();
        (number(one), number(two))
    });
}

/// A thread outside of the pool queues while another closes it.
///
/// Broken if a push could slip in behind the close's last look, and hang there.
#[test]
fn work_queued_while_a_pool_closes_is_run_or_rejected() {
    bounded(2).shadowing_loads().yields(["run", "rejected"], |order| {
        let pool = ThreadPool::with_threads(1);
        let worker = pool.worker();
        let (task, ()) = race(order, move || run(&worker, || Tracked::new(7)), move || drop(pool));
        match settled(task) {
            Ok(value) => {
                assert_eq!(value.number(), 7);
                "run"
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed);
                "rejected"
            }
        }
    });
}

/// Broken if a close that rejects raced with a worker for what is queued: run and rejected, or neither.
#[test]
fn work_queued_before_a_close_now_is_run_or_rejected() {
    bounded(3).shadowing_loads().yields_once(["run", "rejected"], || {
        let pool = ThreadPool::with_threads(1);
        let captured = Tracked::new(7);
        let task = run(&pool.worker(), move || captured.number());
        pool.close_now();
        match settled(task) {
            Ok(value) => {
                assert_eq!(value, 7);
                "run"
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed);
                "rejected"
            }
        }
    });
}

/// Broken if a pool that is dropped on its own thread joined itself, or its thread did not end: then loom finds the
/// deadlock.
#[test]
fn the_last_handle_is_dropped_on_the_pools_own_thread() {
    bounded(3).shadowing_loads().yields_once([()], || {
        let pool = ThreadPool::with_threads(1);
        let worker = pool.worker();
        run(&worker, move || drop(pool)).detach();
    });
}

/// Broken if a wait on the only thread slept on work that it could do itself.
#[test]
fn a_wait_on_the_only_thread_runs_what_it_waits_for() {
    bounded(2).shadowing_loads().yields_once([7], || {
        let pool = ThreadPool::with_threads(1);
        let worker = pool.worker();
        let task = run(&pool.worker(), move || run(&worker, || 7).wait().expect("it is run"));
        task.wait().expect("it does not fail")
    });
}

/// Broken if two workers, of which one goes to sleep while the other wakes, lost a runnable between them.
#[test]
fn two_workers_share_what_is_queued() {
    bounded(1).shadowing_loads().yields_once([(1, 2)], || {
        let pool = ThreadPool::with_threads(2);
        let worker = pool.worker();
        let (one, two) = (run(&worker, || Tracked::new(1)), run(&worker, || Tracked::new(2)));
        pool.close();
        (number(one), number(two))
    });
}

/// Broken if the last system did not close the pool that it was given, or the pool kept itself open through its queue.
#[test]
fn a_pool_ends_with_its_system() {
    bounded(2).shadowing_loads().yields_once([7], || {
        let system = AsyncSystem::new(ThreadPool::with_threads(1));
        let kept = system.worker().clone();
        let task = run(system.worker(), move || {
            drop(kept);
            Tracked::new(7)
        });
        drop(system);
        number(task)
    });
}

/// Two threads close one pool: each returns when its thread has ended.
#[test]
fn a_pool_is_closed_twice_at_once() {
    bounded(2).shadowing_loads().yields_once([7], || {
        let pool = ThreadPool::with_threads(1);
        let task = run(&pool.worker(), || Tracked::new(7));
        let twin = pool.clone();
        let closes = thread::spawn(move || twin.close());
        pool.close();
        let value = number(task);
        closes.join().expect("it does not panic");
        value
    });
}
