//! Processors whose help fails in a wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};

use behaviour::{DropCount, PolledProcessor, watchdog};
use threadbare::{AsyncSystem, Help, Outlook, Runnable, TaskProcessor, promise, run};

use crate::work::quiet;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Help,
    RunOne,
    BeforePark,
    AfterPark,
    Release,
}

#[derive(Clone)]
struct Faulty {
    queue: PolledProcessor,
    fault: Fault,
    healed: Arc<AtomicBool>,
}

impl Faulty {
    fn may_panic(&self, function: Fault) {
        if self.fault == function && !self.healed.load(SeqCst) {
            panic!("{function:?} panics on purpose");
        }
    }
}

impl TaskProcessor for Faulty {
    fn start_task(&self, runnable: Runnable) {
        self.queue.start_task(runnable);
    }

    fn help(&self) -> Option<&dyn Help> {
        self.may_panic(Fault::Help);
        Some(self)
    }

    fn release(&self) {
        self.queue.release();
        self.may_panic(Fault::Release);
    }
}

impl Help for Faulty {
    fn run_one(&self) -> bool {
        self.may_panic(Fault::RunOne);
        self.queue.turn()
    }

    fn before_park(&self) -> Outlook {
        self.may_panic(Fault::BeforePark);
        Outlook::Never
    }

    fn after_park(&self) {
        self.may_panic(Fault::AfterPark);
    }
}

/// A wait, and then all that the main thread does.
fn try_out(fault: Fault) {
    let _watchdog = watchdog("helpers with faults");
    quiet();
    let healed = Arc::new(AtomicBool::new(false));
    let processor = Faulty { queue: PolledProcessor::default(), fault, healed: Arc::clone(&healed) };
    let told = Arc::new(AtomicUsize::new(0));
    let tell = Arc::clone(&told);
    let system = AsyncSystem::with_main_hook(processor, move || _ = tell.fetch_add(1, SeqCst));
    let here = system.main().enter().expect("nobody else has entered");
    let alive = DropCount::new();
    let (promise, pending) = promise();
    let value = alive.clone();
    let waited = catch_unwind(AssertUnwindSafe(|| here.wait(pending)));
    match waited {
        Ok(outcome) => {
            assert_eq!(fault, Fault::Release, "the panic is seen by who waits");
            assert!(outcome.is_err(), "nothing could settle it");
        }
        Err(_) => assert_ne!(fault, Fault::Release),
    }
    // What was waited for has been let go of.
    promise.resolve(value);
    assert_eq!(alive.alive(), 0);

    // The main thread does not pass for asleep: its host is told of what comes.
    let before = told.load(SeqCst);
    let (sent, come) = mpsc::channel();
    run(system.main(), move || sent.send(7)).detach();
    assert_eq!(told.load(SeqCst), before + 1, "the host is not told");
    assert_eq!(here.dispatch(), 1);
    assert_eq!(come.recv(), Ok(7));

    healed.store(fault != Fault::Release, SeqCst);
    assert_eq!(here.wait(run(system.worker(), || 8)).unwrap(), 8);
    drop(here);
    drop(system);
}

#[test]
fn a_processor_that_cannot_say_whether_it_helps_ends_a_wait() {
    try_out(Fault::Help);
}

#[test]
fn a_helper_that_panics_over_its_work_ends_a_wait() {
    try_out(Fault::RunOne);
}

#[test]
fn a_helper_that_panics_before_the_thread_parks_ends_a_wait() {
    try_out(Fault::BeforePark);
}

#[test]
fn a_helper_that_panics_after_the_thread_has_parked_ends_a_wait() {
    try_out(Fault::AfterPark);
}

#[test]
fn a_processor_that_cannot_be_released_takes_nobody_along() {
    try_out(Fault::Release);
}
