//! The main thread: entering and leaving, dispatches and their bounds, the hook, waits.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::{DropCount, Host, Log, System, each_system, watchdog};
use threadbare::{AsyncSystem, ErrorKind, Help, Main, MainThread, Outlook, Runnable, TaskProcessor, promise, run};

each_system!(
    main_work_can_enter,
    dispatch_runs_what_was_queued_when_it_was_called,
    a_wait_inside_of_main_work_does_not_lengthen_the_dispatch,
    main_work_runs_in_the_order_it_was_queued,
    a_time_budget_that_is_spent_leaves_the_rest,
    a_nested_wait_sees_what_the_dispatch_has_taken,
    a_wait_dispatches_every_queue_of_its_thread,
    any_thread_queues_main_work,
    a_queued_main_task_that_captures_its_own_system_leaks_nothing,
);

// The main thread waits for its worker, and a polled processor does not help in that.
each_system!(on [OneThread, Seeded, OnePool, TwoPool, Rayon, Tokio, BevyTasks, AsyncExecutor, ThreadPerTask]:
    a_wait_is_woken_by_what_settles_its_task_and_by_main_work,
);

/// A processor that nothing is queued in. For tests of the main queue by itself.
struct Idle;

impl TaskProcessor for Idle {
    fn start_task(&self, runnable: Runnable) {
        drop(runnable);
    }
}

#[test]
fn the_first_thread_to_enter_is_the_main_thread_for_good() {
    let system = AsyncSystem::new(Idle);
    let main = system.main();
    let here = main.enter().expect("the first to enter");
    let twin = main.enter().expect("again, on the same thread");
    assert_eq!(here.main(), twin.main());
    let elsewhere = |main: &Main| std::thread::scope(|scope| scope.spawn(|| main.enter().is_some()).join().unwrap());
    assert!(!elsewhere(main));
    drop(here);
    assert_eq!(twin.dispatch(), 0);
    assert!(!elsewhere(main));
    drop(twin);
    assert!(!elsewhere(main), "it has left, and is the main thread still");
    assert!(main.enter().is_some());
}

fn main_work_can_enter<S: System>() {
    let host = Host::<S>::start();
    let main = host.main().clone();
    let local = run(&host.here, move || {
        let here = main.enter().expect("this is the main thread");
        let rc = Rc::new(1); // what `&MainThread` takes
        run(&here, move || *rc)
    });
    host.here.dispatch();
    let inner = host.here.wait(local).unwrap();
    assert_eq!(host.here.wait(inner).unwrap(), 1);
}

#[test]
fn leaving_closes_the_queue_and_rejects_what_it_holds_and_entering_opens_it() {
    let system = AsyncSystem::new(Idle);
    let main = system.main().clone();
    for _ in 0..3 {
        let here = main.enter().unwrap();
        assert_eq!(here.wait(run(&main, || 1)).unwrap(), 1);
        let (log, captured) = (Log::new(), Rc::new(DropCount::new()));
        let (probe, local) = (log.probe(), Rc::clone(&captured));
        let queued = run(&main, move || probe.run());
        let bound = run(&here, move || local.hit());
        let (promise, pending) = promise::<u32>();
        let later = pending.map(&main, |n| n);
        drop(main.enter()); // not the last proof
        assert!(!queued.is_settled());
        drop(here);
        for task in [queued, bound] {
            let outcome = task.try_take().expect("it has settled");
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Closed);
        }
        assert_eq!((log.runs().len(), log.drops().len(), Rc::strong_count(&captured)), (0, 1, 1));
        promise.resolve(1);
        assert_eq!(later.wait().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(run(&main, || 1).wait().unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[test]
fn a_main_queue_that_nobody_entered_closes_with_the_last_system() {
    let system = AsyncSystem::new(Idle);
    let (twin, main) = (system.clone(), system.main().clone());
    let queued = run(&main, || 1);
    drop(system);
    assert!(!queued.is_settled(), "there is another system");
    drop(twin);
    assert_eq!(queued.wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(run(&main, || 1).wait().unwrap_err().kind(), ErrorKind::Closed);
}

/// The cycle of queue, task and system ends when the main thread leaves.
fn a_queued_main_task_that_captures_its_own_system_leaks_nothing<S: System>() {
    for holds_handle in [false, true] {
        let system = S::start().system().clone();
        let here = system.main().enter().unwrap();
        let probe = DropCount::new();
        let worker = system.worker().clone();
        for _ in 0..2 {
            let (mine, captured) = (system.clone(), probe.clone());
            run(system.main(), move || drop((mine, captured))).detach();
            let (mine, captured) = (system.clone(), probe.clone());
            run(&here, move || drop((mine, captured))).detach();
        }
        let handle = holds_handle.then(|| system.main().clone());
        drop(system);
        assert_eq!(probe.alive(), 4, "what is queued is there, and so is the system");
        drop(here);
        assert_eq!(probe.alive(), 0);
        assert_eq!(run(&worker, || 1).wait().unwrap_err().kind(), ErrorKind::Closed, "the system is gone");
        drop(handle);
    }
}

/// Queues itself again each time it runs.
fn again(main: &Main, ran: &Arc<AtomicUsize>) {
    let (next, counted) = (main.clone(), Arc::clone(ran));
    run(main, move || {
        counted.fetch_add(1, Ordering::SeqCst);
        again(&next, &counted);
    })
    .detach();
}

fn dispatch_runs_what_was_queued_when_it_was_called<S: System>() {
    let host = Host::<S>::start();
    let ran = Arc::new(AtomicUsize::new(0));
    for queued in 1..5 {
        again(host.main(), &ran);
        let before = ran.load(Ordering::SeqCst);
        assert_eq!(host.here.dispatch(), queued);
        assert_eq!(ran.load(Ordering::SeqCst), before + queued);
        assert!(!host.here.is_idle());
    }
    let before = ran.load(Ordering::SeqCst);
    assert!(host.here.dispatch_one());
    assert_eq!(ran.load(Ordering::SeqCst), before + 1);
    let mut left = 10;
    assert_eq!(
        host.here.dispatch_while(|| {
            left -= 1;
            left >= 0
        }),
        10
    );
    assert_eq!(ran.load(Ordering::SeqCst), before + 11);
}

/// Main work that waits takes in what arrives, and leaves some of it; that is not the dispatch's to run.
fn a_wait_inside_of_main_work_does_not_lengthen_the_dispatch<S: System>() {
    fn again(main: &Main, ran: &Arc<AtomicUsize>) {
        let (next, counted) = (main.clone(), Arc::clone(ran));
        run(main, move || {
            // Bounded, so that the test fails rather than hangs.
            if counted.fetch_add(1, Ordering::SeqCst) < 10 {
                let (promise, task) = promise::<()>();
                run(&next, move || promise.resolve(())).detach();
                again(&next, &counted);
                task.wait().unwrap();
            }
        })
        .detach();
    }
    let host = Host::<S>::start();
    let ran = Arc::new(AtomicUsize::new(0));
    again(host.main(), &ran);
    for frame in 1..4 {
        assert_eq!(host.here.dispatch(), 1);
        assert_eq!(ran.load(Ordering::SeqCst), frame);
    }
}

fn main_work_runs_in_the_order_it_was_queued<S: System>() {
    let host = Host::<S>::start();
    let order = Rc::new(RefCell::new(Vec::new()));
    for n in 0..100 {
        let order = Rc::clone(&order);
        run(&host.here, move || order.borrow_mut().push(n)).detach();
    }
    assert!(host.here.dispatch_one());
    assert_eq!(*order.borrow(), [0]);
    assert_eq!(host.here.dispatch(), 99);
    assert_eq!(*order.borrow(), (0..100).collect::<Vec<_>>());
    assert!(!host.here.dispatch_one());
}

fn a_time_budget_that_is_spent_leaves_the_rest<S: System>() {
    let host = Host::<S>::start();
    let ran = Arc::new(AtomicUsize::new(0));
    again(host.main(), &ran);
    assert_eq!(host.here.dispatch_for(Duration::ZERO), 1, "the first runs in any case");
    let start = Instant::now();
    let count = host.here.dispatch_for(Duration::from_millis(5));
    assert!(count > 0 && start.elapsed() >= Duration::from_millis(5), "it ends when the time is up");
    assert_eq!(ran.load(Ordering::SeqCst), count + 1);
}

/// A wait in main work also runs what the dispatch around it has taken and not yet run.
fn a_nested_wait_sees_what_the_dispatch_has_taken<S: System>() {
    let host = Host::<S>::start();
    let order = Rc::new(RefCell::new(Vec::new()));
    let (promise, task) = promise::<u32>();
    let mark = |name: &'static str| {
        let order = Rc::clone(&order);
        move || order.borrow_mut().push(name)
    };
    let (waits, waited, between, resolves, after) =
        (mark("waits"), mark("waited"), mark("between"), mark("resolves"), mark("after"));
    run(&host.here, move || {
        waits();
        task.wait().unwrap();
        waited();
    })
    .detach();
    run(&host.here, between).detach();
    run(&host.here, move || {
        resolves();
        promise.resolve(1);
    })
    .detach();
    run(&host.here, after).detach();
    assert_eq!(host.here.dispatch(), 2, "two were run by the wait");
    assert_eq!(*order.borrow(), ["waits", "between", "resolves", "waited", "after"]);
}

fn a_wait_is_woken_by_what_settles_its_task_and_by_main_work<S: System>() {
    let host = Host::<S>::start();
    for _ in 0..500 {
        // Settled from elsewhere.
        let task = run(host.worker(), || 1);
        assert_eq!(host.here.wait(task).unwrap(), 1);
        // Settled by main work that arrives meanwhile, which the wait has to run.
        let main = host.main().clone();
        let task = run(host.worker(), || 1).and_then(host.worker(), move |n| run(&main, move || n + 1));
        assert_eq!(task.wait().unwrap(), 2, "`Task::wait` dispatches as well");
    }
}

/// Two systems on one thread: a wait dispatches both.
fn a_wait_dispatches_every_queue_of_its_thread<S: System>() {
    let (one, two, three) = (Host::<S>::start(), Host::<S>::start(), Host::<S>::start());
    let other = two.main().clone();
    let across = run(one.main(), move || 1).and_then(&other, move |n| Ok(n + 1)).map(three.main(), |n| n + 1);
    assert_eq!(across.wait().unwrap(), 3);
    // Any of them may leave first.
    drop(two);
    assert_eq!(run(one.main(), || 1).map(three.main(), |n| n + 1).wait().unwrap(), 2);
    drop(one);
    assert_eq!(run(three.main(), || 1).wait().unwrap(), 1);
}

/// A system with a hook that counts, of which the calling thread is the main thread.
fn hooked(processor: impl TaskProcessor) -> (AsyncSystem, MainThread, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let system = AsyncSystem::with_main_hook(processor, move || _ = counted.fetch_add(1, Ordering::SeqCst));
    let here = system.main().enter().unwrap();
    (system, here, calls)
}

#[test]
fn the_hook_tells_when_the_queue_is_no_longer_empty() {
    let (system, here, calls) = hooked(Idle);
    let main = system.main();
    let called = || calls.swap(0, Ordering::SeqCst);
    for _ in 0..3 {
        run(main, || ()).detach();
        assert_eq!(called(), 1, "the first");
        run(main, || ()).detach();
        run(&here, || ()).detach();
        assert_eq!(called(), 0, "behind others");
        assert_eq!(here.dispatch(), 3);
        assert_eq!(here.dispatch(), 0);
        assert_eq!(called(), 0, "dispatching");
    }
    // What is queued inside of a dispatch is for the next one.
    let inner = main.clone();
    run(main, move || run(&inner, || ()).detach()).detach();
    assert_eq!((called(), here.dispatch(), called()), (1, 1, 1));
    assert_eq!(here.dispatch(), 1);
    // A continuation that runs at once is not queued.
    let inner = main.clone();
    run(main, || ()).map(&inner, |()| ()).detach();
    assert_eq!((called(), here.dispatch(), called()), (1, 1, 0));
}

/// Queues main work when the main thread, having found nothing to do, says that it is about to park.
#[derive(Clone, Default)]
struct AtTheLastMoment(Arc<Mutex<Option<Job>>>);

type Job = Box<dyn FnOnce() + Send>;

impl TaskProcessor for AtTheLastMoment {
    fn start_task(&self, runnable: Runnable) {
        drop(runnable);
    }

    fn help(&self) -> Option<&dyn Help> {
        Some(self)
    }
}

impl Help for AtTheLastMoment {
    fn run_one(&self) -> bool {
        false
    }

    fn before_park(&self) -> Outlook {
        let job = self.0.lock().unwrap().take();
        job.into_iter().for_each(|job| job());
        Outlook::Sleep
    }

    fn after_park(&self) {}
}

/// A wait takes what comes, so the host is not told; but it is told of what the wait leaves.
#[test]
fn the_hook_is_quiet_while_a_wait_takes_what_comes_and_tells_what_it_leaves() {
    let _watchdog = watchdog("the hook and waits");
    for leaves in [false, true] {
        let processor = AtTheLastMoment::default();
        let (system, here, calls) = hooked(processor.clone());
        let (promise, task) = promise::<()>();
        let main = system.main().clone();
        *processor.0.lock().unwrap() = Some(Box::new(move || {
            run(&main, move || promise.resolve(())).detach();
            if leaves {
                run(&main, || ()).detach();
            }
        }));
        here.wait(task).unwrap();
        assert_eq!((calls.load(Ordering::SeqCst), here.is_idle()), (usize::from(leaves), !leaves));
    }
}

#[test]
fn a_panicking_hook_harms_nobody() {
    behaviour::quiet_panics();
    let system = AsyncSystem::with_main_hook(Idle, || panic!("the hook panics on purpose"));
    let here = system.main().enter().unwrap();
    assert_eq!(here.wait(run(system.main(), || 1)).unwrap(), 1);
}

/// The main thread's own closures run on it, wherever their source is settled; the queue is there for other threads.
fn any_thread_queues_main_work<S: System>() {
    let host = Host::<S>::start();
    let count = Rc::new(Cell::new(0));
    const EACH: usize = 1000;
    let mut tasks = Vec::new();
    for _ in 0..EACH {
        let (promise, task) = promise::<usize>();
        let count = Rc::clone(&count);
        tasks.push((promise, task.map(&host.here, move |n| count.set(count.get() + n))));
    }
    let (promises, tasks): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
    let settling = std::thread::spawn(move || promises.into_iter().for_each(|promise| promise.resolve(1)));
    for task in tasks {
        host.here.wait(task).unwrap();
    }
    settling.join().unwrap();
    assert_eq!(count.get(), EACH);
}
