//! Every task settles, once, whatever happens to what it waits for.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use behaviour::{DropCount, Host, Log, System, each_system, quiet_panics};
use threadbare::{ErrorKind, Immediate, Promise, Task, promise, run, spawn, try_run};

each_system!(
    a_panic_in_any_step_rejects_the_rest,
    a_promise_dropped_at_any_step_rejects_the_rest,
    closing_settles_all,
    a_pending_continuation_on_a_system_that_is_gone_is_rejected,
    a_value_nobody_wants_is_dropped_once,
);

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
    for now in [false, true].into_iter().filter(|now| !now || S::CLOSES_NOW) {
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
                // Here a wait might run what is queued before another thread has closed.
                Close::WhileQueued if S::POLLED => host.system.close(now),
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

/// The last system is gone: what is queued by a worker that is still around is rejected.
fn a_pending_continuation_on_a_system_that_is_gone_is_rejected<S: System>() {
    let host = Host::<S>::start();
    let (promise, task) = promise::<u32>();
    let out = task.map(host.worker(), |n| n + 1);
    let worker = host.worker().clone();
    drop(host);
    promise.resolve(1);
    assert_eq!(out.wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(run(&worker, || 1).wait().unwrap_err().kind(), ErrorKind::Closed);
}

/// A settled value that nobody takes is dropped on the thread that settles or drops it, once.
fn a_value_nobody_wants_is_dropped_once<S: System>() {
    let host = Host::<S>::start();
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
    host.system.close(false);
    assert_eq!(log.drops().len(), 3);
}
