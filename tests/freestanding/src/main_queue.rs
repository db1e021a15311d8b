//! The main thread's queue: dispatch, wait, and values that stay.

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

use threadbare::{Main, MainBound, Task, promise, run};
use threadbare_single_thread::Host;

use crate::host::poll;
use crate::report::{Report, Seen, seen, settled};

/// Dispatch runs what it finds, and no more than it is told.
pub(crate) fn dispatching(report: &mut Report, host: &Host) {
    fn again(main: Main, runs: Arc<AtomicUsize>) {
        let next = main.clone();
        run(&next, move || {
            runs.fetch_add(1, Ordering::Relaxed);
            again(main, runs);
        })
        .detach();
    }

    report.expect("nothing is queued", (host.here().is_idle(), host.here().dispatch()), (true, 0));
    report.expect("the main thread cannot be entered twice", host.main().enter().is_none(), true);

    let tasks = [1, 2, 3].map(|n| run(host.main(), move || n));
    report.expect("dispatch_one runs one", (host.here().dispatch_one(), host.here().is_idle()), (true, false));
    report.expect("dispatch runs the others", (host.here().dispatch(), host.here().is_idle()), (2, true));
    report.expect("each has its value", tasks.map(seen), [1, 2, 3].map(Seen::Value));

    let runs = Arc::new(AtomicUsize::new(0));
    again(host.main().clone(), Arc::clone(&runs));
    let counts = [host.here().dispatch(), host.here().dispatch(), host.here().dispatch()];
    report.expect("work that queues itself runs once a dispatch", counts, [1, 1, 1]);

    let mut left = 5;
    let ran = host.here().dispatch_while(|| {
        left -= 1;
        left >= 0
    });
    report.expect("a budget of five runs five", (ran, runs.load(Ordering::Relaxed)), (5, 8));

    let chain = Task::resolved(1).map(host.main(), |n| n + 1).map(host.main(), |n| n + 1);
    let mut asked = 0;
    let ran = host.here().dispatch_while(|| {
        asked += 1;
        asked <= 2 // One for what queues itself, one for the chain's first step.
    });
    let early = chain.is_settled();
    host.here().dispatch();
    report.expect("a spent budget puts off what would follow", (ran, early, seen(chain)), (2, false, Seen::Value(3)));
}

/// A wait runs what it waits for.
pub(crate) fn waiting(report: &mut Report, host: &Host) {
    let task = run(host.main(), || 20).map(host.main(), |n| n + 1);
    report.expect("a wait dispatches", settled(host.wait(task)), Seen::Value(21));

    let task = run(host.worker(), || 20).map(host.main(), |n| n + 1).map(host.worker(), |n| n * 2);
    let outcome = host.wait(task);
    report.expect("a wait runs the worker's part too", settled(outcome), Seen::Value(42));

    let (promise, task) = promise::<u32>();
    let main = host.main().clone();
    let settle = run(host.worker(), move || run(&main, move || promise.resolve(7)).detach());
    let outcome = host.wait(task);
    report.expect("a wait for a promise that queued work keeps", settled(outcome), Seen::Value(7));
    report.expect("and the work's own task", seen(settle), Seen::Value(()));
}

/// A value that belongs to the main thread is touched and dropped there.
pub(crate) fn bound_values(report: &mut Report, host: &Host) {
    let value = Rc::new(Cell::new(1));
    let bound = MainBound::new(host.here(), Rc::clone(&value));
    let task = run(host.worker(), move || bound);
    poll(host);
    let back = task.try_take().ok().and_then(Result::ok);
    let seen_by_main = back.as_ref().map(|bound| bound.get(host.here()).replace(2));
    report.expect("a bound value travels", (seen_by_main, value.get()), (Some(1), 2));

    drop(run(host.worker(), move || drop(back)));
    poll(host);
    report.expect("dropped elsewhere, it is kept", Rc::strong_count(&value), 2);
    host.here().dispatch();
    report.expect("and dropped by a dispatch", Rc::strong_count(&value), 1);

    let bound = MainBound::new(host.here(), Rc::clone(&value));
    let same = Rc::ptr_eq(&bound.into_inner(host.here()), &value);
    report.expect("taken out, it is the value itself", (same, Rc::strong_count(&value)), (true, 1));

    let captured = Rc::clone(&value);
    let task = Task::<u32>::rejected(threadbare::Error::msg("no")).map(host.here(), move |n| n + captured.get());
    host.here().dispatch();
    report.expect(
        "a skipped closure's captures too",
        (seen(task).kind().is_some(), Rc::strong_count(&value)),
        (true, 1),
    );
}
