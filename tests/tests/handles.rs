//! Who holds a queue's handle: what is `run` on threads that keep one anyway does without, what goes on there has one; and
//! a system's worker is its pool's.

use std::sync::Arc;
use std::sync::mpsc::channel;

use behaviour::{DropCount, watchdog};
use threadbare::{
    AsyncSystem, Error, ErrorKind, Immediate, Inbox, Runnable, Task, TaskProcessor, Worker, promise, run, spawn,
    try_run,
};
use threadbare_threads::ThreadPool;

/// A processor whose end shows: it is there for as long as anyone holds its worker.
struct Watched {
    inbox: Arc<Inbox>,
    serves: bool,
    _alive: DropCount,
}

impl TaskProcessor for Watched {
    fn start_task(&self, runnable: Runnable) {
        drop(self.inbox.push(runnable));
    }

    fn serves(&self) -> bool {
        self.serves
    }
}

/// A worker, what it queues to, and whether somebody holds it.
fn watched(serves: bool) -> (Worker, Arc<Inbox>, DropCount) {
    let (inbox, alive) = (Arc::new(Inbox::new()), DropCount::new());
    let worker = Worker::new(Watched { inbox: Arc::clone(&inbox), serves, _alive: alive.clone() });
    (worker, inbox, alive)
}

/// As a thread that serves does.
fn turn(worker: Worker, inbox: &Inbox) {
    worker.serve(|| inbox.take().for_each(Runnable::run));
}

#[test]
fn what_is_run_on_threads_that_serve_holds_no_handle() {
    for serves in [true, false] {
        let (worker, inbox, alive) = watched(serves);
        let queued = run(&worker, || 7);
        let twin = worker.clone();
        drop(worker);
        assert_eq!(alive.alive(), 1);
        turn(twin, &inbox);
        assert_eq!(alive.alive(), usize::from(!serves), "the settled cell holds one, or none does");
        assert_eq!(queued.try_take().expect("it ran").expect("it resolves"), 7);
        assert_eq!(alive.alive(), 0);

        let (worker, inbox, alive) = watched(serves);
        let queued = run(&worker, || 7);
        drop(worker);
        assert_eq!(alive.alive(), usize::from(!serves), "nor does it while it is queued");
        drop(inbox.take());
        assert_eq!(queued.try_take().expect("it is rejected").unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(alive.alive(), 0);
    }
}

/// The continuation's handle cannot come from the cell before it.
#[test]
fn what_goes_on_on_threads_that_serve_holds_one() {
    let goes_on: [fn(&Worker) -> Task<u32>; 5] = [
        |worker| run(worker, || 6).map(worker, |n| n + 1),
        |worker| run(worker, || 6).map(worker, |n| n).map(worker, |n| n + 1),
        |worker| run(worker, || 6).map(&Immediate, |n| n).map(worker, |n| n + 1),
        |worker| try_run(worker, || Ok(7)),
        |worker| {
            let inner = worker.clone();
            try_run(worker, move || spawn(&inner, async { Ok(7) }))
        },
    ];
    for serves in [true, false] {
        for (which, start) in goes_on.iter().enumerate() {
            let (worker, inbox, alive) = watched(serves);
            let task = start(&worker);
            drop(worker);
            assert_eq!(alive.alive(), 1, "number {which}");
            while !inbox.is_empty() {
                inbox.take().for_each(Runnable::run);
            }
            assert_eq!(task.try_take().expect("it ran").expect("it resolves"), 7, "number {which}");
            assert_eq!(alive.alive(), 0, "number {which}");
        }
    }
}

/// On the main thread, too: there the queue's end shows by its hook's.
#[test]
fn what_is_run_on_the_main_thread_holds_no_handle() {
    for goes_on in [false, true] {
        let alive = DropCount::new();
        let probe = alive.clone();
        let hook = move || _ = probe.alive();
        let system = AsyncSystem::with_main_hook(drop::<Runnable>, hook);
        let here = system.main().enter().expect("no other thread is the main thread");
        let mut task = run(system.main(), || 7);
        if goes_on {
            task = task.map(system.main(), |n| n);
        }
        assert_eq!(here.dispatch(), 1);
        assert_eq!(alive.alive(), 1);
        drop((here, system));
        assert_eq!(alive.alive(), usize::from(goes_on), "what goes on there holds it");
        assert_eq!(task.try_take().expect("it ran").expect("it resolves"), 7);
        assert_eq!(alive.alive(), 0);
    }
}

/// However it comes to be given up, the closure goes with it, and the reason stays.
#[test]
fn what_holds_no_handle_is_rejected_like_all_else() {
    let _watchdog = watchdog("cells without a handle");
    let captured = DropCount::new();
    let closure = || {
        let captured = captured.clone();
        move || captured.hit()
    };
    let gone = |task: Task<()>, what: &str| {
        assert_eq!(captured.alive(), 0, "{what}");
        task.try_take().expect("it is rejected").unwrap_err()
    };

    let (worker, inbox, _alive) = watched(true);
    let task = run(&worker, closure());
    drop(inbox.take());
    assert_eq!(gone(task, "dropped").kind(), ErrorKind::Closed);
    let task = run(&worker, closure());
    inbox.take().for_each(|runnable| runnable.reject(Error::msg("not today")));
    assert_eq!(gone(task, "rejected").to_string(), "not today");
    drop(inbox.close());
    assert_eq!(gone(run(&worker, closure()), "refused").kind(), ErrorKind::Closed);

    // In a pool that closes, by which time nobody else may have its worker, and in one that is closed.
    let pool = ThreadPool::with_threads(1);
    let (hold, held) = channel::<()>();
    let (begin, begun) = channel();
    run(&pool.worker(), move || {
        begin.send(()).expect("the test listens");
        held.recv().is_err()
    })
    .detach();
    begun.recv().expect("it begins");
    let task = run(&pool.worker(), closure()).inspect(&Immediate, move |_| drop(hold));
    pool.close_now();
    assert_eq!(gone(task, "closed now").kind(), ErrorKind::Closed);
    assert_eq!(gone(run(&pool.worker(), closure()), "closed").kind(), ErrorKind::Closed);

    // In a main queue that nobody has entered when the system goes, in one whose main thread leaves, and after that.
    let system = AsyncSystem::new(drop::<Runnable>);
    let task = run(system.main(), closure());
    drop(system);
    assert_eq!(gone(task, "never entered").kind(), ErrorKind::Closed);
    let system = AsyncSystem::new(drop::<Runnable>);
    let here = system.main().enter().expect("no other thread is the main thread");
    let (task, main) = (run(system.main(), closure()), system.main().clone());
    let bound = run(&here, closure());
    drop((system, here));
    assert_eq!(gone(task, "left").kind(), ErrorKind::Closed);
    assert_eq!(gone(bound, "left, bound").kind(), ErrorKind::Closed);
    assert_eq!(gone(run(&main, closure()), "closed").kind(), ErrorKind::Closed);
    assert_eq!(captured.hits(), 0, "none has run");
}

/// A system on a pool has the pool's own worker, so that work of the one runs at once where work of the other does.
#[test]
fn the_worker_of_a_system_is_that_of_its_pool() {
    let _watchdog = watchdog("one worker");
    let pool = ThreadPool::with_threads(1);
    let (one, two) = (AsyncSystem::new(pool.clone()), AsyncSystem::new(pool.clone()));
    assert_eq!(*one.worker(), pool.worker());
    assert_eq!(one.worker(), two.worker());
    assert_ne!(one, two);
    let (systems, pools) = (one.worker().clone(), pool.worker());
    let at_once = run(&systems, move || {
        let (done, pending) = promise();
        let task = pending.map(&pools, |n: u32| n + 1);
        done.resolve(6);
        task.is_settled()
    });
    assert!(at_once.wait().expect("it ran"));

    // Each is a handle of the pool's: it closes with the last of them, and workers that are left reject.
    let worker = pool.worker();
    drop(one);
    assert_eq!(run(&worker, || 7).wait().expect("it is open"), 7);
    drop(pool);
    assert_eq!(run(&worker, || 7).wait().expect("it is open"), 7);
    let queued = run(&worker, || 7);
    drop(two);
    assert_eq!(queued.try_take().expect("it ran").expect("it resolves"), 7);
    assert_eq!(run(&worker, || 7).try_take().expect("it is refused").unwrap_err().kind(), ErrorKind::Closed);
}
