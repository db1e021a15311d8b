//! Ticks.

use core::time::Duration;

use super::clock::Clock;
use crate::schedule::Immediate;
use crate::task::Task;

/// Ticks of a [`Clock`], one each period, without drift: made by [`Clock::interval`].
///
/// ```
/// use std::time::Duration;
/// use threadbare::{Clock, spawn};
/// # use threadbare::{AsyncSystem, Error, Immediate, Timer, TimerQueue};
/// # #[derive(Clone)]
/// # struct Now; // a clock whose timers are always due
/// # impl Clock for Now {
/// #     fn now(&self) -> Duration { Duration::ZERO }
/// #     fn start_timer(&self, timer: Timer) { std::thread::spawn(|| timer.fire()); }
/// # }
/// # let (clock, worker) = (Now, Immediate);
///
/// let mut ticks = clock.interval(Duration::from_millis(100));
/// let blinking = spawn(&worker, async move {
///     for _ in 0..3 {
///         let periods = ticks.tick().await?; // more than one if it was late
///         println!("blink: {periods}");
///     }
///     Ok(())
/// });
/// # blinking.wait()?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Interval<C> {
    clock: C,
    period: Duration,
    /// When the next tick is due.
    next: Duration,
}

/// In a second.
const NANOS: u128 = 1_000_000_000;

impl<C: Clock> Interval<C> {
    pub(super) fn new(clock: C, period: Duration) -> Self {
        assert!(period > Duration::ZERO, "an interval's period must not be zero");
        let next = clock.now().saturating_add(period);
        Self { clock, period, next }
    }

    /// A task of the next tick. Its value is how many periods have passed since the tick before: one, unless this was
    /// called too late for some, which are then not made up for one by one.
    pub fn tick(&mut self) -> Task<u64> {
        let due = self.next;
        let now = self.clock.now();
        if now < due {
            self.next = due.saturating_add(self.period);
            return self.clock.delay_until(due).map(&Immediate, |()| 1);
        }
        let (late, period) = ((now - due).as_nanos(), self.period.as_nanos());
        let since_the_last = late % period;
        let since_the_last = Duration::new((since_the_last / NANOS) as u64, (since_the_last % NANOS) as u32);
        self.next = (now - since_the_last).saturating_add(self.period);
        Task::resolved(u64::try_from(late / period + 1).unwrap_or(u64::MAX))
    }

    /// The period.
    pub fn period(&self) -> Duration {
        self.period
    }
}
