//! The inbox: push against push, take, close.
//!
//! All exhaustive, in both orders of the roles, unless a model says otherwise.

#![cfg(loom)]

use std::sync::{Arc as StdArc, Mutex};

use loom::sync::Arc;
use loom::thread;
use loom_tests::{Plain, Tracked, bounded, exhaustive, race, work};
use threadbare::{ErrorKind, Inbox, Pushed, Runnable, Task};

/// What was run, in order. It orders nothing between threads.
#[derive(Clone, Default)]
struct Log(StdArc<Mutex<Vec<u32>>>);

impl Log {
    /// Work that writes its number down, and what was plainly written before it was pushed.
    fn work(&self, number: u32) -> (Runnable, Task<u32>, Plain) {
        let (log, memory) = (self.clone(), Plain::new(0));
        let (theirs, value) = (memory.clone(), Tracked::new(number));
        let (runnable, task) = work(move || {
            assert_eq!(theirs.get(), value.number(), "what the pusher did is seen");
            log.0.lock().expect("nothing panics in here").push(value.number());
            value.number()
        });
        (runnable, task, memory)
    }

    fn read(&self) -> Vec<u32> {
        self.0.lock().expect("nothing panics in here").clone()
    }
}

fn push(inbox: &Inbox, number: u32, (runnable, task, memory): (Runnable, Task<u32>, Plain)) -> (Pushed, Task<u32>) {
    memory.set(number);
    (inbox.push(runnable).expect("it is open"), task)
}

fn run_all(inbox: &Inbox) -> usize {
    inbox.take().map(Runnable::run).count()
}

fn value(task: Task<u32>) -> u32 {
    task.try_take().expect("it was run").expect("it does not fail")
}

/// Broken if `push` published nothing, or a take lost what came meanwhile.
#[test]
fn a_push_is_taken_now_or_later() {
    exhaustive().yields([0, 1], |order| {
        let (inbox, log) = (Arc::new(Inbox::new()), Log::default());
        let (theirs, one) = (inbox.clone(), log.work(1));
        let ((pushed, task), now) = race(order, move || push(&theirs, 1, one), {
            let inbox = inbox.clone();
            move || run_all(&inbox)
        });
        assert_eq!(pushed, Pushed::First);
        assert_eq!(now + run_all(&inbox), 1, "taken once");
        assert_eq!((value(task), log.read()), (1, vec![1]));
        now
    });
}

/// Two threads push, one of them twice, while a third takes. Bounded: three preemptions; without a bound the model has
/// millions of executions.
///
/// Broken if a push overwrote another, if what one thread pushed changed its order, or if a take came upon half a push.
#[test]
fn pushes_of_two_threads_keep_each_threads_order() {
    bounded(3).shadowing_loads().yields([0, 1, 2, 3], |order| {
        let (inbox, log) = (Arc::new(Inbox::new()), Log::default());
        let (one, two, ten) = (log.work(1), log.work(2), log.work(10));
        let (first, second) = (inbox.clone(), inbox.clone());
        let pushes_once = thread::spawn(move || push(&second, 10, ten).1);
        let (tasks, now) = race(order, move || [push(&first, 1, one).1, push(&first, 2, two).1], {
            let inbox = inbox.clone();
            move || run_all(&inbox)
        });
        let last = pushes_once.join().expect("it does not panic");
        assert_eq!(now + run_all(&inbox), 3, "each is taken once");
        assert_eq!(tasks.map(value), [1, 2]);
        assert_eq!(value(last), 10);
        let mut ran = log.read();
        ran.retain(|number| *number != 10);
        assert_eq!(ran, [1, 2], "first come first");
        now
    });
}

/// Two threads take while a third pushes twice. Bounded: three preemptions.
///
/// Broken if two takers got the same runnable, or none.
#[test]
fn two_takers_share_what_is_pushed() {
    bounded(3).shadowing_loads().yields([(0, 0, 2), (0, 1, 1), (0, 2, 0), (1, 0, 1), (1, 1, 0), (2, 0, 0)], |order| {
        let (inbox, log) = (Arc::new(Inbox::new()), Log::default());
        let (one, two) = (log.work(1), log.work(2));
        let (theirs, others) = (inbox.clone(), inbox.clone());
        let pushes = thread::spawn(move || [push(&theirs, 1, one).1, push(&theirs, 2, two).1]);
        let (first, second) = race(order, move || run_all(&others), {
            let inbox = inbox.clone();
            move || run_all(&inbox)
        });
        let tasks = pushes.join().expect("it does not panic");
        let later = run_all(&inbox);
        assert_eq!(first + second + later, 2, "each is taken once");
        assert_eq!(tasks.map(value), [1, 2]);
        (first, second, later)
    });
}

/// Broken if a push could fall between a close's look and its shutting the door, and be lost there.
#[test]
fn a_push_against_a_close_is_returned_or_refused() {
    exhaustive().yields(["returned", "refused"], |order| {
        let (inbox, log) = (Arc::new(Inbox::new()), Log::default());
        let (theirs, others, (runnable, task, memory)) = (inbox.clone(), inbox.clone(), log.work(1));
        let (pushed, closed) = race(
            order,
            move || {
                memory.set(1);
                theirs.push(runnable)
            },
            move || others.close().map(Runnable::run).count(),
        );
        assert!(inbox.close().is_empty(), "a second close finds nothing");
        match pushed {
            Ok(pushed) => {
                assert_eq!((pushed, closed, value(task)), (Pushed::First, 1, 1));
                "returned"
            }
            Err(refused) => {
                assert_eq!(closed, 0);
                drop(refused);
                let error = task.try_take().expect("dropping it rejects").expect_err("it was not run");
                assert_eq!(error.kind(), ErrorKind::Closed);
                "refused"
            }
        }
    });
}

/// Broken if a taker and a closer got the same runnable, or none.
#[test]
fn a_take_against_a_close_gets_all_or_nothing() {
    exhaustive().yields([(2, 0), (0, 2)], |order| {
        let (inbox, log) = (Arc::new(Inbox::new()), Log::default());
        let (_, first) = push(&inbox, 1, log.work(1));
        let (pushed, second) = push(&inbox, 2, log.work(2));
        assert_eq!(pushed, Pushed::Behind);
        let others = inbox.clone();
        let ran = race(order, move || run_all(&inbox), move || others.close().map(Runnable::run).count());
        assert_eq!([first, second].map(value), [1, 2]);
        assert_eq!(log.read(), [1, 2], "first come first");
        ran
    });
}

/// Broken if the last owner dropped what waits before the push that put it there was published to it.
#[test]
fn an_inbox_dropped_with_work_in_it_rejects_that() {
    exhaustive().yields([ErrorKind::Closed], |order| {
        let (inbox, log) = (Arc::new(Inbox::new()), Log::default());
        let (theirs, one) = (inbox.clone(), log.work(1));
        let ((_, task), ()) = race(
            order,
            move || {
                let pushed = push(&theirs, 1, one);
                drop(theirs);
                pushed
            },
            move || drop(inbox),
        );
        task.try_take().expect("dropping it rejects").expect_err("it was not run").kind()
    });
}

/// Two threads push at once into an empty inbox: exactly one of them is told so, and it is who must wake the consumer.
///
/// Broken if both were told, or neither.
#[test]
fn one_of_two_pushes_is_the_first() {
    exhaustive().yields([(true, false), (false, true)], |order| {
        let (inbox, log) = (Arc::new(Inbox::new()), Log::default());
        let (theirs, others, one, two) = (inbox.clone(), inbox.clone(), log.work(1), log.work(2));
        let ((first, one), (second, two)) = race(order, move || push(&theirs, 1, one), move || push(&others, 2, two));
        assert_eq!(run_all(&inbox), 2);
        assert_eq!([one, two].map(value), [1, 2]);
        (first == Pushed::First, second == Pushed::First)
    });
}
