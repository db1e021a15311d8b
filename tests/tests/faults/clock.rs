//! Clocks with faults.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use behaviour::watchdog;
use threadbare::{Clock, ErrorKind, Immediate, Task, Timer, promise, spawn};
use threadbare_single_thread::SingleThread;

use crate::work::{Census, HITS, Hits, SOURCES, Source, Value, full, lock, quiet};

/// What a clock does to a timer, or to whoever asks for the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Time goes far ahead when a timer comes.
    Jumps,
    /// Time goes far back when a timer comes.
    JumpsBack,
    /// Whoever asks for the time gets an earlier one than the last.
    NowGoesBack,
    FiresEarly,
    /// Those that came last fire first, long after they were due.
    FiresLate,
    Drops,
    DropsLate,
    Rejects,
    PanicsFirst,
    /// Keeps it, then panics.
    PanicsThen,
    FiresInside,
    FiresInsideAndPanics,
    ThreadEach,
    ThreadDrops,
    NowPanics,
    NowIsTheEnd,
}

const FAULTS: [Fault; 17] = [
    Fault::None,
    Fault::Jumps,
    Fault::JumpsBack,
    Fault::NowGoesBack,
    Fault::FiresEarly,
    Fault::FiresLate,
    Fault::Drops,
    Fault::DropsLate,
    Fault::Rejects,
    Fault::PanicsFirst,
    Fault::PanicsThen,
    Fault::FiresInside,
    Fault::FiresInsideAndPanics,
    Fault::ThreadEach,
    Fault::ThreadDrops,
    Fault::NowPanics,
    Fault::NowIsTheEnd,
];

/// How far back time goes.
const BACK: Duration = Duration::from_secs(1000);

impl Fault {
    /// What the time is at first.
    fn beginning(self) -> Duration {
        if matches!(self, Fault::JumpsBack | Fault::NowGoesBack) { 2 * BACK } else { Duration::ZERO }
    }

    /// What tasks may be rejected with for it.
    fn kinds(self) -> &'static [ErrorKind] {
        match self {
            Fault::Drops | Fault::DropsLate | Fault::PanicsFirst | Fault::ThreadDrops => {
                &[ErrorKind::Closed, ErrorKind::TimedOut]
            }
            Fault::Rejects => &[ErrorKind::Full, ErrorKind::TimedOut],
            Fault::NowPanics => &[ErrorKind::Panicked, ErrorKind::TimedOut],
            _ => &[ErrorKind::TimedOut],
        }
    }
}

#[derive(Clone)]
struct Faulty(Arc<Shared>);

struct Shared {
    fault: Fault,
    hits: Hits,
    come: AtomicUsize,
    asked: AtomicUsize,
    now: Mutex<Duration>,
    timers: Mutex<Vec<Timer>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Faulty {
    fn new(fault: Fault, hits: Hits) -> Self {
        Self(Arc::new(Shared {
            fault,
            hits,
            come: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
            now: Mutex::new(fault.beginning()),
            timers: Mutex::default(),
            threads: Mutex::default(),
        }))
    }

    fn thread(&self, work: impl FnOnce() + Send + 'static) {
        lock(&self.0.threads).push(std::thread::spawn(work));
    }

    /// Fires what it has until time is over, also what comes meanwhile.
    fn pass(&self) {
        loop {
            *lock(&self.0.now) += Duration::from_secs(1);
            let timer = {
                let mut timers = lock(&self.0.timers);
                let late = self.0.fault == Fault::FiresLate;
                let next = if late { timers.len().checked_sub(1) } else { (!timers.is_empty()).then_some(0) };
                next.map(|next| timers.remove(next))
            };
            let thread = timer.is_none().then(|| lock(&self.0.threads).pop()).flatten();
            match (timer, thread) {
                (Some(timer), _) if self.0.fault == Fault::DropsLate => drop(timer),
                (Some(timer), _) => timer.fire(),
                (None, Some(thread)) => thread.join().expect("no thread dies of what it fires"),
                (None, None) => break,
            }
        }
    }
}

impl Clock for Faulty {
    fn now(&self) -> Duration {
        let hit = || self.0.hits.hits(self.0.asked.fetch_add(1, SeqCst));
        match self.0.fault {
            Fault::NowPanics if hit() => panic!("now panics on purpose"),
            Fault::NowGoesBack if hit() => {
                let mut now = lock(&self.0.now);
                *now = now.saturating_sub(BACK);
            }
            Fault::NowIsTheEnd if hit() => *lock(&self.0.now) = Duration::MAX - Duration::from_secs(1000),
            _ => {}
        }
        *lock(&self.0.now)
    }

    fn start_timer(&self, timer: Timer) {
        let keep = |timer| lock(&self.0.timers).push(timer);
        if !self.0.hits.hits(self.0.come.fetch_add(1, SeqCst)) {
            return keep(timer);
        }
        match self.0.fault {
            Fault::None | Fault::FiresLate | Fault::DropsLate => keep(timer),
            Fault::NowGoesBack | Fault::NowPanics | Fault::NowIsTheEnd => keep(timer),
            Fault::Jumps => {
                *lock(&self.0.now) += Duration::from_secs(1 << 32);
                keep(timer);
            }
            Fault::JumpsBack => {
                let back = lock(&self.0.now).saturating_sub(BACK);
                *lock(&self.0.now) = back;
                keep(timer);
            }
            Fault::FiresEarly => lock(&self.0.timers).insert(0, timer),
            Fault::Drops => drop(timer),
            Fault::Rejects => timer.reject(full()),
            Fault::PanicsFirst => panic!("start_timer panics on purpose"),
            Fault::PanicsThen => {
                keep(timer);
                panic!("start_timer panics on purpose");
            }
            Fault::FiresInside => timer.fire(),
            Fault::FiresInsideAndPanics => {
                timer.fire();
                panic!("start_timer panics on purpose");
            }
            Fault::ThreadEach => self.thread(|| timer.fire()),
            Fault::ThreadDrops => self.thread(|| drop(timer)),
        }
    }
}

/// What is made of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Delay,
    DelayForEver,
    DelayDropped,
    Timeout,
    TimeoutAtOnce,
    TimeoutForEver,
    TimeoutTwice,
    TimeoutOfDelay,
    TimeoutDropped,
    Ticks,
}

const WISHES: [Wish; 10] = [
    Wish::Delay,
    Wish::DelayForEver,
    Wish::DelayDropped,
    Wish::Timeout,
    Wish::TimeoutAtOnce,
    Wish::TimeoutForEver,
    Wish::TimeoutTwice,
    Wish::TimeoutOfDelay,
    Wish::TimeoutDropped,
    Wish::Ticks,
];

const SECOND: Duration = Duration::from_secs(1);

fn make(wish: Wish, clock: &Faulty, source: Task<Value>, census: &Census) -> Task<Value> {
    let value = census.value();
    match wish {
        Wish::Delay => clock.delay(SECOND).map(&Immediate, |()| value),
        Wish::DelayForEver => clock.delay(Duration::MAX).map(&Immediate, |()| value),
        Wish::DelayDropped => {
            clock.delay(SECOND).detach();
            source
        }
        Wish::Timeout => clock.timeout(source, SECOND).map(&Immediate, |_| value),
        Wish::TimeoutAtOnce => clock.timeout(source, Duration::ZERO),
        Wish::TimeoutForEver => clock.timeout(source, Duration::MAX),
        Wish::TimeoutTwice => clock.timeout(clock.timeout(source, SECOND), 2 * SECOND),
        Wish::TimeoutOfDelay => clock.timeout(clock.delay(SECOND), SECOND).map(&Immediate, |()| value),
        Wish::TimeoutDropped => {
            let pending = clock.delay(SECOND).map(&Immediate, |()| value);
            clock.timeout(pending, SECOND).detach();
            source
        }
        Wish::Ticks => {
            let mut ticks = clock.interval(SECOND);
            spawn(&Immediate, async move {
                for _ in 0..4 {
                    assert!(ticks.tick().await? > 0, "a tick of no period");
                }
                source.await
            })
        }
    }
}

fn try_out(wish: Wish, source: Source, fault: Fault, hits: Hits, settled_first: bool) {
    let what = format!("{wish:?} of {source:?}, {fault:?} for {hits:?}, settled first: {settled_first}");
    let census = Census::default();
    let clock = Faulty::new(fault, hits);
    let (task, settle) = source.start(&census);
    // A clock that cannot say what time it is may take whoever asks along; but nothing else.
    let made = catch_unwind(AssertUnwindSafe(|| make(wish, &clock, task, &census)));
    let mut settle = Some(settle);
    if settled_first {
        settle.take().expect("it is settled once")();
    }
    clock.pass();
    if let Some(settle) = settle {
        settle();
    }
    clock.pass();
    let asks = fault == Fault::NowPanics;
    match made {
        Ok(task) => {
            let outcome = task.try_take().unwrap_or_else(|_| panic!("it does not settle: {what}"));
            if let Err(error) = &outcome {
                assert!(source.explains(error, fault.kinds()), "{error:?}: {what}");
            }
        }
        Err(_) => assert!(asks, "a panic that goes on: {what}"),
    }
    assert_eq!(census.alive(), 0, "something is left: {what}");
    assert_eq!(Arc::strong_count(&clock.0), 1, "something keeps the clock: {what}");
}

#[test]
fn a_clock_with_a_fault_loses_nothing_but_the_time() {
    let _watchdog = watchdog("clocks with faults");
    quiet();
    for wish in WISHES {
        for source in SOURCES {
            for fault in FAULTS {
                for hits in HITS {
                    for settled_first in [false, true] {
                        try_out(wish, source, fault, hits, settled_first);
                    }
                }
            }
        }
    }
}

/// A host's time that jumps, in steps of every size and direction: nothing fires before its time, what is due fires at the next
/// poll, and a tick says how many periods have passed.
#[test]
fn a_hosts_time_that_jumps_forward_and_back_loses_no_timer() {
    let _watchdog = watchdog("a time that jumps");
    quiet();
    let times: [u16; 4] = [0, 3, 1000, 5];
    // Every order of these, some of them twice.
    for order in 0..times.len().pow(4) {
        let order = [0, 1, 2, 3].map(|place: u32| times[order / times.len().pow(place) % times.len()]);
        let now = Arc::new(Mutex::new(SECOND));
        let asked = Arc::clone(&now);
        let single = SingleThread::builder().clock(move || *lock(&asked)).build();
        let delays = [1, 2, 4, 8, 2000].map(|secs| (secs, single.delay(secs * SECOND)));
        let (_promise, pending) = promise::<()>();
        let timeout = single.timeout(pending, 4 * SECOND);
        let mut ticks = single.interval(SECOND);
        let (mut tick, mut ticked) = (ticks.tick(), 0);
        let mut latest = 1;
        for time in order {
            *lock(&now) = u32::from(time) * SECOND;
            latest = latest.max(time);
            single.run_until_idle();
            for (secs, delay) in &delays {
                assert_eq!(delay.is_settled(), u32::from(latest) > *secs, "after {secs} s, {order:?} up to {time}");
            }
            assert_eq!(timeout.is_settled(), latest >= 5, "{order:?} up to {time}");
            // As many ticks as there are by now; then one that waits.
            tick = loop {
                match tick.try_take() {
                    Ok(periods) => ticked += periods.expect("the clock is open"),
                    Err(pending) => break pending,
                }
                tick = ticks.tick();
                single.run_until_idle();
            };
            assert_eq!(ticked, u64::from(latest) - 1, "ticks, {order:?} up to {time}");
        }
        drop(single);
    }
}
