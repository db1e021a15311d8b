//! The main thread: entering, dispatching, waiting, leaving, against other threads that queue.
//!
//! All exhaustive, unless a model says otherwise. The thread that enters is the model's main one or a spawned one, in
//! turn, where a model takes an order.

#![cfg(loom)]

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use loom_tests::{NoThreads, Note, Plain, Tracked, bounded, exhaustive, race, race_apart};
use threadbare::{AsyncSystem, ErrorKind, Result, Task, promise, run};

/// What became of a task that must have settled.
fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().expect("it must have settled")
}

/// Broken if two threads could both claim the main thread, or if the one that comes second looked up whose it is before
/// that is written.
#[test]
fn one_of_two_threads_enters() {
    exhaustive().shadowing_loads().yields([(true, false), (false, true)], |order| {
        let system = AsyncSystem::new(NoThreads);
        let (mine, theirs) = (system.main().clone(), system.main().clone());
        race(order, move || mine.enter().is_some(), move || theirs.enter().is_some())
    });
}

/// Broken if `push` did not publish the work, or a dispatch lost what comes while it looks.
#[test]
fn what_another_thread_queues_is_dispatched_now_or_later() {
    exhaustive().yields_once([0, 1], || {
        let system = AsyncSystem::new(NoThreads);
        let here = system.main().enter().expect("nobody else enters");
        let (main, memory) = (system.main().clone(), Plain::new(0));
        let queues = thread::spawn(move || {
            memory.set(7);
            let value = Tracked::new(1);
            run(&main, move || memory.get() + value.number())
        });
        let now = here.dispatch();
        let task = queues.join().expect("it does not panic");
        assert_eq!(now + here.dispatch(), 1, "run once");
        assert_eq!(settled(task).expect("it does not fail"), 8);
        now
    });
}

/// Two threads queue while the main thread dispatches. Bounded: three preemptions.
///
/// Broken if a runnable were lost between two pushes and a take.
#[test]
fn what_two_threads_queue_is_dispatched() {
    bounded(3).shadowing_loads().yields_once([0, 1, 2], || {
        let system = AsyncSystem::new(NoThreads);
        let here = system.main().enter().expect("nobody else enters");
        let queue = |number| {
            let main = system.main().clone();
            thread::spawn(move || run(&main, move || number))
        };
        let (one, two) = (queue(1), queue(2));
        let now = here.dispatch();
        let tasks = [one, two].map(|thread| thread.join().expect("it does not panic"));
        assert_eq!(now + here.dispatch(), 2, "each is run once");
        assert_eq!(tasks.map(|task| settled(task).expect("it does not fail")), [1, 2]);
        now
    });
}

/// Broken if the producer's ring could fall between a waiting main thread's look and its sleep: then loom finds the
/// deadlock.
#[test]
fn a_waiting_main_thread_is_woken_by_who_settles() {
    exhaustive().shadowing_loads().yields([7], |order| {
        let system = AsyncSystem::new(NoThreads);
        let (promise, task) = promise();
        let main = system.main().clone();
        let ((), value) = race_apart(
            order,
            move || promise.resolve(Tracked::new(7)),
            move || {
                let here = main.enter().expect("nobody else enters");
                here.wait(task).expect("it was resolved").number()
            },
        );
        value
    });
}

/// Bounded: three preemptions.
///
/// Broken if a push could fall between `before_park`'s look and the sleep, or did not know whom to wake.
#[test]
fn a_waiting_main_thread_is_woken_by_who_queues() {
    bounded(3).shadowing_loads().yields(["run in the wait"], |order| {
        let system = AsyncSystem::new(NoThreads);
        let (promise, task) = promise();
        let (main, theirs) = (system.main().clone(), system.main().clone());
        let ((), outcome) = race_apart(
            order,
            move || run(&theirs, move || promise.resolve(Tracked::new(7))).detach(),
            move || {
                let here = main.enter().expect("nobody else enters");
                here.wait(task)
            },
        );
        assert_eq!(outcome.expect("it was resolved").number(), 7);
        "run in the wait"
    });
}

/// One thread queues, another settles what the main thread waits for, which may then leave work behind. Bounded: two
/// preemptions.
///
/// Broken if what comes while the main thread sleeps were left behind without a word to the host, whose event loop would
/// then sleep over it.
#[test]
fn work_that_a_wait_leaves_behind_is_told_to_the_host() {
    bounded(2).shadowing_loads().yields(["run in the wait", "left, and told", "refused later"], |order| {
        let told = Arc::new(AtomicUsize::new(0));
        let tell = told.clone();
        let system = AsyncSystem::with_main_hook(NoThreads, move || _ = tell.fetch_add(1, Ordering::Relaxed));
        let (promise, task) = promise::<Tracked>();
        let (main, theirs) = (system.main().clone(), system.main().clone());
        let waits = thread::spawn(move || {
            let here = main.enter().expect("nobody else enters");
            assert_eq!(here.wait(task).expect("it was resolved").number(), 7);
            !here.is_idle()
        });
        let ((), work) = race(order, move || promise.resolve(Tracked::new(7)), move || run(&theirs, || 1));
        let left = waits.join().expect("it does not panic");
        assert!(!left || told.load(Ordering::Relaxed) > 0, "the host was not told");
        match settled(work) {
            Ok(_) => "run in the wait",
            Err(_) if left => "left, and told",
            Err(_) => "refused later",
        }
    });
}

/// Broken if work could be queued after the main thread has looked for the last time, and hang there.
#[test]
fn work_queued_while_the_main_thread_leaves_is_rejected() {
    exhaustive().yields_once(["run", "rejected"], || {
        let system = AsyncSystem::new(NoThreads);
        let here = system.main().enter().expect("nobody else enters");
        let main = system.main().clone();
        let queues = thread::spawn(move || {
            let value = Tracked::new(7);
            run(&main, move || value)
        });
        here.dispatch();
        drop(here);
        let task = queues.join().expect("it does not panic");
        match settled(task) {
            Ok(value) => {
                assert_eq!(value.number(), 7);
                "run"
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed);
                "rejected"
            }
        }
    });
}

/// Broken if a queue that its main thread opens again took in half of what was queued meanwhile.
#[test]
fn work_queued_while_the_main_thread_comes_back_is_run_or_rejected() {
    exhaustive().yields_once(["run", "rejected"], || {
        let system = AsyncSystem::new(NoThreads);
        drop(system.main().enter().expect("nobody else enters"));
        let main = system.main().clone();
        let queues = thread::spawn(move || run(&main, || 7));
        let here = system.main().enter().expect("the same thread as before");
        let task = queues.join().expect("it does not panic");
        here.dispatch();
        match settled(task) {
            Ok(value) => {
                assert_eq!(value, 7);
                "run"
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed);
                "rejected"
            }
        }
    });
}

/// Broken if work could be queued after the last system has closed the queue that nobody attends, and hang there.
#[test]
fn work_queued_while_the_system_goes_is_rejected() {
    exhaustive().yields([ErrorKind::Closed], |order| {
        let system = AsyncSystem::new(NoThreads);
        let main = system.main().clone();
        let (task, ()) = race(
            order,
            move || {
                let value = Tracked::new(7);
                run(&main, move || value)
            },
            move || drop(system),
        );
        settled(task).expect_err("nobody dispatches").kind()
    });
}

/// The system goes while the main thread enters: whichever comes first, one of them closes the queue in the end.
///
/// Broken if each left that to the other, or the queue were closed under the main thread that attends.
#[test]
fn the_system_goes_while_the_main_thread_enters() {
    exhaustive().yields(["run", "rejected"], |order| {
        let system = AsyncSystem::new(NoThreads);
        let (main, later) = (system.main().clone(), system.main().clone());
        let (task, ()) = race(
            order,
            move || {
                let here = main.enter().expect("nobody else enters");
                let task = run(&main, || 7);
                here.dispatch();
                task
            },
            move || drop(system),
        );
        let late = settled(run(&later, || 8)).expect_err("all are gone");
        assert_eq!(late.kind(), ErrorKind::Closed);
        match settled(task) {
            Ok(value) => {
                assert_eq!(value, 7);
                "run"
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed);
                "rejected"
            }
        }
    });
}

/// Broken if the proof's last drop and the system's could both believe that the other one closes the queue.
#[test]
fn the_system_goes_while_the_main_thread_leaves() {
    exhaustive().yields([ErrorKind::Closed], |order| {
        let system = AsyncSystem::new(NoThreads);
        let main = system.main().clone();
        let later = main.clone();
        let task = run(&main, || Tracked::new(7));
        let ((), ()) = race(order, move || drop(main.enter().expect("nobody else enters")), move || drop(system));
        let late = settled(run(&later, || 8)).expect_err("all are gone");
        assert_eq!(late.kind(), ErrorKind::Closed);
        settled(task).expect_err("nobody dispatches").kind()
    });
}

/// A closure of the main thread's own is skipped on another thread, while the main thread dispatches.
///
/// Broken if it were dropped there, or twice, or if what it captured came back out of order.
#[test]
fn a_main_threads_closure_skipped_elsewhere_is_dropped_at_home() {
    exhaustive().yields_once([0, 1], || {
        let system = AsyncSystem::new(NoThreads);
        let here = system.main().enter().expect("nobody else enters");
        let (promise, task) = promise::<u32>();
        let dropped = Note::default();
        let captured = Rc::new(Tracked::new(1).noting(&dropped));
        let end = task.map(&here, move |number| number + captured.number());
        let rejects = thread::spawn(move || drop(promise));
        let now = here.dispatch();
        rejects.join().expect("it does not panic");
        assert_eq!(now + here.dispatch(), 1, "its remains are brought home once");
        assert!(dropped.is_mine());
        assert_eq!(settled(end).expect_err("nobody resolved it").kind(), ErrorKind::Abandoned);
        now
    });
}

/// A continuation for the main thread is attached on another thread to a task that the main thread settles.
///
/// Broken if the hop lost the value on its way, or ran the closure on the wrong thread.
#[test]
fn a_hop_to_the_main_thread_arrives_there() {
    exhaustive().yields_once([7], || {
        let system = AsyncSystem::new(NoThreads);
        let here = system.main().enter().expect("nobody else enters");
        let (promise, task) = promise();
        let ran = Note::default();
        let (main, signed) = (system.main().clone(), ran.clone());
        let attaches = thread::spawn(move || {
            task.map(&main, move |value: Tracked| {
                signed.sign();
                value.number()
            })
        });
        promise.resolve(Tracked::new(7));
        let end = attaches.join().expect("it does not panic");
        let value = here.wait(end).expect("it was resolved");
        assert!(ran.is_mine());
        value
    });
}
