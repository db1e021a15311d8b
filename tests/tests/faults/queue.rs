//! Contexts of a user's own whose code panics.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use behaviour::{DropCount, watchdog};
use threadbare::{Arrive, ErrorKind, Refused, Runnable, Schedule, Task, promise, run};

use crate::work::{ALL_WORK, Census, Hits, SOURCES, Source, Work, attach, full, lock, quiet};

/// Which of the queue's own functions fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Clone,
    IsCurrent,
    Schedule,
    ScheduleWhenDone,
    TrySchedule,
    Refuse,
    Arrive,
}

const FAULTS: [Fault; 7] = [
    Fault::Clone,
    Fault::IsCurrent,
    Fault::Schedule,
    Fault::ScheduleWhenDone,
    Fault::TrySchedule,
    Fault::Refuse,
    Fault::Arrive,
];

struct Odd(Arc<Shared>);

struct Shared {
    fault: Fault,
    hits: Hits,
    calls: AtomicUsize,
    healed: AtomicBool,
    queue: Mutex<VecDeque<Runnable>>,
}

impl Odd {
    fn new(fault: Fault, hits: Hits) -> Self {
        let calls = AtomicUsize::new(0);
        Self(Arc::new(Shared { fault, hits, calls, healed: AtomicBool::new(false), queue: Mutex::default() }))
    }

    /// Does this function fail now?
    fn fails(&self, function: Fault) -> bool {
        self.0.fault == function && !self.0.healed.load(SeqCst) && self.0.hits.hits(self.0.calls.fetch_add(1, SeqCst))
    }

    fn may_panic(&self, function: Fault) {
        assert!(!self.fails(function), "{function:?} panics on purpose, and that is no assertion");
    }

    fn turn(&self) {
        loop {
            let next = lock(&self.0.queue).pop_front();
            match next {
                Some(runnable) => runnable.run(),
                None => break,
            }
        }
    }
}

impl Clone for Odd {
    fn clone(&self) -> Self {
        self.may_panic(Fault::Clone);
        Self(Arc::clone(&self.0))
    }
}

impl Schedule for Odd {
    fn schedule(&self, runnable: Runnable) {
        self.may_panic(Fault::Schedule);
        lock(&self.0.queue).push_back(runnable);
        self.may_panic(Fault::ScheduleWhenDone);
    }

    fn try_schedule(&self, runnable: Runnable) -> Result<(), Refused> {
        self.may_panic(Fault::TrySchedule);
        if self.fails(Fault::Refuse) {
            return Err(Refused { runnable, error: full() });
        }
        self.schedule(runnable);
        Ok(())
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    fn is_current(&self) -> bool {
        self.may_panic(Fault::IsCurrent);
        false
    }
}

impl Arrive for Odd {
    type Proof = ();

    fn arrive(&self) {
        self.may_panic(Fault::Arrive);
    }
}

fn try_out(work: Work, source: Source, fault: Fault, hits: Hits) {
    let what = format!("{work:?} on {source:?}, {fault:?} for {hits:?}");
    let census = Census::default();
    let odd = Odd::new(fault, hits);
    let (task, settle) = source.start(&census);
    // Whoever attaches is who calls `clone`, and is told of its panic.
    let made = catch_unwind(AssertUnwindSafe(|| attach(work, &odd, task, &census)));
    odd.turn();
    settle();
    odd.turn();
    if let Ok(task) = made {
        let outcome = task.try_take().unwrap_or_else(|_| panic!("it does not settle: {what}"));
        if let Err(error) = &outcome {
            let kinds = [ErrorKind::Closed, ErrorKind::Full, ErrorKind::Panicked];
            assert!(source.explains(error, &kinds), "{error:?}: {what}");
        }
    } else {
        assert_eq!(fault, Fault::Clone, "a panic that goes on: {what}");
    }
    assert_eq!(census.alive(), 0, "something is left: {what}");

    odd.0.healed.store(true, SeqCst);
    let after = run(&odd, || 7);
    odd.turn();
    assert_eq!(after.try_take().unwrap_or_else(|_| panic!("nothing runs any more: {what}")).unwrap(), 7, "{what}");
    assert_eq!(Arc::strong_count(&odd.0), 1, "something keeps the queue: {what}");
}

fn try_all(faults: impl Fn(Fault) -> bool) {
    let _watchdog = watchdog("queues with faults");
    quiet();
    for fault in FAULTS.into_iter().filter(|fault| faults(*fault)) {
        for work in ALL_WORK {
            for source in SOURCES {
                for hits in (0..8).map(Hits::Only).chain([Hits::EveryOther, Hits::All]) {
                    try_out(work, source, fault, hits);
                }
            }
        }
    }
}

#[test]
fn a_queue_that_cannot_take_work_loses_nothing_else() {
    try_all(|fault| fault != Fault::Clone);
}

#[test]
fn a_queue_that_cannot_be_cloned_loses_nothing_else() {
    try_all(|fault| fault == Fault::Clone);
}

/// The verb has taken the task, so it must drop it on its way out.
#[test]
fn a_verb_that_cannot_clone_its_queue_drops_its_task() {
    quiet();
    let odd = Odd::new(Fault::Clone, Hits::All);
    let value = DropCount::new();
    let task = Task::resolved(value.clone());
    let made = catch_unwind(AssertUnwindSafe(|| task.map(&odd, drop)));
    assert!(made.is_err(), "it needs a clone");
    assert_eq!(value.alive(), 0, "the task is leaked");

    let (promise, task) = promise();
    let made = catch_unwind(AssertUnwindSafe(|| task.map(&odd, drop)));
    assert!(made.is_err(), "it needs a clone");
    promise.resolve(value.clone());
    assert_eq!(value.alive(), 0, "the task of the promise is leaked");
}
