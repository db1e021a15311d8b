//! What happens, on every board alike: pieces of a device that samples, computes and shows.

use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::num::ParseIntError;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use threadbare::{
    Clock, Error, ErrorKind, Immediate, Promise, Result, Task, all, any, join, promise, race, run, set_error_hook,
    spawn, try_run,
};

use crate::machine::{Platform, ROOM};
use crate::report::Report;
use crate::{alarm, ambush, board};

/// All of it, from a machine that was just made to one that is closed.
pub(crate) fn run_all(report: &mut Report, machine: impl Platform) {
    static UNSEEN: AtomicUsize = AtomicUsize::new(0);
    // ORDERING: Relaxed: a flag, which is read when all is over.
    let set = set_error_hook(|_| UNSEEN.store(1, Ordering::Relaxed));
    report.expect("errors that nobody sees have a place to go", set, true);
    open(report, &machine);
    if cfg!(feature = "fail-panic") {
        _ = machine.wait(run(machine.worker(), || panic!("a panic that was planted")));
    }
    closing(report, machine);
    // ORDERING: Relaxed, as above.
    report.expect("and none has gone there", UNSEEN.load(Ordering::Relaxed), 0);
}

fn open(report: &mut Report, machine: &impl Platform) {
    chains(report, machine);
    unwrapping(report, machine);
    errors(report, machine);
    shared(report, machine);
    combined(report, machine);
    interrupts(report, machine);
    storm(report, machine);
    wake_ups(report, machine);
    time(report, machine);
    spawned(report, machine);
    full(report, machine);
    together(report, machine);
    nobody_else(report, machine);
}

/// What there is to see of an outcome: the value, or the sort of the error.
fn seen<T>(outcome: Result<T>) -> core::result::Result<T, ErrorKind> {
    outcome.map_err(|error| error.kind())
}

/// Work that hops: a worker samples and computes, the main thread shows.
fn chains(report: &mut Report, machine: &impl Platform) {
    let (worker, main, here) = (machine.worker(), machine.main(), machine.here());
    let display = Rc::new(RefCell::new(Vec::new())); // the main thread's own: not `Send`
    let shown = Rc::clone(&display);
    let task = run(worker, || [3, 1, 2])
        .map(worker, |samples| samples.iter().sum::<u32>())
        .map(here, move |sum| shown.borrow_mut().push(sum))
        .map(worker, |()| "next")
        .map(main, str::len);
    report.expect("a chain over worker and main", seen(machine.wait(task)), Ok(4));
    report.expect("it has shown what only main may touch", display.take(), [6].into());
}

/// What a closure returns is unwrapped: a result, a task, a future.
fn unwrapping(report: &mut Report, machine: &impl Platform) {
    let worker = machine.worker();
    let fork = worker.clone();
    let task = Task::resolved("42")
        .and_then(worker, |text| Ok(text.parse::<u32>()?))
        .and_then(worker, move |n| run(&fork, move || n + 1))
        .and_then(machine.here(), |n| async move { Ok(n * 2) });
    report.expect("a result, a task and a future, unwrapped", seen(machine.wait(task)), Ok(86));
}

/// What goes wrong is an error of the task, and is caught where that makes sense.
fn errors(report: &mut Report, machine: &impl Platform) {
    let worker = machine.worker();
    let skipped = Rc::new(Cell::new(false));
    let ran = Rc::clone(&skipped);
    let task = try_run(worker, || Ok("seven".parse::<u32>()?))
        .map(machine.here(), move |n| {
            ran.set(true);
            n
        })
        .catch(machine.main(), |error| if error.downcast_ref::<ParseIntError>().is_some() { 7 } else { 0 });
    report.expect("an error is caught, and keeps its type", seen(machine.wait(task)), Ok(7));
    report.expect("what it passed on its way did not run", skipped.get(), false);

    let (promise, task) = promise::<u32>();
    run(worker, move || drop(promise)).detach();
    report.expect("a promise that is dropped rejects", seen(machine.wait(task)), Err(ErrorKind::Abandoned));
}

/// One task for many.
fn shared(report: &mut Report, machine: &impl Platform) {
    let calibration = run(machine.worker(), || [10, 20, 30]).share();
    let sums = (0..3).map(|n| calibration.fork().map(machine.worker(), move |table| table[n] + 1));
    report.expect("one task, shared by three", seen(machine.wait(all(sums))), Ok([11, 21, 31].into()));
    report.expect("and there for whoever comes later", calibration.peek().map(seen), Some(Ok([10, 20, 30])));
}

/// Many tasks in one.
fn combined(report: &mut Report, machine: &impl Platform) {
    let worker = machine.worker();
    let squares = all((0..4).map(|n| run(worker, move || n * n)));
    report.expect("all of four", seen(machine.wait(squares)), Ok([0, 1, 4, 9].into()));
    let both = join((run(worker, || 1_u8), run(machine.main(), || "two")));
    report.expect("join of two types", seen(machine.wait(both)), Ok((1, "two")));
    let (_promise, never) = promise();
    let first = race([never, run(worker, || "first")]);
    report.expect("race against what never comes", seen(machine.wait(first)), Ok("first"));
    let sensors = any([Task::rejected(Error::msg("not there")), run(worker, || "spare")]);
    report.expect("any that works", seen(machine.wait(sensors)), Ok("spare"));
}

/// Promises that an interrupt handler settles.
fn interrupts(report: &mut Report, machine: &impl Platform) {
    let sleeps = board::sleeps();
    let task = alarm::alarm(Duration::from_millis(10))
        .map(&Immediate, |_| board::in_interrupt())
        .map(machine.worker(), |before| [before, board::in_interrupt()])
        .map(machine.main(), |[first, then]| [first, then, board::in_interrupt()]);
    report.expect("an interrupt settles, worker and main go on", seen(machine.wait(task)), Ok([true, false, false]));

    let mut rang = 0;
    for _ in 0..50 {
        rang += machine.wait(alarm::alarm(Duration::from_millis(1)).map(machine.worker(), |_| 1)).unwrap_or(0);
    }
    report.expect("fifty interrupts in a row", rang, 50);
    report.expect("main has slept in between", board::sleeps() > sleeps, true);

    let (promise, task) = promise();
    let early = critical_section::with(|_| {
        alarm::set(Duration::ZERO, promise);
        task.is_settled()
    });
    let outcomes = (early, machine.wait(task).is_ok());
    report.expect("a critical section holds interrupts back", outcomes, (false, true));
}

/// Interrupts all the time, whose handlers go on and set the next alarm themselves, while main computes and allocates.
fn storm(report: &mut Report, machine: &impl Platform) {
    fn strike(left: usize, done: Promise<()>) {
        let next = alarm::alarm(Duration::from_micros(100));
        next.map(&Immediate, move |_| if left == 0 { done.resolve(()) } else { strike(left - 1, done) }).detach();
    }
    fn compute() -> ([u32; 10], [f32; 10]) {
        let mut words = [1_u32; 10];
        let mut numbers = [1.0_f32; 10];
        let steps: Vec<_> = (0..20).collect();
        for step in steps {
            words = core::array::from_fn(|n| words[n].rotate_left(5) ^ words[(n + 3) % 10].wrapping_mul(31) ^ step);
            numbers = core::array::from_fn(|n| numbers[n] * 0.5 + numbers[(n + 3) % 10] * 0.25 + step as f32);
        }
        (words, numbers)
    }
    let quiet = compute();
    let (promise, task) = promise();
    strike(100, promise);
    let mut alike = true;
    while !task.is_settled() {
        alike &= compute() == quiet;
    }
    report.expect("a hundred interrupts, one out of the other", machine.wait(task).is_ok(), true);
    report.expect("main computes as if there were none", alike, true);
}

/// What comes when main has found nothing to do and is about to sleep: it is not slept through.
fn wake_ups(report: &mut Report, machine: &impl Platform) {
    let (promise, task) = promise();
    ambush::lay(move || alarm::set(Duration::ZERO, promise));
    let sleeps = board::sleeps();
    report.expect("an interrupt just before a sleep", machine.wait(task).is_ok(), true);
    report.expect("it keeps awake", board::sleeps() - sleeps, 0);

    let task = machine.clock().delay(Duration::from_millis(2));
    ambush::lay(|| {
        let start = board::now();
        while board::now() - start < Duration::from_millis(3) {}
    });
    let sleeps = board::sleeps();
    report.expect("a timer that is due just before a sleep", machine.wait(task).is_ok(), true);
    report.expect("it keeps awake, too", board::sleeps() - sleeps, 0);

    let mut hops = 0;
    for _ in 0..250 {
        let task = run(machine.worker(), || 1).map(machine.main(), |n| n + 1).map(machine.worker(), |n| n + 1);
        hops += machine.wait(task.map(machine.main(), |n| n + 1)).unwrap_or(0);
    }
    report.expect("a thousand hops between worker and main", hops, 1000);
}

/// Delays, limits, ticks.
fn time(report: &mut Report, machine: &impl Platform) {
    let (clock, worker) = (machine.clock(), machine.worker());
    let start = board::now();
    let order = Rc::new(RefCell::new(Vec::new()));
    let delays = [30, 10, 20].map(|millis| {
        let order = Rc::clone(&order);
        let delay = clock.delay(Duration::from_millis(millis));
        delay.map(machine.here(), move |()| order.borrow_mut().push(millis))
    });
    let done = seen(machine.wait(all(delays))).map(|all| all.len());
    report.expect("three delays", done, Ok(3));
    report.expect("they end in the order of their times", order.take(), [10, 20, 30].into());
    report.expect("and not before", board::now() - start >= Duration::from_millis(30), true);

    let (_promise, silent) = promise::<u32>();
    let silent = clock.timeout(silent, Duration::from_millis(5));
    report.expect("a limit that is passed", seen(machine.wait(silent)), Err(ErrorKind::TimedOut));
    let prompt = clock.timeout(run(worker, || 1), Duration::from_secs(3600));
    report.expect("a limit that is kept", seen(machine.wait(prompt)), Ok(1));

    let start = board::now();
    let mut ticks = clock.interval(Duration::from_millis(5));
    let blinking = spawn(worker, async move {
        let mut periods = 0;
        while periods < 3 {
            periods += ticks.tick().await?;
        }
        Ok(())
    });
    report.expect("an interval ticks", seen(machine.wait(blinking)), Ok(()));
    report.expect("and no faster than it should", board::now() - start >= Duration::from_millis(15), true);
}

/// Async blocks, on the worker and on the main thread.
fn spawned(report: &mut Report, machine: &impl Platform) {
    let (clock, worker) = (machine.clock().clone(), machine.worker().clone());
    let task = spawn(machine.worker(), async move {
        clock.delay(Duration::from_millis(2)).await?;
        let sample = run(&worker, || 20).await?;
        alarm::alarm(Duration::from_millis(2)).await?;
        Ok(sample + 1)
    });
    let own = Rc::new(Cell::new(0)); // not `Send`, and kept across an await
    let counter = Rc::clone(&own);
    let task = spawn(machine.here(), async move {
        let sample = task.await?;
        counter.set(sample * 2);
        Ok(())
    });
    report.expect("async blocks await time, work and interrupts", seen(machine.wait(task)), Ok(()));
    report.expect("and what came of it is main's own", own.get(), 42);
}

/// A queue has room for so much. What is too much is rejected, and nothing else is lost.
fn full(report: &mut Report, machine: &impl Platform) {
    let worker = machine.worker();
    let (queued, refused) = machine.hold(|| {
        let queued = all((0..ROOM).map(|n| run(worker, move || n)));
        (queued, run(worker, || ROOM).map(worker, |n| n + 1))
    });
    report.expect("one too many is refused", refused.try_take().map(seen).ok(), Some(Err(ErrorKind::Full)));
    report.expect("the others are not", seen(machine.wait(queued)), Ok((0..ROOM).collect()));
    report.expect("and then there is room again", seen(machine.wait(run(worker, || "room"))), Ok("room"));
}

/// As many pieces of work as there are hands: each waits for all the others to have begun, and then all use the heap.
fn together<P: Platform>(report: &mut Report, machine: &P) {
    static BEGUN: Gathering = Gathering::new();
    let work = (0..P::HANDS).map(|own| {
        run(machine.worker(), move || {
            BEGUN.arrive(own);
            BEGUN.wait_for(P::HANDS);
            let intact = (0..5000).all(|round| {
                let block = vec![own; round % 32];
                block.iter().all(|value| *value == own)
            });
            (board::core(), intact)
        })
    });
    let done = machine.wait(all(work)).unwrap_or_default();
    let hands = done.iter().fold(0, |hands, (core, _)| hands | 1 << core);
    report.expect("every core has a hand in it", hands, (1 << P::HANDS) - 1);
    report.expect("the heap bears it", done.iter().all(|(_, intact)| *intact), true);
}

/// Main is about to sleep, the others are busy, and one of them queues something more, for which there is only main.
/// (On one core there are no others.)
fn nobody_else<P: Platform>(report: &mut Report, machine: &P) {
    static BUSY: Gathering = Gathering::new();
    static STAGE: AtomicUsize = AtomicUsize::new(0);
    const GO: usize = 1;
    const QUEUED: usize = 2;
    const DONE: usize = 3;
    // ORDERING: Relaxed in both: they only take turns.
    let reach = |stage| STAGE.store(stage, Ordering::Relaxed);
    let wait_until = |stage| {
        while STAGE.load(Ordering::Relaxed) < stage {
            core::hint::spin_loop();
        }
    };
    let others = P::HANDS - 1;
    let work: Vec<_> = (0..others)
        .map(|own| {
            let worker = machine.worker().clone();
            run(machine.worker(), move || {
                BUSY.arrive(own);
                if own == 0 {
                    wait_until(GO);
                    run(&worker, move || reach(DONE)).detach();
                    reach(QUEUED);
                }
                wait_until(DONE);
            })
        })
        .collect();
    BUSY.wait_for(others);
    if others > 0 {
        ambush::lay(move || {
            reach(GO);
            wait_until(QUEUED);
        });
    }
    let done = machine.wait(all(work)).map(|done| done.len());
    report.expect("what others queue just before main sleeps", seen(done), Ok(others));
}

/// What is still to be done at the end is rejected, and so is what comes later.
fn closing(report: &mut Report, machine: impl Platform) {
    let (worker, main) = (machine.worker().clone(), machine.main().clone());
    let (queued, delayed) = (run(&main, || ()), machine.clock().delay(Duration::from_secs(3600)));
    machine.close();
    let (late, later) = (run(&worker, || ()), run(&main, || ()));
    let outcomes = [queued, delayed, late, later].map(|task| task.try_take().map(seen).ok());
    report.expect("what is left at the end is rejected", outcomes, [Some(Err(ErrorKind::Closed)); 4]);
}

/// A place where hands wait for each other. Without a read-modify-write, which not every core has.
struct Gathering([AtomicUsize; 8]);

impl Gathering {
    const fn new() -> Self {
        Self([const { AtomicUsize::new(0) }; 8])
    }

    fn arrive(&self, hand: usize) {
        // ORDERING: Relaxed here and below: they only count.
        self.0[hand].store(1, Ordering::Relaxed);
    }

    fn wait_for(&self, hands: usize) {
        while self.0.iter().map(|hand| hand.load(Ordering::Relaxed)).sum::<usize>() < hands {
            core::hint::spin_loop();
        }
    }
}
