//! Time: virtual, which stands still while there is work and then jumps to the next timer, and the host's.

use alloc::rc::Rc;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use threadbare::{Clock, ErrorKind, promise, run, spawn};
use threadbare_single_thread::{Host, SingleThread};

use crate::memory::live;
use crate::report::{Report, Seen, seen, settled};

const SECOND: Duration = Duration::from_secs(1);

/// Timers fire when theirs has come, in the order of that.
pub(crate) fn delays(report: &mut Report, host: &Host) {
    let clock = host.single();
    let fired = Rc::new(RefCell::new(Vec::new()));
    for seconds in [3, 1, 2] {
        let into = Rc::clone(&fired);
        clock.delay(SECOND * seconds).map(host.here(), move |()| into.borrow_mut().push(seconds)).detach();
    }
    report.expect("the next timer is the nearest", clock.next_deadline(), Some(SECOND));
    let ran = host.run_for(SECOND * 2);
    let found = (ran, fired.borrow().clone(), clock.now());
    report.expect("two timers, and what follows on main, in two seconds", found, (4, vec![1, 2], SECOND * 2));

    let work = run(host.worker(), || ());
    let year = clock.delay(SECOND * 365 * 86_400);
    let ran = host.run_until_idle();
    let found = (ran, fired.borrow().clone(), seen(work), seen(year));
    report.expect("the rest, and a year, at once", found, (4, vec![1, 2, 3], Seen::Value(()), Seen::Value(())));
    report.expect("which has passed", clock.now(), SECOND * (2 + 365 * 86_400));
    report.expect("time stands still when nothing is left", (host.is_idle(), host.run_until_idle()), (true, 0));

    let before = live();
    drop(clock.delay(SECOND));
    report.expect("a timer that nobody wants is no deadline", clock.next_deadline(), None);
    report.expect("and is freed for that", live(), before);
    let never = clock.delay(Duration::MAX);
    report.expect("one that is never due neither", (clock.next_deadline(), host.run_until_idle()), (None, 0));
    report.expect("so it is pending", seen(never), Seen::Pending);
}

/// A limit, kept and missed.
pub(crate) fn limits(report: &mut Report, host: &Host) {
    let clock = host.single();
    let fast = clock.timeout(run(host.worker(), || 7), SECOND);
    host.run_until_idle();
    report.expect("in time", (seen(fast), clock.now()), (Seen::Value(7), Duration::ZERO));

    let (promise, slow) = promise::<Arc<()>>();
    let outcome = host.wait(clock.timeout(slow, SECOND)).map(drop);
    report.expect("a wait for what is late", settled(outcome).kind(), Some(ErrorKind::TimedOut));
    report.expect("has waited for no longer than the limit", clock.now(), SECOND);
    let value = Arc::new(());
    promise.resolve(Arc::clone(&value));
    report.expect("what comes too late is dropped", Arc::strong_count(&value), 1);
}

/// Ticks that an async block awaits, and late ones.
pub(crate) fn ticks(report: &mut Report, host: &Host) {
    let clock = host.single();
    let mut ticks = clock.interval(SECOND);
    let task = spawn(host.worker(), async move {
        let mut periods = 0;
        for _ in 0..3 {
            periods += ticks.tick().await?;
        }
        Ok((periods, ticks))
    });
    let ticked = host.wait(task);
    report.expect("three ticks take three periods", clock.now(), SECOND * 3);
    let Ok((periods, mut ticks)) = ticked else {
        report.expect("an async block awaits ticks", false, true);
        return;
    };
    host.run_for(SECOND * 5 / 2);
    let late = seen(ticks.tick());
    report.expect("a late tick tells of those before it", (periods, late), (3, Seen::Value(2)));
    let next = ticks.tick();
    host.run_until_idle();
    report.expect("the next is on time", (seen(next), clock.now()), (Seen::Value(1), SECOND * 6));
}

/// A host's own time passes by itself, so a poll fires what is due, and waits for nothing.
pub(crate) fn host_time(report: &mut Report) {
    let seconds = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&seconds);
    let single =
        SingleThread::builder().clock(move || SECOND * told.load(Ordering::Relaxed).try_into().unwrap_or(0)).build();
    let task = single.delay(SECOND * 5);
    let early = (single.run_until_idle(), single.is_idle(), single.next_deadline());
    report.expect("a timer that is not due", early, (0, true, Some(SECOND * 5)));
    seconds.store(5, Ordering::Relaxed);
    let due = (single.is_idle(), single.run_until_idle(), seen(task));
    report.expect("and is", due, (false, 1, Seen::Value(())));
}
