//! Waits do what the waiting thread could do, and so do not deadlock on it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use behaviour::{Host, OnePool, PolledProcessor, System, each_system, watchdog};
use threadbare::{
    AsyncSystem, Error, ErrorKind, Help, Immediate, Outlook, Result, Runnable, Task, TaskProcessor, Worker, helping,
    promise, run,
};

each_system!(
    a_settled_task_does_not_block_nor_run_anything,
    a_wait_runs_no_more_than_it_needs,
    a_wait_for_oneself_is_an_error,
    a_wait_for_what_it_is_nested_in_is_an_error,
    a_wait_for_another_thread_is_no_deadlock,
    a_wait_deep_inside_of_closures_sees_drops_that_were_put_off,
);

// A wait on a polled processor's thread runs no work of its own, one on a thread of Bevy's does not either.
each_system!(on [OneThread, Seeded, OnePool, TwoPool, Rayon, Tokio, AsyncExecutor, ThreadPerTask]:
    a_worker_waits_for_work_of_its_own,
    systems_wait_for_each_other,
    workers_and_the_main_thread_wait_for_each_other,
);

// A thousand waits, all at once if each runs the oldest there is: so async-executor's thread runs out of stack, and tokio,
// which runs none but lets another thread stand in, out of those.
each_system!(on [OneThread, Seeded, OnePool, TwoPool, Rayon, ThreadPerTask]: waits_nest);

// Of two threads each may be in the middle of more than its own.
each_system!(on [OneThread, Seeded, OnePool]: waits_are_no_deeper_than_the_work);

fn a_worker_waits_for_work_of_its_own<S: System>() {
    let host = Host::<S>::start();
    let worker = host.worker().clone();
    let inner = worker.clone();
    assert_eq!(run(&worker, move || run(&inner, || 1).wait()).wait().unwrap().unwrap(), 1);
    // A continuation of what is queued behind.
    let inner = worker.clone();
    let task = run(&worker, move || run(&inner, || 1).map(&inner, |n| n + 1).map(&Immediate, |n| n + 1).wait());
    assert_eq!(task.wait().unwrap().unwrap(), 3);
}

/// Forks and waits for both halves.
fn fork(worker: &Worker, depth: u32) -> Result<u32> {
    if depth == 0 {
        return Ok(1);
    }
    let halves = [(); 2].map(|()| {
        let inner = worker.clone();
        run(worker, move || fork(&inner, depth - 1))
    });
    halves.into_iter().map(|half| half.wait()?).sum()
}

fn waits_nest<S: System>() {
    let host = Host::<S>::start();
    let (worker, inner) = (host.worker(), host.worker().clone());
    assert_eq!(run(worker, move || fork(&inner, 10)).wait().unwrap().unwrap(), 1024);
}

/// A wait runs what was queued last, so forked work that one thread does is no deeper on its stack than it is nested.
fn waits_are_no_deeper_than_the_work<S: System>() {
    const DEPTH: u32 = 6;
    thread_local! {
        static INSIDE: Cell<u32> = const { Cell::new(0) };
    }
    fn fork(worker: &Worker, depth: u32) -> Result<u32> {
        INSIDE.set(INSIDE.get() + 1);
        let mut deepest = INSIDE.get();
        if depth > 0 {
            let halves = [(); 2].map(|()| {
                let inner = worker.clone();
                run(worker, move || fork(&inner, depth - 1))
            });
            for half in halves {
                deepest = deepest.max(half.wait()??);
            }
        }
        INSIDE.set(INSIDE.get() - 1);
        Ok(deepest)
    }
    let host = Host::<S>::start();
    let (worker, inner) = (host.worker(), host.worker().clone());
    assert_eq!(host.settle(run(worker, move || fork(&inner, DEPTH))).unwrap().unwrap(), DEPTH + 1);
}

/// Deeper than continuations nest before they are put off: a wait runs what was put off, too. On a thread of no system.
#[test]
fn a_wait_deep_inside_of_closures_sees_what_was_put_off() {
    let _watchdog = watchdog("a wait among what was put off");
    fn dig(depth: usize) -> Result<usize> {
        if depth == 0 {
            return Ok(0);
        }
        let (promise, task) = promise::<()>();
        let task = task.map(&Immediate, move |()| dig(depth - 1));
        promise.resolve(());
        Ok(task.wait()?? + 1)
    }
    assert_eq!(dig(100).unwrap(), 100);
}

fn a_settled_task_does_not_block_nor_run_anything<S: System>() {
    let host = Host::<S>::start();
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    run(host.main(), move || _ = counted.fetch_add(1, Ordering::SeqCst)).detach();
    assert_eq!(Task::resolved(1).wait().unwrap(), 1);
    assert_eq!(host.here.wait(Task::resolved(1)).unwrap(), 1);
    assert_eq!(host.here.wait(Task::<u32>::rejected(Error::msg("no"))).unwrap_err().to_string(), "no");
    assert_eq!(ran.load(Ordering::SeqCst), 0, "main work is not run for nothing");
}

/// A wait ends when its task settles, and leaves the rest of the queue.
fn a_wait_runs_no_more_than_it_needs<S: System>() {
    let host = Host::<S>::start();
    let first = run(host.main(), || 1);
    let second = run(host.main(), || 2);
    assert_eq!(first.wait().unwrap(), 1);
    assert!(!second.is_settled());
}

/// Two systems that wait for each other's work, and the main thread, which is that of both, for either.
fn systems_wait_for_each_other<S: System>() {
    fn bounce(mine: &Worker, theirs: &Worker, left: u32) -> Result<u32> {
        if left == 0 {
            return Ok(0);
        }
        let (back, to) = (mine.clone(), theirs.clone());
        Ok(run(theirs, move || bounce(&to, &back, left - 1)).wait()?? + 1)
    }
    let (one, two) = (Host::<S>::start(), Host::<S>::start());
    for _ in 0..20 {
        assert_eq!(bounce(one.worker(), two.worker(), 50).unwrap(), 50);
    }
}

/// Workers wait for the main thread, which waits for workers.
fn workers_and_the_main_thread_wait_for_each_other<S: System>() {
    let host = Host::<S>::start();
    for _ in 0..100 {
        let (main, worker) = (host.main().clone(), host.worker().clone());
        let task = run(host.worker(), move || run(&main, move || run(&worker, || 1).wait()).wait());
        assert_eq!(host.here.wait(task).unwrap().unwrap().unwrap(), 1);
    }
}

/// A plain thread, which belongs to no context, only sleeps.
#[test]
fn a_thread_of_no_context_is_woken() {
    let _watchdog = watchdog("a plain wait");
    for _ in 0..1000 {
        let (promise, task) = promise::<u32>();
        let settling = std::thread::spawn(move || promise.resolve(1));
        assert_eq!(task.wait().unwrap(), 1);
        settling.join().unwrap();
    }
}

/// Runs a closure that gets its own task.
fn with_own_task<S: System>(host: &Host<S>, f: impl FnOnce(Task<()>) + Send + 'static) {
    let (send, own) = channel::<Task<()>>();
    let (done, ended) = promise();
    let task = run(host.worker(), move || {
        f(own.recv().unwrap());
        done.resolve(());
    });
    send.send(task).unwrap();
    host.settle(ended).expect("it comes to its end");
}

fn a_wait_for_oneself_is_an_error<S: System>() {
    let host = Host::<S>::start();
    with_own_task(&host, |own| assert_eq!(own.wait().unwrap_err().kind(), ErrorKind::Deadlock));
    // For what follows from it, too, in whatever context that is.
    let inner = host.worker().clone();
    with_own_task(&host, move |own| {
        let follows = own.map(&Immediate, |()| 1).and_then(&inner, |n| Task::resolved(n + 1)).map(&inner, |n| n + 1);
        assert_eq!(follows.wait().unwrap_err().kind(), ErrorKind::Deadlock);
    });
    assert_eq!(host.settle(run(host.worker(), || 1)).unwrap(), 1, "the worker lives");
}

/// Main work that waits for other main work, which waits for the first: the second is told, and the first goes on.
fn a_wait_for_what_it_is_nested_in_is_an_error<S: System>() {
    let host = Host::<S>::start();
    let ((send_first, first), (send_second, second)) = (channel::<Task<u32>>(), channel::<Task<ErrorKind>>());
    let outer = run(host.main(), move || {
        assert_eq!(second.recv().unwrap().wait().unwrap(), ErrorKind::Deadlock);
        7
    });
    let told = outer.then(&Immediate, |outcome| outcome);
    let inner = run(host.main(), move || first.recv().unwrap().wait().unwrap_err().kind());
    send_first.send(told).unwrap();
    send_second.send(inner).unwrap();
    assert_eq!(host.here.dispatch(), 1, "the other was run by the wait");
}

/// A task that another thread settles is no deadlock, however deep the waits are nested.
fn a_wait_for_another_thread_is_no_deadlock<S: System>() {
    let host = Host::<S>::start();
    let (promise, task) = promise::<u32>();
    let (waiting, waits) = channel();
    let settler = std::thread::spawn(move || {
        waits.recv().unwrap();
        promise.resolve(7);
    });
    let (send_inner, inner) = channel::<Task<Result<u32>>>();
    let outer = run(host.main(), move || inner.recv().unwrap().wait());
    let inner = run(host.main(), move || {
        waiting.send(()).unwrap();
        task.wait()
    });
    send_inner.send(inner).unwrap();
    assert_eq!(host.here.wait(outer).unwrap().unwrap().unwrap(), 7);
    settler.join().unwrap();
}

/// Drops that were put off are done by a wait that is as deep as they were, not put off once more.
fn a_wait_deep_inside_of_closures_sees_drops_that_were_put_off<S: System>() {
    let host = Host::<S>::start();
    host.system.close(true);
    fn dig(worker: &Worker, depth: usize) -> Result<usize> {
        if depth == 0 {
            assert_eq!(run(worker, || ()).wait().unwrap_err().kind(), ErrorKind::Closed);
            return Ok(0);
        }
        let (promise, task) = promise::<()>();
        let inner = worker.clone();
        let task = task.map(&Immediate, move |()| dig(&inner, depth - 1));
        promise.resolve(());
        Ok(task.wait()?? + 1)
    }
    for depth in 0..40 {
        assert_eq!(dig(host.worker(), depth).unwrap(), depth);
    }
}

/// Jobs for waits. When there are none, nothing will come.
#[derive(Default)]
struct Jobs {
    queue: Mutex<VecDeque<Job>>,
    asked: AtomicUsize,
}

type Job = Box<dyn FnOnce() + Send>;

impl Jobs {
    fn push(&self, job: impl FnOnce() + Send + 'static) {
        self.queue.lock().unwrap().push_back(Box::new(job));
    }

    /// How often it was asked since it was last asked for that.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

impl Help for Jobs {
    fn run_one(&self) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let job = self.queue.lock().unwrap().pop_front();
        job.map(|job| job()).is_some()
    }

    fn before_park(&self) -> Outlook {
        Outlook::Never
    }

    fn after_park(&self) {}
}

/// A loop of a backend's own, on a thread that is nobody's: waits inside of it run its work, and afterwards no more.
#[test]
fn a_wait_runs_the_work_of_who_helps() {
    let _watchdog = watchdog("waits with help");
    let (jobs, inner) = (Jobs::default(), Jobs::default());
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let order = Arc::clone(&order);
        move || order.lock().unwrap().push(name)
    };
    let resolves = |jobs: &Jobs| {
        let (promise, task) = promise::<u32>();
        jobs.push(move || promise.resolve(7));
        task
    };
    jobs.push(note("a job"));
    let task = resolves(&jobs);
    assert_eq!(helping(&jobs, || task.wait()).unwrap(), 7);
    assert_eq!((jobs.asked(), std::mem::take(&mut *order.lock().unwrap())), (2, vec!["a job"]));
    // What a runnable waits for.
    let queue = PolledProcessor::default();
    let task = resolves(&jobs);
    let waits = run(&Worker::new(queue.clone()), move || task.wait());
    helping(&jobs, || queue.turn());
    assert_eq!(waits.try_take().unwrap().unwrap().unwrap(), 7);
    // The innermost first, and every one.
    jobs.push(note("an outer job"));
    inner.push(note("an inner job"));
    let task = resolves(&jobs);
    assert_eq!(helping(&jobs, || helping(&inner, || task.wait())).unwrap(), 7);
    assert_eq!(*order.lock().unwrap(), ["an inner job", "an outer job"]);
    // The inner one is done with: also after a panic.
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        helping(&inner, || std::panic::resume_unwind(Box::new("on purpose")))
    }));
    assert!(unwound.is_err());
    inner.asked();
    inner.push(|| ());
    let (_promise, task) = promise::<u32>();
    assert_eq!(helping(&jobs, || task.wait()).unwrap_err().kind(), ErrorKind::Deadlock);
    assert_eq!((jobs.asked() > 1, inner.asked()), (true, 0));
}

/// Tells when a wait on its main thread has looked for work.
struct Looked(Jobs);

impl TaskProcessor for Looked {
    fn start_task(&self, runnable: Runnable) {
        drop(runnable);
    }

    fn help(&self) -> Option<&dyn Help> {
        Some(&self.0)
    }
}

/// The main thread of a pool's system is none of the pool's threads.
#[test]
fn a_wait_on_the_main_thread_runs_no_work_of_a_pool() {
    let _watchdog = watchdog("a wait beside a pool");
    let (looked, looks) = channel();
    let jobs = Jobs::default();
    jobs.push(move || looked.send(()).unwrap());
    let other = AsyncSystem::new(Looked(jobs));
    let _here = other.main().enter().unwrap();
    // Entered last, it is asked first.
    let host = Host::<OnePool>::start();
    let (begin, begun) = channel();
    let work = run(host.worker(), move || {
        begin.send(()).unwrap();
        looks.recv().unwrap();
    });
    begun.recv().unwrap();
    let queued = run(host.worker(), || std::thread::current().id());
    assert_ne!(host.here.wait(queued).unwrap(), std::thread::current().id());
    assert!(work.is_settled());
}
