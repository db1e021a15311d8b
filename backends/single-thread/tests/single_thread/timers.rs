//! Delays on virtual time: in order, on time, in no time.

use std::time::{Duration, Instant};

use threadbare::{Clock, ErrorKind, Immediate, run};
use threadbare_single_thread::{Host, SingleThread};

use crate::common::{Log, Numbers, millis, outcome, secs, watchdog};

/// Three timers for each of 3600 seconds, started in any order.
#[test]
fn an_hour_of_timers_fires_in_order_of_deadline_then_of_creation() {
    let _watchdog = watchdog("an hour of timers");
    let start = Instant::now();
    for (single, shuffle) in [(SingleThread::new(), 1), (SingleThread::seeded(7), 2)] {
        let mut deadlines: Vec<u64> = (0..3600 * 3).map(|index| index / 3 + 1).collect();
        Numbers(shuffle).shuffle(&mut deadlines);
        let log = Log::new();
        let mut expected = Vec::new();
        for (created, deadline) in deadlines.into_iter().enumerate() {
            let (log, clock) = (log.clone(), single.clone());
            let note = move |()| log.add((clock.now(), created));
            single.delay(secs(deadline)).map(&Immediate, note).detach();
            expected.push((secs(deadline), created));
        }
        assert_eq!(single.run_until_idle(), 3600 * 3);
        expected.sort_unstable();
        assert!(log.take() == expected, "each at its deadline, ties as they were created");
        assert_eq!(single.now(), secs(3600));
    }
    assert!(start.elapsed() < secs(600), "two hours passed in {:?}", start.elapsed());
}

#[test]
fn time_stands_still_while_there_is_work() {
    let host = SingleThread::new().host();
    let log = Log::new();
    let note = |what: &'static str| {
        let (log, clock) = (log.clone(), host.single().clone());
        move |()| log.add((what, clock.now()))
    };
    host.single().delay(secs(1)).map(host.worker(), note("timer")).detach();
    let (first, second, third) = (note("worker"), note("main"), note("pool"));
    let pool = host.single().pool(1);
    run(host.worker(), || ()).map(host.worker(), first).map(host.main(), second).map(&pool, third).detach();
    assert_eq!(host.run_until_idle(), 3 + 1 + 1, "three queued, a timer, and what follows from it");
    let zero = Duration::ZERO;
    assert_eq!(log.take(), [("worker", zero), ("main", zero), ("pool", zero), ("timer", secs(1))]);
}

/// Never inside of the call that starts it, and without time passing.
#[test]
fn a_delay_of_nothing_fires_in_a_later_poll_at_the_same_time() {
    let single = SingleThread::new();
    for now in [0, 5] {
        single.run_for(secs(now));
        let before = single.now();
        let past = single.delay_until(Duration::ZERO);
        let zero = single.delay(Duration::ZERO);
        assert!(!zero.is_settled() && !past.is_settled());
        assert!(!single.is_idle());
        assert!(single.run_one() && past.is_settled() && !zero.is_settled(), "the one that is due earlier comes first");
        assert!(single.run_one() && zero.is_settled());
        assert_eq!(single.now(), before, "time does not go back, nor on");
        assert!(!single.run_one());
    }
}

#[test]
fn the_longest_delay_never_fires() {
    let single = SingleThread::new();
    for start in [0, 10] {
        single.run_for(secs(start));
        let now = single.now();
        let never = single.delay(Duration::MAX);
        let until = single.delay_until(Duration::MAX);
        assert!(single.is_idle() && single.next_deadline().is_none());
        assert_eq!(single.run_until_idle(), 0);
        assert_eq!(single.run_for(Duration::ZERO), 0);
        assert!(!never.is_settled() && !until.is_settled());
        assert_eq!(single.now(), now);
        // The last moment that there is.
        let last = single.delay_until(Duration::MAX - Duration::from_nanos(1));
        assert!(single.next_deadline().is_some());
        drop(last);
        assert!(single.next_deadline().is_none());
    }
    let host = Host::new(single);
    let never = host.single().delay(Duration::MAX);
    assert_eq!(host.wait(never).unwrap_err().kind(), ErrorKind::Deadlock);
    let never = host.single().delay(Duration::MAX);
    host.single().close();
    assert_eq!(outcome(never), Err(ErrorKind::Closed));
}

/// In every context, and without anybody who holds the task.
#[test]
fn a_delay_with_a_continuation_fires_though_it_is_detached() {
    let host = SingleThread::new().host();
    let log = Log::new();
    let note = |what: &'static str| {
        let log = log.clone();
        move |()| log.add(what)
    };
    host.single().delay(secs(1)).map(&Immediate, note("immediate")).detach();
    host.single().delay(secs(2)).map(host.worker(), note("worker")).detach();
    host.single().delay(secs(3)).map(host.main(), note("main")).detach();
    host.single().delay(secs(4)).map(host.here(), note("here")).detach();
    drop(host.single().delay(secs(5)).share().fork().map(&Immediate, note("shared")));
    host.run_until_idle();
    assert_eq!(log.take(), ["immediate", "worker", "main", "here", "shared"]);
    assert_eq!(host.single().now(), secs(5));
}

/// Each timer starts the next one where it fires: a thousand, then those of the same time in their turn.
#[test]
fn timers_start_timers() {
    fn after(single: &SingleThread, left: u32, log: Log<Duration>) {
        let next = single.clone();
        let and_so_on = move |()| {
            log.add(next.now());
            if left > 1 {
                after(&next, left - 1, log);
            }
        };
        single.delay(secs(1)).map(&Immediate, and_so_on).detach();
    }
    let single = SingleThread::new();
    let log = Log::new();
    after(&single, 1000, log.clone());
    assert_eq!(single.run_until_idle(), 1000);
    assert_eq!(log.take(), (1..=1000).map(secs).collect::<Vec<_>>());

    let order = Log::new();
    let (clock, inner, outer) = (single.clone(), order.clone(), order.clone());
    let start_more = move |()| {
        let (first, second) = (inner.clone(), inner.clone());
        clock.delay(secs(1)).map(&Immediate, move |()| first.add("a second later")).detach();
        clock.delay(Duration::ZERO).map(&Immediate, move |()| second.add("at the same time, later")).detach();
        inner.add("first");
    };
    single.delay(secs(1)).map(&Immediate, start_more).detach();
    single.delay(secs(1)).map(&Immediate, move |()| outer.add("second")).detach();
    single.run_until_idle();
    assert_eq!(order.take(), ["first", "second", "at the same time, later", "a second later"]);
}

/// A wait inside of what a timer fires goes on polling, as deep as that goes.
#[test]
fn a_wait_inside_of_a_timers_continuation_lets_time_pass() {
    fn nest(single: &SingleThread, depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = single.clone();
        single.delay(secs(1)).map(&Immediate, move |()| nest(&inner, depth - 1)).wait().expect("it fires") + 1
    }
    let single = SingleThread::new();
    let (clock, log) = (single.clone(), Log::new());
    let other = log.clone();
    single.delay(millis(500)).map(&Immediate, move |()| log.add(nest(&clock, 50))).detach();
    single.delay(secs(10)).map(&Immediate, move |()| other.add(0)).detach();
    assert_eq!(single.run_until_idle(), 1, "all the others are fired by waits");
    assert_eq!(single.now(), millis(500) + secs(50));

    // With a host, from a worker's closure, and for what a worker does after a while.
    let host = SingleThread::new().host();
    let (clock, worker) = (host.single().clone(), host.worker().clone());
    let task = run(host.worker(), move || {
        let later = clock.delay(secs(1)).map(&worker, |()| 7);
        (later.wait(), clock.now())
    });
    let (seven, then) = host.wait(task).unwrap();
    assert_eq!((seven.unwrap(), then), (7, secs(1)));
}

/// The timers of a log, run for a while: by the backend itself and by a host.
#[test]
fn running_for_a_while_fires_what_is_due_by_then_and_lets_the_time_pass() {
    fn check(single: &SingleThread, run_for: impl Fn(Duration) -> usize) {
        let log = Log::new();
        for deadline in 1..=5 {
            let (log, clock) = (log.clone(), single.clone());
            let worker = single.worker();
            let and_more = move |()| {
                let (inner, then) = (log.clone(), clock.clone());
                clock.delay(millis(500)).map(&worker, move |()| inner.add(then.now())).detach();
                log.add(clock.now());
            };
            single.delay(secs(deadline)).map(&Immediate, and_more).detach();
        }
        assert_eq!(run_for(Duration::ZERO), 0);
        assert_eq!(run_for(millis(999)), 0);
        assert_eq!((single.now(), log.take()), (millis(999), vec![]));
        assert_eq!(run_for(millis(1)), 1);
        assert_eq!((single.now(), log.take()), (secs(1), vec![secs(1)]));
        assert_eq!(run_for(millis(1250)), 3, "two timers, and what the first of them queues");
        assert_eq!((single.now(), log.take()), (millis(2250), vec![millis(1500), secs(2)]));
        assert_eq!(single.next_deadline(), Some(millis(2500)));
        run_for(secs(100));
        assert_eq!(single.now(), millis(102_250));
        let rest = [2500, 3000, 3500, 4000, 4500, 5000, 5500].map(millis);
        assert_eq!(log.take(), rest);
    }
    let single = SingleThread::new();
    check(&single, |time| single.run_for(time));
    let host = SingleThread::new().host();
    check(host.single(), |time| host.run_for(time));
}

/// Work, main work and timers in turn, until none is left.
#[test]
fn a_host_runs_for_a_while_what_there_is_in_all_its_queues() {
    let host = SingleThread::new().host();
    let task = run(host.worker(), || 1).map(host.main(), |n| n + 1);
    let later = host.single().delay(secs(1)).map(host.here(), |()| 3);
    let much_later = host.single().delay(secs(2));
    assert_eq!(host.run_for(secs(1)), 4);
    assert_eq!((outcome(task), outcome(later)), (Ok(2), Ok(3)));
    assert!(!much_later.is_settled());
    assert_eq!(host.single().now(), secs(1));
}
