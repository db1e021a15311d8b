//! Timers: firing, closing and sweeping against whoever settles, attaches to or drops what they are for.
//!
//! All exhaustive, in both orders of the roles, unless a model says otherwise.

#![cfg(loom)]

use loom::thread;
use loom_tests::{Dial, Note, Plain, Tracked, exhaustive, race};
use threadbare::{Clock, Error, ErrorKind, Immediate, Result, Task, Timer, TimerInbox, TimerQueue, promise};

use std::time::Duration;

/// What became of a task that must have settled.
fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().expect("it must have settled")
}

/// In time, or why not.
fn in_time(task: Task<Tracked>) -> std::result::Result<u32, ErrorKind> {
    settled(task).map(|value| value.number()).map_err(|error| error.kind())
}

/// The two sides of a timer that is looked at while its task goes: both must be seen.
fn told(wanted: bool) -> &'static str {
    if wanted { "found wanted" } else { "found unwanted" }
}

/// Broken if firing settled a delay's task other than a promise does, or both sides believed that it is their turn.
#[test]
fn a_continuation_of_a_delay_runs_once_whichever_side_runs_it() {
    exhaustive().yields(["the firing side ran it", "the attaching side ran it"], |order| {
        let (timer, task) = Dial::new().second();
        let (memory, ran) = (Plain::new(0), Note::default());
        let (theirs, signed) = (memory.clone(), ran.clone());
        let ((), (end, mine)) = race(
            order,
            move || {
                theirs.set(7);
                timer.fire();
            },
            move || {
                let sign = signed.clone();
                let end = task.map(&Immediate, move |()| {
                    sign.sign();
                    memory.get()
                });
                (end, signed.is_mine())
            },
        );
        assert_eq!(settled(end).expect("it was fired"), 7);
        if mine { "the attaching side ran it" } else { "the firing side ran it" }
    });
}

/// Broken if the timer, or its task's cell, had two owners or none.
#[test]
fn a_timer_fires_while_its_task_is_dropped() {
    exhaustive().yields([()], |order| {
        let (timer, task) = Dial::new().second();
        let ((), ()) = race(order, move || timer.fire(), move || drop(task));
    });
}

/// Broken if a look at a task that is being dropped freed it, or one that is no longer wanted were wanted again.
#[test]
fn a_timer_is_looked_at_while_its_task_is_dropped() {
    exhaustive().yields(["found wanted", "found unwanted"], |order| {
        let (timer, task) = Dial::new().second();
        let (found, ()) = race(
            order,
            move || {
                let wanted = timer.is_wanted();
                assert!(wanted || !timer.is_wanted(), "unwanted once, unwanted for good");
                if !wanted {
                    // Dropped for that: the task's cell goes with it, whose consumer has acquired nothing.
                    drop(timer);
                    return told(false);
                }
                timer.reject(Error::msg("no"));
                told(true)
            },
            move || drop(task),
        );
        found
    });
}

/// Broken if a sweep kept, or lost, another timer than that whose task goes meanwhile.
#[test]
fn a_queue_is_swept_while_a_task_is_dropped() {
    exhaustive().yields([1, 2], |order| {
        let dial = Dial::new();
        let (short, long) = (dial.delay(Duration::from_secs(1)), dial.delay(Duration::from_secs(2)));
        let mut queue = TimerQueue::new();
        queue.extend(dial.inbox().take());
        let ((mut queue, kept), ()) = race(
            order,
            move || {
                queue.sweep();
                let kept = queue.len();
                (queue, kept)
            },
            move || drop(short),
        );
        assert_eq!(queue.next_deadline(), Some(Duration::from_secs(2)), "the dropped one's is gone now");
        queue.take_due(Duration::MAX).expect("the other is left").fire();
        assert!(queue.is_empty() && long.is_settled());
        kept
    });
}

/// Broken if the task settled twice or not at all, or the value that came too late were leaked, or dropped twice.
#[test]
fn a_task_settles_while_its_limit_is_reached() {
    exhaustive().yields([Ok(7), Err(ErrorKind::TimedOut)], |order| {
        let (promise, task) = promise();
        let (timer, limited) = Dial::new().limited(task);
        let ((), ()) = race(order, move || promise.resolve(Tracked::new(7)), move || timer.fire());
        in_time(limited)
    });
}

/// Broken likewise.
#[test]
fn a_task_settles_while_its_limits_clock_is_closed() {
    exhaustive().yields([Ok(7), Err(ErrorKind::Closed)], |order| {
        let (promise, task) = promise();
        let (timer, limited) = Dial::new().limited(task);
        let ((), ()) = race(order, move || promise.resolve(Tracked::new(7)), move || drop(timer));
        in_time(limited)
    });
}

/// Broken if a value for a limited task that goes were dropped twice or never.
#[test]
fn a_task_settles_while_what_is_limited_of_it_is_dropped() {
    exhaustive().yields(["found unwanted"], |order| {
        let (promise, task) = promise();
        let dropped = Note::default();
        let value = Tracked::new(7).noting(&dropped);
        let (timer, limited) = Dial::new().limited(task);
        let ((), ()) = race(order, move || promise.resolve(value), move || drop(limited));
        assert!(dropped.is_signed());
        told(timer.is_wanted())
    });
}

/// Broken if the limit's error had two owners or none.
#[test]
fn a_limit_is_reached_while_what_is_limited_is_dropped() {
    exhaustive().yields([()], |order| {
        let (promise, task) = promise();
        let (timer, limited) = Dial::new().limited(task);
        let ((), ()) = race(order, move || timer.fire(), move || drop(limited));
        promise.resolve(Tracked::new(7));
    });
}

/// Broken if the timer of a task that settles meanwhile were still wanted, or swept away before.
#[test]
fn a_limit_is_swept_while_its_task_settles() {
    exhaustive().yields(["found wanted", "found unwanted"], |order| {
        let (promise, task) = promise();
        let (timer, limited) = Dial::new().limited(task);
        let mut queue = TimerQueue::new();
        queue.push(timer);
        let ((), (mut queue, found)) = race(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || {
                queue.sweep();
                let found = told(!queue.is_empty());
                (queue, found)
            },
        );
        assert_eq!(queue.next_deadline(), None, "nobody wants it now");
        assert_eq!(in_time(limited), Ok(7));
        found
    });
}

/// Broken if a task that settles while it is given a limit were lost between the two, or held by a timer for good.
#[test]
fn a_task_settles_while_it_is_given_a_limit() {
    exhaustive().yields(["it had settled", "found unwanted"], |order| {
        let (promise, task) = promise();
        let dial = Dial::new();
        let clock = dial.clone();
        let ((), limited) =
            race(order, move || promise.resolve(Tracked::new(7)), move || clock.timeout(task, Duration::from_secs(1)));
        assert_eq!(in_time(limited), Ok(7));
        dial.timer().map_or("it had settled", |timer| told(timer.is_wanted()))
    });
}

/// Three threads: one settles, one fires, one goes on with what comes of it.
///
/// Broken if what the loser had reached the continuation, or neither did.
#[test]
fn a_limited_task_goes_on_once_whoever_is_first() {
    exhaustive().yields([Ok(7), Err(ErrorKind::TimedOut)], |order| {
        let (promise, task) = promise();
        let (timer, limited) = Dial::new().limited(task);
        let ran = Note::default();
        let attaches = thread::spawn(move || {
            limited.then(&Immediate, move |outcome: Result<Tracked>| {
                ran.sign();
                outcome
            })
        });
        let ((), ()) = race(order, move || promise.resolve(Tracked::new(7)), move || timer.fire());
        in_time(attaches.join().expect("it does not panic"))
    });
}

/// Three threads: one pushes, one takes, one closes.
///
/// Broken if a timer were lost between them: pushed, but neither taken, nor returned by the close, nor refused.
#[test]
fn a_timer_that_is_started_is_taken_returned_or_refused() {
    let fire_all = |timers: &mut dyn Iterator<Item = Timer>| timers.map(Timer::fire).count();
    exhaustive().shadowing_loads().yields(["taken", "returned", "refused"], move |order| {
        let (timer, task) = Dial::new().second();
        let inbox = loom::sync::Arc::new(TimerInbox::new());
        let (filled, closed, taken) = (inbox.clone(), inbox.clone(), inbox);
        let pushes = thread::spawn(move || filled.push(timer).is_ok());
        let (took, returned) = race(order, move || fire_all(&mut taken.take()), move || fire_all(&mut closed.close()));
        let let_in = pushes.join().expect("it does not panic");
        assert_eq!(took + returned, usize::from(let_in), "once, if it was let in");
        let outcome = settled(task).map_err(|error| error.kind());
        assert_eq!(outcome, if let_in { Ok(()) } else { Err(ErrorKind::Closed) });
        match (took, returned) {
            (1, _) => "taken",
            (_, 1) => "returned",
            _ => "refused",
        }
    });
}
