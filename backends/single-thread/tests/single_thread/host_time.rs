//! The host's time: timers fire in polls, when they are due, and what the host is told to sleep by.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use threadbare::{Clock, ErrorKind, Immediate, Task, promise, run};
use threadbare_single_thread::{Host, SingleThread};

use crate::common::{Dial, Log, Numbers, millis, outcome, watchdog};

fn on(dial: &Dial) -> SingleThread {
    SingleThread::builder().clock(dial.source()).build()
}

/// A hundred timers, polled each millisecond: each fires in the poll of its time, none before.
#[test]
fn nothing_fires_early_and_nothing_late() {
    for seed in [None, Some(3)] {
        let dial = Dial::default();
        let builder = SingleThread::builder().clock(dial.source());
        let single = match seed {
            Some(seed) => builder.seed(seed).build(),
            None => builder.build(),
        };
        let mut deadlines: Vec<u64> = (0..100).map(|index| index * 37 % 101).collect();
        Numbers(5).shuffle(&mut deadlines);
        let timers: Vec<(u64, Task<()>)> =
            deadlines.into_iter().map(|deadline| (deadline, single.delay(millis(deadline)))).collect();
        for now in 0..=101 {
            dial.set(now);
            let due = timers.iter().filter(|(deadline, _)| *deadline == now).count();
            assert_eq!(single.is_idle(), due == 0, "at {now}");
            assert_eq!(single.run_until_idle(), due, "at {now}");
            assert!(timers.iter().all(|(deadline, task)| task.is_settled() == (*deadline <= now)), "at {now}");
            let next = timers.iter().map(|(deadline, _)| *deadline).filter(|deadline| *deadline > now).min();
            assert_eq!(single.next_deadline(), next.map(millis), "at {now}");
            assert_eq!(single.now(), millis(now));
        }
    }
}

/// Several that are due at once fire in order of their deadlines, whenever the poll comes.
#[test]
fn what_is_overdue_fires_in_order() {
    let dial = Dial::default();
    let single = on(&dial);
    let log = Log::new();
    for deadline in [30, 10, 20, 10, 1000] {
        let log = log.clone();
        single.delay(millis(deadline)).map(&Immediate, move |()| log.add(deadline)).detach();
    }
    dial.set(500);
    assert_eq!(single.run_until_idle(), 4);
    assert_eq!(log.take(), [10, 10, 20, 30]);
}

/// Letting time pass is the host's business.
#[test]
fn running_for_a_while_does_not_move_the_hosts_time() {
    let dial = Dial::default();
    let host = on(&dial).host();
    let task = run(host.worker(), || 1);
    let later = host.single().delay(millis(10));
    assert_eq!(host.run_for(millis(100)), 1);
    assert_eq!(host.single().run_for(millis(100)), 0);
    assert_eq!(outcome(task), Ok(1));
    assert!(!later.is_settled() && host.is_idle());
    assert_eq!(host.single().now(), Duration::ZERO);
    dial.set(10);
    assert!(!host.is_idle());
    assert_eq!(host.run_for(Duration::ZERO), 1);
    assert!(later.is_settled() && host.is_idle());
}

#[test]
fn the_longest_delay_is_no_reason_to_wake() {
    let dial = Dial::default();
    let single = on(&dial);
    let never = single.delay(Duration::MAX);
    assert!(single.is_idle() && single.next_deadline().is_none());
    dial.set(u64::MAX / 2_000_000);
    assert_eq!(single.run_until_idle(), 0);
    single.close();
    assert_eq!(outcome(never), Err(ErrorKind::Closed));
}

/// A host that sleeps exactly as long as it is told, or half of it and a little, or not at all.
#[test]
fn a_wait_sleeps_until_the_next_timer() {
    let _watchdog = watchdog("a wait for a timer");
    type Sleep = fn(Duration) -> Duration;
    let exactly: Sleep = |time| time;
    let by_halves: Sleep = |time| time / 2 + millis(1);
    let bit_by_bit: Sleep = |_| millis(1);
    let ways: [(Sleep, &[u64]); 3] =
        [(exactly, &[20, 30]), (by_halves, &[20, 9, 4, 1, 30, 14, 6, 2]), (bit_by_bit, &[3, 2, 1, 3, 2, 1])];
    for (sleep, expected) in ways {
        let scale = if expected.len() == 6 { 3 } else { 20 };
        let (dial, log) = (Dial::default(), Log::new());
        let (time, note) = (dial.clone(), log.clone());
        let asleep = move |next: Option<Duration>| {
            let next = next.expect("a timer is pending");
            note.add(next);
            time.pass(sleep(next));
        };
        let host = SingleThread::builder().clock(dial.source()).on_idle(asleep).build().host();
        let forgotten = host.single().delay(millis(1));
        let soon = host.single().delay(millis(scale));
        drop(forgotten);
        host.wait(soon).unwrap();
        assert_eq!(host.single().now(), millis(scale));
        let next = if scale == 3 { 3 } else { 30 };
        let later = host.single().delay(millis(next)).map(host.worker(), |()| 7);
        assert_eq!(host.wait(later).unwrap(), 7);
        assert_eq!(log.take(), expected.iter().copied().map(millis).collect::<Vec<_>>());
    }
}

/// With nothing to wait for but the host: it is told so, and may bring something. Virtual time sleeps through no timer.
#[test]
fn a_wait_without_timers_sleeps_for_as_long_as_the_host_likes() {
    let _watchdog = watchdog("a wait for nothing");
    for virtual_time in [true, false] {
        let log = Log::new();
        let (promise, task) = promise::<u32>();
        let bring = std::sync::Mutex::new(Some(promise));
        let (note, naps) = (log.clone(), AtomicUsize::new(0));
        let asleep = move |next: Option<Duration>| {
            note.add(next);
            if naps.fetch_add(1, Ordering::Relaxed) == 2
                && let Some(promise) = bring.lock().unwrap().take()
            {
                promise.resolve(7);
            }
        };
        let builder = SingleThread::builder().on_idle(asleep);
        let dial = Dial::default();
        let builder = if virtual_time { builder } else { builder.clock(dial.source()) };
        let host = builder.build().host();
        let never = host.single().delay(Duration::MAX);
        let soon = virtual_time.then(|| host.single().delay(millis(20)));
        let task = task.map(host.worker(), |n| n + 1);
        assert_eq!(host.wait(task).unwrap(), 8);
        assert_eq!(log.take(), [None; 3], "virtual: {virtual_time}");
        assert!(soon.is_none_or(|soon| soon.is_settled()), "virtual time passed before");
        drop(never);
    }
}

/// Without anything to do while it is idle, a wait looks at the clock until a timer is due.
#[test]
fn a_wait_for_a_timer_is_no_deadlock() {
    let _watchdog = watchdog("a wait that spins");
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    // Each look takes a millisecond.
    let host =
        SingleThread::builder().clock(move || millis(counted.fetch_add(1, Ordering::SeqCst) as u64)).build().host();
    let soon = host.single().delay(millis(1000));
    host.wait(soon).unwrap();
    assert!(looks.load(Ordering::SeqCst) >= 1000);
    let (_promise, task) = promise::<()>();
    assert_eq!(host.wait(task).unwrap_err().kind(), ErrorKind::Deadlock, "now there is no timer");
}

/// A timer that always starts the next, due at once, holds up neither polls for a while nor work.
#[test]
fn a_timer_that_is_always_due_does_not_hold_up_work() {
    let _watchdog = watchdog("a timer that is always due");
    fn again(single: &SingleThread) {
        let next = single.clone();
        single.delay(Duration::ZERO).map(&Immediate, move |()| again(&next)).detach();
    }
    let dial = Dial::default();
    let host = Host::new(on(&dial));
    again(host.single());
    let task = run(host.worker(), || 1).map(host.main(), |n| n + 1);
    let mut polls = 0;
    while !task.is_settled() {
        assert!(host.run_one());
        polls += 1;
        assert!(polls <= 8, "{polls} polls");
    }
    host.single().close_now();
}
