//! Polls: each has its turn, budgets hold, and polls may be inside of each other.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use threadbare::{Clock, Immediate, Main, Task, Worker, promise, run};
use threadbare_single_thread::{Host, SingleThread};

use crate::common::{Dial, Log, outcome, secs, watchdog};

/// Who may keep a poll busy, or wait for its turn.
#[derive(Clone)]
enum Member {
    Queue(Worker),
    Main(Main),
    /// On the host's time, so that one can be due while there is work.
    Timers(SingleThread),
}

impl Member {
    fn all(host: &Host) -> [(&'static str, Self); 5] {
        [
            ("the worker", Self::Queue(host.worker().clone())),
            ("a pool", Self::Queue(host.single().pool(1))),
            ("another pool", Self::Queue(host.single().pool(2))),
            ("the main queue", Self::Main(host.main().clone())),
            ("the timers", Self::Timers(host.single().clone())),
        ]
    }

    /// Queues one piece of work.
    fn start(&self, f: impl FnOnce() + Send + 'static) -> Task<()> {
        match self {
            Self::Queue(worker) => run(worker, f),
            Self::Main(main) => run(main, f),
            Self::Timers(clock) => clock.delay(Duration::ZERO).map(&Immediate, move |()| f()),
        }
    }

    /// Queues work that queues itself again, for ever.
    fn feed(&self) {
        let next = self.clone();
        self.start(move || next.feed()).catch(&Immediate, |_| ()).detach();
    }
}

fn real_time(seed: Option<u64>) -> Host {
    let dial = Dial::default();
    let builder = SingleThread::builder().clock(dial.source());
    match seed {
        Some(seed) => builder.seed(seed).build().host(),
        None => builder.build().host(),
    }
}

/// Everybody against everybody, and everybody against all the others at once.
#[test]
fn nobody_who_feeds_himself_holds_up_another() {
    let _watchdog = watchdog("polls among those who feed themselves");
    // A seed gives no turns, only chances.
    for (seed, patience) in [(None, 5), (Some(1), 200)] {
        for (victim, feeders) in (0..5 * 32).map(|case| (case / 32, case % 32)) {
            let host = real_time(seed);
            let members = Member::all(&host);
            let feeding: Vec<_> = (0..5).filter(|member| *member != victim && feeders >> member & 1 == 1).collect();
            for member in &feeding {
                members[*member].1.feed();
            }
            for _ in 0..20 {
                assert_eq!(host.run_one(), !feeding.is_empty());
            }
            let task = members[victim].1.start(|| ());
            let mut polls = 0;
            while !task.is_settled() {
                assert!(host.run_one());
                polls += 1;
                let names = feeding.iter().map(|member| members[*member].0).collect::<Vec<_>>();
                assert!(polls <= patience, "{} waits for {names:?}, with seed {seed:?}", members[victim].0);
            }
        }
    }
}

/// A wait prefers the newest, if it is inside of what runs: but not for ever.
#[test]
fn nobody_who_feeds_himself_holds_up_a_wait() {
    let _watchdog = watchdog("a wait among those who feed themselves");
    fn feed(member: &Member, left: usize, fed: Arc<AtomicUsize>) {
        let next = member.clone();
        let again = move || {
            fed.fetch_add(1, Ordering::Relaxed);
            if left > 0 {
                feed(&next, left - 1, fed);
            }
        };
        member.start(again).catch(&Immediate, |_| ()).detach();
    }
    const MANY: usize = 50_000;
    for (nested, seed) in [(false, None), (true, None), (false, Some(1)), (true, Some(1))] {
        for (victim, feeder) in (0..25).map(|pair| (pair / 5, pair % 5)) {
            let host = real_time(seed);
            let members = Member::all(&host);
            let what = format!("{} waits for {}, nested: {nested}, {seed:?}", members[victim].0, members[feeder].0);
            let fed = Arc::new(AtomicUsize::new(0));
            let (counted, members) = (Arc::clone(&fed), members.map(|(_, member)| member));
            let wait = move || {
                let task = members[victim].start(|| ());
                feed(&members[feeder], MANY, Arc::clone(&counted));
                task.wait().unwrap();
            };
            if nested {
                let waiting = run(host.worker(), wait);
                while !waiting.is_settled() {
                    assert!(host.run_one(), "{what}");
                }
            } else {
                wait();
            }
            let fed = fed.load(Ordering::Relaxed);
            assert!(fed < MANY / 10, "{what}: fed {fed} times");
        }
    }
}

/// By itself, the backend polls its workers and timers in turn.
#[test]
fn without_a_host_workers_and_timers_take_turns() {
    let dial = Dial::default();
    let single = SingleThread::builder().clock(dial.source()).build();
    let members = [single.worker(), single.pool(1)].map(Member::Queue);
    members.iter().for_each(Member::feed);
    Member::Timers(single.clone()).feed();
    let tasks = [single.worker(), single.pool(1)].map(|worker| run(&worker, || ()));
    for _ in 0..8 {
        assert!(single.run_one());
    }
    assert!(tasks.iter().all(Task::is_settled));
    single.close_now();
}

/// A poll is one runnable and what follows from it in its context, or one timer.
#[test]
fn a_poll_runs_one() {
    let host = SingleThread::new().host();
    let log = Log::new();
    let note = |what: &'static str| {
        let log = log.clone();
        move |()| log.add(what)
    };
    let task = run(host.worker(), || ())
        .map(host.worker(), note("worker"))
        .map(host.main(), note("main"))
        .map(host.here(), note("here"))
        .map(host.worker(), note("worker again"));
    assert!(host.run_one());
    assert_eq!(log.take(), ["worker"]);
    assert!(host.run_one());
    assert_eq!(log.take(), ["main", "here"], "they are one context");
    assert!(host.run_one() && task.is_settled());
    assert_eq!(log.take(), ["worker again"]);
    assert!(!host.run_one() && host.is_idle());
    // The backend by itself leaves the main queue to the host.
    let main = run(host.main(), || 1);
    assert!(!host.single().run_one() && host.single().is_idle() && !host.is_idle());
    assert_eq!(host.single().run_until_idle(), 0);
    assert!(host.run_one() && main.is_settled());
}

/// Ten steps of a chain of a thousand, then ten more, in the worker's context, the main thread's, and by turns.
#[test]
fn a_budget_bounds_what_would_run_at_once() {
    let _watchdog = watchdog("budgets");
    const LENGTH: usize = 1000;
    type Chain = fn(&Host, Task<usize>) -> Task<usize>;
    let on_worker: Chain = |host, task| task.map(host.worker(), |n| n + 1);
    let on_main: Chain = |host, task| task.map(host.main(), |n| n + 1);
    let here: Chain = |host, task| {
        let not_send = Rc::new(1);
        task.map(host.here(), move |n| n + *not_send)
    };
    let chains: [(&str, &[Chain]); 4] = [
        ("worker", &[on_worker]),
        ("main", &[on_main]),
        ("here", &[here]),
        ("all", &[on_worker, on_worker, on_main, here]),
    ];
    for (what, links) in chains {
        for budget in [1, 2, 10, 100] {
            let host = SingleThread::new().host();
            let steps = Arc::new(AtomicUsize::new(0));
            let (promise, mut task) = promise::<usize>();
            for index in 0..LENGTH {
                let counted = Arc::clone(&steps);
                task = links[index % links.len()](&host, task).inspect(&Immediate, move |_| {
                    counted.fetch_add(1, Ordering::Relaxed);
                });
            }
            promise.resolve(0);
            let mut frames = 0;
            while !task.is_settled() {
                let before = steps.load(Ordering::Relaxed);
                let mut left = budget;
                let more = || {
                    left -= 1;
                    left >= 0
                };
                let ran = host.run_while(more);
                let did = steps.load(Ordering::Relaxed) - before;
                assert!(ran > 0 && did > 0 && did <= budget as usize, "{what}, {budget}: {did} in frame {frames}");
                frames += 1;
            }
            assert!(frames >= LENGTH / budget as usize, "{what}, {budget}: {frames} frames");
            assert_eq!(outcome(task), Ok(LENGTH), "{what}, {budget}: nothing is lost");
        }
    }
}

/// The same for a backend without a host.
#[test]
fn a_budget_bounds_a_backend_by_itself() {
    let single = SingleThread::new();
    let (promise, mut task) = promise::<usize>();
    let steps = Log::new();
    for index in 0..1000 {
        let steps = steps.clone();
        task = task.map(&single.worker(), move |n| {
            steps.add(index);
            n + 1
        });
    }
    promise.resolve(0);
    let mut left = 10;
    let more = || {
        left -= 1;
        left >= 0
    };
    assert!(single.run_while(more) > 0);
    assert_eq!(left, -2, "asked until it said no, and once more before the next runnable");
    assert_eq!(steps.take(), (0..10).collect::<Vec<_>>());
    single.run_until_idle();
    assert_eq!(outcome(task), Ok(1000));
}

#[test]
fn a_budget_that_is_never_there_runs_nothing() {
    let host = SingleThread::new().host();
    let task = run(host.worker(), || 1);
    let main = run(host.main(), || 2);
    let asked = Cell::new(0);
    let never = || {
        asked.set(asked.get() + 1);
        false
    };
    assert_eq!(host.run_while(never), 0);
    assert_eq!(host.single().run_while(|| false), 0);
    assert_eq!(asked.get(), 1);
    assert!(!task.is_settled() && !main.is_settled());
    assert_eq!(host.run_while(|| true), 2);
    assert_eq!((outcome(task), outcome(main)), (Ok(1), Ok(2)));
    assert_eq!(host.run_while(|| true), 0, "until there is nothing left");
}

/// Asked from inside of its own question, a budget is spent.
#[test]
fn a_poll_inside_of_the_question_of_a_budget_runs_nothing_at_once() {
    let host = SingleThread::new().host();
    let tasks: Vec<_> = (0..3).map(|n| run(host.worker(), move || n).map(host.worker(), |n| n + 1)).collect();
    let asked = Cell::new(0);
    let more = || {
        asked.set(asked.get() + 1);
        if asked.get() == 2 {
            assert!(host.run_one());
        }
        true
    };
    host.run_while(more);
    assert_eq!(tasks.into_iter().map(outcome).collect::<Vec<_>>(), [Ok(1), Ok(2), Ok(3)]);
}

/// A runnable that polls runs what is queued behind it, on top of itself.
#[test]
fn polls_nest() {
    let single = SingleThread::new();
    let log = Log::new();
    fn queue(single: &SingleThread, log: &Log<(usize, bool)>, left: usize) {
        let (inner, log) = (single.clone(), log.clone());
        let step = move || {
            if left > 0 {
                queue(&inner, &log, left - 1);
            }
            let ran = inner.run_one();
            log.add((left, ran));
        };
        run(&single.worker(), step).detach();
    }
    queue(&single, &log, 100);
    assert!(single.run_one(), "one, and all the others inside of it");
    assert_eq!(log.take(), (0..=100).map(|left| (left, left > 0)).collect::<Vec<_>>());
    assert!(!single.run_one());

    // Main work that polls its own host, and a timer's continuation that does.
    let host = Rc::new(SingleThread::new().host());
    let inner = Rc::clone(&host);
    let after = run(host.worker(), || 1);
    let polled = run(host.here(), move || (inner.run_until_idle(), inner.single().now()));
    let timer = host.single().delay(secs(1));
    assert!(host.run_one());
    assert_eq!(outcome(polled), Ok((2, secs(1))), "the worker's and the timer");
    assert!(after.is_settled() && timer.is_settled());
    let clock = host.single().clone();
    let nested = host.single().delay(secs(1)).map(&Immediate, move |()| clock.run_until_idle());
    let timers: Vec<_> = (0..3).map(|n| host.single().delay(secs(n + 1))).collect();
    assert_eq!(host.run_until_idle(), 1);
    assert_eq!(outcome(nested), Ok(3));
    assert!(timers.iter().all(Task::is_settled));
}

/// Told when there is something again in what was empty, and not each time.
#[test]
fn the_host_is_told_of_the_first_that_comes() {
    let told = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&told);
    let host = SingleThread::builder().on_work(move || _ = counted.fetch_add(1, Ordering::SeqCst)).build().host();
    let pool = host.single().pool(1);
    let since = || told.swap(0, Ordering::SeqCst);
    for round in 0..3 {
        assert_eq!(since(), 0, "round {round}");
        let tasks = [run(host.worker(), || 1), run(host.worker(), || 1)];
        assert_eq!(since(), 1, "round {round}: the worker's first");
        let more = [run(&pool, || 1), run(&pool, || 1), run(&pool, || 1)];
        assert_eq!(since(), 1, "round {round}: the pool's");
        let main = [run(host.main(), || 1), run(host.main(), || 1)];
        assert_eq!(since(), 1, "round {round}: the main queue's");
        let timers = [host.single().delay(secs(2)), host.single().delay(secs(1))];
        assert_eq!(since(), 1, "round {round}: the clock's, which may be due before what the host sleeps for");
        assert_eq!(host.run_until_idle(), 9, "round {round}");
        assert!(tasks.iter().chain(&more).chain(&main).all(Task::is_settled));
        assert!(timers.iter().all(Task::is_settled));
        assert!(host.is_idle());
    }
    // What a poll leaves in its hands is not told of again, but what comes then is.
    let tasks: Vec<_> = (0..3).map(|n| run(host.worker(), move || n)).collect();
    assert!(host.run_one() && !host.is_idle());
    assert_eq!(since(), 1);
    let another = run(host.worker(), || 3);
    assert_eq!(since(), 1);
    host.run_until_idle();
    assert!(tasks.iter().all(Task::is_settled) && another.is_settled());
}

/// A telling that panics loses nothing.
#[test]
fn what_is_queued_is_kept_though_the_host_panics_when_it_is_told() {
    crate::common::unseen();
    let host = SingleThread::builder().on_work(|| panic!("on purpose")).build().host();
    let tasks = [run(host.worker(), || 1), run(host.main(), || 1)];
    let timer = host.single().delay(secs(1));
    assert_eq!(crate::common::unseen(), [threadbare::ErrorKind::Panicked; 3]);
    host.run_until_idle();
    assert_eq!(tasks.map(outcome), [Ok(1), Ok(1)]);
    assert!(timer.is_settled());
}
