//! Where timers wait: an inbox that any thread fills, and a queue for whoever fires them.

use alloc::collections::BinaryHeap;
use core::cmp::{Ordering, Reverse};
use core::time::Duration;

use super::timer::Timer;
use crate::batch::Batch;
use crate::inbox::{Inbox, Pushed};
use crate::runnable::Runnable;

/// A lock-free inbox of timers, as [`Inbox`] is of runnables: any thread, or an interrupt handler, pushes; whoever fires
/// takes them all into its [`TimerQueue`].
#[derive(Debug, Default)]
pub struct TimerInbox(Inbox);

impl TimerInbox {
    /// An empty inbox.
    #[must_use]
    pub fn new() -> Self {
        Self(Inbox::new())
    }

    /// Puts a timer in. Lock-free; allocates nothing.
    ///
    /// # Errors
    ///
    /// A closed inbox gives the timer back; dropping it rejects its task.
    pub fn push(&self, timer: Timer) -> Result<Pushed, Timer> {
        // SAFETY: what is given back is what was put in.
        self.0.push(timer.into_runnable()).map_err(|refused| unsafe { Timer::from_runnable(refused) })
    }

    /// Takes all that wait, first come first.
    pub fn take(&self) -> impl Iterator<Item = Timer> {
        timers(self.0.take())
    }

    /// Whether none wait. A push that happens at the same time may or may not be seen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets nothing in from now on, and returns what waited. Idempotent.
    pub fn close(&self) -> impl Iterator<Item = Timer> {
        timers(self.0.close())
    }
}

fn timers(batch: Batch) -> impl Iterator<Item = Timer> {
    // SAFETY: nothing but timers was put into this inbox.
    batch.map(|runnable: Runnable| unsafe { Timer::from_runnable(runnable) })
}

/// Timers by their deadlines; those with the same in the order in which they were pushed.
///
/// Timers that [nobody wants](Timer::is_wanted) any more are dropped when they come to the top, and all of them each time
/// that the queue has doubled: so it holds at most twice what is wanted, and a few.
#[derive(Debug, Default)]
pub struct TimerQueue {
    heap: BinaryHeap<Reverse<Entry>>,
    /// How many were pushed, ever.
    pushed: u64,
    /// At this length all that are not wanted are dropped.
    sweep_at: usize,
}

#[derive(Debug)]
struct Entry {
    deadline: Duration,
    number: u64,
    timer: Timer,
}

impl Entry {
    fn key(&self) -> (Duration, u64) {
        (self.deadline, self.number)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Shorter queues are not swept.
const SHORT: usize = 32;

impl TimerQueue {
    /// An empty queue, which allocates when the first timer comes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty queue that does not allocate before it has more timers than this.
    #[must_use]
    pub fn with_capacity(timers: usize) -> Self {
        Self { heap: BinaryHeap::with_capacity(timers), ..Self::default() }
    }

    /// Takes a timer in.
    pub fn push(&mut self, timer: Timer) {
        if self.heap.len() >= self.sweep_at.max(SHORT) {
            self.sweep();
        }
        self.pushed += 1;
        self.heap.push(Reverse(Entry { deadline: timer.deadline(), number: self.pushed, timer }));
    }

    /// Drops all that are not wanted.
    pub fn sweep(&mut self) {
        self.heap.retain(|Reverse(entry)| entry.timer.is_wanted());
        self.sweep_at = self.heap.len() * 2;
    }

    /// When the next timer is due that is wanted; `None` if there is none.
    pub fn next_deadline(&mut self) -> Option<Duration> {
        loop {
            let Reverse(next) = self.heap.peek()?;
            if next.timer.is_wanted() {
                return Some(next.deadline);
            }
            // Dropping what makes no difference runs no code of the user's.
            drop(self.heap.pop());
        }
    }

    /// The next timer that is due by this time, for the caller to [fire](Timer::fire): outside of locks, and of whatever
    /// borrows this queue, since to fire runs continuations.
    pub fn take_due(&mut self, now: Duration) -> Option<Timer> {
        if self.next_deadline()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry.timer)
    }

    /// How many timers are in it, wanted or not.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

/// Takes them in, in this order.
impl Extend<Timer> for TimerQueue {
    fn extend<I: IntoIterator<Item = Timer>>(&mut self, timers: I) {
        timers.into_iter().for_each(|timer| self.push(timer));
    }
}
