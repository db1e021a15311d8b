//! The main thread's queue: dispatch, wait, and values that stay.

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

use threadbare::{Main, MainBound, Task, promise, run};

use crate::host::Rig;
use crate::report::{Report, Seen, seen, settled};

/// Dispatch runs what it finds, and no more than it is told.
pub(crate) fn dispatching(report: &mut Report, rig: &Rig) {
    fn again(main: Main, runs: Arc<AtomicUsize>) {
        let next = main.clone();
        run(&next, move || {
            runs.fetch_add(1, Ordering::Relaxed);
            again(main, runs);
        })
        .detach();
    }

    report.expect("nothing is queued", (rig.here.is_idle(), rig.here.dispatch()), (true, 0));
    report.expect("the main thread cannot be entered twice", rig.main().enter().is_none(), true);

    let tasks = [1, 2, 3].map(|n| run(rig.main(), move || n));
    report.expect("dispatch_one runs one", (rig.here.dispatch_one(), rig.here.is_idle()), (true, false));
    report.expect("dispatch runs the others", (rig.here.dispatch(), rig.here.is_idle()), (2, true));
    report.expect("each has its value", tasks.map(seen), [1, 2, 3].map(Seen::Value));

    let runs = Arc::new(AtomicUsize::new(0));
    again(rig.main().clone(), Arc::clone(&runs));
    let counts = [rig.here.dispatch(), rig.here.dispatch(), rig.here.dispatch()];
    report.expect("work that queues itself runs once a dispatch", counts, [1, 1, 1]);

    let mut left = 5;
    let ran = rig.here.dispatch_while(|| {
        left -= 1;
        left >= 0
    });
    report.expect("a budget of five runs five", (ran, runs.load(Ordering::Relaxed)), (5, 8));

    let chain = Task::resolved(1).map(rig.main(), |n| n + 1).map(rig.main(), |n| n + 1);
    let mut asked = 0;
    let ran = rig.here.dispatch_while(|| {
        asked += 1;
        asked <= 2 // One for what queues itself, one for the chain's first step.
    });
    let early = chain.is_settled();
    rig.here.dispatch();
    report.expect("a spent budget puts off what would follow", (ran, early, seen(chain)), (2, false, Seen::Value(3)));
}

/// A wait runs what it waits for.
pub(crate) fn waiting(report: &mut Report, rig: &Rig) {
    let task = run(rig.main(), || 20).map(rig.main(), |n| n + 1);
    report.expect("a wait dispatches", settled(rig.here.wait(task)), Seen::Value(21));

    let task = run(rig.worker(), || 20).map(rig.main(), |n| n + 1).map(rig.worker(), |n| n * 2);
    let outcome = rig.serve(|| rig.here.wait(task));
    report.expect("a wait at the processor's service runs its work too", settled(outcome), Seen::Value(42));

    let (promise, task) = promise::<u32>();
    let main = rig.main().clone();
    let settle = run(rig.worker(), move || run(&main, move || promise.resolve(7)).detach());
    let outcome = rig.serve(|| rig.here.wait(task));
    report.expect("a wait for a promise that queued work keeps", settled(outcome), Seen::Value(7));
    report.expect("and the work's own task", seen(settle), Seen::Value(()));
}

/// A value that belongs to the main thread is touched and dropped there.
pub(crate) fn bound_values(report: &mut Report, rig: &Rig) {
    let value = Rc::new(Cell::new(1));
    let bound = MainBound::new(&rig.here, Rc::clone(&value));
    let task = run(rig.worker(), move || bound);
    rig.poll();
    let back = task.try_take().ok().and_then(Result::ok);
    let seen_by_main = back.as_ref().map(|bound| bound.get(&rig.here).replace(2));
    report.expect("a bound value travels", (seen_by_main, value.get()), (Some(1), 2));

    drop(run(rig.worker(), move || drop(back)));
    rig.poll();
    report.expect("dropped elsewhere, it is kept", Rc::strong_count(&value), 2);
    rig.here.dispatch();
    report.expect("and dropped by a dispatch", Rc::strong_count(&value), 1);

    let bound = MainBound::new(&rig.here, Rc::clone(&value));
    let same = Rc::ptr_eq(&bound.into_inner(&rig.here), &value);
    report.expect("taken out, it is the value itself", (same, Rc::strong_count(&value)), (true, 1));

    let captured = Rc::clone(&value);
    let task = Task::<u32>::rejected(threadbare::Error::msg("no")).map(&rig.here, move |n| n + captured.get());
    rig.here.dispatch();
    report.expect(
        "a skipped closure's captures too",
        (seen(task).kind().is_some(), Rc::strong_count(&value)),
        (true, 1),
    );
}
