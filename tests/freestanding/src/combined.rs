//! Many tasks into one, one into many, and async blocks that hop.

use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec;
use core::cell::Cell;

use threadbare::{Error, ErrorKind, Immediate, NoneResolved, Task, all, any, join, promise, race, run, spawn_with};
use threadbare_single_thread::{Host, SingleThread};

use crate::host::poll;
use crate::report::{Report, Seen, seen};

/// `all`, `join`, `race` and `any`, of what is settled, pending and rejected.
pub(crate) fn many(report: &mut Report, host: &Host) {
    let (late, pending) = promise();
    let task = all([run(host.worker(), || 1), pending, Task::resolved(3)]);
    host.run_until_idle();
    let early = task.is_settled();
    late.resolve(2);
    report.expect("all waits for the last", (early, seen(task)), (false, Seen::Value(vec![1, 2, 3])));

    let (late, pending) = promise::<u32>();
    let task = all([pending, Task::rejected(Error::msg("second"))]);
    let early = task.is_settled();
    late.reject(Error::msg("first"));
    let wanted = (false, Seen::error(ErrorKind::Other, "first"));
    report.expect("all has the first error by position", (early, seen(task)), wanted);

    let task = join((run(host.worker(), || 1), run(host.main(), || "two"), Task::resolved('3')));
    host.run_until_idle();
    report.expect("join keeps each one's type", seen(task), Seen::Value((1, "two", '3')));

    let (late, pending) = promise();
    let task = race([pending, run(host.worker(), || 2)]);
    host.run_until_idle();
    report.expect("race takes the first", seen(task), Seen::Value(2));
    late.resolve(1);

    let (late, pending) = promise();
    let task = any([Task::rejected(Error::msg("down")), pending]);
    late.resolve(2);
    report.expect("any takes the first value", seen(task), Seen::Value(2));
    let task = any([Task::<u32>::rejected(Error::msg("down")), Task::rejected(Error::msg("out"))]);
    let errors = task.try_take().ok().and_then(Result::err).and_then(|error| {
        let errors = error.downcast_ref::<NoneResolved>()?.errors();
        Some(errors.iter().map(ToString::to_string).collect::<vec::Vec<_>>())
    });
    report.expect("or has every error", errors, Some(vec!["down".to_string(), "out".to_string()]));
}

/// Forks of a shared task, and a task out of a callback.
pub(crate) fn shared(report: &mut Report, host: &Host) {
    let (promise, task) = promise();
    let shared = task.share();
    let forks = [shared.fork().map(host.worker(), |n| n + 1), shared.fork().map(&Immediate, |n: u32| n + 2)];
    promise.resolve(40);
    host.run_until_idle();
    report.expect("forks of a shared task", forks.map(seen), [Seen::Value(41), Seen::Value(42)]);
    report.expect("and a late one", seen(shared.fork()), Seen::Value(40));

    let mut callback = None;
    let task = Task::create(|promise| {
        callback = Some(move |n: u32| promise.resolve(n));
        Ok(())
    });
    if let Some(call) = callback {
        call(7);
    }
    report.expect("a task out of a callback", seen(task), Seen::Value(7));
}

/// An async block that goes from one processor to another, and back.
pub(crate) fn hops(report: &mut Report, host: &Host) {
    let other = SingleThread::new();
    let (here, there) = (host.worker().clone(), other.worker());
    let task = spawn_with(host.worker(), |cx| async move {
        cx.hop(&there).await;
        cx.hop(&here).await;
        Ok(7)
    });
    let polled = [poll(host), other.run_until_idle(), other.run_until_idle(), poll(host), poll(host)];
    report.expect("an async block hops between processors", (polled, seen(task)), ([1, 1, 0, 1, 0], Seen::Value(7)));

    let own = Rc::new(Cell::new(0));
    let into = Rc::clone(&own);
    let (promise, number) = promise();
    let task = number.map(host.here(), move |n| into.set(n)).share();
    let after = task.fork().map(host.worker(), |()| 1);
    promise.resolve(7);
    host.run_until_idle();
    report.expect("a shared task of main work", (seen(after), own.get()), (Seen::Value(1), 7));
}
