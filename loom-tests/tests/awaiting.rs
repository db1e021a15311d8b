//! Awaiting a task: the word between the future, which comes and goes with its wakers, and the producer, which rings.
//!
//! All exhaustive, in both orders of the roles, unless a model says otherwise. What loom
//! cannot see here is async-task, behind `spawn`: its atomics are its own.

#![cfg(loom)]

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use loom_tests::{Note, Plain, Tracked, exhaustive, race, race_apart};
use threadbare::{ErrorKind, Result, TaskFuture, promise};

/// Counts how often it is woken, and shows when it is leaked or dropped twice. It orders nothing between threads.
struct Alarm {
    rung: AtomicUsize,
    _watch: Tracked,
}

impl Alarm {
    fn new() -> Arc<Self> {
        Arc::new(Self { rung: AtomicUsize::new(0), _watch: Tracked::new(0) })
    }

    fn rung(&self) -> usize {
        self.rung.load(Ordering::Relaxed)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rung.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll<T: Send>(future: &mut TaskFuture<T>, alarm: &Arc<Alarm>) -> Option<Result<T>> {
    let waker = Waker::from(alarm.clone());
    match Pin::new(future).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

fn number(outcome: Option<Result<Tracked>>) -> u32 {
    outcome.expect("the promise is settled").expect("it was resolved").number()
}

/// Broken if a producer could settle between a look and a sleep without waking: then loom finds the deadlock.
#[test]
fn a_thread_that_waits_is_woken() {
    exhaustive().yields([7], |order| {
        let (promise, task) = promise();
        let ((), value) = race_apart(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || task.wait().expect("it was resolved").number(),
        );
        value
    });
}

/// Broken if `ring` published the outcome alone and not what came before it.
#[test]
fn who_has_awaited_a_task_sees_what_was_done_before_it_settled() {
    exhaustive().yields([7], |order| {
        let (promise, task) = promise();
        let memory = Plain::new(0);
        let theirs = memory.clone();
        let ((), seen) = race_apart(
            order,
            move || {
                theirs.set(7);
                promise.resolve(());
            },
            move || {
                task.wait().expect("it was resolved");
                memory.get()
            },
        );
        seen
    });
}

/// Broken if a dropped promise did not ring.
#[test]
fn a_thread_that_waits_for_a_promise_that_is_dropped_is_woken() {
    exhaustive().yields([ErrorKind::Abandoned], |order| {
        let (promise, task) = promise::<u32>();
        let ((), outcome) = race_apart(order, move || drop(promise), move || task.wait());
        outcome.expect_err("nobody resolved it").kind()
    });
}

/// Broken if the first poll could find neither the outcome nor leave its waker, or do both.
#[test]
fn a_first_poll_finds_the_outcome_or_is_woken_once() {
    exhaustive().yields(["ready", "pending, then woken"], |order| {
        let (promise, task) = promise();
        let alarm = Alarm::new();
        let theirs = alarm.clone();
        let ((), (mut future, polled)) = race(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || {
                let mut future = task.into_future();
                let polled = poll(&mut future, &theirs);
                (future, polled)
            },
        );
        if polled.is_some() {
            assert_eq!((number(polled), alarm.rung()), (7, 0));
            return "ready";
        }
        assert_eq!(alarm.rung(), 1, "woken once");
        assert_eq!((number(poll(&mut future, &alarm)), alarm.rung()), (7, 1));
        "pending, then woken"
    });
}

/// Polls a future again, which has left its waker, while the promise settles.
fn poll_again(same_waker: bool) {
    exhaustive().yields(["ready, woken by the way", "ready, not woken", "pending, then woken"], move |order| {
        let (promise, task) = promise();
        let first = Alarm::new();
        let second = if same_waker { first.clone() } else { Alarm::new() };
        let mut future = task.into_future();
        assert!(poll(&mut future, &first).is_none(), "nobody has settled it");
        let theirs = second.clone();
        let ((), (mut future, polled)) = race(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || {
                let polled = poll(&mut future, &theirs);
                (future, polled)
            },
        );
        let others = if same_waker { 0 } else { second.rung() };
        if polled.is_some() {
            assert_eq!((number(polled), others), (7, 0), "no wake after the future is ready");
            return if first.rung() == 1 { "ready, woken by the way" } else { "ready, not woken" };
        }
        assert_eq!(second.rung(), 1, "the newest waker is woken");
        assert!(same_waker || first.rung() == 0, "an older one is not");
        assert_eq!(number(poll(&mut future, &second)), 7);
        "pending, then woken"
    });
}

/// Broken if a poll that puts a new waker in place raced with the producer taking it, or lost what came meanwhile.
#[test]
fn a_later_poll_finds_the_outcome_or_its_own_waker_is_woken() {
    poll_again(false);
}

/// Broken if taking the waker back, finding it good and lending it again lost a wake-up.
#[test]
fn a_later_poll_with_the_same_waker_finds_the_outcome_or_is_woken() {
    poll_again(true);
}

/// Broken if the waiter had two owners or none: the outcome or the waker is then leaked, or dropped twice.
#[test]
fn a_future_is_dropped_while_its_task_settles() {
    exhaustive().yields(["value dropped by the producer", "value dropped by the future"], |order| {
        let (promise, task) = promise();
        let (alarm, dropped) = (Alarm::new(), Note::default());
        let (value, watched) = (Tracked::new(7).noting(&dropped), dropped.clone());
        let mut future = task.into_future();
        assert!(poll(&mut future, &alarm).is_none(), "nobody has settled it");
        let ((), mine) = race(
            order,
            move || promise.resolve(value),
            move || {
                drop(future);
                watched.is_mine()
            },
        );
        assert!(dropped.is_signed());
        assert!(alarm.rung() <= 1);
        if mine { "value dropped by the future" } else { "value dropped by the producer" }
    });
}

/// Broken as the model above, with an error, which goes to the hook.
#[test]
fn a_future_is_dropped_while_its_promise_is() {
    exhaustive().yields([0, 1], |order| {
        let (promise, task) = promise::<Tracked>();
        let alarm = Alarm::new();
        let mut future = task.into_future();
        assert!(poll(&mut future, &alarm).is_none(), "nobody has settled it");
        let ((), ()) = race(order, move || drop(promise), move || drop(future));
        alarm.rung()
    });
}

/// Broken if a future that comes, polls and goes while its task settles left anything behind.
#[test]
fn a_future_is_polled_and_dropped_while_its_task_settles() {
    exhaustive().yields([true, false], |order| {
        let (promise, task) = promise();
        let alarm = Alarm::new();
        let ((), ready) = race(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || poll(&mut task.into_future(), &alarm).is_some(),
        );
        ready
    });
}

/// Broken if a future that replaces its waker and then goes left either waker behind, or let the producer have both.
#[test]
fn a_future_changes_its_waker_and_is_dropped_while_its_task_settles() {
    exhaustive().yields([true, false], |order| {
        let (promise, task) = promise();
        let (first, second) = (Alarm::new(), Alarm::new());
        let mut future = task.into_future();
        assert!(poll(&mut future, &first).is_none(), "nobody has settled it");
        let theirs = second.clone();
        let ((), ready) =
            race(order, move || promise.resolve(Tracked::new(7)), move || poll(&mut future, &theirs).is_some());
        assert!(first.rung() + second.rung() <= 1, "the producer wakes one of them at most");
        ready
    });
}
