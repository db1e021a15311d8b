//! Limits: which of the two comes first, and what becomes of the other.

use std::rc::Rc;
use std::time::Duration;

use threadbare::{Clock, Error, ErrorKind, Immediate, Task, promise, run};
use threadbare_single_thread::SingleThread;

use crate::common::{Log, outcome, secs, unseen};

/// Work that takes this long, against a limit, whichever of the two timers is created first: all small pairs.
#[test]
fn whoever_is_first_wins_and_at_the_same_time_whoever_was_created_first() {
    for work in 0..4 {
        for limit in 0..4 {
            for work_first in [true, false] {
                for fails in [true, false] {
                    let what = format!("work {work}, limit {limit}, work first: {work_first}, fails: {fails}");
                    let single = SingleThread::new();
                    single.run_for(secs(100));
                    let (promise, task) = promise::<u32>();
                    let settle = move |()| if fails { promise.reject(Error::msg("no")) } else { promise.resolve(7) };
                    let start_work = || single.delay(secs(work)).map(&Immediate, settle).detach();
                    let limited = if work_first {
                        start_work();
                        single.timeout(task, secs(limit))
                    } else {
                        let limited = single.timeout(task, secs(limit));
                        start_work();
                        limited
                    };
                    let clock = single.clone();
                    let at = limited
                        .then(&Immediate, move |outcome| Ok((clock.now(), outcome.map_err(|error| error.kind()))));
                    single.run_until_idle();
                    let in_time = work < limit || work == limit && work_first;
                    let expected = match (in_time, fails) {
                        (false, _) => Err(ErrorKind::TimedOut),
                        (true, false) => Ok(7),
                        (true, true) => Err(ErrorKind::Other),
                    };
                    assert_eq!(outcome(at), Ok((secs(100 + work.min(limit)), expected)), "{what}");
                }
            }
        }
    }
}

/// Settled by hand at any time, in and out of contexts.
#[test]
fn what_settles_in_time_passes_as_it_is() {
    let host = SingleThread::new().host();
    let clock = host.single();
    let done = clock.timeout(run(host.worker(), || "worked").map(host.here(), |text| text), secs(1));
    assert_eq!(host.wait(done).unwrap(), "worked");
    assert_eq!(clock.next_deadline(), None, "the limit is forgotten");
    assert_eq!(host.run_until_idle(), 0);
    assert_eq!(clock.now(), Duration::ZERO);

    let settled = clock.timeout(Task::resolved(1), Duration::ZERO);
    assert_eq!(outcome(settled), Ok(1), "there is nothing to limit");
    let settled = clock.timeout(Task::<u32>::rejected(Error::msg("no")), Duration::ZERO);
    assert_eq!(outcome(settled), Err(ErrorKind::Other));
    assert_eq!(clock.next_deadline(), None);

    let (promise, task) = promise::<u32>();
    let limited = clock.timeout(task, Duration::ZERO);
    assert!(!limited.is_settled(), "not inside of the call");
    promise.resolve(2);
    assert_eq!(outcome(limited), Ok(2));

    let (promise, task) = threadbare::promise::<u32>();
    let limited = clock.timeout(task, Duration::MAX);
    host.run_until_idle();
    assert!(!limited.is_settled());
    drop(promise);
    assert_eq!(outcome(limited), Err(ErrorKind::Abandoned));
}

#[test]
fn an_outcome_that_comes_too_late_is_dropped_and_says_nothing() {
    unseen();
    let single = SingleThread::new();
    let value = std::sync::Arc::new(());

    let (late, task) = promise();
    let limited = single.timeout(task, secs(1));
    single.run_until_idle();
    assert_eq!(outcome(limited), Err(ErrorKind::TimedOut));
    late.resolve(value.clone());
    assert_eq!(std::sync::Arc::strong_count(&value), 1, "the value is dropped at once");

    let (late, task) = promise::<()>();
    let limited = single.timeout(task, secs(1));
    single.run_until_idle();
    assert_eq!(outcome(limited), Err(ErrorKind::TimedOut));
    late.reject(Error::msg("too late"));
    assert_eq!(unseen(), [], "to come late is what it was told it may not");

    // The time-out itself is an error like every other, if nobody looks at it.
    let (late, task) = promise::<()>();
    single.timeout(task, secs(1)).detach();
    single.run_until_idle();
    assert_eq!(unseen(), [ErrorKind::TimedOut]);
    drop(late);
    assert_eq!(unseen(), []);
}

#[test]
fn a_limited_task_that_is_dropped_takes_its_value_along() {
    unseen();
    let single = SingleThread::new();
    let value = std::sync::Arc::new(());
    let (promise, task) = promise();
    drop(single.timeout(task, secs(1)));
    promise.resolve(value.clone());
    assert_eq!(std::sync::Arc::strong_count(&value), 1);
    assert_eq!(single.next_deadline(), None, "nothing is left to limit");
    assert_eq!(single.run_until_idle(), 0);
    assert_eq!(unseen(), []);

    let (promise, task) = threadbare::promise::<()>();
    drop(single.timeout(task, secs(1)));
    promise.reject(Error::msg("in time, but nobody looks"));
    assert_eq!(unseen(), [ErrorKind::Other]);
}

/// The work goes on, whatever the limit says.
#[test]
fn a_time_out_does_not_call_off_the_work() {
    let host = SingleThread::new().host();
    let log = Log::new();
    let note = log.clone();
    let work = host.single().delay(secs(5)).map(host.worker(), move |()| note.add("done"));
    let limited = host.single().timeout(work, secs(1));
    assert_eq!(host.wait(limited).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(log.take(), [""; 0]);
    host.run_until_idle();
    assert_eq!(log.take(), ["done"]);
}

/// Limits on limits: the shortest rules.
#[test]
fn limits_nest() {
    for (inner, outer, work) in [(1, 2, 3), (2, 1, 3), (3, 2, 1), (1, 1, 1), (2, 3, 1)] {
        let single = SingleThread::new();
        let task = single.delay(secs(work)).map(&Immediate, |()| 7);
        let limited = single.timeout(single.timeout(task, secs(inner)), secs(outer));
        single.run_until_idle();
        let expected = if work <= inner.min(outer) { Ok(7) } else { Err(ErrorKind::TimedOut) };
        assert_eq!(outcome(limited), expected, "{inner}, {outer}, {work}");
    }
}

/// A continuation of the main thread's own, behind a limit that is over.
#[test]
fn a_time_out_passes_by_what_wanted_the_value() {
    let host = SingleThread::new().host();
    let own = Rc::new(());
    let held = Rc::clone(&own);
    let (promise, task) = promise::<u32>();
    let limited = host.single().timeout(task, secs(1)).map(host.here(), move |n| {
        drop(held);
        n
    });
    let caught = limited.catch(host.here(), |error| if error.kind() == ErrorKind::TimedOut { 1 } else { 2 });
    assert_eq!(host.wait(caught).unwrap(), 1);
    assert_eq!(Rc::strong_count(&own), 1);
    promise.resolve(3);
}

/// Delays and limits of a clock that is closed say so; those that nobody wants say nothing.
#[test]
fn a_clock_that_closes_rejects_what_is_pending() {
    unseen();
    type Close = fn(&SingleThread);
    let ways: [(&str, Close); 2] = [("close", SingleThread::close), ("close_now", SingleThread::close_now)];
    for (way, close) in ways {
        for started_before in [true, false] {
            let what = format!("{way}, started before: {started_before}");
            let single = SingleThread::new();
            if !started_before {
                close(&single);
            }
            let (promise, task) = promise::<u32>();
            let delay = single.delay(secs(1));
            let never = single.delay(Duration::MAX);
            let mapped = single.delay(secs(1)).map(&Immediate, |()| 1);
            let limited = single.timeout(task, secs(1));
            single.delay(secs(1)).detach();
            if started_before {
                let (won, in_time) = threadbare::promise::<u32>();
                let in_time = single.timeout(in_time, secs(1));
                won.resolve(3);
                assert_eq!(outcome(in_time), Ok(3));
                close(&single);
            }
            assert_eq!(outcome(delay), Err(ErrorKind::Closed), "{what}");
            assert_eq!(outcome(never), Err(ErrorKind::Closed), "{what}");
            assert_eq!(outcome(mapped), Err(ErrorKind::Closed), "{what}");
            assert_eq!(outcome(limited), Err(ErrorKind::Closed), "{what}");
            promise.resolve(1);
            assert_eq!(single.next_deadline(), None, "{what}");
            // Started on a closed clock, a delay is rejected before anybody can detach it: that is an error unseen.
            let expected: &[ErrorKind] = if started_before { &[] } else { &[ErrorKind::Closed] };
            assert_eq!(unseen(), expected, "{what}");
            assert_eq!(outcome(single.timeout(Task::resolved(4), secs(1))), Ok(4), "{what}");
        }
    }
}
