//! A promise that an interrupt handler settles: the pattern for everything that ends in an interrupt.
//!
//! The promise waits in a static, the handler takes it out and settles it. What follows in the worker's or the main
//! thread's context is queued by that, which allocates nothing and waits for nobody, and runs after the handler.

use core::cell::RefCell;
use core::time::Duration;

use critical_section::Mutex;
use threadbare::{Promise, Task, promise};

use crate::board;

/// What an interrupt settles, and when.
struct Alarm {
    due: Duration,
    promise: Promise<Duration>,
}

static ALARM: Mutex<RefCell<Option<Alarm>>> = Mutex::new(RefCell::new(None));

/// A task that an interrupt settles, with the time, when this much of it has passed.
///
/// There is one alarm; setting it again lets go of the promise before, so that its task is rejected.
pub(crate) fn alarm(after: Duration) -> Task<Duration> {
    let (promise, task) = promise();
    set(after, promise);
    task
}

/// Sets the alarm for a promise. With no time in between, the interrupt comes before this returns.
pub(crate) fn set(after: Duration, promise: Promise<Duration>) {
    let due = board::now() + after;
    let before = critical_section::with(|section| ALARM.borrow_ref_mut(section).replace(Alarm { due, promise }));
    drop(before);
    board::interrupt_at(due);
}

/// What the handler does. It returns when the alarm is due, if it is not yet.
pub(crate) fn ring(now: Duration) -> Option<Duration> {
    let mut next = None;
    let due = critical_section::with(|section| {
        let mut alarm = ALARM.borrow_ref_mut(section);
        next = alarm.as_ref().map(|alarm| alarm.due).filter(|due| *due > now);
        if next.is_none() { alarm.take() } else { None }
    });
    // Outside of the critical section: what settles a promise may run code of the user's.
    if let Some(alarm) = due {
        alarm.promise.resolve(now);
    }
    next
}
