//! Other threads: they queue, settle and poll; nothing is lost, nothing runs twice, nobody sleeps for ever.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use threadbare::{Clock, Immediate, Task, promise, run};
use threadbare_single_thread::{Host, SingleThread};

use crate::common::{outcome, secs, watchdog};

/// How often each of many was run.
#[derive(Clone)]
struct Tally(Arc<Vec<AtomicUsize>>);

impl Tally {
    fn new(count: usize) -> Self {
        Self(Arc::new((0..count).map(|_| AtomicUsize::new(0)).collect()))
    }

    fn mark(&self, index: usize) {
        self.0[index].fetch_add(1, Ordering::Relaxed);
    }

    fn each_once(&self) -> bool {
        self.0.iter().all(|count| count.load(Ordering::SeqCst) == 1)
    }
}

/// Two poll what two others queue: in the worker, in a pool, as timers, and from one to the other.
#[test]
fn two_threads_poll_at_once() {
    let _watchdog = watchdog("two pollers");
    const EACH: usize = 4000;
    for seed in [None, Some(1)] {
        let single = seed.map_or_else(SingleThread::new, SingleThread::seeded);
        let (worker, pool) = (single.worker(), single.pool(2));
        let tally = Tally::new(2 * EACH);
        let done = AtomicBool::new(false);
        let start = Barrier::new(4);
        let mut tasks: Vec<Task<()>> = Vec::new();
        thread::scope(|scope| {
            let queueing = [0, EACH].map(|first| {
                let (single, tally, worker, pool, start) = (&single, &tally, &worker, &pool, &start);
                scope.spawn(move || {
                    start.wait();
                    let queue = |index: usize| {
                        let (mark, tally) = (tally.clone(), tally.clone());
                        match index % 4 {
                            0 => run(worker, move || mark.mark(index)),
                            1 => run(pool, || ()).map(worker, move |()| mark.mark(index)),
                            2 => run(worker, || ()).map(pool, move |()| mark.mark(index)),
                            _ => single.delay(Duration::from_millis(1)).map(pool, move |()| tally.mark(index)),
                        }
                    };
                    (first..first + EACH).map(queue).collect::<Vec<_>>()
                })
            });
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    while !done.load(Ordering::Acquire) {
                        single.run_until_idle();
                        thread::yield_now();
                    }
                });
            }
            for queued in queueing {
                tasks.extend(queued.join().unwrap());
            }
            while tasks.iter().any(|task| !task.is_settled()) {
                thread::yield_now();
            }
            done.store(true, Ordering::Release);
        });
        assert!(tasks.into_iter().all(|task| outcome(task) == Ok(())));
        assert!(tally.each_once());
        assert!(single.is_idle());
    }
}

/// A host that sleeps by parking, and is unparked when something comes.
fn parking(real_time: bool) -> Host {
    let sleeper: Arc<OnceLock<Thread>> = Arc::new(thread::current().into());
    let builder = SingleThread::builder()
        .on_idle(|next| match next {
            Some(next) => thread::park_timeout(next),
            None => thread::park(),
        })
        .on_work(move || sleeper.get().into_iter().for_each(Thread::unpark));
    let start = Instant::now();
    if real_time { builder.clock(move || start.elapsed()) } else { builder }.build().host()
}

/// Each way in which another thread can bring what the host waits for, over and over.
#[test]
fn a_host_that_sleeps_is_woken_by_whatever_comes() {
    let _watchdog = watchdog("a host that sleeps");
    for real_time in [false, true] {
        let host = parking(real_time);
        let (worker, main, clock) = (host.worker().clone(), host.main().clone(), host.single().clone());
        for round in 0..500 {
            // A promise, with and without something that follows here.
            let (promise, task) = promise::<usize>();
            let settling = thread::spawn(move || promise.resolve(round));
            let task = match round % 3 {
                0 => task,
                1 => task.map(&worker, |n| n),
                _ => task.map(host.here(), |n| n),
            };
            assert_eq!(host.wait(task).unwrap(), round);
            settling.join().unwrap();

            // Work that another thread queues, whose outcome comes back by a promise.
            let (back, task) = threadbare::promise::<usize>();
            let (worker, main, clock) = (worker.clone(), main.clone(), clock.clone());
            let queueing = thread::spawn(move || {
                let answer = move || back.resolve(round);
                match round % 3 {
                    0 => run(&worker, answer).detach(),
                    1 => run(&main, answer).detach(),
                    _ => clock.delay(Duration::from_micros(50)).map(&Immediate, move |()| answer()).detach(),
                }
            });
            assert_eq!(host.wait(task).unwrap(), round);
            queueing.join().unwrap();
        }
    }
}

/// A new timer that is due earlier than what the host sleeps for wakes it.
#[test]
fn an_earlier_timer_from_another_thread_is_seen() {
    let _watchdog = watchdog("an earlier timer");
    let host = parking(true);
    for _ in 0..50 {
        let hour = host.single().delay(secs(3600));
        let clock = host.single().clone();
        let (promise, task) = promise::<()>();
        let starting = thread::spawn(move || {
            clock.delay(Duration::from_millis(1)).map(&Immediate, move |()| promise.resolve(())).detach();
        });
        host.wait(task).unwrap();
        starting.join().unwrap();
        assert!(!hour.is_settled());
    }
}

/// However often another thread looks at the queues, a host that sleeps is told of the timer that is pending.
#[test]
fn another_thread_that_looks_does_not_hide_a_timer() {
    let _watchdog = watchdog("another thread that looks");
    const HOUR: Option<Duration> = Some(Duration::from_secs(3600));
    let (promise, task) = promise::<()>();
    let (promise, naps, hidden) = (Mutex::new(Some(promise)), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&hidden);
    let asleep = move |next| {
        count.fetch_add(usize::from(next != HOUR), Ordering::Relaxed);
        if naps.fetch_add(1, Ordering::Relaxed) == 100_000 {
            promise.lock().unwrap().take().into_iter().for_each(|promise| promise.resolve(()));
        }
    };
    let host = SingleThread::builder().clock(|| Duration::ZERO).on_idle(asleep).build().host();
    let hour = host.single().delay(secs(3600));
    let (looker, done) = (host.single().clone(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                assert!(looker.next_deadline().is_some_and(|next| next.is_zero() || Some(next) == HOUR));
            }
        });
        let waited = host.wait(task);
        done.store(true, Ordering::Release);
        waited.unwrap();
    });
    assert_eq!(hidden.load(Ordering::Relaxed), 0, "told that there is none");
    assert!(!hour.is_settled());
}

/// A thread that does not poll waits for one that does.
#[test]
fn a_thread_that_does_not_poll_sleeps_until_the_poller_has_settled_its_task() {
    let _watchdog = watchdog("a wait for another's polls");
    let single = SingleThread::new();
    let worker = single.worker();
    let waiting = thread::spawn(move || (0..1000).map(|n| run(&worker, move || n).wait().unwrap()).sum::<usize>());
    while !waiting.is_finished() {
        single.run_until_idle();
        thread::yield_now();
    }
    assert_eq!(waiting.join().unwrap(), 1000 * 999 / 2);
}

/// Handles go and the backend closes while others queue: each task settles, whatever it finds.
#[test]
fn closing_while_others_queue_settles_everything() {
    let _watchdog = watchdog("closing while others queue");
    crate::common::unseen();
    for round in 0..200 {
        let single = SingleThread::new();
        let (worker, clock, start) = (single.worker(), Mutex::new(Some(single.clone())), Barrier::new(2));
        let tasks = thread::scope(|scope| {
            let queueing = scope.spawn(|| {
                start.wait();
                let clock = clock.lock().unwrap().take().expect("it was put there");
                let tasks: Vec<Task<()>> =
                    (0..50).flat_map(|_| [run(&worker, || ()), clock.delay(secs(1)).map(&worker, |()| ())]).collect();
                tasks
            });
            start.wait();
            match round % 3 {
                0 => single.close(),
                1 => single.close_now(),
                _ => drop(single),
            }
            queueing.join().unwrap()
        });
        let settled = tasks.iter().filter(|task| task.is_settled()).count();
        assert_eq!(settled, tasks.len(), "round {round}");
    }
}
