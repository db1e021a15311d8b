//! Many to one and one to many: the countdown of `all`, `race` and `any`, and the list of a shared task's forks.
//!
//! All exhaustive, in both orders of the roles, unless a model says otherwise.

#![cfg(loom)]

use loom::thread;
use loom_tests::{Note, Plain, Tracked, bounded, exhaustive, race as at_once};
use threadbare::{Error, Immediate, Result, Task, all, any, promise, race};

fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().expect("it must have settled")
}

fn numbers(task: Task<Vec<Tracked>>) -> Vec<u32> {
    settled(task).expect("all were resolved").iter().map(Tracked::number).collect()
}

/// Broken if both inputs, or neither, took themselves for the last, or the last one did not get what the other put in.
#[test]
fn all_inputs_settle_at_once() {
    exhaustive().yields([vec![1, 2]], |order| {
        let ((one, first), (two, second)) = (promise(), promise());
        let gathered = all([first, second]);
        let ((), ()) = at_once(order, move || one.resolve(Tracked::new(1)), move || two.resolve(Tracked::new(2)));
        numbers(gathered)
    });
}

/// Broken if an input could settle between its being attached and the block's being complete.
#[test]
fn an_input_settles_while_it_is_gathered() {
    exhaustive().yields([vec![1, 2]], |order| {
        let ((one, first), second) = (promise(), Task::resolved(Tracked::new(2)));
        let ((), gathered) = at_once(order, move || one.resolve(Tracked::new(1)), move || all([first, second]));
        numbers(gathered)
    });
}

/// Broken if a value that a rejection makes useless were leaked or dropped twice.
#[test]
fn one_input_is_rejected_while_another_is_resolved() {
    exhaustive().yields(["no".to_owned()], |order| {
        let ((one, first), (two, second)) = (promise(), promise::<Tracked>());
        let gathered = all([first, second]);
        let ((), ()) = at_once(order, move || one.resolve(Tracked::new(1)), move || two.reject(Error::msg("no")));
        settled(gathered).expect_err("one was rejected").to_string()
    });
}

/// Broken if the block were freed under an input that still counts, or by nobody: three threads.
#[test]
fn all_inputs_settle_while_their_task_is_dropped() {
    exhaustive().shadowing_loads().yields([()], |order| {
        let ((one, first), (two, second)) = (promise(), promise());
        let gathered = all([first, second]);
        let drops = thread::spawn(move || drop(gathered));
        let ((), ()) = at_once(order, move || one.resolve(Tracked::new(1)), move || two.resolve(Tracked::new(2)));
        drops.join().expect("it does not panic");
    });
}

/// Broken if two inputs both settled the task, or the loser's value were leaked or dropped twice.
#[test]
fn the_first_of_two_wins_a_race() {
    exhaustive().yields([1, 2], |order| {
        let ((one, first), (two, second)) = (promise(), promise());
        let winner = race([first, second]);
        let ((), ()) = at_once(order, move || one.resolve(Tracked::new(1)), move || two.resolve(Tracked::new(2)));
        settled(winner).expect("both were resolved").number()
    });
}

/// Broken if a rejection could win against a value, or the last of the rejections were missed.
#[test]
fn any_value_wins_over_a_rejection() {
    exhaustive().yields([2], |order| {
        let ((one, first), (two, second)) = (promise(), promise());
        let winner = any([first, second]);
        let ((), ()) = at_once(order, move || one.reject(Error::msg("no")), move || two.resolve(Tracked::new(2)));
        settled(winner).expect("one was resolved").number()
    });
}

/// Broken if what the winner did were not seen by who gets its value.
#[test]
fn who_takes_a_race_sees_what_its_winner_did() {
    exhaustive().yields([true, false], |order| {
        let ((one, first), (_never, second)) = (promise(), promise::<()>());
        let winner = race([first, second]);
        let memory = Plain::new(0);
        let theirs = memory.clone();
        let ((), seen) = at_once(
            order,
            move || {
                theirs.set(7);
                one.resolve(());
            },
            move || {
                let seen = winner.is_settled();
                if seen {
                    assert_eq!(memory.get(), 7);
                }
                winner.detach();
                seen
            },
        );
        seen
    });
}

/// Broken if a fork were lost between the look at the list and the list's end, or read an outcome that is not published.
#[test]
fn a_shared_task_settles_while_it_is_forked() {
    exhaustive().yields([7], |order| {
        let (promise, task) = promise();
        let shared = task.share();
        let ((), fork) = at_once(order, move || promise.resolve(Tracked::new(7)), move || shared.fork());
        settled(fork).expect("it was resolved").number()
    });
}

/// Three threads. Bounded: three preemptions.
///
/// Broken if one of two forks that come at once overwrote the other.
#[test]
fn a_shared_task_settles_while_it_is_forked_twice() {
    bounded(3).shadowing_loads().yields([(7, 7)], |order| {
        let (promise, task) = promise();
        let shared = task.share();
        let twin = shared.clone();
        let settles = thread::spawn(move || promise.resolve(Tracked::new(7)));
        let (one, two) = at_once(order, move || shared.fork(), move || twin.fork());
        settles.join().expect("it does not panic");
        (settled(one).expect("it was resolved").number(), settled(two).expect("it was resolved").number())
    });
}

/// Broken if the source could settle while it is shared, and be missed.
#[test]
fn a_task_settles_while_it_is_shared() {
    exhaustive().yields([7], |order| {
        let (promise, task) = promise();
        let ((), shared) = at_once(order, move || promise.resolve(Tracked::new(7)), move || task.share());
        settled(shared.fork()).expect("it was resolved").number()
    });
}

/// Broken if the outcome were dropped by both sides, by neither, or before it is published.
#[test]
fn a_shared_task_settles_while_it_is_dropped() {
    exhaustive().yields([()], |order| {
        let (promise, task) = promise();
        let (shared, dropped) = (task.share(), Note::default());
        let value = Tracked::new(7).noting(&dropped);
        let ((), ()) = at_once(order, move || promise.resolve(value), move || drop(shared));
        assert!(dropped.is_signed());
    });
}

/// Broken if `is_settled` did not acquire.
#[test]
fn who_sees_a_shared_task_settled_sees_what_was_done_before() {
    exhaustive().yields([true, false], |order| {
        let (promise, task) = promise();
        let shared = task.share();
        let memory = Plain::new(0);
        let theirs = memory.clone();
        let ((), seen) = at_once(
            order,
            move || {
                theirs.set(7);
                promise.resolve(());
            },
            move || {
                let seen = shared.is_settled();
                if seen {
                    assert_eq!(memory.get(), 7);
                }
                seen
            },
        );
        seen
    });
}

/// Broken if a continuation on a fork that the other side settles were lost, or ran twice.
#[test]
fn a_shared_task_settles_while_a_fork_is_attached_to() {
    exhaustive().yields([8], |order| {
        let (promise, task) = promise();
        let fork = task.share().fork();
        let ((), end) = at_once(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || fork.map(&Immediate, |value| value.number() + 1),
        );
        settled(end).expect("it was resolved")
    });
}
