//! Waits that could only end after they have: an error instead of a hang.

use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use behaviour::{Host, System, each_system, watchdog};
use threadbare::{
    ErrorKind, Help, Immediate, Main, Outlook, Runnable, Task, TaskProcessor, Worker, promise, run, spawn,
};
use threadbare_threads::ThreadPool;

each_system!(a_closure_that_waits_for_its_own_task_or_what_follows_from_it);

/// A place to hand a task into the closure that settles it.
type Slot<T> = Arc<Mutex<Option<Task<T>>>>;

fn wait_for(slot: &Slot<ErrorKind>) -> ErrorKind {
    let own = slot.lock().unwrap().take().expect("handed in before the closure runs");
    own.wait().expect_err("it cannot settle while its closure waits for it").kind()
}

fn a_closure_that_waits_for_its_own_task_or_what_follows_from_it<S: System>() {
    let host = Host::<S>::start();
    type Chain = fn(Task<ErrorKind>, &Worker, &Main) -> Task<ErrorKind>;
    let chains: [Chain; 5] = [
        |task, _, _| task,
        |task, _, _| task.map(&Immediate, |kind| kind),
        |task, worker, main| task.map(worker, |kind| kind).map(main, |kind| kind).map(worker, |kind| kind),
        |task, _, main| Task::resolved(()).and_then(&Immediate, |()| task).map(main, |kind| kind),
        |task, worker, _| task.and_then(worker, |kind| async move { Ok(kind) }),
    ];
    for chain in chains {
        let slot: Slot<ErrorKind> = Arc::default();
        let (start, started) = promise::<()>();
        let inner = slot.clone();
        let (report, reported) = promise();
        let own = started.map(host.worker(), move |()| {
            let kind = wait_for(&inner);
            report.resolve(kind);
            kind
        });
        *slot.lock().unwrap() = Some(chain(own, host.worker(), host.main()));
        start.resolve(());
        assert_eq!(host.settle(reported).unwrap(), ErrorKind::Deadlock);
    }
}

/// The only thread of the pool waits; the work that it does meanwhile waits for what the first wait holds up.
#[test]
fn work_that_a_wait_runs_and_that_waits_for_the_waiter() {
    let _watchdog = watchdog("work_that_a_wait_runs_and_that_waits_for_the_waiter");
    let pool = ThreadPool::with_threads(1);
    let worker = pool.worker();
    let slot: Slot<u32> = Arc::default();
    let (start, started) = promise::<()>();
    let (inner, on) = (slot.clone(), worker.clone());
    let outer = started.map(&worker, move |()| {
        let nested = run(&on, move || {
            let outer = inner.lock().unwrap().take().expect("handed in before it runs");
            outer.wait().expect_err("it is below on this stack").kind()
        });
        assert_eq!(nested.wait().expect("it ran"), ErrorKind::Deadlock);
        7
    });
    let (promise, result) = promise();
    let seen = outer.inspect(&Immediate, move |outcome| promise.resolve(outcome.clone()));
    *slot.lock().unwrap() = Some(seen);
    start.resolve(());
    assert_eq!(result.wait().expect("settled").expect("the outer one resolves"), 7);
}

/// A future that blocks on the task that it settles.
#[test]
fn a_future_that_waits_for_its_own_task() {
    let _watchdog = watchdog("a_future_that_waits_for_its_own_task");
    let pool = ThreadPool::with_threads(2);
    let slot: Slot<ErrorKind> = Arc::default();
    let (start, started) = promise::<()>();
    let inner = slot.clone();
    let (report, reported) = promise();
    let own = spawn(&pool.worker(), async move {
        started.await?;
        let kind = wait_for(&inner);
        report.resolve(kind);
        Ok(kind)
    });
    *slot.lock().unwrap() = Some(own);
    start.resolve(());
    assert_eq!(reported.wait().expect("resolved"), ErrorKind::Deadlock);
}

/// Says when a wait has looked for work and found none.
struct Idle(Mutex<Sender<()>>);

impl TaskProcessor for Idle {
    fn start_task(&self, runnable: Runnable) {
        drop(runnable);
    }

    fn help(&self) -> Option<&dyn Help> {
        Some(self)
    }
}

impl Help for Idle {
    fn run_one(&self) -> bool {
        self.0.lock().unwrap().send(()).ok();
        false
    }

    fn before_park(&self) -> Outlook {
        Outlook::Sleep
    }

    fn after_park(&self) {}
}

/// What looks alike and is none: a closure that waits for a task which is settled from elsewhere, while somebody else waits
/// for the closure.
#[test]
fn a_wait_for_somebody_else_is_no_deadlock() {
    let _watchdog = watchdog("a_wait_for_somebody_else_is_no_deadlock");
    let (idle, looked) = channel();
    let worker = Worker::new(Idle(Mutex::new(idle)));
    let (elsewhere, task) = promise();
    let (start, started) = promise::<()>();
    let waits = started.map(&Immediate, move |()| task.wait());
    let mut awaited = waits.into_future();
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut awaited).poll(&mut context).is_pending());
    // Settled after the wait has found no work to do, and so is about to sleep, or to give up.
    let settles = std::thread::spawn(move || {
        looked.recv().expect("the wait looks for work");
        elsewhere.resolve(1);
    });
    worker.serve(|| start.resolve(()));
    settles.join().expect("no panic");
    assert!(matches!(Pin::new(&mut awaited).poll(&mut context), Poll::Ready(Ok(Ok(1)))));
}

/// A future that wakes itself on `&Immediate` is polled again inside of its first run, and may be settled and freed there.
/// A wait that comes after that must not look at it.
#[test]
fn a_wait_after_a_future_that_woke_itself() {
    let _watchdog = watchdog("a_wait_after_a_future_that_woke_itself");
    let (promise, task) = promise();
    let (ready, is_ready) = channel();
    let settles = std::thread::spawn(move || {
        is_ready.recv().expect("the continuation runs");
        promise.resolve(20);
    });
    let (start, started) = threadbare::promise::<()>();
    let woken = spawn(&Immediate, async move {
        started.await?;
        let mut yielded = false;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Ok(1)
    });
    let sum = woken.map(&Immediate, move |n| {
        ready.send(()).expect("the other thread listens");
        n + task.wait().expect("resolved")
    });
    start.resolve(());
    settles.join().expect("no panic");
    assert_eq!(sum.wait().expect("resolved"), 21);
}
