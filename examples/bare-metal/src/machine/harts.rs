//! Several harts on one queue: a task processor for a machine that has harts and interrupts, and nothing else.
//!
//! The queue is an inbox that any hart and any interrupt handler fills without waiting, and behind it, under a short
//! lock, what was taken out of it and not yet run. It holds no more than [`ROOM`]: what is too much is rejected. (A ring
//! of that size would take a lock to fill, and a handler could come to wait for what it has interrupted.) A hart that
//! finds nothing says so in a word, and sleeps; who queues something wakes one.
//!
//! # Why no wake-up is lost
//!
//! Who queues counts the runnable in `waiting`, queues it, issues a sequentially consistent fence, and reads who
//! sleeps. Who goes to sleep sets its bit, issues such a fence, and reads `waiting`. Of the two fences one comes first,
//! so either the one sees the bit, or the other sees the runnable. A hart that is woken between its look and its sleep
//! finds the wake-up pending, and does not sleep.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::cell::RefCell;
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering, fence};
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use spin::LazyLock;
use spin::mutex::SpinMutex;
use threadbare::{
    AsyncSystem, Batch, Clock, Error, Inbox, Main, MainThread, Result, Runnable, Task, TaskProcessor, Timer,
    TimerInbox, TimerQueue, Worker,
};

use super::{Platform, ROOM};
use crate::{ambush, board};

/// What the harts share.
struct Crew {
    inbox: Inbox,
    /// Taken from the inbox and not yet run. No interrupt handler touches it, so that none waits for the lock.
    ready: SpinMutex<Batch>,
    /// How many are in either, or about to be.
    waiting: AtomicUsize,
    /// A bit for each hart that sleeps.
    asleep: AtomicUsize,
    /// What the main hart is to put into its queue of timers.
    timers: TimerInbox,
}

static CREW: LazyLock<Crew> = LazyLock::new(|| Crew {
    inbox: Inbox::new(),
    ready: SpinMutex::new(Batch::new()),
    waiting: AtomicUsize::new(0),
    asleep: AtomicUsize::new(0),
    timers: TimerInbox::new(),
});

impl Crew {
    /// Queues a runnable, and wakes a hart for it.
    fn queue(&self, runnable: Runnable) {
        // ORDERING: Relaxed: as a bound it is a count like any other; for those who fall asleep there is the fence
        // below.
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= ROOM {
            // ORDERING: Relaxed, as above.
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return runnable.reject(Error::full("the harts have more to do than fits into their queue"));
        }
        if let Err(refused) = self.inbox.push(runnable) {
            // ORDERING: Relaxed, as above.
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return drop(refused);
        }
        // ORDERING: SeqCst: with the one in `rest`; see above.
        fence(Ordering::SeqCst);
        self.wake_one();
    }

    /// Wakes a hart that sleeps, if there is one; the main hart last, which may have better things to do.
    fn wake_one(&self) {
        // ORDERING: Relaxed here and below: the fence before this orders it, and the bit publishes nothing.
        while let Some(hart) = self.asleep.load(Ordering::Relaxed).checked_ilog2() {
            let bit = 1 << hart;
            if self.asleep.fetch_and(!bit, Ordering::Relaxed) & bit != 0 {
                return board::wake(hart as usize);
            }
        }
    }

    /// Runs what is next in the queue, if there is something.
    fn run_one(&self) -> bool {
        self.take().map(Runnable::run).is_some()
    }

    fn take(&self) -> Option<Runnable> {
        let mut ready = self.ready.lock();
        if ready.is_empty() {
            *ready = self.inbox.take();
        }
        let next = ready.next()?;
        // ORDERING: Relaxed, as in `queue`.
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(next)
    }

    /// The calling hart sleeps until it is woken, or until that time, unless there is something in the queue.
    fn rest(&self, until: Option<Duration>) {
        let bit = 1 << board::hart();
        // ORDERING: Release hands what this hart has done to `is_at_rest`. For `wake_one` there is the fence.
        self.asleep.fetch_or(bit, Ordering::Release);
        // ORDERING: SeqCst: with the one in `queue`; see above.
        fence(Ordering::SeqCst);
        // ORDERING: Relaxed: the fence orders it.
        if self.waiting.load(Ordering::Relaxed) == 0 {
            board::sleep(until);
        }
        // ORDERING: Relaxed: it takes back what the same hart said; who has seen it meanwhile wakes a hart that is
        // awake.
        self.asleep.fetch_and(!bit, Ordering::Relaxed);
    }

    /// Do all harts but the main one sleep?
    fn is_at_rest(&self) -> bool {
        const OTHERS: usize = ((1 << board::HARTS) - 1) & !(1 << board::MAIN);
        // ORDERING: Acquire takes what they have done, from `rest`.
        self.asleep.load(Ordering::Acquire) & OTHERS == OTHERS
    }
}

/// What the other harts do, for ever.
pub(crate) fn serve() -> ! {
    loop {
        board::awake();
        while CREW.run_one() {}
        CREW.rest(None);
    }
}

/// The harts as a task processor, and as a clock.
#[derive(Clone)]
pub(crate) struct Harts;

impl TaskProcessor for Harts {
    fn start_task(&self, runnable: Runnable) {
        CREW.queue(runnable);
    }

    fn release(&self) {
        // What waits is rejected, outside of the lock.
        let queued = CREW.inbox.close();
        let ready = core::mem::take(&mut *CREW.ready.lock());
        // ORDERING: Relaxed, as in `queue`.
        CREW.waiting.fetch_sub(queued.len() + ready.len(), Ordering::Relaxed);
        drop((ready, queued, CREW.timers.close()));
    }
}

impl Clock for Harts {
    fn now(&self) -> Duration {
        board::now()
    }

    fn start_timer(&self, timer: Timer) {
        match CREW.timers.push(timer) {
            Ok(_) => board::wake(board::MAIN),
            Err(refused) => drop(refused),
        }
    }
}

/// The main hart, awaited: wakes it.
struct MainHart;

impl Wake for MainHart {
    fn wake(self: Arc<Self>) {
        board::wake(board::MAIN);
    }
}

/// Four harts, the first of which is the main thread, keeps the timers, and works like the others while it waits.
pub(crate) struct Machine {
    here: MainThread,
    system: AsyncSystem,
    timers: RefCell<TimerQueue>,
}

impl Machine {
    /// To be called on the main hart; wakes the others.
    pub(crate) fn new() -> Self {
        let system = AsyncSystem::with_main_hook(Harts, || board::wake(board::MAIN));
        let Some(here) = system.main().enter() else { unreachable!("nobody else can have entered") };
        (0..board::HARTS).for_each(board::wake);
        Self { here, system, timers: RefCell::default() }
    }

    /// Fires what is due; returns when the next timer is.
    fn fire_timers(&self) -> Option<Duration> {
        self.timers.borrow_mut().extend(CREW.timers.take());
        let due = || self.timers.borrow_mut().take_due(board::now());
        while let Some(timer) = due() {
            timer.fire();
        }
        self.timers.borrow_mut().next_deadline()
    }
}

impl Platform for Machine {
    type Clock = Harts;

    const HANDS: usize = board::HARTS;

    fn worker(&self) -> &Worker {
        self.system.worker()
    }

    fn main(&self) -> &Main {
        self.system.main()
    }

    fn here(&self) -> &MainThread {
        &self.here
    }

    fn clock(&self) -> &Harts {
        &Harts
    }

    fn wait<T: Send + 'static>(&self, task: Task<T>) -> Result<T> {
        let mut task = pin!(task.into_future());
        let waker = Waker::from(Arc::new(MainHart));
        loop {
            // What wakes this hart from here on is seen below, or keeps it awake.
            board::awake();
            if let Poll::Ready(outcome) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
                return outcome;
            }
            let next = self.fire_timers();
            if !self.here.dispatch_one() && !CREW.run_one() {
                ambush::worst_moment();
                CREW.rest(next);
            }
        }
    }

    fn hold<R>(&self, f: impl FnOnce() -> R) -> R {
        let _nobody_takes = CREW.ready.lock();
        f()
    }

    fn close(self) {
        drop(self);
        while !CREW.is_at_rest() {
            core::hint::spin_loop();
        }
    }
}
