//! Every task settles, once, whatever happens to what it waits for.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use behaviour::{DropCount, Host, Log, OnePool, Polled, System, each_system, quiet_panics, watchdog};
use threadbare::{
    AsyncSystem, Error, ErrorKind, Immediate, Promise, Runnable, Schedule, Task, TaskProcessor, Worker, promise, run,
    spawn, try_run,
};

each_system!(a_panic_in_any_step_rejects_the_rest, a_promise_dropped_at_any_step_rejects_the_rest, closing_settles_all);

/// The steps of a chain, in turn in the worker, on the main thread, at once, and on the render thread.
const STEPS: usize = 8;

fn step<S: System>(
    host: &Host<S>,
    index: usize,
    task: Task<usize>,
    f: impl FnOnce(usize) -> usize + Send + 'static,
) -> Task<usize> {
    match index % 4 {
        0 => task.map(host.worker(), f),
        1 => task.map(host.main(), f),
        2 => task.map(&Immediate, f),
        _ => task.map(&host.render, f),
    }
}

fn a_panic_in_any_step_rejects_the_rest<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    for culprit in 0..STEPS {
        let captured = DropCount::new();
        let (promise, mut task) = promise();
        for index in 0..STEPS {
            let mine = captured.clone();
            task = step(&host, index, task, move |n| {
                mine.hit();
                assert!(index != culprit, "step {index} panics on purpose");
                n + 1
            });
        }
        promise.resolve(0);
        let error = host.settle(task).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panicked);
        let text = error.to_string();
        assert!(
            text.starts_with("panicked") && text.ends_with(&format!(": step {culprit} panics on purpose")),
            "{text}"
        );
        let payload = error.clone().take_panic().expect("the payload is there");
        assert_eq!(payload.downcast_ref::<String>(), Some(&format!("step {culprit} panics on purpose")));
        assert!(error.take_panic().is_none(), "the payload is taken once");
        assert_eq!(captured.hits(), culprit + 1);
        assert_eq!(captured.alive(), 0);
    }
    assert_eq!(host.settle(run(host.worker(), || 1)).unwrap(), 1, "the worker lives");
}

/// A chain in which each step returns the task of a promise; one of these is dropped.
fn a_promise_dropped_at_any_step_rejects_the_rest<S: System>() {
    let host = Host::<S>::start();
    for culprit in 0..STEPS {
        let ran = DropCount::new();
        let (promises, made) = channel::<(usize, Promise<usize>)>();
        let mut task = Task::resolved(0);
        for index in 0..STEPS {
            let (promises, mine) = (promises.clone(), ran.clone());
            let next = move |n: usize| {
                mine.hit();
                let (promise, task) = promise();
                promises.send((n + 1, promise)).expect("the test listens");
                task
            };
            task = match index % 4 {
                0 => task.and_then(host.worker(), next),
                1 => task.and_then(host.main(), next),
                2 => task.and_then(&Immediate, next),
                _ => task.and_then(&host.render, next),
            };
        }
        drop(promises);
        let settler = std::thread::spawn(move || {
            for (n, promise) in made {
                if n == culprit + 1 { drop(promise) } else { promise.resolve(n) }
            }
        });
        assert_eq!(host.settle(task).unwrap_err().kind(), ErrorKind::Abandoned);
        settler.join().expect("it only settles");
        assert_eq!((ran.hits(), ran.alive()), (culprit + 1, 0));
    }
}

/// When the system closes, relative to the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Close {
    Before,
    WhileQueued,
    WhilePending,
    After,
}

fn closing_settles_all<S: System>() {
    for now in [false, true] {
        for close in [Close::Before, Close::WhileQueued, Close::WhilePending, Close::After] {
            let host = Host::<S>::start();
            let what = format!("{close:?}, now: {now}");
            let captured = DropCount::new();
            let (promise, pending) = promise::<u32>();
            // A pool's threads are held, so that what is queued stays so until the close.
            let (hold, held) = channel::<()>();
            let held = Arc::new(Mutex::new(held));
            if close == Close::WhileQueued && !S::POLLED {
                for _ in 0..2 {
                    let held = Arc::clone(&held);
                    run(host.worker(), move || held.lock().unwrap().recv().is_err()).detach();
                }
            }
            if close == Close::Before {
                host.system.close(now);
            }
            let (mine, mine_too, future) = (captured.clone(), captured.clone(), captured.clone());
            let ran = run(host.worker(), move || mine.hit());
            let tried = try_run(host.worker(), move || {
                mine_too.hit();
                Task::resolved(())
            });
            let spawned = spawn(host.worker(), async move {
                future.hit();
                Ok(())
            });
            let (continued, rest) = (captured.clone(), captured.clone());
            let out = pending.map(host.worker(), move |n| {
                continued.hit();
                n
            });
            let out = out.then(&Immediate, move |outcome| {
                rest.hit();
                outcome
            });
            let mut all = vec![ran, tried, spawned];
            let mut promise = Some(promise);
            match close {
                Close::Before => {}
                Close::WhileQueued => {
                    let closing = std::thread::scope(|scope| {
                        let closer = scope.spawn(|| host.system.close(now));
                        // The close waits for the threads, whatever it does with the queue first.
                        if now {
                            all = std::mem::take(&mut all).into_iter().map(|task| Task::settled(task.wait())).collect();
                        }
                        drop(hold);
                        closer.join()
                    });
                    closing.expect("closing does not panic");
                }
                Close::WhilePending | Close::After => {
                    all = all.into_iter().map(|task| Task::settled(host.settle(task))).collect();
                    if close == Close::After {
                        promise.take().into_iter().for_each(|promise| promise.resolve(7));
                        host.turn();
                    }
                }
            }
            let out = if close == Close::After { Task::settled(host.settle(out)) } else { out };
            if close != Close::Before {
                host.system.close(now);
            }
            promise.into_iter().for_each(|promise| promise.resolve(7));
            let run_at_all = matches!(close, Close::WhilePending | Close::After) || close == Close::WhileQueued && !now;
            for task in all {
                match host.settle(task) {
                    Ok(()) => assert!(run_at_all, "{what}: ran"),
                    Err(error) => assert!(!run_at_all && error.kind() == ErrorKind::Closed, "{what}: {error:?}"),
                }
            }
            match host.settle(out) {
                Ok(n) => assert!(n == 7 && close == Close::After, "{what}: continued"),
                Err(error) => assert!(close != Close::After && error.kind() == ErrorKind::Closed, "{what}: {error:?}"),
            }
            let hits = 3 * usize::from(run_at_all) + usize::from(close == Close::After) + 1;
            assert_eq!((captured.hits(), captured.alive()), (hits, 0), "{what}");
        }
    }
}

/// What a host makes of a runnable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Drops,
    Panics,
    PanicsAfterRunning,
    RunsInline,
    RunsLate,
    DropsLate,
}

struct Odd(Manner, Mutex<Sender<Runnable>>);

impl TaskProcessor for Odd {
    fn start_task(&self, runnable: Runnable) {
        match self.0 {
            Manner::Drops => drop(runnable),
            Manner::Panics => panic!("start_task panics on purpose"),
            Manner::PanicsAfterRunning => {
                runnable.run();
                panic!("start_task panics on purpose");
            }
            Manner::RunsInline => runnable.run(),
            Manner::RunsLate | Manner::DropsLate => self.1.lock().unwrap().send(runnable).expect("the test holds it"),
        }
    }
}

fn odd(manner: Manner) -> (Worker, Receiver<Runnable>) {
    let (queue, queued) = channel();
    (Worker::new(Odd(manner, Mutex::new(queue))), queued)
}

#[test]
fn a_processor_may_drop_panic_run_inline_or_late() {
    let _watchdog = watchdog("odd processors");
    quiet_panics();
    let manners = [
        Manner::Drops,
        Manner::Panics,
        Manner::PanicsAfterRunning,
        Manner::RunsInline,
        Manner::RunsLate,
        Manner::DropsLate,
    ];
    for manner in manners {
        let runs = matches!(manner, Manner::PanicsAfterRunning | Manner::RunsInline | Manner::RunsLate);
        let (worker, queued) = odd(manner);
        let logs: [Log; 4] = Default::default();
        let [a, b, c, d] = logs.each_ref().map(Log::probe);
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
        ];
        promise.resolve(1);
        let late = std::thread::spawn(move || {
            for runnable in queued {
                if manner == Manner::RunsLate { runnable.run() } else { drop(runnable) }
            }
        });
        // The worker's sender goes, which ends the thread.
        drop(worker);
        for task in tasks {
            match task.wait() {
                Ok(()) => assert!(runs, "{manner:?}"),
                Err(error) => assert!(!runs && error.kind() == ErrorKind::Closed, "{manner:?}: {error:?}"),
            }
        }
        late.join().expect("nothing unwinds out of a runnable");
        for log in logs {
            assert_eq!((log.runs().len(), log.drops().len()), (usize::from(runs), 1), "{manner:?}");
        }
    }
}

/// A continuation's runnable that is dropped passes the error on that it had to deal with, if it had one.
#[test]
fn a_runnable_dropped_unrun_names_the_first_cause() {
    let (worker, _) = odd(Manner::Drops);
    let caught = Task::<u32>::rejected(Error::msg("the first cause")).catch(&worker, |_| 0);
    assert_eq!(caught.wait().unwrap_err().to_string(), "the first cause");
    let mapped = Task::resolved(1).map(&worker, |n: u32| n);
    assert_eq!(mapped.wait().unwrap_err().kind(), ErrorKind::Closed);
}

/// The last system is gone: what is queued by a worker that is still around is rejected.
#[test]
fn a_pending_continuation_on_a_system_that_is_gone_is_rejected() {
    let _watchdog = watchdog("a system that is gone");
    let host = Host::<OnePool>::start();
    let (promise, task) = promise::<u32>();
    let out = task.map(host.worker(), |n| n + 1);
    let worker = host.worker().clone();
    drop(host);
    promise.resolve(1);
    assert_eq!(out.wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(run(&worker, || 1).wait().unwrap_err().kind(), ErrorKind::Closed);
}

/// Runnables that outlive everything they know of run all the same.
#[test]
fn a_processor_that_outlives_system_tasks_and_promises_runs_what_it_has() {
    let _watchdog = watchdog("a processor that outlives the rest");
    for drop_them in [false, true] {
        let (queue, queued) = channel();
        let system = AsyncSystem::new(Odd(Manner::RunsLate, Mutex::new(queue)));
        let ran = DropCount::new();
        let (a, b, c) = (ran.clone(), ran.clone(), ran.clone());
        let (promise, task) = promise::<u32>();
        run(system.worker(), move || a.hit()).detach();
        task.map(system.worker(), move |_| b.hit()).detach();
        spawn(system.worker(), async move {
            c.hit();
            Ok(())
        })
        .detach();
        promise.resolve(1);
        drop(system);
        let runnables: Vec<Runnable> = queued.try_iter().collect();
        assert_eq!(runnables.len(), 3);
        runnables.into_iter().for_each(|runnable| if drop_them { drop(runnable) } else { runnable.run() });
        assert_eq!((ran.hits(), ran.alive()), (if drop_them { 0 } else { 3 }, 0));
    }
}

/// A settled value that nobody takes is dropped on the thread that settles or drops it, once.
#[test]
fn a_value_nobody_wants_is_dropped_once() {
    let host = Host::<Polled>::start();
    let log = Log::new();
    let (promise, task) = promise();
    task.detach();
    promise.resolve(log.probe());
    assert_eq!(log.drops().len(), 1);
    drop(Task::resolved(log.probe()));
    assert_eq!(log.drops().len(), 2);
    run(host.worker(), {
        let probe = log.probe();
        move || probe
    })
    .detach();
    host.turn();
    assert_eq!(log.drops().len(), 3);
}

/// The same of a context of a user's own.
#[test]
fn a_context_whose_schedule_panics_rejects_what_it_was_given() {
    quiet_panics();
    #[derive(Clone)]
    struct Refuses(Arc<()>);
    impl Schedule for Refuses {
        fn schedule(&self, _: Runnable) {
            panic!("schedule panics on purpose");
        }

        fn key(&self) -> usize {
            Arc::as_ptr(&self.0).addr()
        }
    }
    let refuses = Refuses(Arc::default());
    let (promise, pending) = promise::<u32>();
    let tasks = [run(&refuses, || 1), pending.map(&refuses, |n| n), spawn(&refuses, async { Ok(1) })];
    promise.resolve(1);
    for task in tasks {
        assert_eq!(task.wait().unwrap_err().kind(), ErrorKind::Closed);
    }
    assert_eq!(Arc::strong_count(&refuses.0), 1);
}

/// What panics in a [`Moody`] queue.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Clone,
    IsCurrent,
}

/// A queue whose own code panics, once it is told to.
struct Moody(std::sync::Arc<std::sync::Mutex<Option<Mood>>>);

impl Moody {
    fn panic_at(&self, mood: Mood) {
        assert!(*self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) != Some(mood), "a queue in a mood");
    }
}

impl Clone for Moody {
    fn clone(&self) -> Self {
        self.panic_at(Mood::Clone);
        Self(self.0.clone())
    }
}

impl threadbare::Schedule for Moody {
    fn schedule(&self, runnable: threadbare::Runnable) {
        runnable.run();
    }

    fn key(&self) -> usize {
        std::sync::Arc::as_ptr(&self.0).addr()
    }

    fn is_current(&self) -> bool {
        self.panic_at(Mood::IsCurrent);
        false
    }
}

/// A continuation that is being fired is not lost with the panic: it is rejected, or queued.
#[test]
fn a_queue_whose_own_code_panics() {
    let _watchdog = behaviour::watchdog("a_queue_whose_own_code_panics");
    behaviour::quiet_panics();
    for (mood, expected) in [(Mood::Clone, Err(threadbare::ErrorKind::Closed)), (Mood::IsCurrent, Ok(8))] {
        let queue = Moody(std::sync::Arc::default());
        let (promise, task) = threadbare::promise::<u32>();
        let task = task.map(&queue, |n| n + 1);
        *queue.0.lock().unwrap() = Some(mood);
        promise.resolve(7);
        let outcome = task.try_take().expect("settled");
        assert_eq!(outcome.map_err(|error| error.kind()), expected, "{mood:?}");
    }
}
