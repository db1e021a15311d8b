//! A million deep, on a stack of 256 KiB: chains, nested settling, recursion through returned tasks, nested drops.
//!
//! Variations go a quarter of that deep, to save time: that leaves a byte of stack, or four of heap, for each level.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use behaviour::{Counting, Host, OnePool, OneThread, System, TwoPool, live_bytes, watchdog};
use threadbare::{Error, ErrorKind, Immediate, Promise, Result, Schedule, Task, promise, run, spawn};

#[global_allocator]
static HEAP: Counting = Counting;

const MILLION: usize = 1_000_000;
const MANY: usize = MILLION / 4;

/// Runs a test on a small stack, alone, since it measures the heap of the process.
fn small_stack(test: &'static str, f: impl FnOnce() + Send + 'static) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let _watchdog = watchdog(test);
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(f).expect("a thread");
    thread.join().expect("the test passes");
}

/// What becomes of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Resolved,
    Rejected,
    PromiseDropped,
    TaskDropped,
}

const ENDS: [End; 4] = [End::Resolved, End::Rejected, End::PromiseDropped, End::TaskDropped];

/// A chain of so many pending continuations, each of which counts its run.
fn chain<S: Schedule>(many: usize, context: &S, runs: &Arc<AtomicUsize>) -> (Promise<usize>, Task<usize>) {
    let (promise, mut task) = promise();
    for _ in 0..many {
        let runs = Arc::clone(runs);
        task = task.map(context, move |n| {
            runs.fetch_add(1, Ordering::Relaxed);
            n + 1
        });
    }
    (promise, task)
}

/// Settles chains in a context in every way; `finish` drives until the task has settled.
fn chains<S: Schedule>(many: usize, context: &S, finish: impl Fn(Task<usize>) -> Result<usize>) {
    for end in ENDS {
        let runs = Arc::new(AtomicUsize::new(0));
        let (promise, task) = chain(many, context, &runs);
        match end {
            End::Resolved => {
                promise.resolve(0);
                assert_eq!(finish(task).ok(), Some(many));
            }
            End::Rejected => {
                promise.reject(Error::msg("no"));
                assert_eq!(finish(task).unwrap_err().to_string(), "no");
            }
            End::PromiseDropped => {
                drop(promise);
                assert_eq!(finish(task).unwrap_err().kind(), ErrorKind::Abandoned);
            }
            End::TaskDropped => {
                // The work goes on all the same.
                let (done, ended) = threadbare::promise();
                task.then(&Immediate, move |outcome| {
                    done.settle(outcome);
                    Ok(())
                })
                .detach();
                promise.resolve(0);
                assert_eq!(finish(ended).ok(), Some(many));
            }
        }
        let wanted = if matches!(end, End::Resolved | End::TaskDropped) { many } else { 0 };
        assert_eq!(runs.load(Ordering::Relaxed), wanted, "{end:?}");
        assert_eq!(Arc::strong_count(&runs), 1, "{end:?}: closures are left");
    }
}

#[test]
fn a_chain_on_whichever_thread_is_no_recursion() {
    small_stack("immediate chain", || chains(MILLION, &Immediate, Task::wait));
}

#[test]
fn a_chain_on_a_polled_worker_is_no_recursion() {
    small_stack("polled chain", || {
        let host = Host::<OneThread>::start();
        chains(MANY, host.worker(), |task| host.settle(task));
    });
}

#[test]
fn a_chain_on_a_pool_is_no_recursion() {
    small_stack("pool chain", || {
        let pool = threadbare_threads::ThreadPool::builder().threads(2).stack_size(256 << 10).build().unwrap();
        chains(MANY, &pool.worker(), Task::wait);
    });
}

#[test]
fn a_chain_on_the_main_thread_is_no_recursion() {
    small_stack("main chain", || {
        let host = Host::<OneThread>::start();
        chains(MANY, host.main(), |task| host.settle(task));
    });
}

#[test]
fn a_chain_that_changes_its_context_at_each_step_is_no_recursion() {
    small_stack("alternating chain", || {
        let host = Host::<OneThread>::start();
        let (promise, mut task) = promise();
        for _ in 0..MANY / 2 {
            task = task.map(host.worker(), |n: usize| n + 1).map(&Immediate, |n| n + 1);
        }
        promise.resolve(0);
        assert_eq!(host.settle(task).ok(), Some(MANY));
    });
}

#[test]
fn a_chain_on_a_closed_worker_is_no_recursion() {
    fn check<S: System>() {
        let host = Host::<S>::start();
        let runs = Arc::new(AtomicUsize::new(0));
        let (promise, task) = chain(MANY, host.worker(), &runs);
        host.system.close(false);
        promise.resolve(0);
        assert_eq!(task.wait().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!((runs.load(Ordering::Relaxed), Arc::strong_count(&runs)), (0, 1));
    }
    small_stack("closed chain", || {
        check::<OneThread>();
        check::<OnePool>();
    });
}

/// A closure settles the next promise, whose continuation does the same.
#[test]
fn settling_inside_of_closures_nests_no_deeper_than_the_stack() {
    small_stack("nested settling", || {
        let runs = Arc::new(AtomicUsize::new(0));
        let (first, mut task) = promise::<()>();
        for _ in 0..MILLION {
            let (next, next_task) = promise::<()>();
            let runs = Arc::clone(&runs);
            task.map(&Immediate, move |()| {
                runs.fetch_add(1, Ordering::Relaxed);
                next.resolve(());
            })
            .detach();
            task = next_task;
        }
        first.resolve(());
        assert!(task.is_settled());
        assert_eq!(runs.load(Ordering::Relaxed), MILLION);
    });
}

/// Each closure owns the promise that the next one waits for, and none of them runs.
#[test]
fn drops_that_drop_promises_nest_no_deeper_than_the_stack() {
    small_stack("nested drops", || {
        for worker in [false, true] {
            let host = Host::<OneThread>::start();
            let probe = Arc::new(());
            let (first, mut task) = promise::<()>();
            for _ in 0..MANY {
                let (next, next_task) = promise::<()>();
                let owned = (next, Arc::clone(&probe));
                let closure = move |()| drop(owned);
                let skipped = if worker { task.map(host.worker(), closure) } else { task.map(&Immediate, closure) };
                skipped.catch(&Immediate, |_| ()).detach();
                task = next_task;
            }
            drop(first);
            assert_eq!(task.wait().unwrap_err().kind(), ErrorKind::Abandoned);
            assert_eq!(Arc::strong_count(&probe), 1);
        }
    });
}

/// Each value owns the promise of the next one's owner: dropping a value settles a task, whose continuation drops it.
#[test]
fn values_that_drop_promises_nest_no_deeper_than_the_stack() {
    small_stack("nested values", || {
        let dropped = Arc::new(AtomicUsize::new(0));
        /// Its drop resolves the next task, which somebody detached drops in turn.
        struct Nest(Option<Promise<()>>, Arc<AtomicUsize>);
        impl Drop for Nest {
            fn drop(&mut self) {
                self.1.fetch_add(1, Ordering::Relaxed);
                self.0.take().into_iter().for_each(|promise| promise.resolve(()));
            }
        }
        let (first, mut task) = promise::<()>();
        for _ in 0..MANY {
            let (next, next_task) = promise();
            let nest = Nest(Some(next), Arc::clone(&dropped));
            // The closure gives the value away to nobody, who drops it.
            task.map(&Immediate, move |()| nest).detach();
            task = next_task;
        }
        first.resolve(());
        assert!(task.is_settled());
        assert_eq!(dropped.load(Ordering::Relaxed), MANY);
    });
}

/// How a step of a recursion gets to the next one.
type Step = dyn Fn(usize) -> Task<usize> + Send + Sync;

/// `step(0)` returns the task of `step(1)`, and so on, `many` deep; less than 1 MiB is alive at any time.
fn recursion(many: usize, first: impl FnOnce() -> Task<usize>, finish: impl FnOnce(Task<usize>) -> Result<usize>) {
    let before = live_bytes();
    MOST.store(0, Ordering::Relaxed);
    DEEPEST.store(many, Ordering::Relaxed);
    assert_eq!(finish(first()).ok(), Some(many));
    let most = MOST.load(Ordering::Relaxed).saturating_sub(before);
    assert!(MOST.load(Ordering::Relaxed) > 0, "the heap was looked at");
    assert!(most < 1 << 20, "{most} bytes were alive");
}

/// The most that was ever alive.
static MOST: AtomicUsize = AtomicUsize::new(0);
/// Where the recursion ends.
static DEEPEST: AtomicUsize = AtomicUsize::new(0);

/// Whether the recursion ends here; looks at the heap now and then.
fn ends(n: usize) -> bool {
    if n.is_multiple_of(1024) {
        MOST.fetch_max(live_bytes(), Ordering::Relaxed);
    }
    n == DEEPEST.load(Ordering::Relaxed)
}

/// The recursion whose steps start with the task that `start` gives, in a context.
fn looped<S: Schedule>(context: S, start: fn(&S, usize) -> Task<usize>) -> Arc<Step> {
    Arc::new_cyclic(|this: &std::sync::Weak<Loop<S>>| Loop { context, start, this: this.clone() }).into_step()
}

struct Loop<S: Schedule> {
    context: S,
    start: fn(&S, usize) -> Task<usize>,
    this: std::sync::Weak<Self>,
}

impl<S: Schedule> Loop<S> {
    fn into_step(self: Arc<Self>) -> Arc<Step> {
        Arc::new(move |n| self.step(n))
    }

    fn step(&self, n: usize) -> Task<usize> {
        let this = self.this.upgrade().expect("whoever steps holds it");
        (self.start)(&self.context, n)
            .and_then(&self.context, move |n| if ends(n) { Task::resolved(n) } else { this.step(n + 1) })
    }
}

#[test]
fn recursion_through_settled_tasks_takes_constant_memory() {
    small_stack("settled recursion", || {
        let step = looped(Immediate, |_, n| Task::resolved(n));
        recursion(MILLION, || step(0), Task::wait);
    });
}

#[test]
fn recursion_through_runs_on_a_polled_worker_takes_constant_memory() {
    small_stack("polled recursion", || {
        let host = Host::<OneThread>::start();
        let step = looped(host.worker().clone(), |worker, n| run(worker, move || n));
        recursion(MANY, || step(0), |task| host.settle(task));
    });
}

#[test]
fn recursion_through_runs_on_a_pool_takes_constant_memory() {
    small_stack("pool recursion", || {
        let host = Host::<OnePool>::start();
        let step = looped(host.worker().clone(), |worker, n| run(worker, move || n));
        recursion(MANY, || step(0), Task::wait);
        let host = Host::<TwoPool>::start();
        let step = looped(host.worker().clone(), |worker, n| run(worker, move || n));
        recursion(MANY, || step(0), Task::wait);
    });
}

#[test]
fn recursion_through_runs_on_the_main_thread_takes_constant_memory() {
    small_stack("main recursion", || {
        let host = Host::<OneThread>::start();
        let step = looped(host.main().clone(), |main, n| run(main, move || n));
        recursion(MANY, || step(0), |task| host.here.wait(task));
    });
}

#[test]
fn recursion_through_futures_takes_constant_memory() {
    small_stack("future recursion", || {
        let host = Host::<OneThread>::start();
        let step = looped(host.worker().clone(), |worker, n| spawn(worker, async move { Ok(n) }));
        recursion(MANY, || step(0), |task| host.settle(task));
    });
}

#[test]
fn recursion_through_handed_over_promises_takes_constant_memory() {
    small_stack("handed over recursion", || {
        let host = Host::<TwoPool>::start();
        // The step is settled by another thread while its continuation is attached, or before, or after.
        let step = looped(Immediate, |_, n| Task::resolved(n));
        let worker = host.worker().clone();
        recursion(MANY, || run(&worker, || ()).and_then(&worker, move |()| step(0)), Task::wait);
    });
}

/// A chain of futures, each of which awaits the one before, is no recursion either: not when it settles, nor when what
/// it runs on is closed.
#[test]
fn a_chain_of_awaiting_futures_is_no_recursion() {
    const FUTURES: usize = 50_000;
    // Each future that is rejected leaves the error that it was to await to nobody.
    assert!(threadbare::set_error_hook(|_| ()), "no other test here sets it");
    fn check<S: System>() {
        for closed in [false, true] {
            let host = Host::<S>::start();
            let (promise, mut task) = promise::<usize>();
            for _ in 0..FUTURES {
                task = spawn(host.worker(), async move { Ok(task.await.unwrap_or(0) + 1) });
            }
            // Each has been polled once before anything settles.
            host.settle(run(host.worker(), || ())).unwrap();
            if closed {
                host.system.close(false);
            }
            promise.resolve(0);
            match task.wait() {
                Ok(n) => assert!(!closed && n == FUTURES),
                Err(error) => assert!(closed && error.kind() == ErrorKind::Closed),
            }
        }
    }
    small_stack("a chain of futures", || {
        check::<OneThread>();
        check::<OnePool>();
    });
}
