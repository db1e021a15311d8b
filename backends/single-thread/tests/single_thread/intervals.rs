//! Ticks: no drift, and none made up for one by one.

use std::time::Duration;

use threadbare::{Clock, Immediate, spawn};
use threadbare_single_thread::SingleThread;

use crate::common::{Dial, Log, millis, outcome, secs};

#[test]
fn ticks_come_each_period_whatever_lies_between() {
    let single = SingleThread::new();
    let host = single.clone().host();
    host.run_for(millis(300));
    let log = Log::new();
    let (mut ticks, clock, note) = (single.interval(secs(1)), single.clone(), log.clone());
    assert_eq!(ticks.period(), secs(1));
    let counting = spawn(host.worker(), async move {
        for busy in [0, 100, 999, 0, 1] {
            let periods = ticks.tick().await?;
            note.add((clock.now(), periods));
            clock.delay(millis(busy)).await?;
        }
        Ok(())
    });
    host.wait(counting).unwrap();
    let at = |second: u64| millis(second * 1000 + 300);
    assert_eq!(log.take(), [1, 2, 3, 4, 5].map(|second| (at(second), 1)));
}

#[test]
fn ticks_that_were_missed_are_counted() {
    let dial = Dial::default();
    let single = SingleThread::builder().clock(dial.source()).build();
    let mut ticks = single.interval(millis(10));
    let first = ticks.tick();
    assert!(!first.is_settled() && single.next_deadline() == Some(millis(10)));
    dial.set(35);
    single.run_until_idle();
    assert_eq!(outcome(first), Ok(1), "it was asked for before it was due");
    assert_eq!(outcome(ticks.tick()), Ok(2), "20 and 30, at once");
    let next = ticks.tick();
    assert_eq!(single.next_deadline(), Some(millis(40)), "no drift");
    dial.set(40);
    single.run_until_idle();
    assert_eq!(outcome(next), Ok(1));
    dial.set(50);
    assert_eq!(outcome(ticks.tick()), Ok(1), "exactly on time");
    // Asked for twice before it was due: two ticks.
    let (one, two) = (ticks.tick(), ticks.tick());
    dial.set(60);
    single.run_until_idle();
    assert!(one.is_settled() && !two.is_settled());
    assert_eq!(single.next_deadline(), Some(millis(70)));
}

/// Every way of being late, four times in a row: whenever a tick is there, the periods of all add up to what has passed.
#[test]
fn no_period_is_lost_or_counted_twice() {
    const PERIOD: u64 = 10;
    let jumps: [u64; 6] = [0, 3, 10, 17, 20, 1005];
    for way in 0..jumps.len().pow(4) {
        let dial = Dial::default();
        let single = SingleThread::builder().clock(dial.source()).build();
        let mut ticks = single.interval(millis(PERIOD));
        let mut counted = 0;
        for step in 0..4 {
            dial.pass(millis(jumps[way / jumps.len().pow(step) % jumps.len()]));
            let tick = ticks.tick();
            let at_once = tick.is_settled();
            if !at_once {
                let due = single.next_deadline().expect("it waits");
                assert_eq!(due, millis((counted + 1) * PERIOD), "way {way}: without drift");
                dial.set(u64::try_from(due.as_millis()).unwrap());
                assert_eq!(single.run_until_idle(), 1);
            }
            let periods = outcome(tick).expect("the clock is open");
            counted += periods;
            assert!(periods > 0 && (at_once || periods == 1), "way {way}");
            let passed = u64::try_from(dial.now().as_millis()).unwrap();
            assert_eq!(counted, passed / PERIOD, "way {way}, step {step}");
        }
    }
}

#[test]
fn the_extremes_of_periods_and_times() {
    let dial = Dial::default();
    let single = SingleThread::builder().clock(dial.source()).build();
    assert!(!single.interval(Duration::MAX).tick().is_settled());
    let mut ticks = single.interval(Duration::from_nanos(1));
    dial.set(1000);
    assert_eq!(outcome(ticks.tick()), Ok(1_000_000_000));
    let far = SingleThread::builder().clock(|| Duration::MAX).build();
    let mut ticks = far.interval(Duration::from_nanos(1));
    assert_eq!(outcome(ticks.tick()), Ok(1), "the next tick is due at the end of time");
}

#[test]
#[should_panic(expected = "period must not be zero")]
fn a_period_of_zero_panics() {
    drop(SingleThread::new().interval(Duration::ZERO));
}

/// An interval is a value: a clone ticks on its own.
#[test]
fn a_clone_ticks_by_itself() {
    let single = SingleThread::new();
    let mut one = single.interval(secs(1));
    let first = one.tick();
    let mut two = one.clone();
    let (second, also_second) = (one.tick(), two.tick());
    let log = Log::new();
    for (name, tick) in [("first", first), ("second", second), ("also second", also_second)] {
        let (log, clock) = (log.clone(), single.clone());
        tick.map(&Immediate, move |_| log.add((name, clock.now()))).detach();
    }
    single.run_until_idle();
    assert_eq!(log.take(), [("first", secs(1)), ("second", secs(2)), ("also second", secs(2))]);
}
