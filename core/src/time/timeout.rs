//! A task with a limit: two that want to settle it, of which the first does.

use core::time::Duration;

use super::clock::{Alarm, Clock, start};
use super::timer::Timer;
use crate::error::Error;
use crate::frames::Frames;
use crate::schedule::Immediate;
use crate::sync::{Arc, AtomicUsize, Ordering, UnsafeCell};
use crate::task::{Promise, Task, promise};

/// A promise that the first to come takes.
struct Slot<T: Send + 'static> {
    taken: AtomicUsize,
    /// For whoever has set `taken`.
    promise: UnsafeCell<Option<Promise<T>>>,
}

// SAFETY: the promise is `Send`, and for one alone.
unsafe impl<T: Send + 'static> Send for Slot<T> {}
// SAFETY: as above.
unsafe impl<T: Send + 'static> Sync for Slot<T> {}

impl<T: Send + 'static> Slot<T> {
    fn take(&self) -> Option<Promise<T>> {
        // ORDERING: Relaxed: it picks one. The promise was written before either of the two had the slot.
        let first = self.taken.swap(1, Ordering::Relaxed) == 0;
        // SAFETY: the first alone gets here, once.
        first.then(|| self.promise.with_mut(|promise| unsafe { (*promise).take() })).flatten()
    }
}

/// The limit.
struct Limit<T: Send + 'static>(Arc<Slot<T>>);

impl<T: Send + 'static> Alarm for Limit<T> {
    fn ring(self, frames: Frames<'_>) {
        if let Some(promise) = self.0.take() {
            promise.settle_within(frames, Err(Error::timed_out("it took longer than its limit")));
        }
    }

    fn reject(self, error: Error) {
        if let Some(promise) = self.0.take() {
            promise.reject(error);
        }
    }

    fn is_wanted(&self) -> bool {
        // ORDERING: Relaxed: a hint; who then rings looks again.
        self.0.taken.load(Ordering::Relaxed) == 0
    }
}

pub(super) fn timeout<T: Send + 'static>(clock: &impl Clock, task: Task<T>, limit: Duration) -> Task<T> {
    let task = match task.try_take() {
        Ok(outcome) => return Task::settled(outcome),
        Err(pending) => pending,
    };
    let (promise, limited) = promise();
    let slot = Arc::new(Slot { taken: AtomicUsize::new(0), promise: UnsafeCell::new(Some(promise)) });
    let alarm = Limit(Arc::clone(&slot));
    // Whoever is second drops what it has: a value, an error that came too late, a timer.
    task.then(&Immediate, move |outcome| {
        if let Some(promise) = slot.take() {
            promise.settle(outcome);
        }
        Ok(())
    })
    .detach();
    start(clock, Timer::new(clock.now().saturating_add(limit), alarm));
    limited
}
