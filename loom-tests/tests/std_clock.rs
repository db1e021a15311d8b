//! The clock of `threadbare-threads`: starting timers against its thread's sleep, closing, dropping.
//!
//! Its time is the machine's, which differs from one execution to the next, so these timers are due at once, or never; and
//! a sleep has no end but an `unpark`, or the once without cause. All bounded, to the preemptions that each states, with
//! the loads shadowed, as the pool's.

#![cfg(loom)]

use std::time::Duration;

use loom::thread;
use loom_tests::{Note, Plain, Tracked, bounded, race};
use threadbare::{Clock, Error, ErrorKind, Immediate, Result, Task};
use threadbare_threads::StdClock;

/// What became of a task that must have settled.
fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().expect("it must have settled")
}

/// A task of a timer that is due.
fn due(clock: &StdClock) -> Task<()> {
    clock.delay_until(Duration::ZERO)
}

/// Broken if the thread could go to sleep over a timer that was started after its last look: then loom finds the deadlock.
#[test]
fn a_timer_that_is_due_is_fired() {
    bounded(3).shadowing_loads().yields_once([7], || {
        let clock = StdClock::new();
        let memory = Plain::new(0);
        memory.set(7);
        let task = due(&clock).map(&Immediate, move |()| memory.get());
        let value = task.wait().expect("it was fired");
        clock.close();
        value
    });
}

/// Broken if the second of two timers, which wakes nobody, relied on a wake-up that the first had used up.
#[test]
fn two_timers_that_are_due_are_fired() {
    bounded(2).shadowing_loads().yields_once([()], || {
        let clock = StdClock::new();
        let (one, two) = (due(&clock), due(&clock));
        one.wait().and_then(|()| two.wait()).expect("both are fired");
    });
}

/// Broken if the thread could sleep over the close, whatever it was about.
#[test]
fn an_idle_clock_closes() {
    bounded(3).shadowing_loads().yields_once([()], || StdClock::new().close());
}

/// Broken if a timer could hang that the close and the thread left to each other.
#[test]
fn a_timer_that_is_pending_at_the_close_is_fired_or_rejected() {
    bounded(3).shadowing_loads().yields_once([Ok(()), Err(ErrorKind::Closed)], || {
        let clock = StdClock::new();
        let task = due(&clock);
        clock.close();
        settled(task).map_err(|error| error.kind())
    });
}

/// Broken if the thread did not see the close as that was: what its timers' tasks do then comes after what the closer did.
#[test]
fn what_is_rejected_at_the_close_sees_what_the_closer_did() {
    bounded(3).shadowing_loads().yields_once(["by the closer", "by the clock's thread"], || {
        let clock = StdClock::new();
        let (memory, ran) = (Plain::new(0), Note::default());
        let (theirs, signed) = (memory.clone(), ran.clone());
        let task = clock.delay_until(Duration::MAX).catch(&Immediate, move |error: Error| {
            assert_eq!(error.kind(), ErrorKind::Closed);
            signed.sign();
            assert_eq!(theirs.get(), 7);
        });
        memory.set(7);
        clock.close();
        settled(task).expect("it was caught");
        if ran.is_mine() { "by the closer" } else { "by the clock's thread" }
    });
}

/// A thread starts a timer while another closes the clock.
///
/// Broken if the timer could slip in behind the close's last look, and hang there.
#[test]
fn a_timer_started_while_the_clock_closes_is_fired_or_rejected() {
    bounded(2).shadowing_loads().yields([Ok(7), Err(ErrorKind::Closed)], |order| {
        let clock = StdClock::new();
        let theirs = clock.clone();
        let value = Tracked::new(7);
        let (task, ()) =
            race(order, move || due(&theirs).map(&Immediate, move |()| value.number()), move || clock.close());
        settled(task).map_err(|error| error.kind())
    });
}

/// Broken if a wait on the clock's own thread slept over the timer that it waits for.
#[test]
fn a_wait_on_the_clocks_own_thread_fires_what_it_waits_for() {
    bounded(1).shadowing_loads().yields_once([7], || {
        let clock = StdClock::new();
        let theirs = clock.clone();
        let task = due(&clock).map(&Immediate, move |()| due(&theirs).map(&Immediate, |()| 7).wait());
        task.wait().and_then(|inner| inner).expect("both are fired")
    });
}

/// Broken if a clock that is closed on its own thread joined itself, or its thread did not end: then loom finds the
/// deadlock.
#[test]
fn the_last_handle_is_dropped_on_the_clocks_own_thread() {
    bounded(3).shadowing_loads().yields_once([()], || {
        let clock = StdClock::new();
        due(&clock).map(&Immediate, move |()| drop(clock)).detach();
    });
}

/// Two threads drop the last two handles: the last of them closes, and returns when the thread has ended.
#[test]
fn the_last_two_handles_are_dropped_at_once() {
    bounded(2).shadowing_loads().yields_once([ErrorKind::Closed], || {
        let clock = StdClock::new();
        let task = clock.delay_until(Duration::MAX);
        let twin = clock.clone();
        let drops = thread::spawn(move || drop(twin));
        drop(clock);
        drops.join().expect("it does not panic");
        settled(task).expect_err("it is never due").kind()
    });
}
