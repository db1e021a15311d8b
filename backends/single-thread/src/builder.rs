//! A backend's settings.

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use heapless::deque::{Deque, DequeView};
use threadbare::{Runnable, TimerInbox, TimerQueue};

use crate::desk::Desk;
use crate::shared::{Capacity, OnIdle, OnWork, Shared, Time};
use crate::single::SingleThread;
use crate::sync::{AtomicUsize, Lock};

/// The settings of a [`SingleThread`].
///
/// ```
/// use std::time::{Duration, Instant};
/// use threadbare_single_thread::SingleThread;
///
/// let start = Instant::now();
/// let single = SingleThread::builder()
///     .capacity::<64>()
///     .clock(move || start.elapsed())
///     .on_idle(|next| std::thread::park_timeout(next.unwrap_or(Duration::MAX)))
///     .build();
/// # drop(single);
/// ```
#[must_use = "a builder builds nothing by itself"]
pub struct Builder {
    seed: Option<u64>,
    capacity: Option<Capacity>,
    time: Time,
    on_idle: Option<OnIdle>,
    on_work: Option<OnWork>,
}

fn make_room<const RUNNABLES: usize>() -> Box<DequeView<Runnable>> {
    Box::<Deque<Runnable, RUNNABLES>>::default()
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            seed: None,
            capacity: None,
            time: Time::Virtual(Lock::new(Duration::ZERO)),
            on_idle: None,
            on_work: None,
        }
    }

    /// Picks what is next by a generator with this seed: see [`SingleThread::seeded`].
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Room for so many runnables in each worker's queue, and as many timers: see [`SingleThread::with_capacity`].
    ///
    /// ```compile_fail
    /// threadbare_single_thread::SingleThread::with_capacity::<0>(); // room for nothing
    /// ```
    pub fn capacity<const RUNNABLES: usize>(mut self) -> Self {
        const { assert!(RUNNABLES > 0, "a queue needs room for a runnable") };
        self.capacity = Some(Capacity { runnables: RUNNABLES, make_room: make_room::<RUNNABLES> });
        self
    }

    /// The host's time instead of virtual time: how much has passed since some beginning; it must not go back.
    ///
    /// Timers are fired by polls, when they are due: see [`SingleThread::next_deadline`]. Called on any thread, often.
    pub fn clock(mut self, now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.time = Time::Real(Box::new(now));
        self
    }

    /// What a wait does when there is nothing to run: sleep until something may have happened, but no longer than until
    /// the next timer, which is due after the time that it is given, if one is pending. Afterwards the wait looks again.
    ///
    /// For hosts where interrupts, other threads or an event loop settle promises. Without it a wait that finds nothing to
    /// run returns [`Deadlock`](threadbare::ErrorKind::Deadlock), or spins if a timer is pending in the host's time.
    ///
    /// What happens between the wait's last look and this call must not be slept through: `wfe` does not, nor does
    /// `std::thread::park` if whoever settles unparks; for `wfi` let each interrupt handler set a flag, and look at that
    /// with interrupts masked.
    ///
    /// With feature `std` the thread that waits is unparked when its task settles, and when something reaches its main queue,
    /// which is then not [told of](Builder::on_work): so sleep by `std::thread::park_timeout` there.
    pub fn on_idle(mut self, sleep: impl Fn(Option<Duration>) + Send + Sync + 'static) -> Self {
        self.on_idle = Some(Box::new(sleep));
        self
    }

    /// Called when a queue, or the clock, gets something while it had nothing new: to wake whoever polls, say by asking an
    /// event loop for a turn.
    ///
    /// Called on the thread that queues, or in an interrupt handler if that does; it must not block. It may be called
    /// though the poller is at work.
    pub fn on_work(mut self, wake: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_work = Some(Box::new(wake));
        self
    }

    /// The backend.
    #[must_use]
    pub fn build(self) -> SingleThread {
        let timers = self.capacity.map_or_else(TimerQueue::new, |fixed| TimerQueue::with_capacity(fixed.runnables));
        SingleThread::of(Shared {
            desk: Lock::new(Desk::new(self.seed, timers)),
            timers: TimerInbox::new(),
            time: self.time,
            capacity: self.capacity,
            on_idle: self.on_idle,
            on_work: self.on_work,
            handles: AtomicUsize::new(1),
            closed: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let capacity = self.capacity.map(|capacity| capacity.runnables);
        f.debug_struct("Builder").field("seed", &self.seed).field("capacity", &capacity).finish_non_exhaustive()
    }
}
