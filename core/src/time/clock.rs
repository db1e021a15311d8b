//! What a host supplies for time to pass.

use core::time::Duration;

use super::interval::Interval;
use super::timeout::timeout;
use super::timer::{Timer, delay};
use crate::error::Error;
use crate::frames::Frames;
use crate::task::{Promise, Task};

/// A clock: tells the time, and fires timers when theirs has come. What a [`TaskProcessor`](crate::TaskProcessor) is to
/// work, this is to time.
///
/// The crate `threadbare-threads` has one on std's time, `threadbare-single-thread` one that is polled, on virtual time or
/// the host's. One of your own takes a [`TimerInbox`](super::TimerInbox) that any thread fills, and a
/// [`TimerQueue`](super::TimerQueue) for whoever fires.
///
/// Tasks of a clock settle where it fires its timers: name a context to go on elsewhere.
///
/// ```
/// use std::{sync::Mutex, time::Duration};
/// use threadbare::{Clock, ErrorKind, Immediate, Timer, TimerQueue, promise};
///
/// /// The time of a game: it stands still while that is paused.
/// #[derive(Default)]
/// struct GameTime(Mutex<(Duration, TimerQueue)>);
///
/// impl Clock for GameTime {
///     fn now(&self) -> Duration {
///         self.0.lock().unwrap().0
///     }
///     fn start_timer(&self, timer: Timer) {
///         self.0.lock().unwrap().1.push(timer);
///     }
/// }
///
/// impl GameTime {
///     fn pass(&self, time: Duration) {
///         self.0.lock().unwrap().0 += time;
///         let due = || {
///             let (now, queue) = &mut *self.0.lock().unwrap();
///             queue.take_due(*now)
///         };
///         while let Some(timer) = due() {
///             timer.fire(); // runs continuations: outside of the lock
///         }
///     }
/// }
///
/// let clock = GameTime::default();
/// let respawn = clock.delay(Duration::from_secs(5)).map(&Immediate, |()| "respawned");
/// let (_promise, answer) = promise::<u32>();
/// let answer = clock.timeout(answer, Duration::from_secs(2));
///
/// clock.pass(Duration::from_secs(3));
/// assert!(!respawn.is_settled());
/// assert_eq!(answer.wait().unwrap_err().kind(), ErrorKind::TimedOut);
/// clock.pass(Duration::from_secs(3));
/// assert_eq!(respawn.wait()?, "respawned");
/// # Ok::<(), threadbare::Error>(())
/// ```
pub trait Clock {
    /// How much time has passed since this clock's beginning. It never goes back.
    fn now(&self) -> Duration;

    /// Fires the timer when its [deadline](Timer::deadline) has come, not inside of this call: called on any thread,
    /// outside of every lock of the core. What cannot be kept, drop: its task is rejected.
    fn start_timer(&self, timer: Timer);

    /// A task that resolves after this time, at the earliest: when the clock fires what is due then.
    ///
    /// With [`Duration::MAX`] it never does. Dropped, with nothing attached to it, it is forgotten by the clock.
    fn delay(&self, duration: Duration) -> Task<()> {
        self.delay_until(self.now().saturating_add(duration))
    }

    /// A task that resolves when the clock says so much, or fires what is due after that.
    fn delay_until(&self, deadline: Duration) -> Task<()> {
        delay(self, deadline)
    }

    /// A task that settles as this one does, if it does so in time; otherwise it is rejected with
    /// [`TimedOut`](crate::ErrorKind::TimedOut) when the time is over.
    ///
    /// The work behind the task is not called off; what comes of it too late is dropped, as that of a
    /// [race](crate::race()). If the clock is closed meanwhile, the task is rejected with
    /// [`Closed`](crate::ErrorKind::Closed): a limit that nobody keeps is none.
    fn timeout<T: Send + 'static>(&self, task: Task<T>, limit: Duration) -> Task<T>
    where
        Self: Sized,
    {
        timeout(self, task, limit)
    }

    /// Ticks: the first after one period, and so on, without drift.
    ///
    /// # Panics
    ///
    /// If the period is zero.
    fn interval(&self, period: Duration) -> Interval<Self>
    where
        Self: Sized + Clone,
    {
        Interval::new(self.clone(), period)
    }
}

/// So that a `&dyn Clock` has all of it.
impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Duration {
        (**self).now()
    }

    fn start_timer(&self, timer: Timer) {
        (**self).start_timer(timer);
    }
}

/// Gives a timer to a clock. One that panics has dropped it, which rejects its task.
pub(super) fn start(clock: &(impl Clock + ?Sized), timer: Timer) {
    crate::hook::quietly(|| clock.start_timer(timer));
}

/// What a timer does.
pub(super) trait Alarm: Send + 'static {
    /// Its time has come.
    fn ring(self, frames: Frames<'_>);

    /// Its time will not come.
    fn reject(self, error: Error);

    /// Would it make a difference? Once this is `false`, it stays so, and to ring runs no code of the user's.
    fn is_wanted(&self) -> bool;
}

/// The promise of a delay.
impl Alarm for Promise<()> {
    fn ring(self, frames: Frames<'_>) {
        self.settle_within(frames, Ok(()));
    }

    fn reject(self, error: Error) {
        self.settle(Err(error));
    }

    fn is_wanted(&self) -> bool {
        !self.is_abandoned()
    }
}
