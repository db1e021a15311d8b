//! The inline rule: a continuation runs at once where the thread already is in its context, and is queued elsewhere; `run`,
//! `try_run` and `spawn` always queue.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use behaviour::{Host, PolledProcessor, Scope, System, each_system, quiet_panics};
use threadbare::{Immediate, Result, Runnable, Schedule, Task, Worker, promise, run, spawn, try_run};

each_system!(
    inside_a_pools_runnable_a_continuation_runs_at_once,
    inside_a_runnable_forks_are_queued,
    a_continuation_for_another_context_is_queued,
    the_main_thread_runs_main_work_inside_of_dispatches_only,
    a_spent_budget_ends_the_inline_rule,
    a_budget_that_settles_something_does_not_run_it,
    a_wait_inside_of_a_spent_budget_goes_on,
    one_main_runnable_with_a_budget,
    a_runnables_budget_is_for_its_own_context,
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
fn the_main_thread_runs_main_work_inside_of_dispatches_only<S: System>() {
    let host = Host::<S>::start();
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
fn a_spent_budget_ends_the_inline_rule<S: System>() {
    const LINKS: usize = 10;
    let host = Host::<S>::start();
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
fn a_budget_that_settles_something_does_not_run_it<S: System>() {
    let host = Host::<S>::start();
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
fn a_wait_inside_of_a_spent_budget_goes_on<S: System>() {
    let host = Host::<S>::start();
    let main = host.main().clone();
    let task: Task<Result<u32>> = run(host.main(), move || run(&main, || 1).map(&main, |n| n + 1).wait());
    let mut once = true;
    assert_eq!(host.here.dispatch_while(|| std::mem::take(&mut once)), 1);
    assert!(matches!(task.try_take(), Ok(Ok(Ok(2)))));
}

/// A worker whose queue the test runs by hand.
fn by_hand() -> (PolledProcessor, Worker) {
    let queue = PolledProcessor::default();
    (queue.clone(), Worker::new(queue))
}

fn only(queue: &PolledProcessor) -> Runnable {
    let mut batch = queue.take();
    assert_eq!(batch.len(), 1);
    batch.next().expect("it is there")
}

/// A runnable is run in any case, and each continuation that would run at once costs a question.
#[test]
fn a_runnable_with_a_budget_queues_what_would_follow() {
    const LINKS: usize = 10;
    let (queue, worker) = by_hand();
    let start: [&dyn Fn() -> Task<usize>; 3] =
        [&|| run(&worker, || 0), &|| spawn(&worker, async { Ok(0) }), &|| Task::resolved(0).map(&worker, |n: usize| n)];
    for (index, start) in start.into_iter().enumerate() {
        for budget in 0..=LINKS + 1 {
            let chain = (0..LINKS).fold(start(), |chain, _| chain.map(&worker, |n| n + 1));
            let mut asked = 0;
            only(&queue).run_while(|| {
                asked += 1;
                asked <= budget
            });
            let what = format!("start {index}, budget {budget}");
            assert_eq!(asked, (budget + 1).min(LINKS), "{what}: asked");
            assert_eq!(chain.is_settled(), budget >= LINKS, "{what}");
            if budget < LINKS {
                only(&queue).run(); // which has none, and goes to the end
            }
            assert!(queue.take().is_empty());
            assert_eq!(chain.try_take().expect("settled").expect("resolved"), LINKS, "{what}");
        }
    }
    // What is in its context anywhere is no matter of budgets.
    let at_once = run(&worker, || 1).map(&Immediate, |n| n + 1);
    only(&queue).run_while(|| panic!("not asked"));
    assert_eq!(at_once.try_take().expect("settled").expect("resolved"), 2);
}

/// What is dispatched, or waited for, inside of the runnable has no budget, unless it is of the same context.
fn a_runnables_budget_is_for_its_own_context<S: System>() {
    let host = Host::<S>::start();
    let (queue, worker) = by_hand();
    for more in [false, true] {
        let (main, inner) = (host.main().clone(), worker.clone());
        let task = run(&worker, move || {
            let here = main.enter().expect("this is the main thread");
            let (inside, outside) = (main.clone(), inner.clone());
            let on_main = run(&main, move || (runs_at_once(&inside), runs_at_once(&outside)));
            assert!(here.dispatch_one());
            let waited = here.wait(run(&main, || 1).map(&main, |n| n + 1)).expect("it goes on");
            (on_main.try_take().expect("dispatched").expect("resolved"), waited, runs_at_once(&inner))
        });
        only(&queue).run_while(|| more);
        assert_eq!(task.try_take().expect("settled").expect("resolved"), (([true; 2], [more; 2]), 2, [more; 2]));
        queue.turn();
    }
}

/// A runnable inside of another of the same context has the budget of that, or its own.
#[test]
fn the_budgets_of_nested_runnables() {
    let (queue, worker) = by_hand();
    for more in [false, true] {
        let (inner, polls) = (worker.clone(), queue.clone());
        let task = run(&worker, move || {
            let probes = [(); 3].map(|()| {
                let inner = inner.clone();
                run(&inner.clone(), move || runs_at_once(&inner))
            });
            let mut nested = polls.take();
            let mut next = || nested.next().expect("three were queued");
            next().run();
            next().run_while(|| true);
            next().run_while(|| false);
            (probes.map(|probe| probe.try_take().expect("run").expect("resolved")), runs_at_once(&inner))
        });
        only(&queue).run_while(|| more);
        assert_eq!(
            task.try_take().expect("settled").expect("resolved"),
            ([[more; 2], [true; 2], [false; 2]], [more; 2])
        );
        queue.turn();
    }
}

#[test]
fn a_runnables_budget_that_settles_something_or_panics_runs_nothing() {
    quiet_panics();
    let (queue, worker) = by_hand();
    let (promise, task) = promise::<()>();
    let scope = task.map(&worker, |()| Scope::here());
    let chain = run(&worker, || 1).map(&worker, |n| n + 1);
    let mut promise = Some(promise);
    only(&queue).run_while(|| {
        Scope::Render.enter(|| promise.take().into_iter().for_each(|promise| promise.resolve(())));
        true
    });
    assert!(chain.is_settled());
    only(&queue).run();
    assert_eq!(scope.try_take().expect("settled").expect("resolved"), Scope::Outside, "it was queued");
    let chain = run(&worker, || 1).map(&worker, |n| n + 1);
    only(&queue).run_while(|| panic!("a budget panics on purpose"));
    assert!(!chain.is_settled());
    only(&queue).run();
    assert_eq!(chain.try_take().expect("settled").expect("resolved"), 2);
}

/// One runnable, whatever is queued behind it, and what follows from it within the budget.
fn one_main_runnable_with_a_budget<S: System>() {
    const LINKS: usize = 4;
    let host = Host::<S>::start();
    let chain = || (0..LINKS).fold(run(host.main(), || 0), |chain, _| chain.map(host.main(), |n| n + 1));
    for budget in 0..=LINKS {
        let (first, second) = (chain(), chain());
        let mut asked = 0;
        let ran = host.here.dispatch_one_while(|| {
            asked += 1;
            asked <= budget
        });
        assert!(ran);
        assert_eq!((asked, first.is_settled()), ((budget + 1).min(LINKS), budget == LINKS), "budget {budget}");
        assert!(!second.is_settled());
        assert!(
            host.here.dispatch_one_while(|| true) && second.is_settled(),
            "it was queued before the rest of the first"
        );
        assert_eq!(host.here.dispatch_one_while(|| true), budget < LINKS);
        assert!(first.is_settled());
        assert!(!host.here.dispatch_one_while(|| panic!("nothing is left to ask for")));
    }
}
