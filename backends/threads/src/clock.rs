//! A clock on std's time, with a thread that fires its timers.

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use threadbare::{Clock, Error, Help, Outlook, Pushed, Timer, TimerInbox, TimerQueue, helping};

use crate::roster::Roster;
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, park_for, thread};
use crate::thread::{PoolThread, Spawn};

/// A [`Clock`] on std's [`Instant`]: it counts from when it was made, and a thread of its own fires the timers.
///
/// So what follows at once from its tasks runs on that thread: name a context for more than a few instructions. Starting a
/// timer wakes the thread.
///
/// Clones are the same clock. The last one to go closes it: what is pending is rejected with
/// [`Closed`](threadbare::ErrorKind::Closed), and the thread ends.
///
/// ```
/// use std::time::Duration;
/// use threadbare::{Clock, ErrorKind, promise};
/// use threadbare_threads::StdClock;
///
/// let clock = StdClock::new();
/// clock.delay(Duration::from_millis(1)).wait()?;
///
/// let (_promise, answer) = promise::<u32>();
/// let answer = clock.timeout(answer, Duration::from_millis(1));
/// assert_eq!(answer.wait().unwrap_err().kind(), ErrorKind::TimedOut);
/// # Ok::<(), threadbare::Error>(())
/// ```
#[derive(Clone)]
pub struct StdClock(Arc<Handle>);

/// Shared by all clones: when it goes, the clock closes.
struct Handle(Arc<Shared>);

struct Shared {
    start: Instant,
    inbox: TimerInbox,
    closed: AtomicUsize,
    /// The thread, once it is there to be woken.
    thread: Mutex<Option<thread::Thread>>,
    roster: Roster,
}

impl StdClock {
    /// A clock that begins now.
    ///
    /// # Panics
    ///
    /// If the system has no more threads to give; [`try_new`](StdClock::try_new) makes that an error.
    #[must_use]
    pub fn new() -> Self {
        Self::try_new().unwrap_or_else(|error| panic!("a clock's thread: {error}"))
    }

    /// A clock that begins now.
    ///
    /// # Errors
    ///
    /// If the system has no more threads to give.
    pub fn try_new() -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            start: Instant::now(),
            inbox: TimerInbox::new(),
            closed: AtomicUsize::new(0),
            thread: Mutex::new(None),
            roster: Roster::new(),
        });
        let own = Arc::clone(&shared);
        let thread = PoolThread::new(0, "threadbare-clock".into(), None);
        let mut spawn: Spawn = Box::new(PoolThread::spawn);
        shared.roster.hire(thread, &mut spawn, move |is_started| {
            if is_started {
                own.roster.attend(0, || Keeper::new(&own).work());
            }
            own.roster.leave();
        })?;
        Ok(Self(Arc::new(Handle(shared))))
    }

    /// Rejects what is pending, and what comes, with [`Closed`](threadbare::ErrorKind::Closed), and waits until the thread
    /// has ended, as [`Task::wait`](threadbare::Task::wait) does; on the clock's own thread it only lets nothing in any
    /// more. It can be called again.
    pub fn close(&self) {
        self.0.0.close();
    }
}

impl Shared {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn is_closed(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `close`: who sees it finds the inbox closed.
        self.closed.load(Ordering::Acquire) != 0
    }

    fn close(&self) {
        let pending = self.inbox.close();
        // ORDERING: Release says to the thread, in `is_closed`, that the inbox lets nothing in any more.
        self.closed.store(1, Ordering::Release);
        self.wake();
        pending.for_each(reject);
        self.roster.join();
    }

    fn wake(&self) {
        self.thread.with(|thread| thread.iter().for_each(thread::Thread::unpark));
    }
}

fn reject(timer: Timer) {
    timer.reject(Error::closed("the clock is closed"));
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What the clock's thread has. A wait inside of what a timer fires goes on firing timers.
struct Keeper<'a> {
    shared: &'a Shared,
    /// Not borrowed while a timer is fired.
    queue: RefCell<TimerQueue>,
}

impl<'a> Keeper<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.thread.with(|thread| *thread = Some(thread::current()));
        Self { shared, queue: RefCell::new(TimerQueue::new()) }
    }

    /// What the thread does, all of it.
    fn work(&self) {
        loop {
            let closed = self.shared.is_closed();
            if !self.run_one() {
                if closed {
                    break;
                }
                self.sleep();
            }
        }
    }

    /// Until the next timer is due, or something happens. Whatever did since it was last looked has unparked the thread.
    fn sleep(&self) {
        let next = self.queue.borrow_mut().next_deadline();
        park_for(next.map_or(Duration::MAX, |deadline| deadline.saturating_sub(self.shared.now())));
    }
}

impl Help for Keeper<'_> {
    fn run_one(&self) -> bool {
        let closed = self.shared.is_closed();
        let next = {
            let mut queue = self.queue.borrow_mut();
            queue.extend(self.shared.inbox.take());
            queue.take_due(if closed { Duration::MAX } else { self.shared.now() })
        };
        let is_next = next.is_some();
        if let Some(timer) = next {
            helping(self, || if closed { reject(timer) } else { timer.fire() });
        }
        is_next
    }

    fn before_park(&self) -> Outlook {
        // The core would sleep for as long as nobody wakes it.
        self.sleep();
        Outlook::Work
    }

    fn after_park(&self) {}
}

impl Clock for StdClock {
    fn now(&self) -> Duration {
        self.0.0.now()
    }

    fn start_timer(&self, timer: Timer) {
        match self.0.0.inbox.push(timer) {
            Ok(Pushed::Behind) => {}
            Ok(_) => self.0.0.wake(),
            Err(refused) => reject(refused),
        }
    }
}

impl Default for StdClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for StdClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdClock").field("now", &self.now()).finish_non_exhaustive()
    }
}
