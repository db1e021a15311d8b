//! Where continuations run, and what becomes of what they return.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::cell::{Cell, RefCell};

use threadbare::{Error, ErrorKind, Immediate, Promise, Result, Schedule, Task, Worker, promise, run, spawn, try_run};
use threadbare_single_thread::Host;

use crate::host::{Here, poll};
use crate::memory::{OneThread, made};
use crate::report::{Report, Seen, seen};

/// What ran so far, a letter each.
#[derive(Clone)]
struct Trace(Arc<OneThread<RefCell<String>>>);

impl Trace {
    fn new() -> Self {
        Self(Arc::new(OneThread(RefCell::new(String::new()))))
    }

    fn mark(&self, letter: char) -> impl FnOnce(u32) -> u32 + Send + 'static {
        let this = self.clone();
        move |n| {
            this.0.0.borrow_mut().push(letter);
            n * 10
        }
    }

    fn so_far(&self) -> String {
        self.0.0.borrow().clone()
    }
}

/// A chain over worker, main and whoever settles: each part runs in its context, and not before.
pub(crate) fn hops(report: &mut Report, host: &Host) {
    let trace = Trace::new();
    let (promise, task) = promise();
    let before = made();
    let task = task.map(host.worker(), trace.mark('a'));
    report.expect("a continuation is one allocation", made() - before, 1);
    let task = task
        .map(host.worker(), trace.mark('b'))
        .map(host.main(), trace.mark('c'))
        .map(&Immediate, trace.mark('d'))
        .map(host.here(), trace.mark('e'))
        .map(host.worker(), trace.mark('f'))
        .map(&Immediate, trace.mark('g'));
    promise.resolve(1);
    report.expect("settled outside of every context, nothing has run", trace.so_far(), String::new());
    report.expect("the worker's part is one runnable", (host.here().dispatch(), poll(host)), (0, 1));
    report.expect("two continuations of one context ran at once", trace.so_far(), "ab".to_string());
    report.expect("the main thread's part is one runnable", (poll(host), host.here().dispatch()), (0, 1));
    report.expect("an immediate one ran where it was settled", trace.so_far(), "abcde".to_string());
    report.expect("the worker's second part is one runnable", poll(host), 1);
    report.expect("the immediate one after it ran there", trace.so_far(), "abcdefg".to_string());
    report.expect("the value went all the way", seen(task), Seen::Value(10_000_000));

    let trace = Trace::new();
    let fork = run(host.worker(), || 1).map(host.worker(), trace.mark('a'));
    report.expect(
        "run is always queued",
        (trace.so_far(), poll(host), seen(fork)),
        (String::new(), 1, Seen::Value(10)),
    );
    let at_once = Task::resolved(1).map(&Worker::new(Here), |n| n + 1);
    report.expect("a processor that says where it is", seen(at_once), Seen::Value(2));
}

fn outcome_of(succeeds: bool) -> Result<u32> {
    if succeeds { Ok(42) } else { Err(Error::msg("inner")) }
}

fn wanted(succeeds: bool) -> Seen<u32> {
    if succeeds { Seen::Value(42) } else { Seen::error(ErrorKind::Other, "inner") }
}

/// Each thing that a closure can return, good and bad, in each context.
pub(crate) fn unwrapping(report: &mut Report, host: &Host) {
    fn in_context(report: &mut Report, host: &Host, name: &str, queue: &impl Schedule) {
        for good in [true, false] {
            let what = |kind: &str| format!("{kind} returned {name}, {}", if good { "a value" } else { "an error" });

            let task = Task::resolved(()).and_then(queue, move |()| outcome_of(good));
            host.run_until_idle();
            report.expect(&what("a Result"), seen(task), wanted(good));

            let task = Task::resolved(()).and_then(queue, move |()| Task::settled(outcome_of(good)));
            host.run_until_idle();
            report.expect(&what("a settled Task"), seen(task), wanted(good));

            let (inner, pending) = promise();
            let task = Task::resolved(()).and_then(queue, move |()| pending);
            host.run_until_idle();
            let early = task.is_settled();
            inner.settle(outcome_of(good));
            host.run_until_idle();
            report.expect(&what("a pending Task"), (early, seen(task)), (false, wanted(good)));

            let (inner, pending) = promise::<()>();
            let task = Task::resolved(()).and_then(queue, move |()| async move {
                pending.await?;
                outcome_of(good)
            });
            host.run_until_idle();
            let early = task.is_settled();
            inner.resolve(());
            host.run_until_idle();
            report.expect(&what("a future"), (early, seen(task)), (false, wanted(good)));

            let task = try_run(queue, move || outcome_of(good));
            host.run_until_idle();
            report.expect(&what("a Result to try_run"), seen(task), wanted(good));

            let task = Task::settled(outcome_of(good)).then(queue, |outcome| Ok(outcome.is_ok()));
            host.run_until_idle();
            report.expect(&what("an outcome seen by then"), seen(task), Seen::Value(good));
        }
    }
    in_context(report, host, "on the worker", host.worker());
    in_context(report, host, "on main", host.main());
    in_context(report, host, "at once", &Immediate);

    // The same on the main thread's proof, with what only that takes.
    for good in [true, false] {
        let own = Rc::new(Cell::new(0));
        let (count, again) = (Rc::clone(&own), Rc::clone(&own));
        let task = Task::resolved(()).and_then(host.here(), move |()| {
            count.set(count.get() + 1);
            async move {
                again.set(again.get() + 1);
                outcome_of(good)
            }
        });
        host.run_until_idle();
        let found = (seen(task), own.get(), Rc::strong_count(&own));
        report.expect("a future that is not Send, on the main thread", found, (wanted(good), 2, 1));
    }
}

/// `catch` and `or_else` take errors, and leave values alone; `inspect` leaves both.
pub(crate) fn errors(report: &mut Report, host: &Host) {
    fn in_context(report: &mut Report, host: &Host, name: &str, queue: &impl Schedule) {
        let failed = || Task::<u32>::rejected(Error::msg("outer"));
        let what = |kind: &str| format!("{kind} {name}");

        let task = failed().catch(queue, |error| if error.to_string() == "outer" { 1 } else { 0 });
        host.run_until_idle();
        report.expect(&what("catch"), seen(task), Seen::Value(1));

        let task = Task::resolved(7).catch(queue, |_| 0);
        report.expect(&what("catch passes a value on at once"), seen(task), Seen::Value(7));

        let task = failed().map(queue, |n| n + 1);
        report.expect(&what("map passes an error on at once"), seen(task), Seen::error(ErrorKind::Other, "outer"));

        for good in [true, false] {
            let task = failed().or_else(queue, move |_| outcome_of(good));
            host.run_until_idle();
            report.expect(&what("or_else with a Result"), seen(task), wanted(good));

            let (inner, pending) = promise();
            let task = failed().or_else(queue, move |_| pending);
            host.run_until_idle();
            inner.settle(outcome_of(good));
            report.expect(&what("or_else with a Task"), seen(task), wanted(good));

            let task = failed().or_else(queue, move |_| async move { outcome_of(good) });
            host.run_until_idle();
            report.expect(&what("or_else with a future"), seen(task), wanted(good));

            let looked = Trace::new();
            let mark = looked.mark(if good { 'v' } else { 'e' });
            let task = Task::settled(outcome_of(good)).inspect(queue, move |outcome| {
                mark(u32::from(outcome.is_ok()));
            });
            host.run_until_idle();
            let letter = if good { "v" } else { "e" };
            report.expect(&what("inspect"), (seen(task), looked.so_far()), (wanted(good), letter.to_string()));
        }
    }
    in_context(report, host, "on the worker", host.worker());
    in_context(report, host, "on main", host.main());
    in_context(report, host, "at once", &Immediate);

    let task = try_run(host.worker(), || Ok("seven".parse::<u32>()?));
    host.run_until_idle();
    let parse_error = task
        .try_take()
        .map(|outcome| outcome.err().is_some_and(|error| error.downcast_ref::<core::num::ParseIntError>().is_some()));
    report.expect("an error of core's keeps its type", parse_error.ok(), Some(true));
}

/// An async block awaits tasks, and is polled in its context only.
pub(crate) fn spawned(report: &mut Report, host: &Host) {
    async fn awaiting(first: Task<u32>, second: Task<u32>) -> Result<u32> {
        Ok(first.await? * 10 + second.await?)
    }
    fn pair() -> ([Promise<u32>; 2], [Task<u32>; 2]) {
        let ((first, one), (second, two)) = (promise(), promise());
        ([first, second], [one, two])
    }

    for good in [true, false] {
        let ([first, second], [one, two]) = pair();
        let task = spawn(host.worker(), awaiting(one, two));
        let mut polled = [poll(host), 0, 0];
        first.resolve(1);
        polled[1] = poll(host);
        second.settle(outcome_of(good));
        let early = task.is_settled();
        polled[2] = poll(host);
        let last = if good { Seen::Value(52) } else { wanted(false) };
        report.expect("an async block on the worker", (polled, early, seen(task)), ([1, 1, 1], false, last));
    }

    let ([first, second], [one, two]) = pair();
    let own = Rc::new(Cell::new(0));
    let sum = Rc::clone(&own);
    let task = spawn(host.here(), async move {
        sum.set(one.await?);
        sum.set(sum.get() + two.await?);
        Ok(sum.get())
    });
    let mut dispatched = [host.here().dispatch(), 0, 0];
    first.resolve(40);
    dispatched[1] = host.here().dispatch();
    second.resolve(2);
    dispatched[2] = host.here().dispatch();
    let found = (dispatched, seen(task), own.get(), Rc::strong_count(&own));
    report.expect("an async block on the main thread", found, ([1, 1, 1], Seen::Value(42), 42, 1));

    let ([first, second], [one, two]) = pair();
    let task = spawn(host.worker(), awaiting(one, two));
    poll(host);
    drop(first);
    poll(host);
    report.expect("an awaited promise that is dropped", seen(task).kind(), Some(ErrorKind::Abandoned));
    second.resolve(0);
}
