//! The inline rule: a continuation runs at once where the thread already is in its context, and is queued elsewhere; `run`,
//! `try_run` and `spawn` always queue.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use behaviour::{Host, Polled, Scope, System, each_system, watchdog};
use threadbare::{Immediate, Result, Schedule, Task, promise, run, spawn, try_run};

each_system!(
    inside_a_pools_runnable_a_continuation_runs_at_once,
    inside_a_runnable_forks_are_queued,
    a_continuation_for_another_context_is_queued,
);

/// Attaches before and after settling; both times the continuation has run when the call returns, or not.
fn runs_at_once<S: Schedule>(context: &S) -> [bool; 2] {
    let ran = || {
        let flag = Arc::new(AtomicBool::new(false));
        (Arc::clone(&flag), flag)
    };
    let (before, after) = (ran(), ran());
    let (promise, task) = promise::<()>();
    task.map(context, move |()| before.0.store(true, Ordering::SeqCst)).detach();
    assert!(!before.1.load(Ordering::SeqCst), "nothing settled it yet");
    promise.resolve(());
    let first = before.1.load(Ordering::SeqCst);
    Task::resolved(()).map(context, move |()| after.0.store(true, Ordering::SeqCst)).detach();
    [first, after.1.load(Ordering::SeqCst)]
}

fn inside_a_pools_runnable_a_continuation_runs_at_once<S: System>() {
    let host = Host::<S>::start();
    let worker = host.worker().clone();
    let inner = worker.clone();
    assert_eq!(host.settle(run(&worker, move || runs_at_once(&inner))).unwrap(), [true; 2]);
    // A closure that was called inside of another context, on that thread.
    let inner = worker.clone();
    let nested = run(&worker, move || Task::resolved(()).map(&Immediate, move |()| runs_at_once(&inner)).wait());
    assert_eq!(host.settle(nested).unwrap().unwrap(), [true; 2]);
    // A future is polled in the context too.
    let inner = worker.clone();
    assert_eq!(host.settle(spawn(&worker, async move { Ok(runs_at_once(&inner)) })).unwrap(), [true; 2]);
    // The continuation of a continuation that was queued.
    let inner = worker.clone();
    let chained = Task::resolved(()).map(&worker, move |()| runs_at_once(&inner));
    assert_eq!(host.settle(chained).unwrap(), [true; 2]);
    if S::POLLED {
        assert_eq!(runs_at_once(&worker), [false; 2], "outside of its runnables");
        host.turn();
    }
}

fn inside_a_runnable_forks_are_queued<S: System>() {
    let host = Host::<S>::start();
    let worker = host.worker().clone();
    let forked = run(host.worker(), move || {
        let flag = Rc::new(Cell::new(true));
        let busy = Arc::new(AtomicBool::new(true));
        let me = std::thread::current().id();
        let here = |busy: &Arc<AtomicBool>| {
            let busy = Arc::clone(busy);
            move || std::thread::current().id() == me && busy.load(Ordering::SeqCst)
        };
        let (a, b, c) = (here(&busy), here(&busy), here(&busy));
        let forks = [run(&worker, a), try_run(&worker, move || Ok(b())), spawn(&worker, async move { Ok(c()) })];
        busy.store(false, Ordering::SeqCst);
        flag.set(false);
        forks
    });
    for inline in host.settle(forked).unwrap() {
        assert!(!host.settle(inline).unwrap(), "it ran inside of what forked it");
    }
}

fn a_continuation_for_another_context_is_queued<S: System>() {
    let host = Host::<S>::start();
    let (main, render) = (host.main().clone(), host.render.clone());
    let on_worker = run(host.worker(), move || (runs_at_once(&main), runs_at_once(&render)));
    assert_eq!(host.settle(on_worker).unwrap(), ([false; 2], [false; 2]));
    let (render, twice) = (host.render.clone(), host.main().clone());
    let on_main = run(host.main(), move || (runs_at_once(&render), runs_at_once(&twice)));
    assert_eq!(host.settle(on_main).unwrap(), ([false; 2], [true; 2]));
    assert_eq!(runs_at_once(host.main()), [false; 2], "the main thread is not dispatching");
    assert_eq!(runs_at_once(&Immediate), [true; 2]);
    // Two queues of one type are two contexts.
    let (mine, other) = (host.render.clone(), behaviour::Render::new());
    let left = other.clone();
    let on_render = run(&host.render, move || (runs_at_once(&mine), runs_at_once(&other)));
    assert_eq!(host.settle(on_render).unwrap(), ([true; 2], [false; 2]));
    left.close();
    // Two systems too.
    let other = Host::<S>::start();
    let theirs = other.worker().clone();
    let across = run(host.worker(), move || {
        let (promise, task) = promise::<()>();
        let scope = task.map(&theirs, |()| std::thread::current().id());
        promise.resolve(());
        (scope, std::thread::current().id())
    });
    let (theirs, mine) = host.settle(across).unwrap();
    assert!(!S::POLLED || !theirs.is_settled());
    let theirs = other.settle(theirs).unwrap();
    assert!(S::POLLED || theirs != mine, "on the other pool's thread");
    host.turn();
}

/// `run` on `&Immediate` has no queue to wait in.
#[test]
fn immediate_runs_now() {
    let (ran, inner) = (Rc::new(Cell::new(false)), Arc::new(AtomicBool::new(false)));
    let mark = Arc::clone(&inner);
    let task = run(&Immediate, move || mark.store(true, Ordering::SeqCst));
    ran.set(inner.load(Ordering::SeqCst));
    assert!(ran.get() && task.is_settled());
}

/// "In the main context" means a dispatch of that main thread, not the thread.
#[test]
fn the_main_thread_runs_main_work_inside_of_dispatches_only() {
    let _watchdog = watchdog("main work inside of dispatches");
    let host = Host::<Polled>::start();
    let log = Rc::new(Cell::new(0));
    let seen = Rc::clone(&log);
    let task = Task::resolved(()).map(&host.here, move |()| seen.set(seen.get() + 1));
    assert!(!task.is_settled() && log.get() == 0);
    assert_eq!(host.here.dispatch(), 1);
    assert!(task.is_settled() && log.get() == 1);
    // In a wait it is in the context as well.
    let main = host.main().clone();
    let inside = host.here.wait(run(host.main(), move || runs_at_once(&main)));
    assert_eq!(inside.unwrap(), [true; 2]);
}

/// A dispatch whose budget is spent no longer counts: what follows from its last runnable is queued.
#[test]
fn a_spent_budget_ends_the_inline_rule() {
    const LINKS: usize = 10;
    let host = Host::<Polled>::start();
    for budget in 0..=LINKS + 3 {
        let (promise, task) = promise::<usize>();
        let mut chain = task;
        for _ in 0..LINKS {
            chain = chain.map(host.main(), |n| n + 1);
        }
        let ran = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&ran);
        run(host.main(), move || {
            counted.fetch_add(1, Ordering::SeqCst);
            promise.resolve(0);
        })
        .detach();
        let mut asked = 0;
        let spent = host.here.dispatch_while(|| {
            asked += 1;
            asked <= budget
        });
        // One question for the runnable, and one for each link that would run at once. The one that is refused is
        // queued; then the loop asks nothing more.
        assert_eq!(ran.load(Ordering::SeqCst), usize::from(budget > 0));
        assert_eq!(spent, usize::from(budget > 0), "budget {budget}");
        assert_eq!(chain.is_settled(), budget > LINKS, "budget {budget}");
        assert_eq!(asked, (budget + 1).min(LINKS + 1), "budget {budget}: asked again after it was spent");
        assert_eq!(host.here.is_idle(), budget > LINKS);
        assert_eq!(host.settle(chain).unwrap(), LINKS);
    }
}

/// What the host's own closure settles while it is asked is not run inside of it.
#[test]
fn a_budget_that_settles_something_does_not_run_it() {
    let host = Host::<Polled>::start();
    let (promise, task) = promise::<()>();
    let scope = task.map(host.main(), |()| Scope::here());
    run(host.main(), || ()).detach();
    let mut promise = Some(promise);
    let ran = host.here.dispatch_while(|| {
        Scope::Worker.enter(|| promise.take().into_iter().for_each(|promise| promise.resolve(())));
        true
    });
    assert_eq!(ran, 2);
    assert_eq!(host.settle(scope).unwrap(), Scope::Outside, "it was queued, and run by the dispatch");
}

/// A nested wait runs what it waits for, whatever the budget around it says.
#[test]
fn a_wait_inside_of_a_spent_budget_goes_on() {
    let _watchdog = watchdog("a wait in a spent budget");
    let host = Host::<Polled>::start();
    let main = host.main().clone();
    let task: Task<Result<u32>> = run(host.main(), move || run(&main, || 1).map(&main, |n| n + 1).wait());
    let mut once = true;
    assert_eq!(host.here.dispatch_while(|| std::mem::take(&mut once)), 1);
    assert!(matches!(task.try_take(), Ok(Ok(Ok(2)))));
}
