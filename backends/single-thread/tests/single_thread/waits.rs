//! Waits: they poll, they end when nothing is left, and they nest.

use threadbare::{Clock, ErrorKind, Immediate, Result, Worker, promise, run, spawn};
use threadbare_single_thread::SingleThread;

use crate::common::{Log, outcome, secs, watchdog};

#[test]
fn a_wait_runs_no_more_than_it_needs() {
    let host = SingleThread::new().host();
    let first = run(host.worker(), || 1);
    let (second, main) = (run(host.worker(), || 2), run(host.main(), || 3));
    let timer = host.single().delay(secs(1));
    assert_eq!(host.single().now(), secs(0));
    assert_eq!(host.wait(first).unwrap(), 1);
    assert!(!second.is_settled() && !timer.is_settled());
    let later = host.single().delay(secs(2));
    host.wait(timer).unwrap();
    assert!(second.is_settled() && main.is_settled(), "time stands still while there is work");
    assert!(!later.is_settled());
    assert_eq!(host.single().now(), secs(1));
}

/// For tasks of every context, by the host and by the task itself.
#[test]
fn a_wait_polls_everything() {
    let _watchdog = watchdog("waits for everything");
    let host = SingleThread::new().host();
    let pool = host.single().pool(1);
    for by_host in [true, false] {
        let task =
            run(host.worker(), || 1).map(&pool, |n| n + 1).map(host.main(), |n| n + 1).map(host.here(), |n| n + 1);
        let clock = host.single().clone();
        let task = task.and_then(&pool, move |n| clock.delay(secs(1)).map(&Immediate, move |()| n + 1));
        let waited = if by_host { host.wait(task) } else { task.wait() };
        assert_eq!(waited.unwrap(), 5);
    }
    let (main, worker) = (host.main().clone(), host.worker().clone());
    let hops = threadbare::spawn_with(host.worker(), move |cx| async move {
        let number = {
            let _here = cx.hop(&main).await;
            1
        };
        cx.hop(&worker).await;
        Ok(number + 1)
    });
    assert_eq!(host.wait(hops).unwrap(), 2);
}

/// Nothing is queued, no timer is pending, and nobody can bring anything.
#[test]
fn a_wait_for_what_nothing_is_left_to_settle_is_an_error() {
    let _watchdog = watchdog("waits for nothing");
    fn is_deadlock<T>(outcome: Result<T>) {
        assert_eq!(outcome.map(|_| ()).unwrap_err().kind(), ErrorKind::Deadlock);
    }
    for seed in [None, Some(1)] {
        let single = seed.map_or_else(SingleThread::new, SingleThread::seeded);
        let host = single.host();
        let (held, task) = promise::<u32>();
        let log = Log::new();
        let note = log.clone();
        run(host.worker(), move || note.add("run before the wait gives up")).detach();
        is_deadlock(host.wait(task));
        assert_eq!(log.take().len(), 1);
        held.resolve(1);

        let (held, task) = promise::<u32>();
        is_deadlock(task.wait());
        drop(held);

        // Inside of a worker's closure, main work, a future, and of what a timer fires.
        let inside = |kept: threadbare::Promise<u32>, task: threadbare::Task<u32>| {
            move || {
                is_deadlock(task.wait());
                kept.resolve(1);
                7
            }
        };
        let closure = || {
            let (held, task) = promise();
            inside(held, task)
        };
        assert_eq!(host.wait(run(host.worker(), closure())).unwrap(), 7);
        assert_eq!(host.wait(run(host.main(), closure())).unwrap(), 7);
        let in_future = closure();
        assert_eq!(host.wait(spawn(host.worker(), async move { Ok(in_future()) })).unwrap(), 7);
        let in_timer = closure();
        let fired = host.single().delay(secs(1)).map(&Immediate, move |()| in_timer());
        assert_eq!(host.wait(fired).unwrap(), 7);

        // Without a host.
        let single = SingleThread::new();
        let task = run(&single.worker(), closure());
        single.run_until_idle();
        assert_eq!(outcome(task), Ok(7));
    }
}

/// A wait for itself, or for what is below it, is told at once and loses nothing.
#[test]
fn a_wait_for_oneself_is_an_error() {
    let _watchdog = watchdog("a wait for oneself");
    let host = SingleThread::new().host();
    let own = std::sync::Arc::new(std::sync::Mutex::new(None));
    let waits_for = std::sync::Arc::clone(&own);
    let (done, told) = promise();
    let task = run(host.worker(), move || {
        let own: threadbare::Task<u32> = waits_for.lock().unwrap().take().expect("it was put there");
        done.settle(own.wait().map_err(|error| error.context("told")));
        1
    });
    *own.lock().unwrap() = Some(task);
    host.run_until_idle();
    assert_eq!(outcome(told), Err(ErrorKind::Deadlock));
}

/// As deep as a program may go: each waits for the next, in its own queue or the other's.
#[test]
fn waits_inside_of_runnables_nest() {
    let _watchdog = watchdog("nested waits");
    fn dig(mine: &Worker, other: &Worker, depth: u32) -> Result<u32> {
        if depth == 0 {
            return Ok(0);
        }
        let (back, to) = (mine.clone(), other.clone());
        Ok(run(other, move || dig(&to, &back, depth - 1)).wait()?? + 1)
    }
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
    let host = SingleThread::new().host();
    let (worker, pool) = (host.worker().clone(), host.single().pool(1));
    let task = run(&worker, {
        let (worker, pool) = (worker.clone(), pool.clone());
        move || dig(&worker, &pool, 50)
    });
    assert_eq!(host.wait(task).unwrap().unwrap(), 50);
    for seed in 0..20 {
        let host = SingleThread::seeded(seed).host();
        let worker = host.worker().clone();
        let task = run(host.worker(), move || fork(&worker, 6));
        assert_eq!(host.wait(task).unwrap().unwrap(), 64, "seed {seed}");
    }
    // By the backend alone: the frames of its polls say who helps.
    let single = SingleThread::new();
    let worker = single.worker();
    let task = run(&single.worker(), move || fork(&worker, 6));
    single.run_until_idle();
    assert_eq!(task.wait().unwrap().unwrap(), 64);
}

/// The newest is most likely what a wait inside of work is for. On top, where nothing is buried, each has its turn.
#[test]
fn a_wait_inside_of_what_runs_prefers_the_newest() {
    for nested in [true, false] {
        let host = SingleThread::new().host();
        let (worker, log) = (host.worker().clone(), Log::new());
        let note = log.clone();
        let wait = move || {
            let queue = |number: u32| {
                let note = note.clone();
                run(&worker, move || note.add(number))
            };
            let (first, last) = (queue(1), queue(2));
            queue(3).wait().unwrap();
            note.add(0);
            last.wait().unwrap();
            first.wait().unwrap();
        };
        if nested {
            host.wait(run(host.worker(), wait)).unwrap();
            assert_eq!(log.take(), [3, 0, 2, 1]);
        } else {
            wait();
            assert_eq!(log.take(), [1, 2, 3, 0]);
        }
    }
}
