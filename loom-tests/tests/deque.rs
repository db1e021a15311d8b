//! The deque of a pool's thread: the owner at its back, thieves at its front.
//!
//! All bounded, to the preemptions that each states, with the loads shadowed: three words and the slots make for millions of
//! executions. A ring holds two here, so that a third makes it grow.

#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{Plain, Tracked, bounded, race, work};
use threadbare::{Runnable, Task};
use threadbare_threads::modelled::Deque;

/// A deque, and what the owner puts in: runnables that give their numbers, from 1.
fn filled(many: u32) -> (Arc<Deque>, Vec<Task<Tracked>>) {
    let deque = Arc::new(Deque::new());
    let tasks = (1..=many).map(|number| push(&deque, number)).collect();
    (deque, tasks)
}

fn push(deque: &Deque, number: u32) -> Task<Tracked> {
    let memory = Plain::new(0);
    memory.set(number);
    let (runnable, task) = work(move || Tracked::new(memory.get()));
    // SAFETY: the model's owner is the only one to call this.
    unsafe { deque.push(runnable) };
    task
}

fn back(deque: &Deque) -> bool {
    // SAFETY: as above.
    unsafe { deque.take_back() }.map(Runnable::run).is_some()
}

fn front(deque: &Deque) -> bool {
    deque.take_front().map(Runnable::run).is_some()
}

/// Each task's number, or zero if it was not run.
fn numbers(tasks: Vec<Task<Tracked>>) -> Vec<u32> {
    let number = |task: Task<Tracked>| task.try_take().map_or(0, |outcome| outcome.expect("it was run").number());
    tasks.into_iter().map(number).collect()
}

/// Broken if both could win the last one, or neither.
#[test]
fn the_owner_and_a_thief_want_the_last_one() {
    bounded(3).shadowing_loads().yields([(true, false), (false, true)], |order| {
        let (deque, tasks) = filled(1);
        let theirs = deque.clone();
        let won = race(order, move || back(&deque), move || front(&theirs));
        assert_eq!(numbers(tasks), [1]);
        won
    });
}

/// Broken if the owner could take one that a thief, who still saw two, takes as well.
#[test]
fn the_owner_takes_two_while_a_thief_takes_one() {
    bounded(3).shadowing_loads().yields([(2, false), (1, true)], |order| {
        let (deque, tasks) = filled(2);
        let theirs = deque.clone();
        let own = move || usize::from(back(&deque)) + usize::from(back(&deque));
        let won = race(order, own, move || front(&theirs));
        assert_eq!(numbers(tasks), [1, 2]);
        won
    });
}

/// Broken if a push did not publish what it adds, or a thief could read a slot that is being written anew.
#[test]
fn what_is_added_meanwhile_is_stolen_whole_or_left() {
    bounded(3).shadowing_loads().yields([false, true], |order| {
        let (deque, _) = filled(0);
        let (theirs, rest) = (deque.clone(), deque.clone());
        let adds = move || vec![push(&deque, 1), push(&deque, 2)];
        let (tasks, stolen) = race(order, adds, move || front(&theirs));
        while front(&rest) {}
        assert_eq!(numbers(tasks), [1, 2]);
        stolen
    });
}

/// Broken if a thief lost its ring when the owner outgrows it, or took from it what the owner has moved and taken.
#[test]
fn a_thief_looks_into_a_ring_that_is_outgrown() {
    bounded(2).shadowing_loads().yields([(3, false), (2, true)], |order| {
        let (deque, mut tasks) = filled(2);
        let theirs = deque.clone();
        let own = move || {
            let added = push(&deque, 3);
            (added, (0..3).filter(|_| back(&deque)).count())
        };
        let ((added, own), stolen) = race(order, own, move || front(&theirs));
        tasks.push(added);
        assert_eq!(numbers(tasks), [1, 2, 3]);
        (own, stolen)
    });
}

/// Two thieves and the owner. Broken if two could win the same one.
#[test]
fn two_thieves_and_the_owner_take_what_there_is() {
    bounded(2).shadowing_loads().yields([2], |order| {
        let (deque, tasks) = filled(2);
        let (one, two) = (deque.clone(), deque.clone());
        let thief = thread::spawn(move || usize::from(front(&one)));
        let (own, stolen) = race(order, move || usize::from(back(&deque)), move || usize::from(front(&two)));
        let all = own + stolen + thief.join().expect("no panic");
        assert_eq!(numbers(tasks), [1, 2]);
        all
    });
}
