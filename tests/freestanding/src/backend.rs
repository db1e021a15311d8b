//! The backend's own: waits that nothing can end, room for so many, seeded orders, closing.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use threadbare::{Clock, Error, ErrorKind, Promise, Result, Task, join, promise, run};
use threadbare_single_thread::{Host, SeedFailure, SingleThread, explore};

use crate::memory::{OneThread, made};
use crate::report::{Report, Seen, seen, settled};

/// A wait ends when its task has settled, or when nothing is left that could settle it.
pub(crate) fn waits(report: &mut Report, host: &Host) {
    let (nobody, task) = promise::<u32>();
    let work = run(host.worker(), || 1);
    let outcome = settled(host.wait(task));
    let found = (outcome.kind(), seen(work));
    report.expect("a wait that nothing can end runs what there is", found, (Some(ErrorKind::Deadlock), Seen::Value(1)));
    nobody.resolve(7);

    // What an interrupt would do while the thread sleeps, the hook does.
    let (late, task) = promise::<u32>();
    let (late, sleeps) = (OneThread(Cell::new(Some(late))), Arc::new(AtomicUsize::new(0)));
    let slept = Arc::clone(&sleeps);
    let on_idle = move |next: Option<Duration>| {
        slept.fetch_add(1 + usize::from(next.is_some()), Ordering::Relaxed);
        let late = &late; // As a whole: its content alone is not `Send`.
        late.0.take().into_iter().for_each(|promise: Promise<u32>| promise.resolve(7));
    };
    let host = SingleThread::builder().on_idle(on_idle).build().host();
    let task = task.map(host.worker(), |n| n + 1).map(host.here(), |n| n * 2);
    let outcome = settled(host.wait(task));
    let found = (outcome, sleeps.load(Ordering::Relaxed));
    report.expect("a wait sleeps until an interrupt settles", found, (Seen::Value(16), 1));
}

/// The host is told of work once, and again when it has looked.
pub(crate) fn telling(report: &mut Report) {
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let host = SingleThread::builder().on_work(move || _ = count.fetch_add(1, Ordering::Relaxed)).build().host();
    let told = || told.swap(0, Ordering::Relaxed);
    let tasks = [run(host.worker(), || 1), run(host.worker(), || 2)];
    report.expect("told once of two runnables", told(), 1);
    let on_main = run(host.main(), || 3);
    let timer = host.single().delay(Duration::from_secs(1));
    report.expect("and of main work, and of a timer", told(), 2);
    host.run_until_idle();
    let found = (tasks.map(seen), seen(on_main), seen(timer));
    report.expect("all are done", found, ([1, 2].map(Seen::Value), Seen::Value(3), Seen::Value(())));
    run(host.worker(), || ()).detach();
    report.expect("told again", told(), 1);
}

/// With room for two, the third is refused; and queueing takes no memory.
pub(crate) fn capacity(report: &mut Report) {
    let single = SingleThread::with_capacity::<2>();
    let worker = single.worker();
    let before = made();
    let [one, two] = [1, 2].map(|n| run(&worker, move || n));
    report.expect("queueing allocates nothing but the tasks", made() - before, 2);
    let three = run(&worker, || 3);
    report.expect("the third is refused at once", seen(three).kind(), Some(ErrorKind::Full));
    let blocks = made();
    let ran = single.run_until_idle();
    let found = (ran, made() - blocks, seen(one), seen(two));
    report.expect("the others are run, in the room that they have", found, (2, 0, Seen::Value(1), Seen::Value(2)));
    let four = run(&worker, || 4);
    report.expect("which is free again", (single.run_until_idle(), seen(four)), (1, Seen::Value(4)));

    let timers = [3, 1, 2].map(|seconds| single.delay(Duration::from_secs(seconds)));
    single.run_until_idle();
    let kinds = timers.map(|timer| seen(timer).kind());
    report.expect("there is room for as many timers", kinds, [None, None, Some(ErrorKind::Full)]);
}

/// A poll with a budget leaves what would follow for the next one.
pub(crate) fn budgets(report: &mut Report, host: &Host) {
    let chain = run(host.worker(), || 1).map(host.worker(), |n| n + 1).map(host.here(), |n| n + 1);
    let ran = [1, 1, 1, 1].map(|budget| {
        let mut left = budget;
        host.run_while(|| {
            left -= 1;
            left >= 0
        })
    });
    report.expect("one closure a poll", (ran, seen(chain)), ([1, 1, 1, 0], Seen::Value(3)));
}

/// The letters of what three contexts do, two of them in two parts, in the order in which it is done.
fn order(single: SingleThread) -> String {
    let host = single.host();
    let trace = Arc::new(OneThread(RefCell::new(String::new())));
    let mark = |letter: char| {
        let trace = Arc::clone(&trace);
        move || trace.0.borrow_mut().push(letter)
    };
    let pool = host.single().pool(2);
    for (first, second) in [('a', 'A'), ('b', 'B'), ('c', 'C')] {
        let then = mark(second);
        run(&pool, mark(first)).map(host.worker(), move |()| then()).detach();
    }
    run(host.main(), mark('m')).detach();
    host.run_until_idle();
    trace.0.borrow().clone()
}

/// Each seed is one order of events.
pub(crate) fn orders(report: &mut Report) {
    report.expect("without a seed each context has its turn", order(SingleThread::new()), "maAbBcC".to_string());
    let seeded = |seed| order(SingleThread::seeded(seed));
    report.expect("a seed's order is always the same", (0..20).all(|seed| seeded(seed) == seeded(seed)), true);
    let others = (1..20).filter(|&seed| seeded(seed) != seeded(0)).count();
    report.expect("and others are others", others > 10, true);
    let overtaken = (0..20).map(seeded).any(|order| order.find('b') < order.find('a'));
    report.expect("two threads of a pool overtake each other", overtaken, true);
    let one_by_one = (0..20).map(seeded).all(|order| order.find('A') > order.find('a') && order.len() == 7);
    report.expect("what follows does not overtake", one_by_one, true);
}

/// Two add to a count; by a read and a write, or at once.
fn two_add(host: &Host, at_once: bool) -> Result<()> {
    let count = Arc::new(AtomicUsize::new(0));
    let pool = host.single().pool(2);
    let add = || {
        let (read, write) = (Arc::clone(&count), Arc::clone(&count));
        run(host.worker(), move || if at_once { 0 } else { read.load(Ordering::Relaxed) }).map(&pool, move |n| {
            if at_once {
                write.fetch_add(1, Ordering::Relaxed);
            } else {
                write.store(n + 1, Ordering::Relaxed);
            }
        })
    };
    host.wait(join((add(), add())))?;
    match count.load(Ordering::Relaxed) {
        2 => Ok(()),
        lost => Err(Error::msg(lost.to_string())),
    }
}

/// A scenario under many seeds, until one shows what is wrong.
pub(crate) fn exploring(report: &mut Report) {
    let seed_of = |found: core::result::Result<u64, SeedFailure>| found.map_err(|failure| failure.seed);
    report.expect(
        "what is right is so under every seed",
        seed_of(explore(0..200, |host| two_add(host, true))),
        Ok(200),
    );
    let found = seed_of(explore(0..200, |host| two_add(host, false)));
    report.expect("a lost update is found", found.is_err(), true);
    let seed = found.unwrap_or_else(|seed| seed);
    let again = explore(seed..seed + 1, |host| two_add(host, false)).map_err(|failure| failure.to_string());
    report.expect("and again, under its seed", again, Err(alloc::format!("seed {seed} fails: 1")));
}

/// What is left when a host goes is rejected, also if it has handles of what it waits in.
pub(crate) fn closing(report: &mut Report) {
    let host = SingleThread::new().host();
    let (own, system) = (host.single().clone(), host.system().clone());
    let queued: Task<()> = run(host.worker(), move || drop((own, system)));
    let timer = host.single().delay(Duration::from_secs(1));
    let kept = host.single().clone();
    drop(host);
    let kinds = [seen(queued).kind(), seen(timer).kind(), seen(kept.delay(Duration::ZERO)).kind()];
    report.expect("what a host leaves, and what comes after it", kinds, [Some(ErrorKind::Closed); 3]);

    let single = SingleThread::with_capacity::<1>();
    single.close();
    let late = [1, 2, 3].map(|n| seen(run(&single.worker(), move || n)).kind());
    report.expect("a closed queue is closed, and not full", late, [Some(ErrorKind::Closed); 3]);

    let single = SingleThread::new();
    let (task, timer) = (run(&single.worker(), || 7), single.delay(Duration::from_secs(1)));
    single.close();
    let found = (seen(task), seen(timer).kind());
    report.expect(
        "a close runs what is queued, and waits for no timer",
        found,
        (Seen::Value(7), Some(ErrorKind::Closed)),
    );
}
