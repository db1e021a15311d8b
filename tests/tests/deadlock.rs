//! Waits that could only end after they have: an error instead of a hang.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use behaviour::{Host, OnePool, System, each_system, watchdog};
use threadbare::{
    AsyncSystem, ErrorKind, Help, Immediate, Main, MainThread, Outlook, Runnable, Task, TaskProcessor, Worker, promise,
    run, spawn,
};
use threadbare_single_thread::SingleThread;

each_system!(a_closure_that_waits_for_its_own_task_or_what_follows_from_it, a_future_that_waits_for_its_own_task);
// In a pool of two the other thread may run what the first waits for, and a polled processor does not help.
each_system!(on [OneThread, Seeded, OnePool]: work_that_a_wait_runs_and_that_waits_for_the_waiter);

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

/// The only thread there is waits; the work that it does meanwhile waits for what the first wait holds up.
fn work_that_a_wait_runs_and_that_waits_for_the_waiter<S: System>() {
    let host = Host::<S>::start();
    let worker = host.worker().clone();
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
    assert_eq!(host.settle(result).expect("settled").expect("the outer one resolves"), 7);
}

/// A future that blocks on the task that it settles.
fn a_future_that_waits_for_its_own_task<S: System>() {
    let host = Host::<S>::start();
    let slot: Slot<ErrorKind> = Arc::default();
    let (start, started) = promise::<()>();
    let inner = slot.clone();
    let (report, reported) = promise();
    let own = spawn(host.worker(), async move {
        started.await?;
        let kind = wait_for(&inner);
        report.resolve(kind);
        Ok(kind)
    });
    *slot.lock().unwrap() = Some(own);
    start.resolve(());
    assert_eq!(host.settle(reported).expect("resolved"), ErrorKind::Deadlock);
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

/// A processor that says to each wait which finds nothing to do what `at` says, given how often it was asked.
struct Says<F> {
    at: F,
    asked: AtomicUsize,
    up: AtomicUsize,
}

impl<F: Fn(usize) -> Outlook + Send + Sync + 'static> Says<F> {
    /// Makes the calling thread the main thread of a system that has it.
    fn enter(at: F) -> (Arc<Self>, MainThread) {
        let says = Arc::new(Self { at, asked: AtomicUsize::new(0), up: AtomicUsize::new(0) });
        let system = AsyncSystem::new(Shared(says.clone()));
        let here = system.main().enter().expect("the first to enter");
        // Without the system, which has nothing to release; its worker is the main queue's as well.
        (says, here)
    }
}

struct Shared<F>(Arc<Says<F>>);

impl<F: Fn(usize) -> Outlook + Send + Sync + 'static> TaskProcessor for Shared<F> {
    fn start_task(&self, runnable: Runnable) {
        drop(runnable);
    }

    fn help(&self) -> Option<&dyn Help> {
        Some(&*self.0)
    }
}

impl<F: Fn(usize) -> Outlook + Send + Sync + 'static> Help for Says<F> {
    fn run_one(&self) -> bool {
        false
    }

    fn before_park(&self) -> Outlook {
        let outlook = (self.at)(self.asked.fetch_add(1, Ordering::SeqCst) + 1);
        self.up.fetch_add(usize::from(outlook == Outlook::Work), Ordering::SeqCst);
        outlook
    }

    fn after_park(&self) {
        self.up.fetch_add(1, Ordering::SeqCst);
    }
}

/// So often a wait asks before something comes.
const OFTEN: usize = 10;

/// The error of a wait that is told that nothing is left.
fn is_hopeless<T: Send + 'static>(outcome: threadbare::Result<T>) -> bool {
    outcome.is_err_and(|error| error.kind() == ErrorKind::Deadlock && error.to_string().contains("nothing is left"))
}

#[test]
fn a_wait_that_nothing_can_end_is_told_so() {
    let _watchdog = watchdog("a_wait_that_nothing_can_end_is_told_so");
    let (first, here) = Says::enter(|_| Outlook::Never);
    let (_promise, task) = promise::<u32>();
    assert!(is_hopeless(here.wait(task)));
    // Inside of main work, which goes on.
    let (_promise, task) = promise::<u32>();
    let nested = run(here.main(), move || is_hopeless(task.wait()));
    assert!(here.wait(nested).expect("it went on"));
    // There may be several of the kind.
    let (second, _also_here) = Says::enter(|_| Outlook::Never);
    let (_promise, task) = promise::<u32>();
    assert!(is_hopeless(task.wait()));
    for says in [(&first.asked, &first.up), (&second.asked, &second.up)] {
        let (asked, up) = (says.0.load(Ordering::SeqCst), says.1.load(Ordering::SeqCst));
        assert!(asked >= 2 && asked == up, "asked {asked} times, told {up} times that it was up again");
    }
}

/// As long as there may be work, a wait goes on.
#[test]
fn a_wait_gives_up_when_everybody_has() {
    let _watchdog = watchdog("a_wait_gives_up_when_everybody_has");
    let (never, _one) = Says::enter(|_| Outlook::Never);
    let (busy, _other) = Says::enter(|asked| if asked <= OFTEN { Outlook::Work } else { Outlook::Never });
    let (_promise, task) = promise::<u32>();
    assert!(is_hopeless(task.wait()));
    assert!(busy.asked.load(Ordering::SeqCst) > OFTEN && never.asked.load(Ordering::SeqCst) >= 2);
}

/// What comes while a wait is about to give up is looked at.
#[test]
fn a_wait_looks_again_before_it_gives_up() {
    let _watchdog = watchdog("a_wait_looks_again_before_it_gives_up");
    type Job = Box<dyn FnOnce() + Send>;
    let job: Arc<Mutex<Option<Job>>> = Arc::default();
    let queued = job.clone();
    let (says, here) = Says::enter(move |_| {
        let job = queued.lock().unwrap().take();
        job.into_iter().for_each(|job| job());
        Outlook::Never
    });
    let (promise, task) = promise();
    let main = here.main().clone();
    // Main work that queues more, and resolves in the end.
    *job.lock().unwrap() = Some(Box::new(move || run(&main, move || promise.resolve(7)).detach()));
    assert_eq!(here.wait(task).expect("the job came"), 7);
    assert_eq!(says.asked.load(Ordering::SeqCst), 1);
}

/// The main thread of two systems: one of them gives up, the other is on a pool, or sleeps until it is woken.
#[test]
fn a_wait_does_not_give_up_while_others_work() {
    let _watchdog = watchdog("a_wait_does_not_give_up_while_others_work");
    for pool_first in [true, false] {
        let entered = pool_first.then(Host::<OnePool>::start);
        let (go, gone) = channel();
        let single = SingleThread::new().host();
        let (never, here) = Says::enter(move |asked| {
            if asked == OFTEN {
                go.send(()).expect("it is waited for");
            }
            Outlook::Never
        });
        let host = entered.unwrap_or_else(Host::<OnePool>::start);
        let work = run(host.worker(), move || gone.recv().is_ok());
        let outcome = single.wait(work);
        drop((never, here)); // and with them what the pool's thread may still wait for
        assert!(outcome.expect("the pool does it"));
    }
    for sleeper_first in [true, false] {
        let (promise, task) = promise();
        let promise = Mutex::new(Some(promise));
        let sleeper = || Says::enter(|_| Outlook::Sleep);
        let entered = sleeper_first.then(sleeper);
        let (_never, _here) = Says::enter(move |asked| {
            if asked == OFTEN {
                let promise = promise.lock().unwrap().take().expect("once");
                std::thread::spawn(move || promise.resolve(7));
            }
            Outlook::Never
        });
        let _sleeper = entered.unwrap_or_else(sleeper);
        assert_eq!(task.wait().expect("somebody else resolves it"), 7);
    }
}

/// The backend whose world is closed, at each place where something can wait on it.
#[test]
fn a_single_thread_with_nothing_left_to_run_is_told_so() {
    let _watchdog = watchdog("a_single_thread_with_nothing_left_to_run_is_told_so");
    let host = SingleThread::new().host();
    let mut unsettled = Vec::new();
    let mut pending = || {
        let (promise, task) = promise::<u32>();
        unsettled.push(promise);
        task
    };
    assert!(is_hopeless(host.wait(pending())));
    assert!(is_hopeless(pending().wait()));
    let waits = |task: Task<u32>| move || is_hopeless(task.wait());
    assert!(host.wait(run(host.worker(), waits(pending()))).expect("it goes on"));
    assert!(host.wait(run(host.main(), waits(pending()))).expect("it goes on"));
    let polled = run(host.worker(), waits(pending()));
    assert_eq!(host.run_until_idle(), 1);
    assert!(polled.try_take().expect("it has run").expect("it goes on"));
    // What can be done is done first.
    let (promise, task) = promise::<u32>();
    run(host.worker(), || 6).map(host.main(), |n| n + 1).map(host.worker(), move |n| promise.resolve(n)).detach();
    assert_eq!(host.wait(task).expect("resolved"), 7);
}
