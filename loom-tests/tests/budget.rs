//! What a hop costs, counted in read-modify-writes of the facade's atomics: one by the producer, one by the consumer.
//!
//! One thread each, so one execution. Counted as differences, so that what a chain costs at its ends falls out.

#![cfg(loom)]

use loom_tests::{Belt, NoThreads, exhaustive};
use threadbare::sync::rmw_count;
use threadbare::{AsyncSystem, Immediate, Schedule, Task, promise, run};

/// So many read-modify-writes `f` does.
fn cost(f: impl FnOnce()) -> usize {
    let before = rmw_count();
    f();
    rmw_count() - before
}

fn chain<S: Schedule>(mut task: Task<u32>, queue: &S, hops: usize) -> Task<u32> {
    for _ in 0..hops {
        task = task.map(queue, |n| n + 1);
    }
    task
}

/// A pending chain, attached, settled and taken.
fn immediate(hops: usize) -> usize {
    cost(|| {
        let (promise, task) = promise();
        let end = chain(task, &Immediate, hops);
        promise.resolve(0);
        assert_eq!(end.try_take().expect("it has settled").expect("it was resolved") as usize, hops);
    })
}

/// A pending chain behind a `run`, settled inside of its runnable; and how often the queue's handle was cloned.
fn belted(hops: usize) -> (usize, usize) {
    let mut clones = 0;
    let cost = cost(|| {
        let belt = Belt::new();
        let end = chain(run(&belt, || 0), &belt, hops);
        assert_eq!(belt.turn(), 1, "the chain follows at once");
        clones = belt.clones();
        assert_eq!(end.try_take().expect("it has settled").expect("nothing fails") as usize, hops);
    });
    (cost, clones)
}

/// A chain on a task that is settled already.
fn settled(hops: usize) -> usize {
    cost(|| {
        let end = chain(Task::resolved(0), &Immediate, hops);
        assert_eq!(end.try_take().expect("it has settled").expect("it was resolved") as usize, hops);
    })
}

/// Broken if a hop took a lock, counted a reference, or asked twice.
#[test]
fn a_hop_on_the_settling_thread_costs_two() {
    exhaustive().yields_once([()], || {
        for hops in 0..5 {
            assert_eq!(immediate(hops + 1) - immediate(hops), 2, "after {hops} hops");
        }
    });
}

/// Broken as above, or if a continuation counted a reference of the queue that its task lends it.
#[test]
fn a_hop_within_a_queues_context_costs_two() {
    exhaustive().yields_once([()], || {
        for hops in 0..5 {
            let ((more, clones), (less, fewer)) = (belted(hops + 1), belted(hops));
            assert_eq!(more - less, 2, "after {hops} hops");
            assert_eq!(clones - fewer, 0, "handles cloned after {hops} hops");
        }
    });
}

/// Broken if a continuation that runs while it is attached did not take the outcome as it lies there: the one that is
/// left is the new cell's own announcement.
#[test]
fn a_hop_on_a_settled_task_costs_one() {
    exhaustive().yields_once([()], || {
        for hops in 0..5 {
            assert_eq!(settled(hops + 1) - settled(hops), 1, "after {hops} hops");
        }
    });
}

/// Broken if a dispatch with nothing queued wrote to what other threads write to.
#[test]
fn a_dispatch_with_nothing_queued_costs_none() {
    exhaustive().yields_once([()], || {
        let system = AsyncSystem::new(NoThreads);
        let here = system.main().enter().expect("nobody else enters");
        assert_eq!(cost(|| assert_eq!(here.dispatch(), 0)), 0);
        assert_eq!(cost(|| assert!(!here.dispatch_one())), 0);
        assert_eq!(cost(|| assert!(here.is_idle())), 0);
    });
}

/// Broken if taking, waiting for or awaiting what is there cost more than looking.
#[test]
fn a_settled_task_is_taken_for_none() {
    exhaustive().yields_once([()], || {
        let (one, two) = (Task::resolved(1), Task::resolved(2));
        assert_eq!(cost(|| assert_eq!(one.try_take().expect("it has settled").expect("it was resolved"), 1)), 0);
        assert_eq!(cost(|| assert_eq!(two.wait().expect("it was resolved"), 2)), 0);
    });
}
