//! The clock on std's time: what fires when and where, waits on its own thread, and its end. No test depends on how long
//! anything takes, but that it ends.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use threadbare::{Clock, ErrorKind, Immediate, Task, all, promise, run};
use threadbare_threads::{StdClock, ThreadPool};

/// Aborts the process unless it is dropped in time: nothing is decided by it but that a test hangs.
struct Watchdog {
    _alive: Sender<()>,
}

fn watchdog(test: &'static str) -> Watchdog {
    let (alive, watched) = channel();
    thread::spawn(move || {
        if watched.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{test} hangs");
            std::process::abort();
        }
    });
    Watchdog { _alive: alive }
}

const HOUR: Duration = Duration::from_secs(3600);

fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}

fn kind<T: Send>(task: Task<T>) -> Result<T, ErrorKind> {
    task.wait().map_err(|error| error.kind())
}

/// Runs this on the clock's thread, by a timer. One that has fired before anything could be attached to it is tried again,
/// later: what is attached then runs at once, on the caller's thread.
fn on_its_thread<T: Send>(clock: &StdClock, f: impl FnOnce() -> T + Send + 'static) -> Task<T> {
    let caller = thread::current().id();
    let mut next = Some(f);
    let mut time = Duration::from_millis(1);
    loop {
        let given = Arc::new(Mutex::new(next.take()));
        let taken = Arc::clone(&given);
        let task = clock.delay(time).map(&Immediate, move |()| {
            let there = thread::current().id() != caller;
            let f = there.then(|| taken.lock().unwrap().take()).flatten();
            f.map(|f| f())
        });
        // Ours again, if it was run on this thread, which is over then.
        match task.is_settled().then(|| given.lock().unwrap().take()).flatten() {
            Some(f) => next = Some(f),
            None => return task.map(&Immediate, |done| done.expect("it was run")),
        }
        time *= 2;
    }
}

/// Started in any order: each when it is due, not before, in order of deadline, on one thread that is not ours.
#[test]
fn delays_fire_in_order_and_not_early() {
    let _watchdog = watchdog("delays in order");
    let clock = StdClock::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    // All deadlines lie ahead when the last one is started, or else they could not fire in order.
    let start = clock.now() + Duration::from_millis(100);
    let timers = (0..200_u64).map(|index| {
        let deadline = start + micros(index * 73 % 200 / 2 * 100);
        let (log, own) = (Arc::clone(&log), clock.clone());
        clock.delay_until(deadline).map(&Immediate, move |()| {
            log.lock().unwrap().push((deadline, index, own.now(), thread::current().id()));
        })
    });
    let timers: Vec<_> = timers.collect();
    let in_time = clock.now() < start;
    all(timers).wait().unwrap();
    let log = std::mem::take(&mut *log.lock().unwrap());
    assert_eq!(log.len(), 200);
    assert!(log.iter().all(|(deadline, _, now, _)| now >= deadline), "none early");
    if in_time {
        assert!(log.iter().all(|(_, _, _, thread)| *thread == log[0].3 && *thread != thread::current().id()));
        assert!(log.is_sorted_by_key(|(deadline, index, _, _)| (*deadline, *index)), "in order, ties as created");
    }
}

/// The thread sleeps for an hour, or for ever, and is woken by what is due before.
#[test]
fn a_new_timer_that_is_due_earlier_wakes_the_thread() {
    let _watchdog = watchdog("an earlier timer");
    for with_hour in [false, true] {
        let clock = StdClock::new();
        let hour = with_hour.then(|| clock.delay(HOUR));
        for round in 0..300_u64 {
            // Every moment of falling asleep.
            let spin = clock.now() + micros(round);
            while clock.now() < spin {
                std::hint::spin_loop();
            }
            clock.delay(micros(round % 7)).wait().unwrap();
        }
        assert!(hour.is_none_or(|hour| !hour.is_settled()));
    }
}

#[test]
fn limits_hold_and_are_forgotten() {
    let _watchdog = watchdog("limits");
    let clock = StdClock::new();
    let pool = ThreadPool::with_threads(1);
    let (never, task) = promise::<u32>();
    assert_eq!(kind(clock.timeout(task, micros(100))), Err(ErrorKind::TimedOut));
    never.resolve(1);
    let in_time = clock.timeout(run(&pool.worker(), || 7), HOUR);
    assert_eq!(kind(in_time), Ok(7));
    let mut ticks = clock.interval(micros(200));
    let before = clock.now();
    let counted: u64 = (0..20).map(|_| ticks.tick().wait().unwrap()).sum();
    assert!(counted >= 20 && clock.now() >= before + micros(200) * 20, "{counted} ticks");
}

/// What a timer fires may wait for timers, on the one thread that fires them.
#[test]
fn a_wait_on_the_clocks_thread_fires_timers() {
    let _watchdog = watchdog("a wait on the clock's thread");
    fn nest(clock: &StdClock, depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let inner = clock.clone();
        clock.delay(micros(50)).map(&Immediate, move |()| nest(&inner, depth - 1)).wait().unwrap() + 1
    }
    let clock = StdClock::new();
    let own = clock.clone();
    assert_eq!(on_its_thread(&clock, move || nest(&own, 20)).wait().unwrap(), 20);

    // For what another thread brings, while timers go on.
    let pool = ThreadPool::with_threads(1);
    let (worker, own) = (pool.worker(), clock.clone());
    let outer = on_its_thread(&clock, move || {
        let timer = own.clone();
        run(&worker, move || timer.delay(micros(100)).wait().unwrap()).wait().unwrap();
        let (promise, task) = promise::<u32>();
        let settling = thread::spawn(move || promise.resolve(7));
        let seven = task.wait().unwrap();
        settling.join().unwrap();
        seven
    });
    assert_eq!(outer.wait().unwrap(), 7);

    // Started from elsewhere while its thread waits.
    let (hold, held) = promise::<()>();
    let (entered, inside) = channel();
    let waiting = on_its_thread(&clock, move || {
        entered.send(()).unwrap();
        held.wait().unwrap();
    });
    inside.recv().unwrap();
    clock.delay(micros(10)).wait().unwrap();
    hold.resolve(());
    waiting.wait().unwrap();
}

/// Tasks of a clock, of each kind, that are pending for an hour.
fn pending(clock: &StdClock) -> (Vec<Task<()>>, threadbare::Promise<()>) {
    let (promise, task) = promise();
    let tasks = vec![
        clock.delay(HOUR),
        clock.delay(Duration::MAX),
        clock.delay(HOUR).map(&Immediate, |()| ()),
        clock.timeout(task, HOUR),
        clock.interval(HOUR).tick().map(&Immediate, |_| ()),
    ];
    (tasks, promise)
}

fn all_closed(tasks: Vec<Task<()>>) {
    for task in tasks {
        assert_eq!(task.try_take().expect("settled by the close").unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[test]
fn closing_rejects_what_is_pending_and_what_comes() {
    let _watchdog = watchdog("closing");
    let (tasks, _promise) = {
        let clock = StdClock::new();
        let (tasks, promise) = pending(&clock);
        clock.close();
        all_closed(tasks);
        clock.close();
        let before = clock.now();
        all_closed(pending(&clock).0);
        assert!(clock.now() >= before, "it still tells the time");
        assert_eq!(kind(clock.timeout(Task::resolved(1), HOUR)), Ok(1));
        drop(promise);
        // By the last handle, after the others.
        let clock = StdClock::new();
        let copies = vec![clock.clone(), clock.clone()];
        let pending = pending(&clock);
        drop(clock);
        assert!(pending.0.iter().all(|task| !task.is_settled()));
        copies[0].delay(micros(1)).wait().unwrap();
        drop(copies);
        pending
    };
    all_closed(tasks);
}

/// From several other threads at once: when all have returned, nothing is pending.
#[test]
fn closing_from_other_threads() {
    let _watchdog = watchdog("closing from other threads");
    for _ in 0..100 {
        let clock = StdClock::new();
        let (tasks, _promise) = pending(&clock);
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    start.wait();
                    clock.close();
                });
            }
        });
        all_closed(tasks);
    }
}

/// From its own thread: by the last handle, dropped there, and by hand.
#[test]
fn closing_from_its_own_thread() {
    let _watchdog = watchdog("closing from its own thread");
    for by_drop in [true, false] {
        for _ in 0..50 {
            let clock = StdClock::new();
            let (tasks, _promise) = pending(&clock);
            let (hand_over, handed) = channel::<StdClock>();
            let closing = on_its_thread(&clock, move || {
                let last = handed.recv().unwrap();
                if by_drop {
                    drop(last);
                } else {
                    last.close();
                }
                7
            });
            let handle = (!by_drop).then(|| clock.clone());
            hand_over.send(clock).unwrap();
            assert_eq!(closing.wait().unwrap(), 7);
            for task in tasks {
                assert_eq!(kind(task), Err(ErrorKind::Closed));
            }
            drop(handle);
        }
    }
}

/// While its thread waits for another timer inside of what one has fired: that wait ends, and the close too.
#[test]
fn closing_while_its_thread_waits_for_a_timer() {
    let _watchdog = watchdog("closing while its thread waits");
    for by_drop in [true, false] {
        for _ in 0..50 {
            let clock = StdClock::new();
            let weak = clock.delay(HOUR);
            let (entered, inside) = channel();
            let waiting = on_its_thread(&clock, move || {
                entered.send(()).unwrap();
                weak.wait().map_err(|error| error.kind())
            });
            inside.recv().unwrap();
            if by_drop {
                drop(clock)
            } else {
                clock.close()
            }
            assert_eq!(waiting.try_take().expect("the thread has ended").unwrap(), Err(ErrorKind::Closed));
        }
    }
}

/// The main thread closes while what a timer has fired waits for main work: closing helps.
#[test]
fn closing_on_the_main_thread_dispatches() {
    let _watchdog = watchdog("closing on the main thread");
    let system = threadbare::AsyncSystem::new(ThreadPool::with_threads(1));
    let here = system.main().enter().expect("this is the main thread");
    let clock = StdClock::new();
    let main = system.main().clone();
    let (entered, inside) = channel();
    let waiting = on_its_thread(&clock, move || {
        entered.send(()).unwrap();
        run(&main, || 7).wait().unwrap()
    });
    inside.recv().unwrap();
    clock.close();
    assert_eq!(waiting.try_take().expect("the thread has ended").unwrap(), 7);
    drop(here);
}

/// A panic in what a timer fires is that task's alone.
#[test]
fn the_thread_outlives_a_panic() {
    let _watchdog = watchdog("a panic on the clock's thread");
    let clock = StdClock::new();
    let bad = clock.delay(micros(1)).map(&Immediate, |()| -> u32 { panic!("on purpose") });
    assert_eq!(kind(bad), Err(ErrorKind::Panicked));
    clock.delay(micros(1)).wait().unwrap();
}

/// Several threads start, drop, limit and wait, and the clock closes under them: every task settles as it may.
#[test]
fn many_threads_start_drop_and_limit() {
    let _watchdog = watchdog("many threads and one clock");
    for close_early in [false, true] {
        let clock = StdClock::new();
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for thread in 0..3_u64 {
                let (clock, start) = (&clock, &start);
                scope.spawn(move || {
                    start.wait();
                    for round in 0..2000_u64 {
                        let closed = |error: ErrorKind| assert!(close_early && error == ErrorKind::Closed, "{error:?}");
                        let time = micros((round * 7 + thread) % 50);
                        match round % 5 {
                            0 => drop(clock.delay(HOUR)),
                            1 => kind(clock.delay(time)).unwrap_or_else(closed),
                            2 => {
                                let (promise, task) = promise();
                                let limited = clock.timeout(task, HOUR);
                                promise.resolve(round);
                                let value = kind(limited).unwrap_or_else(|error| {
                                    closed(error);
                                    round
                                });
                                assert_eq!(value, round);
                            }
                            3 => {
                                let (never, task) = promise::<()>();
                                let error = kind(clock.timeout(task, time)).unwrap_err();
                                if error != ErrorKind::TimedOut {
                                    closed(error);
                                }
                                drop(never);
                            }
                            // Both at about the same time: whichever it is, it is one of the two.
                            _ => match kind(clock.timeout(clock.delay(time), time)) {
                                Ok(()) | Err(ErrorKind::TimedOut) => {}
                                Err(error) => closed(error),
                            },
                        }
                    }
                });
            }
            start.wait();
            if close_early {
                clock.delay(Duration::from_millis(5)).wait().unwrap();
                clock.close();
            }
        });
        assert_eq!(clock.delay(Duration::ZERO).wait().is_ok(), !close_early);
    }
}
