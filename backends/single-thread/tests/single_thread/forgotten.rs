//! Timers that nobody wants any more: they neither wake anybody, nor hold time up or memory.

use std::time::Duration;

use threadbare::{Clock, Immediate, promise};
use threadbare_single_thread::SingleThread;

use crate::common::{Dial, Log, outcome, secs, usage};

#[test]
fn a_delay_that_is_dropped_is_forgotten() {
    let single = SingleThread::new();
    let (first, second) = (single.delay(secs(1)), single.delay(secs(2)));
    assert_eq!(single.next_deadline(), Some(secs(1)));
    drop(first);
    assert_eq!(single.next_deadline(), Some(secs(2)));
    single.delay(secs(1)).detach();
    assert_eq!(single.next_deadline(), Some(secs(2)));
    assert!(!single.is_idle());
    drop(second);
    assert!(single.is_idle() && single.next_deadline().is_none());
    assert_eq!(single.run_until_idle(), 0);
    assert_eq!(single.now(), Duration::ZERO, "time does not pass for nobody");
}

/// Dropped between two polls, before and after it was looked at, among others of the same time.
#[test]
fn only_those_that_are_wanted_fire() {
    let single = SingleThread::new();
    let log = Log::new();
    let mut dropped = Vec::new();
    for index in 0..100 {
        let log = log.clone();
        let delay = single.delay(secs(index / 10 + 1));
        if index % 3 == 0 {
            dropped.push(delay);
        } else {
            delay.map(&Immediate, move |()| log.add(index)).detach();
        }
        if index == 50 {
            assert_eq!(single.next_deadline(), Some(secs(1)));
        }
    }
    assert_eq!(single.run_for(secs(2)), 20);
    assert!(dropped.iter().take(7).all(|delay| delay.is_settled()));
    drop(dropped);
    assert_eq!(single.run_until_idle(), 80 - 27);
    let expected: Vec<_> = (0..100).filter(|index| index % 3 != 0).collect();
    assert_eq!(log.take(), expected);
}

/// More than this the clock may not hold for what is forgotten: a few dozen timers and a queue for them.
const LITTLE: isize = 32 * 1024;

/// A hundred thousand, a few of them between two polls.
fn most_bytes_of_many(single: &SingleThread, start: impl Fn(u64)) -> isize {
    let start_all = || {
        for index in 0..100_000 {
            start(index);
            if index % 16 == 0 {
                single.run_one();
            }
        }
    };
    usage(start_all).0.peak
}

#[test]
fn delays_that_are_dropped_hold_no_memory() {
    // Nothing but these: they come to the top of the queue. Behind one that is wanted, they never do.
    for behind_another in [false, true] {
        let dial = Dial::default();
        let single = SingleThread::builder().clock(dial.source()).build();
        let wanted = behind_another.then(|| single.delay(secs(1)));
        for spread in [1, 100_000] {
            let peak = most_bytes_of_many(&single, |index| drop(single.delay(secs(3600 + index % spread))));
            assert!(peak <= LITTLE, "{peak} bytes, behind another: {behind_another}");
        }
        drop(wanted);
    }
}

#[test]
fn limits_of_what_came_in_time_hold_no_memory() {
    for behind_another in [false, true] {
        let dial = Dial::default();
        let single = SingleThread::builder().clock(dial.source()).build();
        let wanted = behind_another.then(|| single.delay(secs(1)));
        let peak = most_bytes_of_many(&single, |index| {
            let (promise, task) = promise();
            let limited = single.timeout(task, secs(3600));
            promise.resolve(index);
            assert_eq!(outcome(limited), Ok(index));
        });
        assert!(peak <= LITTLE, "{peak} bytes, behind another: {behind_another}");
        drop(wanted);
    }
}

/// What is wanted takes its room, what is not at most as much again.
#[test]
fn among_many_that_are_wanted_the_others_hold_no_more_than_they() {
    let dial = Dial::default();
    let single = SingleThread::builder().clock(dial.source()).build();
    let (wanted, timers) = usage(|| {
        let timers: Vec<_> = (0..1000).map(|index| single.delay(secs(1 + index))).collect();
        single.run_one();
        timers
    });
    let peak = most_bytes_of_many(&single, |index| drop(single.delay(secs(index))));
    assert!(peak <= wanted.left + LITTLE, "{peak} bytes besides {wanted:?}");
    assert!(timers.iter().all(|timer| !timer.is_settled()));
    dial.set(1_000_000);
    assert_eq!(single.run_until_idle(), 1000);
    drop(timers);
}

/// Everything that a timer held is gone when it has fired, was dropped or rejected.
#[test]
fn nothing_is_left_of_timers_that_are_done() {
    let round = || {
        let single = SingleThread::new();
        let fired = single.delay(secs(1));
        let (late, task) = promise::<Vec<u8>>();
        let over = single.timeout(task, secs(1));
        let (in_time, task) = promise::<Vec<u8>>();
        let won = single.timeout(task, secs(1));
        drop(single.delay(secs(1)));
        let pending = single.delay(secs(9));
        let (_never, task) = promise::<Vec<u8>>();
        let limited = single.timeout(task, secs(9));
        in_time.resolve(vec![1]);
        single.run_for(secs(2));
        late.resolve(vec![2]);
        assert!(fired.is_settled() && over.is_settled() && won.is_settled());
        drop(single);
        assert!(pending.is_settled() && limited.is_settled());
        _ = (outcome(pending), outcome(limited), outcome(over));
    };
    round();
    assert_eq!(usage(round).0.left, 0);
}
