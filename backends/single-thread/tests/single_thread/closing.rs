//! The end: who closes, what is run, what is rejected and where it is dropped, and that nothing keeps itself.

use std::cell::Cell;
use std::rc::Rc;

use threadbare::{AsyncSystem, Clock, ErrorKind, Immediate, Task, Worker, promise, run, spawn};
use threadbare_single_thread::{Host, SingleThread};

use crate::common::{Log, outcome, secs, unseen, usage};

/// A task for each way in which work can wait here.
fn waiting(single: &SingleThread, pool: &Worker) -> Vec<Task<u32>> {
    let worker = single.worker();
    let clock = single.clone();
    vec![
        run(&worker, || 1),
        run(pool, || 2),
        run(&worker, || 3).map(pool, |n| n),
        spawn(pool, async { Ok(4) }),
        spawn(&worker, async move { clock.delay(secs(1)).await.map(|()| 5) }),
        single.delay(secs(1)).map(&worker, |()| 6),
    ]
}

const CLOSED: Result<u32, ErrorKind> = Err(ErrorKind::Closed);

#[test]
fn the_last_handle_closes_and_rejects() {
    let single = SingleThread::new();
    let (worker, pool) = (single.worker(), single.pool(1));
    let copies = [single.clone(), single.clone()];
    let tasks = [run(&worker, || 1), run(&pool, || 2), single.delay(secs(1)).map(&Immediate, |()| 3)];
    drop(single);
    assert!(tasks.iter().all(|task| !task.is_settled()));
    let [first, last] = copies;
    drop(first);
    assert!(last.run_one(), "it is open for as long as there is a handle");
    let more = run(&worker, || 4);
    drop(last);
    let [done, queued, timer] = tasks.map(outcome);
    assert_eq!((done, queued, timer, outcome(more)), (Ok(1), CLOSED, CLOSED, CLOSED));
    assert_eq!(outcome(run(&worker, || 5)), CLOSED, "a worker does not keep it open");
    assert_eq!(outcome(run(&pool, || 5)), CLOSED);
}

#[test]
fn a_system_that_was_given_the_backend_takes_it_along() {
    let system = AsyncSystem::new(SingleThread::new());
    let (worker, copy) = (system.worker().clone(), system.clone());
    let task = run(&worker, || 1);
    drop(system);
    assert!(!task.is_settled());
    drop(copy);
    assert_eq!(outcome(task), CLOSED);
    assert_eq!(outcome(run(&worker, || 1)), CLOSED);

    // With another handle outside, the system is one owner of two, in both orders.
    for system_first in [true, false] {
        let single = SingleThread::new();
        let system = AsyncSystem::new(single.clone());
        let worker = system.worker().clone();
        let task = run(&worker, || 1);
        if system_first {
            drop(system);
            assert_eq!(single.run_until_idle(), 1);
            drop(single);
        } else {
            drop(single);
            let here = system.main().enter().expect("this is the main thread");
            here.wait(run(&worker, || 2)).unwrap();
            drop((here, system));
        }
        assert_eq!(outcome(task), Ok(1));
        assert_eq!(outcome(run(&worker, || 3)), CLOSED);
    }
}

#[test]
fn close_runs_what_is_queued_and_close_now_rejects_it() {
    for seed in [None, Some(9)] {
        for now in [false, true] {
            let single = seed.map_or_else(SingleThread::new, SingleThread::seeded);
            let pool = single.pool(2);
            let tasks = waiting(&single, &pool);
            let fork = {
                let worker = single.worker();
                run(&pool, move || run(&worker, || 7)).and_then(&Immediate, |inner| inner)
            };
            for _ in 0..2 {
                if now {
                    single.close_now()
                } else {
                    single.close()
                }
                assert!(single.is_idle(), "idempotent");
            }
            let expected = match now {
                // What crosses to another queue finds it closed, and the clock is closed first.
                false => vec![Ok(1), Ok(2), CLOSED, Ok(4), CLOSED, CLOSED],
                true => vec![CLOSED; 6],
            };
            assert_eq!(tasks.into_iter().map(outcome).collect::<Vec<_>>(), expected, "now: {now}");
            assert_eq!(outcome(fork), CLOSED, "nothing new is let in");
            let late = single.pool(3);
            assert_eq!(outcome(run(&late, || 1)), CLOSED, "a pool that is made later is closed");
            assert_eq!(outcome(run(&single.worker(), || 1)), CLOSED);
            assert_eq!(outcome(single.delay(secs(1)).map(&Immediate, |()| 1)), CLOSED);
            assert_eq!(single.run_until_idle(), 0);
        }
    }
}

/// From inside of what it runs: the rest of the queue is run there, or rejected, and the caller goes on.
#[test]
fn a_runnable_can_close_the_backend_that_runs_it() {
    for now in [false, true] {
        for from_timer in [false, true] {
            let what = format!("now: {now}, from a timer: {from_timer}");
            let single = SingleThread::new();
            let (closes, worker, log) = (single.clone(), single.worker(), Log::new());
            let note = log.clone();
            let close = move || {
                if now {
                    closes.close_now()
                } else {
                    closes.close()
                }
                note.add("closed");
                1
            };
            let (inner, note) = (worker.clone(), log.clone());
            let queue_another = move || run(&inner, move || note.add("another")).map(&Immediate, |()| 2);
            let task = if from_timer {
                single.delay(secs(1)).map(&Immediate, move |()| (queue_another(), close()))
            } else {
                run(&worker, move || (queue_another(), close()))
            };
            single.run_until_idle();
            let (another, closing) = task.try_take().expect("it has run").expect("it resolves");
            let expected: &[&str] = if now { &["closed"] } else { &["another", "closed"] };
            assert_eq!(log.take(), expected, "{what}");
            assert_eq!(closing, 1, "{what}");
            assert_eq!(outcome(another), if now { CLOSED } else { Ok(2) }, "{what}");
            assert!(!single.run_one(), "{what}");
            assert_eq!(outcome(run(&worker, || 3)), CLOSED, "{what}");
        }
    }
}

/// The last handle may be in what is run: then the end comes in the middle of a poll, by whoever else holds the queue.
#[test]
fn the_last_handle_can_go_inside_of_a_runnable() {
    let system = AsyncSystem::new(SingleThread::new());
    let here = system.main().enter().expect("this is the main thread");
    let worker = system.worker().clone();
    let behind = Cell::new(Some(run(&worker, || 2)));
    let (last, first) = (system.clone(), run(&worker, || 1));
    let dropping = run(&worker, move || drop(last));
    drop(system);
    assert!(here.wait(dropping).is_ok(), "what runs goes on to its end");
    assert_eq!(outcome(first), Ok(1));
    assert_eq!(outcome(behind.take().expect("it was put there")), Ok(2));
    assert_eq!(outcome(run(&worker, || 3)), CLOSED);
}

/// Where work may wait in a host, with something that it captures.
const PLACES: [&str; 7] =
    ["worker", "pool", "main", "here", "behind a promise", "behind a timer", "in a future behind a timer"];

fn put<V: Send + 'static>(host: &Host, place: &str, captured: V) -> Task<()> {
    let f = move || drop(captured);
    match place {
        "worker" => run(host.worker(), f),
        "pool" => run(&host.single().pool(1), f),
        "main" => run(host.main(), f),
        "here" => run(host.here(), f),
        // The promise is held by what waits in the worker.
        "behind a promise" => {
            let (promise, task) = promise();
            run(host.worker(), move || promise.resolve(())).detach();
            task.map(host.main(), move |()| f())
        }
        "behind a timer" => host.single().delay(secs(1)).map(host.worker(), move |()| f()),
        _ => {
            let delay = host.single().delay(secs(1));
            let task = spawn(host.worker(), async move {
                delay.await?;
                f();
                Ok(())
            });
            host.run_for(secs(0));
            task
        }
    }
}

/// Queued work that has a handle of all that could keep it: when the host goes, everything does.
#[test]
fn what_is_queued_does_not_keep_itself() {
    unseen();
    type Capture = fn(&Host, &str) -> Task<()>;
    let captures: [(&str, Capture); 6] = [
        ("the backend", |host, place| put(host, place, host.single().clone())),
        ("the system", |host, place| put(host, place, host.system().clone())),
        ("both", |host, place| put(host, place, (host.system().clone(), host.single().clone()))),
        ("the worker", |host, place| put(host, place, host.worker().clone())),
        ("the main queue", |host, place| put(host, place, host.main().clone())),
        ("a promise", |host, place| {
            let (promise, task) = promise::<()>();
            task.map(host.worker(), |()| ()).detach();
            put(host, place, (promise, host.single().clone()))
        }),
    ];
    for (what, capture) in captures {
        for place in PLACES {
            for seeded in [false, true] {
                let round = || {
                    let host = if seeded { SingleThread::seeded(1).host() } else { SingleThread::new().host() };
                    let task = capture(&host, place);
                    assert!(!task.is_settled());
                    drop(host);
                    let expected = if place == "behind a promise" { ErrorKind::Abandoned } else { ErrorKind::Closed };
                    assert_eq!(outcome(task), Err(expected), "{what}, {place}");
                    drop(unseen());
                };
                round();
                assert_eq!(usage(round).0.left, 0, "{what}, {place}");
            }
        }
    }
}

/// The same for a backend by itself: whoever stops to poll it closes it.
#[test]
fn a_backend_that_is_closed_keeps_nothing() {
    unseen();
    for close in [SingleThread::close, SingleThread::close_now] {
        let round = || {
            let single = SingleThread::new();
            let pool = single.pool(2);
            for worker in [single.worker(), pool.clone()] {
                let (own, inner) = (single.clone(), worker.clone());
                run(&worker, move || run(&inner, move || drop(own)).detach()).detach();
            }
            let own = single.clone();
            single.delay(secs(1)).map(&pool, move |()| drop(own)).detach();
            waiting(&single, &pool).into_iter().for_each(Task::detach);
            close(&single);
            drop(single);
            drop(unseen());
        };
        round();
        assert_eq!(usage(round).0.left, 0);
    }
}

/// Captures that are not `Send`, wherever they wait, are dropped with the host, here: an `Rc` would not do otherwise.
#[test]
fn a_host_that_goes_drops_what_is_the_main_threads_own() {
    unseen();
    for run_first in 0..6 {
        let own = Rc::new(());
        let host = SingleThread::new().host();
        let hold = || {
            let held = Rc::clone(&own);
            move || drop(held)
        };
        let after = || {
            let held = Rc::clone(&own);
            move |()| drop(held)
        };
        let (promise, task) = promise::<()>();
        let (inner, kept) = (hold(), Rc::clone(&own));
        let future = spawn(host.here(), async move {
            let waited = task.await;
            inner();
            drop(kept);
            waited
        });
        let mut tasks = vec![
            run(host.here(), hold()),
            run(host.worker(), || ()).map(host.here(), after()),
            run(&host.single().pool(1), || ()).map(host.here(), after()).map(host.worker(), |()| ()),
            host.single().delay(secs(1)).map(host.here(), after()),
            host.single().timeout(host.single().delay(secs(9)), secs(5)).map(host.here(), after()),
            future,
        ];
        for _ in 0..run_first {
            assert!(host.run_one());
        }
        let (never, waits) = threadbare::promise::<()>();
        tasks.push(waits.map(host.here(), after()));
        drop(host);
        let unsettled = tasks.iter().filter(|task| !task.is_settled()).count();
        // The last one waits for a promise that somebody holds. So does the future, if it was polled.
        drop(promise);
        never.resolve(());
        assert!(tasks.iter().all(Task::is_settled), "{run_first}: {unsettled} were not");
        assert!((1..=2).contains(&unsettled), "{run_first}: {unsettled}");
        assert_eq!(Rc::strong_count(&own), 1, "{run_first}");
        drop(tasks);
        unseen();
    }
}

/// What others hold of a host outlives it, and finds everything closed.
#[test]
fn what_outlives_its_host_is_closed() {
    let host = SingleThread::new().host();
    let (system, single) = (host.system().clone(), host.single().clone());
    let (worker, main) = (host.worker().clone(), host.main().clone());
    drop(host);
    assert_eq!(outcome(run(&worker, || 1)), CLOSED);
    assert_eq!(outcome(run(&main, || 1)), CLOSED);
    assert_eq!(outcome(run(&single.pool(1), || 1)), CLOSED);
    assert_eq!(outcome(single.delay(secs(0)).map(&Immediate, |()| 1)), CLOSED);
    assert!(single.is_idle() && !single.run_one());
    assert_eq!(single.next_deadline(), None);
    drop((system, single));
}

/// A rejection at the end that starts new work: everything settles all the same, in any context.
#[test]
fn what_a_rejection_starts_at_the_end_is_rejected_as_well() {
    unseen();
    let host = SingleThread::new().host();
    let log = Log::new();
    let (worker, main, clock) = (host.worker().clone(), host.main().clone(), host.single().clone());
    let note = log.clone();
    let retry = run(host.worker(), || 1).or_else(&Immediate, move |error| {
        note.add(error.kind());
        let again = run(&worker, || 2).or_else(&Immediate, move |_| run(&main, || 3));
        again.or_else(&Immediate, move |_| clock.delay(secs(1)).map(&Immediate, |()| 4))
    });
    drop(host);
    assert_eq!(log.take(), [ErrorKind::Closed]);
    assert_eq!(outcome(retry), CLOSED);
    assert_eq!(unseen(), []);
}

/// A closure's destructor that comes back to what is being closed.
#[test]
fn a_destructor_may_use_what_is_being_closed() {
    struct Last(SingleThread, Log<bool>);
    impl Drop for Last {
        fn drop(&mut self) {
            let refused = run(&self.0.worker(), || 1).is_settled() && self.0.delay(secs(1)).is_settled();
            self.0.close();
            self.0.close_now();
            self.1.add(refused && self.0.is_idle() && !self.0.run_one());
        }
    }
    unseen();
    let log = Log::new();
    let host = SingleThread::new().host();
    // Backwards, since the future is polled when it is put there.
    for place in PLACES.into_iter().rev() {
        put(&host, place, Last(host.single().clone(), log.clone())).detach();
    }
    drop(host);
    // What the host has kept to the end sees the worker and the clock closed.
    assert_eq!(log.take(), [true; PLACES.len()]);
    unseen();
}
