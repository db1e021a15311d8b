//! Fixed capacity: what does not fit is refused at once and says so, what was let in is run, and nothing is allocated.

use std::sync::Arc;

use threadbare::{
    Clock, Error, ErrorKind, Immediate, Inbox, Runnable, Schedule, Task, TaskProcessor, promise, run, spawn,
};
use threadbare_single_thread::SingleThread;

use crate::common::{Log, outcome, secs, usage};

/// A queue of the test's own, for runnables to hand to others.
#[derive(Clone, Default)]
struct Basket(Arc<Inbox>);

impl Schedule for Basket {
    fn schedule(&self, runnable: Runnable) {
        self.0.push(runnable).expect("it is open");
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Basket {
    fn make<T: Send>(&self, f: impl FnOnce() -> T + Send + 'static) -> (Runnable, Task<T>) {
        let task = run(self, f);
        (self.0.take().next().expect("it was just queued"), task)
    }
}

fn fill<const ROOM: usize>() {
    let single = SingleThread::with_capacity::<ROOM>();
    let worker = single.worker();
    for round in 0..3 {
        let what = format!("room for {ROOM}, round {round}");
        let log = Log::new();
        let queue = |number: usize| {
            let log = log.clone();
            run(&worker, move || {
                log.add(number);
                number
            })
        };
        let mut fits: Vec<_> = (0..ROOM).map(queue).collect();
        for number in ROOM..ROOM + 3 {
            let refused = queue(number);
            assert!(refused.is_settled(), "{what}: at once");
            assert_eq!(outcome(refused), Err(ErrorKind::Full), "{what}");
        }
        // One has run: there is room for one more.
        assert!(single.run_one(), "{what}");
        fits.push(queue(ROOM + 3));
        assert_eq!(outcome(queue(ROOM + 4)), Err(ErrorKind::Full), "{what}");
        assert_eq!(single.run_until_idle(), ROOM, "{what}");
        let mut expected: Vec<_> = (0..ROOM).collect();
        expected.push(ROOM + 3);
        assert_eq!(log.take(), expected, "{what}: all that were let in, in order");
        let outcomes: Result<Vec<_>, _> = fits.into_iter().map(outcome).collect();
        assert_eq!(outcomes, Ok(expected), "{what}");
    }
}

#[test]
fn as_many_as_fit_are_run_and_the_next_is_refused() {
    fill::<1>();
    fill::<2>();
    fill::<3>();
    fill::<7>();
    fill::<64>();
}

/// In a seeded order, too: whatever is taken out of the middle leaves room.
#[test]
fn a_seeded_order_loses_nothing_of_a_full_queue() {
    for seed in 0..200 {
        let single = SingleThread::builder().capacity::<4>().seed(seed).build();
        let log = Log::new();
        let worker = single.worker();
        let mut queued = 0;
        while queued < 20 {
            let note = log.clone();
            let task = run(&worker, move || note.add(queued));
            if task.is_settled() {
                assert_eq!(outcome(task), Err(ErrorKind::Full));
                assert!(single.run_one());
            } else {
                queued += 1;
            }
        }
        assert_eq!(single.run_until_idle(), 4);
        let mut ran = log.take();
        ran.sort_unstable();
        assert_eq!(ran, (0..20).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[test]
fn each_pool_has_its_own_room() {
    let host = SingleThread::with_capacity::<2>().host();
    let (one, two) = (host.single().pool(1), host.single().pool(3));
    let queue_three = |worker| [run(worker, || 1), run(worker, || 2), run(worker, || 3)];
    let tasks = [host.worker(), &one, &two].map(queue_three);
    for [first, second, third] in &tasks {
        assert!(!first.is_settled() && !second.is_settled() && third.is_settled());
    }
    // The main queue takes no room.
    let main: Vec<_> = (0..100).map(|n| run(host.main(), move || n)).collect();
    assert_eq!(host.run_until_idle(), 6 + 100);
    for [first, second, third] in tasks {
        assert_eq!((outcome(first), outcome(second), outcome(third)), (Ok(1), Ok(2), Err(ErrorKind::Full)));
    }
    assert!(main.into_iter().map(outcome).eq((0..100).map(Ok)));
}

/// A continuation is refused when it is its turn; its input goes, and the next context's turn comes.
#[test]
fn a_continuation_that_finds_no_room_is_rejected() {
    let host = SingleThread::with_capacity::<1>().host();
    let value = Arc::new(());
    let (promise, task) = promise();
    let log = Log::new();
    let note = log.clone();
    let task = task
        .map(host.worker(), move |value: Arc<()>| {
            note.add("worker");
            value
        })
        .map(host.here(), |_| ErrorKind::Other)
        .catch(host.here(), |error| error.kind());
    let first = run(host.worker(), || 1);
    promise.resolve(Arc::clone(&value));
    assert_eq!(Arc::strong_count(&value), 1);
    host.run_until_idle();
    assert_eq!((outcome(task), outcome(first)), (Ok(ErrorKind::Full), Ok(1)));
    assert_eq!(log.take(), [""; 0]);

    // A source's own error is not hidden by the queue's.
    let first = run(host.worker(), || 1);
    let caught = Task::<u32>::rejected(Error::msg("the cause")).catch(host.worker(), |_| 0);
    assert_eq!(caught.wait().unwrap_err().to_string(), "the cause");
    host.run_until_idle();
    assert_eq!(outcome(first), Ok(1));
}

#[test]
fn a_future_that_is_woken_when_the_queue_is_full_is_rejected() {
    let host = SingleThread::with_capacity::<2>().host();
    let held = Arc::new(());
    let (promise, task) = promise::<u32>();
    let own = Arc::clone(&held);
    let waiting = spawn(host.worker(), async move {
        let value = task.await?;
        drop(own);
        Ok(value)
    });
    host.run_until_idle();
    assert!(!waiting.is_settled());
    let others = [run(host.worker(), || 1), run(host.worker(), || 2)];
    promise.resolve(7);
    assert_eq!(outcome(waiting), Err(ErrorKind::Full));
    assert_eq!(Arc::strong_count(&held), 1, "the future is dropped");
    let late = spawn(host.worker(), async { Ok(1) });
    assert_eq!(outcome(late), Err(ErrorKind::Full));
    host.run_until_idle();
    assert_eq!(others.map(outcome), [Ok(1), Ok(2)]);

    let (promise, task) = threadbare::promise::<u32>();
    let waiting = spawn(host.worker(), async move { task.await });
    host.run_until_idle();
    promise.resolve(7);
    assert_eq!(host.wait(waiting).unwrap(), 7, "with room it goes on");
}

#[test]
fn what_is_refused_can_be_run_by_whoever_offered_it() {
    let basket = Basket::default();
    let single = SingleThread::with_capacity::<1>();
    let (first, fits) = basket.make(|| 1);
    let (second, too_many) = basket.make(|| 2);
    assert!(single.try_start_task(first).is_ok());
    let refused = single.try_start_task(second).expect_err("there is room for one");
    assert_eq!(refused.error.kind(), ErrorKind::Full);
    assert!(!too_many.is_settled());
    refused.runnable.run();
    assert_eq!(outcome(too_many), Ok(2));

    // Given back twice, then let in.
    let (third, patient) = basket.make(|| 3);
    let refused = single.try_start_task(third).expect_err("still full");
    let refused = single.try_start_task(refused.runnable).expect_err("still full");
    assert!(single.run_one());
    assert!(single.try_start_task(refused.runnable).is_ok());
    assert!(single.run_one());
    assert_eq!((outcome(fits), outcome(patient)), (Ok(1), Ok(3)));

    single.close();
    let (fourth, closed) = basket.make(|| 4);
    let refused = single.try_start_task(fourth).expect_err("it is closed");
    assert_eq!(refused.error.kind(), ErrorKind::Closed);
    refused.reject();
    assert_eq!(outcome(closed), Err(ErrorKind::Closed));
}

/// Counted against the same tasks in a queue that allocates nothing: the test's basket.
#[test]
fn queueing_and_running_allocate_nothing_but_the_tasks() {
    const ROOM: usize = 32;
    let basket = Basket::default();
    let cells = |tasks: &mut Vec<Task<usize>>| {
        let (cells, ()) = usage(|| tasks.extend((0..ROOM).map(|n| run(&basket, move || n))));
        basket.0.take().for_each(Runnable::run);
        cells.made
    };
    for seed in [None, Some(1)] {
        let builder = SingleThread::builder().capacity::<ROOM>();
        let single = seed.map_or_else(|| SingleThread::builder().capacity::<ROOM>(), |seed| builder.seed(seed)).build();
        let (worker, pool) = (single.worker(), single.pool(2));
        let mut tasks = Vec::with_capacity(2 * ROOM);
        let expected = cells(&mut tasks);
        assert_eq!(expected, ROOM);
        for round in 0..3 {
            tasks.clear();
            let (queued, ()) = usage(|| {
                tasks.extend((0..ROOM).map(|n| run(&worker, move || n)));
                tasks.extend((0..ROOM).map(|n| run(&pool, move || n)));
            });
            assert_eq!(queued.made, 2 * expected, "round {round}");
            let (ran, count) = usage(|| single.run_until_idle());
            assert_eq!((ran.made, count), (0, 2 * ROOM), "round {round}");
            assert!(tasks.iter().all(Task::is_settled));

            // Timers: the cell of each, and that of its task.
            let mut delays = Vec::with_capacity(ROOM);
            let (started, ()) = usage(|| delays.extend((0..ROOM as u64).map(|n| single.delay(secs(n + 1)))));
            assert_eq!(started.made, 2 * ROOM, "round {round}");
            let (ran, count) = usage(|| single.run_until_idle());
            assert_eq!((ran.made, count), (0, ROOM), "round {round}");
        }
    }
}

/// The first ones that come, until there is room again: those that nobody wants make it.
#[test]
fn timers_beyond_the_room_are_refused() {
    let single = SingleThread::with_capacity::<4>();
    let (_promise, task) = promise::<u32>();
    let mut timers: Vec<_> = (0..3).map(|n| single.delay(secs(10 - n))).collect();
    let limited = single.timeout(task, secs(20));
    let too_many = [single.delay(secs(1)), single.delay(secs(2))];
    assert_eq!(single.next_deadline(), Some(secs(8)), "they are looked at with the next poll, or question");
    assert_eq!(too_many.map(outcome), [Err(ErrorKind::Full), Err(ErrorKind::Full)]);
    assert!(!limited.is_settled() && timers.iter().all(|timer| !timer.is_settled()));

    drop(timers.remove(0));
    let fits = single.delay(secs(1));
    let (_late, task) = threadbare::promise::<u32>();
    let limit_too_many = single.timeout(task, secs(1));
    assert!(!single.is_idle());
    assert_eq!(outcome(limit_too_many), Err(ErrorKind::Full));
    assert_eq!(single.run_until_idle(), 4);
    assert_eq!(single.now(), secs(20));
    assert_eq!((outcome(fits), outcome(limited)), (Ok(()), Err(ErrorKind::TimedOut)));
    assert!(timers.into_iter().map(outcome).all(|outcome| outcome == Ok(())));
    let again: Vec<_> = (0..4).map(|_| single.delay(secs(1))).collect();
    assert_eq!(single.run_until_idle(), 4, "there is room again");
    assert!(again.iter().all(Task::is_settled));
}

/// From queue to queue, each with room for one: nothing is refused, since each hop leaves its own before the next.
#[test]
fn a_long_chain_needs_room_for_one() {
    let host = SingleThread::with_capacity::<1>().host();
    let pool = host.single().pool(1);
    let (promise, mut task) = promise::<u32>();
    for _ in 0..20_000 {
        task = task.map(host.worker(), |n| n + 1).map(&pool, |n| n + 1);
    }
    promise.resolve(0);
    assert_eq!(host.wait(task).unwrap(), 40_000);
}

/// A hundred thousand continuations, on a small stack: the first is refused, and the others skipped, or refused as well.
#[test]
fn a_long_chain_against_a_full_queue_is_no_recursion() {
    let small_stack = std::thread::Builder::new().stack_size(128 * 1024);
    let refuse = || {
        let single = SingleThread::with_capacity::<1>();
        let worker = single.worker();
        for catches in [false, true] {
            let (promise, mut task) = promise::<u32>();
            for _ in 0..100_000 {
                task = if catches {
                    // Wanted with each error anew, and refused anew.
                    task.then(&worker, |outcome| outcome)
                } else {
                    task.map(&worker, |n| n + 1)
                };
            }
            let first = run(&worker, || 1);
            promise.resolve(0);
            assert_eq!(outcome(task), Err(ErrorKind::Full), "catches: {catches}");
            single.run_until_idle();
            assert_eq!(outcome(first), Ok(1));
        }
    };
    small_stack.spawn(refuse).unwrap().join().unwrap();
}

/// What runs has left its place.
#[test]
fn a_runnable_can_queue_the_next_where_there_is_room_for_one() {
    fn again(worker: &threadbare::Worker, left: u32, log: Log<u32>) {
        let next = worker.clone();
        let step = move || {
            if left > 0 {
                again(&next, left - 1, log);
            } else {
                log.add(0);
            }
        };
        run(worker, step).map(&Immediate, |()| ()).detach();
    }
    let single = SingleThread::with_capacity::<1>();
    let log = Log::new();
    again(&single.worker(), 100, log.clone());
    assert_eq!(single.run_until_idle(), 101);
    assert_eq!(log.take(), [0]);
}
