//! Processors with faults.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use behaviour::watchdog;
use threadbare::{AsyncSystem, ErrorKind, Refused, Runnable, TaskProcessor, Worker, run};

use crate::work::{ALL_WORK, Census, HITS, Hits, SOURCES, Source, Work, attach, full, lock, quiet};

/// What a processor does to a runnable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Drops,
    Rejects,
    Refuses,
    /// Queues it, and gives the oldest back for it.
    Evicts,
    PanicsFirst,
    /// Queues it, then panics.
    PanicsThen,
    RunsInline,
    /// Runs it inside of `start_task`, then panics.
    RunsInlineAndPanics,
    /// Runs it when the system is gone.
    RunsLate,
    /// Drops it when the system is gone.
    DropsLate,
    /// On a thread of its own.
    ThreadEach,
    /// Drops it on a thread of its own.
    ThreadDrops,
    IsCurrentPanics,
    IsCurrentLies,
}

const FAULTS: [Fault; 15] = [
    Fault::None,
    Fault::Drops,
    Fault::Rejects,
    Fault::Refuses,
    Fault::Evicts,
    Fault::PanicsFirst,
    Fault::PanicsThen,
    Fault::RunsInline,
    Fault::RunsInlineAndPanics,
    Fault::RunsLate,
    Fault::DropsLate,
    Fault::ThreadEach,
    Fault::ThreadDrops,
    Fault::IsCurrentPanics,
    Fault::IsCurrentLies,
];

impl Fault {
    /// What tasks may be rejected with for it.
    fn kinds(self) -> &'static [ErrorKind] {
        match self {
            Fault::Drops | Fault::PanicsFirst | Fault::DropsLate | Fault::ThreadDrops => &[ErrorKind::Closed],
            Fault::Rejects | Fault::Refuses | Fault::Evicts => &[ErrorKind::Full],
            _ => &[],
        }
    }
}

#[derive(Clone)]
struct Faulty(Arc<Shared>);

struct Shared {
    fault: Fault,
    hits: Hits,
    /// How many have come.
    come: AtomicUsize,
    healed: AtomicBool,
    queue: Mutex<VecDeque<Runnable>>,
    late: Mutex<VecDeque<Runnable>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Faulty {
    fn new(fault: Fault, hits: Hits) -> Self {
        Self(Arc::new(Shared {
            fault,
            hits,
            come: AtomicUsize::new(0),
            healed: AtomicBool::new(false),
            queue: Mutex::default(),
            late: Mutex::default(),
            threads: Mutex::default(),
        }))
    }

    fn thread(&self, work: impl FnOnce() + Send + 'static) {
        lock(&self.0.threads).push(std::thread::spawn(work));
    }

    /// Runs what is queued, in order, until nothing is.
    fn turn(&self) {
        loop {
            let next = lock(&self.0.queue).pop_front();
            let thread = next.is_none().then(|| lock(&self.0.threads).pop()).flatten();
            match (next, thread) {
                (Some(runnable), _) => runnable.run(),
                (None, Some(thread)) => thread.join().expect("no thread dies of what it runs"),
                (None, None) => break,
            }
        }
    }

    /// Does what was put off; `false` if nothing was.
    fn be_late(&self) -> bool {
        let late = lock(&self.0.late).pop_front();
        match late {
            Some(runnable) if self.0.fault == Fault::RunsLate => {
                runnable.run();
                true
            }
            late => late.is_some(),
        }
    }
}

impl TaskProcessor for Faulty {
    fn start_task(&self, runnable: Runnable) {
        if let Err(refused) = self.try_start_task(runnable) {
            refused.reject();
        }
    }

    fn try_start_task(&self, runnable: Runnable) -> Result<(), Refused> {
        let healthy = self.0.healed.load(SeqCst) || !self.0.hits.hits(self.0.come.fetch_add(1, SeqCst));
        let queue = |runnable| lock(&self.0.queue).push_back(runnable);
        match self.0.fault {
            _ if healthy => queue(runnable),
            Fault::None | Fault::IsCurrentPanics | Fault::IsCurrentLies => queue(runnable),
            Fault::Drops => drop(runnable),
            Fault::Rejects => runnable.reject(full()),
            Fault::Refuses => return Err(Refused { runnable, error: full() }),
            Fault::Evicts => {
                let oldest = lock(&self.0.queue).pop_front();
                queue(runnable);
                if let Some(runnable) = oldest {
                    return Err(Refused { runnable, error: full() });
                }
            }
            Fault::PanicsFirst => panic!("start_task panics on purpose"),
            Fault::PanicsThen => {
                queue(runnable);
                panic!("start_task panics on purpose");
            }
            Fault::RunsInline => runnable.run(),
            Fault::RunsInlineAndPanics => {
                runnable.run();
                panic!("start_task panics on purpose");
            }
            Fault::RunsLate | Fault::DropsLate => lock(&self.0.late).push_back(runnable),
            Fault::ThreadEach => self.thread(|| runnable.run()),
            Fault::ThreadDrops => self.thread(|| drop(runnable)),
        }
        Ok(())
    }

    fn is_current(&self) -> bool {
        if self.0.healed.load(SeqCst) {
            return false;
        }
        match self.0.fault {
            Fault::IsCurrentPanics => panic!("is_current panics on purpose"),
            fault => fault == Fault::IsCurrentLies,
        }
    }
}

/// One kind of work on one fault.
fn try_out(work: Work, source: Source, fault: Fault, hits: Hits) {
    let what = format!("{work:?} on {source:?}, {fault:?} for {hits:?}");
    let census = Census::default();
    let faulty = Faulty::new(fault, hits);
    let system = AsyncSystem::new(faulty.clone());
    let (task, settle) = source.start(&census);
    let task = attach(work, system.worker(), task, &census);
    faulty.turn();
    settle();
    faulty.turn();
    // The worker outlives the system, as what is queued may have it.
    let worker: Worker = system.worker().clone();
    drop(system);
    while faulty.be_late() {
        faulty.turn();
    }

    let outcome = task.try_take().unwrap_or_else(|_| panic!("it does not settle: {what}"));
    if let Err(error) = &outcome {
        let own = fault == Fault::IsCurrentPanics && work == Work::Hop && error.kind() == ErrorKind::Panicked;
        assert!(own || source.explains(error, fault.kinds()), "{error:?}: {what}");
    }
    drop(outcome);
    assert_eq!(census.alive(), 0, "something is left: {what}");

    faulty.0.healed.store(true, SeqCst);
    let after = run(&worker, || 7);
    faulty.turn();
    let after = after.try_take().unwrap_or_else(|_| panic!("nothing runs any more: {what}"));
    assert_eq!(after.unwrap_or_else(|error| panic!("{error}: {what}")), 7);
    assert_eq!(Arc::strong_count(&faulty.0), 2, "the processor and ours: {what}");
}

#[test]
fn a_processor_with_a_fault_loses_nothing_but_the_work() {
    let _watchdog = watchdog("processors with faults");
    quiet();
    for work in ALL_WORK {
        for source in SOURCES {
            for fault in FAULTS {
                for hits in HITS {
                    try_out(work, source, fault, hits);
                }
            }
        }
    }
}
