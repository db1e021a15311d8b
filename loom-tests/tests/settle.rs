//! The state word of a task: settle against attach, abandon, look and take.
//!
//! All exhaustive, in both orders of the roles, unless a model says otherwise.

#![cfg(loom)]

use loom_tests::{Belt, Note, Order, Plain, Tracked, exhaustive, race};
use threadbare::{ErrorKind, Immediate, promise, run};

/// Broken if `settle` published nothing, `attach` took nothing over, or both sides believed that it is their turn.
#[test]
fn a_continuation_gets_the_value_once_whichever_side_runs_it() {
    exhaustive().yields(["the settling side ran it", "the attaching side ran it"], |order| {
        let (promise, task) = promise();
        let ran = Note::default();
        let theirs = ran.clone();
        let ((), (child, mine)) = race(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || {
                let signed = theirs.clone();
                let child = task.map(&Immediate, move |value| {
                    signed.sign();
                    value
                });
                (child, theirs.is_mine())
            },
        );
        let value = child.try_take().expect("both sides are through").expect("it was resolved");
        assert_eq!(value.number(), 7);
        if mine { "the attaching side ran it" } else { "the settling side ran it" }
    });
}

/// Broken if the child's `settle` did not publish what its closure did, or `is_settled` did not take it over.
#[test]
fn what_a_closure_did_is_seen_by_who_sees_its_task_settled() {
    exhaustive().yields(["seen at once", "seen later"], |order| {
        let (promise, task) = promise();
        let memory = Plain::new(0);
        let ((), at_once) = race(
            order,
            move || promise.resolve(7),
            move || {
                let theirs = memory.clone();
                let child = task.map(&Immediate, move |n| theirs.set(n));
                let settled = child.is_settled();
                if settled {
                    assert_eq!(memory.get(), 7);
                }
                child.detach();
                settled
            },
        );
        if at_once { "seen at once" } else { "seen later" }
    });
}

/// Broken if what the attaching side wrote into the child were not published to the side that fires it.
#[test]
fn what_a_closure_captured_is_seen_where_it_runs() {
    exhaustive().yields([7], |order| {
        let (promise, task) = promise();
        let ((), child) = race(
            order,
            move || promise.resolve(3),
            move || {
                let memory = Plain::new(0);
                memory.set(4);
                task.map(&Immediate, move |n: u32| n + memory.get())
            },
        );
        child.try_take().expect("both sides are through").expect("it was resolved")
    });
}

/// Broken if both sides, or neither, disposed of a value that nobody wants.
#[test]
fn a_value_that_nobody_wants_is_dropped_once() {
    exhaustive().yields(["by the settling side", "by the consumer"], |order| {
        let (promise, task) = promise();
        let dropped = Note::default();
        let (value, watched) = (Tracked::new(7).noting(&dropped), dropped.clone());
        let ((), mine) = race(
            order,
            move || promise.resolve(value),
            move || {
                drop(task);
                watched.is_mine()
            },
        );
        assert!(dropped.is_signed());
        if mine { "by the consumer" } else { "by the settling side" }
    });
}

/// Broken if `try_take` could take what is not published, or lose what it does not take.
#[test]
fn a_value_is_taken_now_or_later() {
    exhaustive().yields(["taken now", "taken later"], |order| {
        let (promise, task) = promise();
        let ((), (result, when)) = race(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || match task.try_take() {
                Ok(outcome) => {
                    assert_eq!(outcome.as_ref().expect("it was resolved").number(), 7);
                    (Ok(outcome), "taken now")
                }
                Err(task) => (Err(task), "taken later"),
            },
        );
        let outcome = result.unwrap_or_else(|task| task.try_take().expect("the settling side is through"));
        assert_eq!(outcome.expect("it was resolved").number(), 7);
        when
    });
}

/// Broken if `is_settled` did not acquire: it is the promise of its documentation.
#[test]
fn who_sees_a_task_settled_sees_what_was_done_before() {
    exhaustive().yields([false, true], |order| {
        let (promise, task) = promise();
        let memory = Plain::new(0);
        let theirs = memory.clone();
        let ((), seen) = race(
            order,
            move || {
                theirs.set(7);
                promise.resolve(());
            },
            move || {
                let seen = task.is_settled();
                if seen {
                    assert_eq!(memory.get(), 7);
                }
                task.detach();
                seen
            },
        );
        seen
    });
}

/// Broken if a dropped promise settled its task otherwise than a kept one.
#[test]
fn a_promise_dropped_while_its_task_is_attached_to_rejects_it() {
    exhaustive().yields([ErrorKind::Abandoned], |order| {
        let (promise, task) = promise::<u32>();
        let ((), child) = race(
            order,
            move || drop(promise),
            move || task.then(&Immediate, |outcome| Ok(outcome.expect_err("nobody resolved it").kind())),
        );
        child.try_take().expect("both sides are through").expect("it was settled")
    });
}

/// Broken if a skipped closure were dropped twice, never, or before what it captured has arrived.
#[test]
fn a_closure_that_is_skipped_is_dropped_once() {
    exhaustive().yields(["by the settling side", "by the attaching side"], |order| {
        let (promise, task) = promise::<u32>();
        let dropped = Note::default();
        let watched = dropped.clone();
        let ((), (child, mine)) = race(
            order,
            move || drop(promise),
            move || {
                let captured = Tracked::new(1).noting(&watched);
                (task.map(&Immediate, move |n| n + captured.number()), watched.is_mine())
            },
        );
        assert_eq!(child.try_take().expect("both are through").expect_err("abandoned").kind(), ErrorKind::Abandoned);
        assert!(dropped.is_signed());
        if mine { "by the attaching side" } else { "by the settling side" }
    });
}

/// Broken if the cell, or the error in it, had two owners or none.
#[test]
fn both_ends_can_be_dropped_at_once() {
    exhaustive().yields([()], |order| {
        let (promise, task) = promise::<Tracked>();
        let ((), ()) = race(order, move || drop(promise), move || drop(task));
    });
}

/// Broken if a pending chain, settled at one end while it grows at the other, lost or doubled its value.
#[test]
fn a_chain_settles_while_it_grows() {
    exhaustive().yields([9], |order| {
        let (promise, task) = promise();
        let task = task.map(&Immediate, |value: Tracked| value);
        let ((), end) = race(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || task.map(&Immediate, |value| value.number() + 1).map(&Immediate, |n| n + 1),
        );
        end.try_take().expect("both sides are through").expect("it was resolved")
    });
}

/// Broken if a chain that settles while its end is let go leaked its value, or dropped it twice.
#[test]
fn a_chain_settles_while_its_end_is_dropped() {
    exhaustive().yields([()], |order| {
        let (promise, task) = promise();
        let task = task.map(&Immediate, |value: Tracked| value);
        let ((), ()) = race(order, move || promise.resolve(Tracked::new(7)), move || drop(task));
    });
}

/// Broken if the handle of a queue that a task lends to its continuation were taken by both, or before it is published.
#[test]
fn a_continuation_borrows_its_tasks_queue_whichever_side_fires_it() {
    exhaustive().yields(["ran within the first turn", "ran in a later one"], |order| {
        let belt = Belt::new();
        let task = run(&belt, || Tracked::new(7));
        let (theirs, mine) = (belt.clone(), belt.clone());
        let (ran, child) = race(order, move || theirs.turn(), move || task.map(&mine, |value| value.number() + 1));
        assert_eq!(ran, 1);
        let later = belt.turn();
        assert_eq!(child.try_take().expect("nothing waits").expect("nothing fails"), 8);
        if later == 0 { "ran within the first turn" } else { "ran in a later one" }
    });
}

/// Broken if one thread's outcome could reach another thread's continuation without the one between: three threads.
#[test]
fn a_value_passes_through_a_chain_that_two_threads_extend() {
    exhaustive().yields_once([11], || {
        let (promise, task) = promise();
        let (inner, outer) = threadbare::promise::<u32>();
        let settles = loom::thread::spawn(move || promise.resolve(Tracked::new(7)));
        let links = loom::thread::spawn(move || {
            task.map(&Immediate, move |value: Tracked| inner.resolve(value.number() + 1)).detach();
        });
        let end = outer.map(&Immediate, |n: u32| n + 3);
        settles.join().expect("it does not panic");
        links.join().expect("it does not panic");
        end.try_take().expect("all are through").expect("it was resolved")
    });
}

/// The orders are told apart: if they were not, half of what these models claim would go unexplored.
#[test]
fn roles_are_played_in_both_orders() {
    exhaustive().yields([()], |order| {
        let main = loom::thread::current().id();
        let (first, second) = race(order, || loom::thread::current().id(), || loom::thread::current().id());
        assert_eq!(order == Order::SpawnFirst, second == main);
        assert_eq!(order == Order::SpawnSecond, first == main);
    });
}
