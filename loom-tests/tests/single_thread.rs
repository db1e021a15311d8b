//! The single-thread backend: polls against interrupts that settle and queue, its capacity, timers, closing, its handles.
//!
//! An interrupt is one more thread here, so all that a handler can do is among what is explored. What is not is a handler
//! that would wait for what it has interrupted, since a thread may wait. All exhaustive, in both orders of the roles,
//! unless a model says otherwise.

#![cfg(loom)]

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;
use loom_tests::{Dial, Note, Plain, Tracked, bounded, exhaustive, race};
use threadbare::sync::{AtomicUsize, Ordering, thread as park};
use threadbare::{AsyncSystem, Clock, ErrorKind, Immediate, Result, Task, promise, run};
use threadbare_single_thread::SingleThread;

/// What became of a task that must have settled.
fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().expect("it must have settled")
}

/// Its value, or why there is none.
fn outcome<T: Send>(task: Task<T>) -> std::result::Result<T, ErrorKind> {
    settled(task).map_err(|error| error.kind())
}

/// Broken if what an interrupt queues could be lost between two looks, or run twice.
#[test]
fn what_an_interrupt_settles_goes_on_in_this_poll_or_the_next() {
    exhaustive().yields([0, 1], |order| {
        let single = SingleThread::new();
        let (promise, task) = promise();
        let ran = Note::default();
        let end = task.map(&single.worker(), move |value: Tracked| {
            ran.sign();
            value.number()
        });
        let polled = single.clone();
        let ((), now) = race(order, move || promise.resolve(Tracked::new(7)), move || usize::from(polled.run_one()));
        assert_eq!(now + single.run_until_idle(), 1, "run once");
        assert_eq!(outcome(end), Ok(7));
        now
    });
}

/// Broken if a host's poll, which asks the worker's queue and the main thread's, lost what goes from one to the other.
#[test]
fn what_an_interrupt_settles_goes_all_the_way_through_a_host() {
    exhaustive().yields_once([0, 1, 2], || {
        let host = SingleThread::new().host();
        let (promise, task) = promise();
        let end = task.map(host.worker(), |value: Tracked| value.number()).map(host.here(), |number| number + 1);
        let settles = thread::spawn(move || promise.resolve(Tracked::new(7)));
        let now = usize::from(host.run_one()) + usize::from(host.run_one());
        settles.join().expect("it does not panic");
        assert_eq!(now + host.run_until_idle(), 2, "each part is run once");
        assert_eq!(outcome(end), Ok(8));
        now
    });
}

/// The host polls only when it was told. Two are settled, of which the second finds the first there, or gone.
///
/// Broken if work could come to lie in a queue that was seen empty, and nobody were told: a lost wake-up.
#[test]
fn a_host_that_polls_when_told_misses_nothing() {
    exhaustive().yields(["at once", "in part", "later"], |order| {
        let told = Arc::new(AtomicUsize::new(0));
        let tell = told.clone();
        // ORDERING: AcqRel: what the host does when it is told is after what it is told of; its own affair.
        let single = SingleThread::builder().on_work(move || _ = tell.swap(1, Ordering::AcqRel)).build();
        let ((first, one), (second, two)) = (promise::<()>(), promise::<()>());
        let ends = [one, two].map(|task| task.map(&single.worker(), |()| Tracked::new(7).number()));
        let poll_if_told = move || {
            // ORDERING: as above.
            if told.swap(0, Ordering::AcqRel) == 1 { single.run_until_idle() } else { 0 }
        };
        let ((), (now, poll_if_told)) = race(
            order,
            move || {
                first.resolve(());
                second.resolve(());
            },
            move || (poll_if_told(), poll_if_told),
        );
        assert_eq!(now + poll_if_told(), 2, "nothing is left behind");
        assert_eq!(ends.map(outcome), [Ok(7), Ok(7)]);
        ["later", "in part", "at once"][now]
    });
}

/// A wait that sleeps as its host says, until that is told.
///
/// Broken if work could fall between the wait's last look and its sleep, and nobody were told: then loom finds the deadlock.
#[test]
fn a_wait_that_sleeps_is_woken_for_what_an_interrupt_queues() {
    exhaustive().shadowing_loads().yields_once([7], || {
        let me = park::current();
        let host = SingleThread::builder().on_idle(|_| park::park()).on_work(move || me.unpark()).build().host();
        let (promise, task) = promise();
        let end = task.map(host.worker(), |value: Tracked| value.number());
        let settles = thread::spawn(move || promise.resolve(Tracked::new(7)));
        let value = host.wait(end).expect("it was resolved");
        settles.join().expect("it does not panic");
        value
    });
}

/// Two threads queue, with room for one, while a third polls.
///
/// Broken if more were let in than there is room for, if one that was let in were lost, or if the one that is refused had
/// taken its room along.
#[test]
fn two_queue_where_there_is_room_for_one() {
    let full = Err(ErrorKind::Full);
    exhaustive().shadowing_loads().yields([(Ok(1), Ok(2)), (Ok(1), full), (full, Ok(2))], move |order| {
        let single = SingleThread::with_capacity::<1>();
        let (worker, other, polled) = (single.worker(), single.worker(), single.clone());
        let polls = thread::spawn(move || usize::from(polled.run_one()));
        let (one, two) = race(
            order,
            move || run(&worker, || Tracked::new(1).number()),
            move || run(&other, || Tracked::new(2).number()),
        );
        let now = polls.join().expect("it does not panic");
        let ran = now + single.run_until_idle();
        let ends = (outcome(one), outcome(two));
        assert_eq!(ran, [ends.0, ends.1].iter().filter(|end| end.is_ok()).count(), "run once, if it was let in");
        let late = [run(&single.worker(), || 3), run(&single.worker(), || 4)];
        single.run_until_idle();
        assert_eq!(late.map(outcome), [Ok(3), full], "there is room for one again, and no more");
        ends
    });
}

/// With the queue full, one queues while the other polls.
///
/// Broken if room did not come back, or came back before it was there: the queue's own memory holds no more.
#[test]
fn room_comes_back_with_a_poll() {
    exhaustive().yields([Ok(2), Err(ErrorKind::Full)], |order| {
        let single = SingleThread::with_capacity::<1>();
        let first = run(&single.worker(), || Tracked::new(1).number());
        let (worker, polled) = (single.worker(), single.clone());
        let (second, ran) = race(order, move || run(&worker, || Tracked::new(2).number()), move || polled.run_one());
        assert!(ran, "the first is there to be run");
        single.run_until_idle();
        assert_eq!(outcome(first), Ok(1));
        outcome(second)
    });
}

/// With the queue full, one queues while the other polls, and then queues.
///
/// Broken if room were lost, or more let in than there is. Both can be refused: who finds no room is counted until it has
/// stepped back, and may be what the other finds.
#[test]
fn who_makes_room_may_find_it_taken() {
    let full = Err(ErrorKind::Full);
    exhaustive().yields([(Ok(1), full), (full, Ok(2)), (full, full)], move |order| {
        let single = SingleThread::with_capacity::<1>();
        run(&single.worker(), || ()).detach();
        let (worker, polled) = (single.worker(), single.clone());
        let (one, two) = race(
            order,
            move || run(&worker, || 1),
            move || {
                assert!(polled.run_one(), "the first is there to be run");
                run(&polled.worker(), || 2)
            },
        );
        single.run_until_idle();
        let late = run(&single.worker(), || 3);
        single.run_until_idle();
        assert_eq!(outcome(late), Ok(3), "there is room again");
        (outcome(one), outcome(two))
    });
}

/// Broken if the model's lock never failed a try: then no model here would see what follows from that.
#[test]
fn who_looks_while_another_polls_is_told_of_work() {
    exhaustive().shadowing_loads().yields([true, false], |order| {
        let single = SingleThread::new();
        let polled = single.clone();
        let (ran, idle) = race(order, move || polled.run_one(), move || single.is_idle());
        assert!(!ran, "there is nothing to do");
        idle
    });
}

/// Broken if a poll took another thread's look for nothing to do, and left what is queued.
#[test]
fn a_look_does_not_keep_a_poll_from_its_work() {
    exhaustive().shadowing_loads().yields([(1, true), (1, false)], |order| {
        let single = SingleThread::new();
        run(&single.worker(), || ()).detach();
        let (polled, looks) = (single.clone(), single.clone());
        race(order, move || polled.run_until_idle(), move || looks.is_idle())
    });
}

/// Bounded: three preemptions.
///
/// Broken if each of two polls left what one of them has queued to the other.
#[test]
fn what_one_of_two_polls_queues_is_run() {
    bounded(3).shadowing_loads().yields([true], |order| {
        let single = SingleThread::new();
        let (first, second) = (single.clone(), single.clone());
        let (task, _) = race(
            order,
            move || {
                let task = run(&first.worker(), || 7);
                first.run_one();
                task
            },
            move || second.run_one(),
        );
        task.is_settled()
    });
}

/// Two threads poll one backend.
///
/// Broken if both, or neither, ran what is queued; a poll that finds the other at it may go home.
#[test]
fn two_polls_run_what_is_queued_once() {
    exhaustive().shadowing_loads().yields([(true, false), (false, true)], |order| {
        let single = SingleThread::new();
        let value = Tracked::new(7);
        let task = run(&single.worker(), move || value.number());
        let (first, second) = (single.clone(), single);
        let ran = race(order, move || first.run_one(), move || second.run_one());
        assert_eq!(outcome(task), Ok(7));
        ran
    });
}

/// Broken if the close and the poll both believed that what is queued is theirs, or each left it to the other.
#[test]
fn work_queued_before_a_close_now_is_run_or_rejected() {
    exhaustive().shadowing_loads().yields([Ok(7), Err(ErrorKind::Closed)], |order| {
        let single = SingleThread::new();
        let value = Tracked::new(7);
        let task = run(&single.worker(), move || value.number());
        let (polled, closes) = (single.clone(), single.clone());
        let (_, ()) = race(order, move || polled.run_one(), move || closes.close_now());
        outcome(task)
    });
}

/// Broken if work could slip in behind the close's last look, and hang there.
#[test]
fn work_queued_while_it_closes_is_run_or_rejected() {
    exhaustive().yields([Ok(7), Err(ErrorKind::Closed)], |order| {
        let single = SingleThread::new();
        let (worker, closes, value) = (single.worker(), single.clone(), Tracked::new(7));
        let (task, ()) = race(order, move || run(&worker, move || value.number()), move || closes.close());
        outcome(task)
    });
}

/// Broken if the new pool's queue were left open, and what is queued there hung.
#[test]
fn a_pool_made_while_it_closes_is_closed() {
    exhaustive().shadowing_loads().yields([Err(ErrorKind::Closed)], |order| {
        let single = SingleThread::new();
        let (makes, closes) = (single.clone(), single.clone());
        let (task, ()) = race(
            order,
            move || {
                let value = Tracked::new(7);
                run(&makes.pool(1), move || value.number())
            },
            move || closes.close_now(),
        );
        outcome(task)
    });
}

/// Broken if a timer could slip in behind the close's last look, and hang there; or were rejected by both.
#[test]
fn a_timer_started_while_it_closes_is_rejected() {
    exhaustive().yields(["by the start", "by the close"], |order| {
        let single = SingleThread::new();
        let (timer, task) = Dial::new().second();
        let caught = Note::default();
        let signed = caught.clone();
        let end = task.catch(&Immediate, move |error| {
            signed.sign();
            assert_eq!(error.kind(), ErrorKind::Closed);
        });
        let (clock, closes, watched) = (single.clone(), single.clone(), caught);
        let (mine, ()) = race(
            order,
            move || {
                clock.start_timer(timer);
                watched.is_mine()
            },
            move || closes.close_now(),
        );
        assert_eq!(outcome(end), Ok(()));
        if mine { "by the start" } else { "by the close" }
    });
}

/// Broken if a timer were lost between two looks, or virtual time went past it.
#[test]
fn a_timer_started_while_it_is_polled_is_fired_now_or_later() {
    exhaustive().yields([0, 1], |order| {
        let single = SingleThread::new();
        let (timer, task) = Dial::new().second();
        let (clock, polled) = (single.clone(), single.clone());
        let ((), now) = race(order, move || clock.start_timer(timer), move || usize::from(polled.run_one()));
        assert_eq!(now + single.run_until_idle(), 1, "fired once");
        assert_eq!((outcome(task), single.now()), (Ok(()), Duration::from_secs(1)));
        now
    });
}

/// The last two handles are dropped at the same time, with work queued. What is rejected then goes on with what both
/// owners had done before.
///
/// Broken if the last one did not take over what the other had done, or neither were the last.
#[test]
fn the_last_two_handles_are_dropped_at_once() {
    exhaustive().yields([3], |order| {
        let single = SingleThread::new();
        let twin = single.clone();
        let (first, second) = (Plain::new(0), Plain::new(0));
        let (one, two) = (first.clone(), second.clone());
        let value = Tracked::new(7);
        let end = run(&single.worker(), move || drop(value)).catch(&Immediate, move |error| {
            assert_eq!(error.kind(), ErrorKind::Closed);
            // Nobody writes to them any more: both are gone.
            _ = (one.get(), two.get());
        });
        let ((), ()) = race(
            order,
            move || {
                first.set(1);
                drop(single);
            },
            move || {
                second.set(2);
                drop(twin);
            },
        );
        outcome(end).map_or(0, |()| 3)
    });
}

/// Broken if a count that goes up and down could reach zero in between: then the work would be rejected.
#[test]
fn a_handle_is_cloned_while_another_is_dropped() {
    exhaustive().yields([Ok(7)], |order| {
        let single = SingleThread::new();
        let twin = single.clone();
        let value = Tracked::new(7);
        let task = run(&single.worker(), move || value.number());
        let (kept, ()) = race(
            order,
            move || {
                let kept = single.clone();
                drop(single);
                kept
            },
            move || drop(twin),
        );
        assert_eq!(kept.run_until_idle(), 1);
        outcome(task)
    });
}

/// The handle that a system has goes with that, another stays.
///
/// Broken if the system's were counted twice, once when it is released and once when it is dropped.
#[test]
fn a_handle_outlives_the_system_that_has_another() {
    exhaustive().yields([Ok(7)], |order| {
        let single = SingleThread::new();
        let system = AsyncSystem::new(single.clone());
        let value = Tracked::new(7);
        let task = run(&single.worker(), move || value.number());
        let ((), kept) = race(
            order,
            move || drop(system),
            move || {
                let kept = single.clone();
                drop(single);
                kept
            },
        );
        assert_eq!(kept.run_until_idle(), 1);
        outcome(task)
    });
}

/// The handle that a system has goes with that, the other by itself.
///
/// Broken if the system's were not counted, or neither were the last.
#[test]
fn a_system_and_the_last_handle_go_at_once() {
    exhaustive().yields([Err(ErrorKind::Closed)], |order| {
        let single = SingleThread::new();
        let system = AsyncSystem::new(single.clone());
        let (worker, value) = (system.worker().clone(), Tracked::new(7));
        let task = run(&worker, move || value.number());
        let ((), ()) = race(order, move || drop(system), move || drop(single));
        let late = outcome(run(&worker, || 8));
        assert_eq!(late, Err(ErrorKind::Closed));
        outcome(task)
    });
}
