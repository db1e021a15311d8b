//! The backend, as its owner sees it.

use core::fmt;
use core::time::Duration;

use threadbare::{Clock, Help, Refused, Runnable, TaskProcessor, Timer, Worker};

use crate::builder::Builder;
use crate::host::Host;
use crate::lane::Lane;
use crate::shared::{Bounds, Shared};
use crate::sync::{Arc, AtomicUsize, Ordering};

/// Runs tasks when it is polled, on the thread that polls: a [`TaskProcessor`] without threads, and a [`Clock`].
///
/// Queueing is lock-free and waits for nobody, so promises can be settled in interrupt handlers; polls are not for those. A
/// [`Host`] polls it together
/// with the main queue; by itself it runs its workers' tasks and timers alone. A wait on the main thread of a system that it
/// belongs to polls it, too; when nothing is left to run, the wait returns
/// [`Deadlock`](threadbare::ErrorKind::Deadlock), unless the host [knows better](Builder::on_idle).
///
/// Its time is virtual, unless the host [has one](Builder::clock): it stands still while there is work, and jumps to the
/// next timer when there is none.
///
/// Clones are handles of the same backend. When the last one is gone, it is closed, and what is queued is rejected; one
/// that is given to an [`AsyncSystem`](threadbare::AsyncSystem) goes with that. What is queued may have such a handle, and
/// then keeps itself: [close](SingleThread::close_now) the backend when you stop polling it, as a [`Host`] does.
///
/// ```
/// use std::time::Duration;
/// use threadbare::{Clock, run};
/// use threadbare_single_thread::SingleThread;
///
/// let single = SingleThread::new();
/// let task = run(&single.worker(), || 6 * 7);
/// assert!(!task.is_settled(), "nothing runs by itself");
/// single.run_until_idle();
/// assert_eq!(task.try_take().unwrap()?, 42);
///
/// let hour = single.delay(Duration::from_secs(3600));
/// single.run_until_idle();
/// assert!(hour.is_settled() && single.now() == Duration::from_secs(3600), "in no time");
/// # Ok::<(), threadbare::Error>(())
/// ```
pub struct SingleThread {
    pub(crate) shared: Arc<Shared>,
    lane: Arc<Lane>,
    worker: Worker,
    /// Has this handle let go? The processor of a system does before it is dropped.
    released: AtomicUsize,
}

/// A worker's queue, as the worker has it: it does not keep the backend open.
struct Processor {
    shared: Arc<Shared>,
    lane: Arc<Lane>,
}

impl SingleThread {
    /// A backend with unbounded queues, virtual time, and work in the order in which it was queued.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A backend that picks what is next by a generator with this seed: each seed is one order of events, for ever.
    ///
    /// It picks among all contexts: the main queue's next if a [`Host`] or a wait polls, any of the worker's queue, and
    /// of each [pool](SingleThread::pool) any of the oldest, as many as the pool has threads. Only a wait inside of what runs
    /// prefers the newest, as one on a pool's thread does.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::builder().seed(seed).build()
    }

    /// A backend with room for so many runnables in each worker's queue, and as many timers.
    ///
    /// The room is allocated at once, and nothing later but the tasks themselves. A runnable for which there is no room is
    /// rejected with [`Full`](threadbare::ErrorKind::Full). (The main queue takes no room: it hangs on the tasks' own links.)
    #[must_use]
    pub fn with_capacity<const RUNNABLES: usize>() -> Self {
        Self::builder().capacity::<RUNNABLES>().build()
    }

    /// A backend with settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn of(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let lane = shared.add_lane(usize::MAX);
        let worker = Worker::new(Processor { shared: Arc::clone(&shared), lane: Arc::clone(&lane) });
        Self { shared, lane, worker, released: AtomicUsize::new(0) }
    }

    /// A system on the calling thread: this backend, with a main queue of which this is the main thread.
    #[must_use]
    pub fn host(self) -> Host {
        Host::new(self)
    }

    /// The context of its worker. It does not keep the backend open.
    #[must_use]
    pub fn worker(&self) -> Worker {
        self.worker.clone()
    }

    /// One more context with a queue of its own, in place of a pool with so many threads: what a program has besides its
    /// worker, say a pool of one thread for a database.
    ///
    /// In seeded orders that many of the oldest runnables may overtake each other; with one thread none does.
    ///
    /// # Panics
    ///
    /// If `threads` is zero.
    #[must_use]
    pub fn pool(&self, threads: usize) -> Worker {
        assert!(threads > 0, "a pool needs a thread");
        let lane = self.shared.add_lane(threads);
        Worker::new(Processor { shared: Arc::clone(&self.shared), lane })
    }

    /// Runs one runnable of the workers, and what follows from it in its context, or fires one timer; `false` if there
    /// was nothing to do. When there is no work, virtual time goes on to the next timer.
    pub fn run_one(&self) -> bool {
        self.shared.run_one(&mut Bounds::none())
    }

    /// Runs until there is nothing left to do, timers included if time is virtual; returns how many runnables and timers.
    pub fn run_until_idle(&self) -> usize {
        count(|| self.run_one())
    }

    /// Runs while `more` says so, until there is nothing left to do; returns how many runnables and timers.
    ///
    /// `more` is asked on this thread before each runnable, and before each continuation that would run at once. When it has
    /// said `false`, what would follow is queued.
    pub fn run_while(&self, mut more: impl FnMut() -> bool) -> usize {
        count(|| more() && self.shared.run_one(&mut Bounds { more: Some(&mut more), ..Bounds::none() }))
    }

    /// Runs what there is to do until so much virtual time has passed, and lets it pass; returns how many runnables and
    /// timers. On the host's time it runs what there is to do now.
    pub fn run_for(&self, time: Duration) -> usize {
        let until = self.now().saturating_add(time);
        let ran = count(|| self.shared.run_one(&mut Bounds { until, ..Bounds::none() }));
        self.shared.pass_time_until(until);
        ran
    }

    /// Whether a poll would find nothing to do now. While a timer is pending in virtual time, it would.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.shared.is_idle()
    }

    /// When the next timer is due, by this [`Clock`], if one is pending. While another thread looks at the queues: now, so
    /// that the caller asks again.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.shared.next_deadline()
    }

    /// Lets nothing in any more, rejects the timers, and runs what is queued. It can be called again.
    pub fn close(&self) {
        self.shared.close(true);
    }

    /// Lets nothing in any more, and rejects what is queued, and the timers, with
    /// [`Closed`](threadbare::ErrorKind::Closed).
    pub fn close_now(&self) {
        self.shared.close(false);
    }

    /// This handle keeps the backend open no longer.
    fn let_go(&self) {
        // ORDERING: Relaxed: it is asked by the system that owns the handle, and by whoever drops it, one after the other.
        if self.released.swap(1, Ordering::Relaxed) != 0 {
            return;
        }
        // ORDERING: Release hands what this handle's owner has done to the last one; Acquire takes that of all.
        if self.shared.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.close(false);
        }
    }
}

/// How often `step` says that it has done something.
pub(crate) fn count(mut step: impl FnMut() -> bool) -> usize {
    core::iter::from_fn(|| step().then_some(())).count()
}

impl TaskProcessor for SingleThread {
    fn start_task(&self, runnable: Runnable) {
        if let Err(refused) = self.try_start_task(runnable) {
            refused.reject();
        }
    }

    fn try_start_task(&self, runnable: Runnable) -> Result<(), Refused> {
        self.shared.start(&self.lane, runnable)
    }

    fn help(&self) -> Option<&dyn Help> {
        Some(&*self.shared)
    }

    fn release(&self) {
        self.let_go();
    }
}

impl TaskProcessor for Processor {
    fn start_task(&self, runnable: Runnable) {
        if let Err(refused) = self.try_start_task(runnable) {
            refused.reject();
        }
    }

    fn try_start_task(&self, runnable: Runnable) -> Result<(), Refused> {
        self.shared.start(&self.lane, runnable)
    }

    fn help(&self) -> Option<&dyn Help> {
        Some(&*self.shared)
    }
}

impl Clock for SingleThread {
    fn now(&self) -> Duration {
        self.shared.now()
    }

    fn start_timer(&self, timer: Timer) {
        self.shared.start_timer(timer);
    }
}

impl Default for SingleThread {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for SingleThread {
    fn clone(&self) -> Self {
        // ORDERING: Relaxed: who clones has a handle, so it is not the last.
        self.shared.handles.fetch_add(1, Ordering::Relaxed);
        Self {
            shared: Arc::clone(&self.shared),
            lane: Arc::clone(&self.lane),
            worker: self.worker.clone(),
            released: AtomicUsize::new(0),
        }
    }
}

impl Drop for SingleThread {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl fmt::Debug for SingleThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleThread").field("is_idle", &self.is_idle()).finish_non_exhaustive()
    }
}
