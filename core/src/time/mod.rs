//! Time: clocks, the timers that they keep, and what is made of those.

mod clock;
mod interval;
mod queue;
mod timeout;
mod timer;

pub use clock::Clock;
pub use interval::Interval;
pub use queue::{TimerInbox, TimerQueue};
pub use timer::Timer;
