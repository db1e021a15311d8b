//! What the behaviour tests do not ask of each processor: waits on the only thread there is, and what comes of the pool.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use processors::{AsyncExecutor, BevyTasks, Rayon, ThreadPerTask, Tokio};
use threadbare::{AsyncSystem, ErrorKind, Task, Worker, run};

/// The only panic that is wanted here.
const NO_THREADS: &str = "a runtime needs threads of its own";

/// Nothing is decided by it but that a test hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// A system on a pool with so many threads. When they have ended, nobody holds the sender any more.
type Start = fn(usize, Sender<()>) -> AsyncSystem;

const RAYON: (&str, Start) = ("rayon", |threads, alive| {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(move |_| _ = &alive);
    AsyncSystem::new(Rayon::new(pool.build().unwrap()))
});
const TOKIO: (&str, Start) = ("tokio", |threads, alive| {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(threads).on_thread_start(move || _ = &alive).build();
    AsyncSystem::new(Tokio::new(runtime.unwrap()))
});
const BEVY_TASKS: (&str, Start) = ("bevy_tasks", |threads, alive| {
    let pool = bevy_tasks::TaskPoolBuilder::new().num_threads(threads).on_thread_destroy(move || _ = &alive);
    AsyncSystem::new(BevyTasks::new(pool.build()))
});
const ASYNC_EXECUTOR: (&str, Start) =
    ("async-executor", |threads, alive| AsyncSystem::new(AsyncExecutor::new(threads, move || _ = &alive)));
const THREAD_PER_TASK: (&str, Start) =
    ("a thread per task", |_, alive| AsyncSystem::new(ThreadPerTask::new(move || _ = &alive)));

const ALL: [(&str, Start); 5] = [RAYON, TOKIO, BEVY_TASKS, ASYNC_EXECUTOR, THREAD_PER_TASK];

/// Those on which a wait holds up no work but its own.
const WAIT: [(&str, Start); 4] = [RAYON, TOKIO, ASYNC_EXECUTOR, THREAD_PER_TASK];

/// A system on a pool with one thread, and who hears of its end.
fn start(start: Start) -> (AsyncSystem, Receiver<()>) {
    let (alive, ended) = channel();
    (start(1, alive), ended)
}

fn assert_ended(name: &str, ended: &Receiver<()>) {
    let heard = ended.recv_timeout(LIMIT).unwrap_err();
    assert_eq!(heard, std::sync::mpsc::RecvTimeoutError::Disconnected, "{name}: its threads go on");
}

/// The outcome of a task that must settle, also if it hangs.
fn outcome<T: Send + 'static>(name: &str, task: Task<T>) -> threadbare::Result<T> {
    let (settled, outcome) = channel();
    task.then(&threadbare::Immediate, move |outcome| {
        settled.send(outcome).expect("the test listens");
        Ok(())
    })
    .detach();
    outcome.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("{name}: it hangs"))
}

#[test]
fn a_wait_on_the_only_thread_is_for_work_that_can_run() {
    fn count(worker: &Worker, depth: u32) -> u32 {
        let inner = worker.clone();
        if depth == 0 { 0 } else { run(worker, move || count(&inner, depth - 1)).wait().unwrap() + 1 }
    }
    for (name, pool) in WAIT {
        let (system, _) = start(pool);
        let worker = system.worker().clone();
        let counted = run(system.worker(), move || count(&worker, 20));
        assert_eq!(outcome(name, counted).unwrap(), 20, "{name}");
    }
}

/// It is woken, too, by what another thread queues while it sleeps.
#[test]
fn a_wait_on_the_only_thread_sees_what_comes_later() {
    for (name, pool) in WAIT {
        let (system, _) = start(pool);
        let (promise, pending) = threadbare::promise::<u32>();
        let (waiting, waits) = channel();
        let waiter = run(system.worker(), move || {
            waiting.send(()).unwrap();
            pending.wait().unwrap()
        });
        waits.recv().unwrap();
        // So that it sleeps by then, most likely. It must not matter.
        std::thread::sleep(Duration::from_millis(5));
        run(system.worker(), move || promise.resolve(7)).detach();
        assert_eq!(outcome(name, waiter).unwrap(), 7, "{name}");
    }
}

#[test]
fn the_end_runs_what_is_queued_and_refuses_what_comes() {
    // A thread that sees the end every few hundred runnables must not take it for its own.
    const QUEUED: usize = 500;
    for (name, pool) in ALL {
        let (system, ended) = start(pool);
        let worker = system.worker().clone();
        let (hold, held) = channel::<()>();
        run(&worker, move || held.recv().is_err()).detach();
        let queued: Vec<_> = (0..QUEUED).map(|n| run(&worker, move || n)).collect();
        drop(system);
        let refused = outcome(name, run(&worker, || ())).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Closed, "{name}");
        drop(hold);
        for (n, task) in queued.into_iter().enumerate() {
            assert_eq!(outcome(name, task).unwrap(), n, "{name}");
        }
        assert_ended(name, &ended);
    }
}

/// What is queued runs, whoever waits for it after the end, and wherever the pool has put it meanwhile.
#[test]
fn a_wait_goes_on_after_the_end() {
    for (name, pool) in WAIT {
        let (system, ended) = start(pool);
        let (hold, held) = channel::<()>();
        run(system.worker(), move || held.recv().is_err()).detach();
        let (give, given) = channel::<Vec<Task<u32>>>();
        let waiter = run(system.worker(), move || {
            given.recv().unwrap().into_iter().map(|task| task.wait().unwrap()).sum::<u32>()
        });
        give.send((0..10).map(|n| run(system.worker(), move || n)).collect()).unwrap();
        drop(system);
        drop(hold);
        assert_eq!(outcome(name, waiter).unwrap(), 45, "{name}");
        assert_ended(name, &ended);
    }
}

/// Nor does anything panic there, which a pool would catch.
#[test]
fn the_last_system_may_go_on_a_thread_of_the_pool() {
    static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let message = info.to_string();
        if !message.contains(NO_THREADS) {
            PANICS.lock().unwrap().push(message);
        }
        print(info);
    }));
    for (name, pool) in ALL {
        let (system, ended) = start(pool);
        let (give, given) = channel::<AsyncSystem>();
        let dropped = run(system.worker(), move || drop(given.recv().unwrap()));
        let queued = run(system.worker(), || 7);
        give.send(system).unwrap();
        outcome(name, dropped).unwrap();
        assert_eq!(outcome(name, queued).unwrap(), 7, "{name}");
        assert_ended(name, &ended);
    }
    // Out of the lock, which the panic of this would take.
    let panics = std::mem::take(&mut *PANICS.lock().unwrap());
    assert_eq!(panics, [""; 0]);
}

/// A pending continuation refers to the processor, and keeps no thread.
#[test]
fn what_is_pending_does_not_keep_the_pool() {
    for (name, pool) in ALL {
        let (system, ended) = start(pool);
        let (promise, pending) = threadbare::promise::<u32>();
        let continued = pending.map(system.worker(), |n| n + 1);
        drop(system);
        assert_ended(name, &ended);
        promise.resolve(1);
        assert_eq!(outcome(name, continued).unwrap_err().kind(), ErrorKind::Closed, "{name}");
    }
}

/// In what rayon spreads over its threads continuations run at once, as in the runnable that spreads it.
#[test]
fn all_of_rayons_threads_are_in_the_context() {
    let (alive, _ended) = channel();
    let system = RAYON.1(2, alive);
    let worker = system.worker().clone();
    let spread =
        run(system.worker(), move || rayon::broadcast(|_| Task::resolved(()).map(&worker, |()| ()).is_settled()));
    assert_eq!(outcome("rayon", spread).unwrap(), [true; 2]);
    let elsewhere = Task::resolved(()).map(system.worker(), |()| std::thread::current().id());
    assert_ne!(outcome("rayon", elsewhere).unwrap(), std::thread::current().id(), "on this thread it is queued");
}

#[test]
#[should_panic(expected = "a runtime needs threads of its own")]
fn a_tokio_runtime_without_threads_is_refused() {
    Tokio::new(tokio::runtime::Builder::new_current_thread().build().unwrap());
}
