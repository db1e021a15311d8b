//! A closure that returns a pending task: its cell settles as that task does, whoever gets there first.
//!
//! All exhaustive, in both orders of the roles.

#![cfg(loom)]

use loom::thread;
use loom_tests::{Note, Order, Tracked, exhaustive, race, race_apart};
use threadbare::{ErrorKind, Immediate, Promise, Task, promise};

/// A task that, once its promise is resolved, goes on as `inner` does.
fn step(inner: Task<Tracked>) -> (Promise<()>, Task<Tracked>) {
    let (start, started) = promise();
    (start, started.and_then(&Immediate, move |()| inner))
}

fn number(task: Task<Tracked>) -> u32 {
    task.try_take().expect("all sides are through").expect("it was resolved").number()
}

/// Broken if the edge to the outer cell were not published to the side that settles the inner task, or an outcome that
/// came first were missed.
#[test]
fn a_returned_task_settles_while_it_is_adopted() {
    exhaustive().yields([7], |order| {
        let (promise, inner) = promise();
        let (start, outer) = step(inner);
        let ((), ()) = race(order, move || promise.resolve(Tracked::new(7)), move || start.resolve(()));
        number(outer)
    });
}

/// Broken if the outcome were moved on into a cell whose own consumer is only just speaking.
#[test]
fn a_returned_task_settles_while_the_outer_one_is_attached_to() {
    exhaustive().yields(["the settling side ran it", "the attaching side ran it"], |order| {
        let (promise, inner) = promise();
        let (start, outer) = step(inner);
        start.resolve(());
        let ran = Note::default();
        let theirs = ran.clone();
        let ((), (end, mine)) = race(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || {
                let signed = theirs.clone();
                let end = outer.map(&Immediate, move |value| {
                    signed.sign();
                    value
                });
                (end, theirs.is_mine())
            },
        );
        assert_eq!(number(end), 7);
        if mine { "the attaching side ran it" } else { "the settling side ran it" }
    });
}

/// Broken if a forwarded outcome that nobody wants were leaked, or dropped by both.
#[test]
fn a_returned_task_settles_while_the_outer_one_is_dropped() {
    exhaustive().yields(["by the settling side", "by the consumer"], |order| {
        let (promise, inner) = promise();
        let (start, outer) = step(inner);
        start.resolve(());
        let dropped = Note::default();
        let (value, watched) = (Tracked::new(7).noting(&dropped), dropped.clone());
        let ((), mine) = race(
            order,
            move || promise.resolve(value),
            move || {
                drop(outer);
                watched.is_mine()
            },
        );
        assert!(dropped.is_signed());
        if mine { "by the consumer" } else { "by the settling side" }
    });
}

/// Broken if a forwarded outcome did not ring.
#[test]
fn a_thread_that_waits_for_the_outer_task_is_woken() {
    exhaustive().yields([7], |order| {
        let (promise, inner) = promise();
        let (start, outer) = step(inner);
        start.resolve(());
        let ((), value) = race_apart(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || outer.wait().expect("it was resolved").number(),
        );
        value
    });
}

/// Broken if a dropped promise were not seen through the edge.
#[test]
fn a_returned_task_is_abandoned_while_it_is_adopted() {
    exhaustive().yields([ErrorKind::Abandoned], |order| {
        let (promise, inner) = promise();
        let (start, outer) = step(inner);
        let ((), ()) = race(order, move || drop(promise), move || start.resolve(()));
        outer.try_take().expect("both sides are through").expect_err("nobody resolved it").kind()
    });
}

/// Settle, adopt and attach, all at once: three threads.
///
/// Broken if any two of the three edges were right only while the third one is at rest.
#[test]
fn a_returned_task_settles_while_it_is_adopted_and_attached_to() {
    exhaustive().yields([8], |order| {
        let (promise, inner) = promise();
        let (start, outer) = step(inner);
        let starter = thread::spawn(move || start.resolve(()));
        let ((), end) = race(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || outer.map(&Immediate, |value: Tracked| value.number() + 1),
        );
        starter.join().expect("it does not panic");
        end.try_take().expect("all sides are through").expect("it was resolved")
    });
}

/// Two steps of a recursion: the inner one is adopted while it adopts.
///
/// Broken if `forwards_to` followed an edge that is not published, freed a cell that the other side still settles, or
/// lost the task in between.
#[test]
fn a_step_is_adopted_while_it_adopts_the_next() {
    exhaustive().yields([7], |order| {
        let (last, end) = promise();
        let (second, middle) = step(end);
        let (first, outer) = step(middle);
        let ((), ()) = race(order, move || first.resolve(()), move || second.resolve(()));
        last.resolve(Tracked::new(7));
        number(outer)
    });
}

/// As above, and the last task settles meanwhile, on a third thread.
///
/// Broken if an edge that was passed over were followed after all.
#[test]
fn a_step_is_adopted_while_it_adopts_a_task_that_settles() {
    exhaustive().yields([7], |order| {
        let (last, end) = promise();
        let (second, middle) = step(end);
        let (first, outer) = step(middle);
        let settles = thread::spawn(move || last.resolve(Tracked::new(7)));
        let ((), ()) = race(order, move || first.resolve(()), move || second.resolve(()));
        settles.join().expect("it does not panic");
        number(outer)
    });
}

/// As above, and the outer task is attached to late, on the third thread.
///
/// Broken if the cell at the top were taken for one that only forwards.
#[test]
fn a_recursion_collapses_while_its_task_is_attached_to() {
    exhaustive().yields([8], |order| {
        let (last, end) = promise();
        let (second, middle) = step(end);
        let (first, outer) = step(middle);
        let attaches = thread::spawn(move || outer.map(&Immediate, |value| value.number() + 1));
        let ((), ()) = race(order, move || first.resolve(()), move || second.resolve(()));
        let end = attaches.join().expect("it does not panic");
        last.resolve(Tracked::new(7));
        end.try_take().expect("all sides are through").expect("it was resolved")
    });
}

/// As above, and the outer task is let go, on the third thread.
///
/// Broken if a cell that nobody consumes any more were passed over, or freed twice.
#[test]
fn a_recursion_collapses_while_its_task_is_dropped() {
    exhaustive().yields([()], |order| {
        let (last, end) = promise();
        let (second, middle) = step(end);
        let (first, outer) = step(middle);
        let drops = thread::spawn(move || drop(outer));
        let ((), ()) = race(order, move || first.resolve(()), move || second.resolve(()));
        drops.join().expect("it does not panic");
        last.resolve(Tracked::new(7));
    });
}

/// Three steps, each on a thread of its own, adopt each other in every order.
///
/// Broken if edges through more than one cell were not followed to their end.
#[test]
fn three_steps_adopt_each_other_at_once() {
    exhaustive().yields([7], |order| {
        let (last, end) = promise();
        let (third, tail) = step(end);
        let (second, middle) = step(tail);
        let (first, outer) = step(middle);
        let spawned = thread::spawn(move || second.resolve(()));
        let ((), ()) = race(order, move || first.resolve(()), move || third.resolve(()));
        spawned.join().expect("it does not panic");
        last.resolve(Tracked::new(7));
        number(outer)
    });
}

/// The first step's end comes while the steps behind it are already linked: the roles' order is the threads' alone.
#[test]
fn a_linked_recursion_ends_while_its_task_is_taken() {
    exhaustive().yields([true, false], |order: Order| {
        let (last, end) = promise();
        let (second, middle) = step(end);
        let (first, outer) = step(middle);
        first.resolve(());
        second.resolve(());
        let ((), taken) = race(order, move || last.resolve(Tracked::new(7)), move || outer.try_take());
        match taken {
            Ok(outcome) => {
                assert_eq!(outcome.expect("it was resolved").number(), 7);
                true
            }
            Err(outer) => {
                assert_eq!(number(outer), 7);
                false
            }
        }
    });
}
