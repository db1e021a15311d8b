//! Queues that refuse, lose or delay what they are given, or whose own code panics: every task settles, once, with an error
//! that names the cause.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use behaviour::{DropCount, Log, quiet_panics, watchdog};
use threadbare::{
    AsyncSystem, Error, ErrorKind, Immediate, Refused, Runnable, Schedule, Task, TaskProcessor, Worker, promise, run,
    spawn, spawn_with, try_run,
};

/// What a host makes of a runnable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Drops,
    Rejects,
    Refuses,
    Panics,
    PanicsAfterRunning,
    RunsInline,
    RunsLate,
    DropsLate,
    RejectsLate,
}

const MANNERS: [Manner; 9] = [
    Manner::Drops,
    Manner::Rejects,
    Manner::Refuses,
    Manner::Panics,
    Manner::PanicsAfterRunning,
    Manner::RunsInline,
    Manner::RunsLate,
    Manner::DropsLate,
    Manner::RejectsLate,
];

impl Manner {
    /// What tasks are rejected with; `None` if they run.
    fn rejects_with(self) -> Option<ErrorKind> {
        match self {
            Manner::PanicsAfterRunning | Manner::RunsInline | Manner::RunsLate => None,
            Manner::Drops | Manner::DropsLate | Manner::Panics => Some(ErrorKind::Closed),
            Manner::Rejects | Manner::Refuses | Manner::RejectsLate => Some(ErrorKind::Full),
        }
    }

    /// What it does with what it has kept.
    fn is_late_with(self, runnable: Runnable) {
        match self {
            Manner::RunsLate => runnable.run(),
            Manner::RejectsLate => runnable.reject(full()),
            _ => drop(runnable),
        }
    }
}

fn full() -> Error {
    Error::full("no room for it")
}

struct Odd(Manner, Mutex<Sender<Runnable>>);

impl TaskProcessor for Odd {
    fn start_task(&self, runnable: Runnable) {
        match self.0 {
            Manner::Drops => drop(runnable),
            Manner::Rejects | Manner::Refuses => runnable.reject(full()),
            Manner::Panics => panic!("start_task panics on purpose"),
            Manner::PanicsAfterRunning => {
                runnable.run();
                panic!("start_task panics on purpose");
            }
            Manner::RunsInline => runnable.run(),
            Manner::RunsLate | Manner::DropsLate | Manner::RejectsLate => {
                self.1.lock().unwrap().send(runnable).expect("the test holds it");
            }
        }
    }

    fn try_start_task(&self, runnable: Runnable) -> Result<(), Refused> {
        if self.0 == Manner::Refuses {
            return Err(Refused { runnable, error: full() });
        }
        self.start_task(runnable);
        Ok(())
    }
}

fn odd(manner: Manner) -> (Worker, Receiver<Runnable>) {
    let (queue, queued) = channel();
    (Worker::new(Odd(manner, Mutex::new(queue))), queued)
}

/// On another thread, until all who queue are gone.
fn late(manner: Manner, queued: Receiver<Runnable>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || queued.into_iter().for_each(|runnable| manner.is_late_with(runnable)))
}

#[test]
fn a_processor_may_drop_refuse_panic_run_inline_or_late() {
    let _watchdog = watchdog("odd processors");
    quiet_panics();
    for manner in MANNERS {
        let (worker, queued) = odd(manner);
        let logs: [Log; 5] = Default::default();
        let [a, b, c, d, e] = logs.each_ref().map(Log::probe);
        let (promise, pending) = promise::<u32>();
        let tasks = [
            run(&worker, move || a.run()),
            try_run(&worker, move || {
                b.run();
                Ok(())
            }),
            pending.map(&worker, move |_| c.run()),
            spawn(&worker, async move {
                d.run();
                Ok(())
            }),
            spawn_with(&worker, |_| async move {
                e.run();
                Ok(())
            }),
        ];
        promise.resolve(1);
        let late = late(manner, queued);
        // The worker's sender goes, which ends the thread.
        drop(worker);
        for (index, task) in tasks.into_iter().enumerate() {
            match (task.wait(), manner.rejects_with()) {
                (Ok(()), None) => {}
                (Err(error), Some(kind)) => {
                    assert_eq!(error.kind(), kind, "{manner:?}, task {index}: {error:?}");
                    assert!(kind == ErrorKind::Closed || error.to_string() == full().to_string(), "{error}");
                }
                (outcome, _) => panic!("{manner:?}, task {index}: {outcome:?}"),
            }
        }
        late.join().expect("nothing unwinds out of a runnable");
        let runs = usize::from(manner.rejects_with().is_none());
        for log in logs {
            assert_eq!((log.runs().len(), log.drops().len()), (runs, 1), "{manner:?}");
        }
    }
}

/// A continuation that is not run passes the error on that it had to deal with, if it had one.
#[test]
fn a_runnable_that_is_not_run_names_the_first_cause() {
    let _watchdog = watchdog("first causes");
    quiet_panics();
    for manner in MANNERS {
        let Some(kind) = manner.rejects_with() else { continue };
        let (worker, queued) = odd(manner);
        let caught = Task::<u32>::rejected(Error::msg("the first cause")).catch(&worker, |_| 0);
        let looked = Task::<u32>::rejected(Error::msg("the first cause")).then(&worker, |_| Ok(0));
        let mapped = Task::resolved(1).map(&worker, |n: u32| n);
        let late = late(manner, queued);
        drop(worker);
        for task in [caught, looked] {
            assert_eq!(task.wait().unwrap_err().to_string(), "the first cause", "{manner:?}");
        }
        assert_eq!(mapped.wait().unwrap_err().kind(), kind, "{manner:?}");
        late.join().unwrap();
    }
}

/// Runnables that outlive everything they know of run, or are rejected, all the same.
#[test]
fn a_processor_that_outlives_system_tasks_and_promises_runs_what_it_has() {
    let _watchdog = watchdog("a processor that outlives the rest");
    for manner in [Manner::RunsLate, Manner::DropsLate, Manner::RejectsLate] {
        let (queue, queued) = channel();
        let system = AsyncSystem::new(Odd(manner, Mutex::new(queue)));
        let ran = DropCount::new();
        let (a, b, c) = (ran.clone(), ran.clone(), ran.clone());
        let (promise, task) = promise::<u32>();
        // Caught, so that the error hook is left alone.
        run(system.worker(), move || a.hit()).catch(&Immediate, |_| ()).detach();
        task.map(system.worker(), move |_| b.hit()).catch(&Immediate, |_| ()).detach();
        let spawned = spawn(system.worker(), async move {
            c.hit();
            Ok(())
        });
        spawned.catch(&Immediate, |_| ()).detach();
        promise.resolve(1);
        drop(system);
        let runnables: Vec<Runnable> = queued.try_iter().collect();
        assert_eq!(runnables.len(), 3);
        runnables.into_iter().for_each(|runnable| manner.is_late_with(runnable));
        assert_eq!((ran.hits(), ran.alive()), (if manner == Manner::RunsLate { 3 } else { 0 }, 0));
    }
}

/// The same of a context of a user's own.
#[test]
fn a_context_whose_schedule_panics_rejects_what_it_was_given() {
    quiet_panics();
    #[derive(Clone)]
    struct Panics(Arc<()>);
    impl Schedule for Panics {
        fn schedule(&self, _: Runnable) {
            panic!("schedule panics on purpose");
        }

        fn key(&self) -> usize {
            Arc::as_ptr(&self.0).addr()
        }
    }
    let panics = Panics(Arc::default());
    let (promise, pending) = promise::<u32>();
    let tasks = [run(&panics, || 1), pending.map(&panics, |n| n), spawn(&panics, async { Ok(1) })];
    promise.resolve(1);
    for task in tasks {
        assert_eq!(task.wait().unwrap_err().kind(), ErrorKind::Closed);
    }
    assert_eq!(Arc::strong_count(&panics.0), 1);
}

/// What panics in a [`Moody`] queue.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Clone,
    IsCurrent,
}

/// A queue whose own code panics, once it is told to.
struct Moody(Arc<Mutex<Option<Mood>>>);

impl Moody {
    fn panic_at(&self, mood: Mood) {
        let told = *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if told == Some(mood) {
            panic!("a queue in a mood panics on purpose");
        }
    }
}

impl Clone for Moody {
    fn clone(&self) -> Self {
        self.panic_at(Mood::Clone);
        Self(self.0.clone())
    }
}

impl Schedule for Moody {
    fn schedule(&self, runnable: Runnable) {
        runnable.run();
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    fn is_current(&self) -> bool {
        self.panic_at(Mood::IsCurrent);
        false
    }
}

/// A continuation that is being fired, or a future that is woken, is not lost with the panic: it is rejected, or queued.
#[test]
fn a_queue_whose_own_code_panics() {
    let _watchdog = watchdog("a_queue_whose_own_code_panics");
    quiet_panics();
    for (mood, expected) in [(Mood::Clone, Err(ErrorKind::Closed)), (Mood::IsCurrent, Ok(8))] {
        let queue = Moody(Arc::default());
        let ((settle, task), (start, started)) = (promise::<u32>(), promise::<u32>());
        let task = task.map(&queue, |n| n + 1);
        let spawned = spawn(&queue, async move { Ok(started.await? + 1) });
        assert!(!spawned.is_settled());
        *queue.0.lock().unwrap() = Some(mood);
        settle.resolve(7);
        start.resolve(7);
        let outcome = task.try_take().expect("settled");
        assert_eq!(outcome.map_err(|error| error.kind()), expected, "{mood:?}");
        let outcome = spawned.try_take().expect("settled");
        assert_eq!(outcome.map_err(|error| error.kind()), expected, "{mood:?}");
    }
}
