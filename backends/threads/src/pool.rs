//! The pool, as its owner sees it.

use std::fmt;

use threadbare::{Error, Help, Immediate, Refused, Result, Runnable, Task, TaskProcessor, Worker};

use crate::builder::Builder;
use crate::crew::Crew;
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, thread};
use crate::thread::{PoolThread, Spawn};

/// A pool of std threads.
///
/// Give it to an [`AsyncSystem`](threadbare::AsyncSystem), or use its [`worker`](ThreadPool::worker) by itself: a pool of
/// one thread serves a resource that wants one. Clones are handles of the same pool; the last one to go closes it, as does
/// the last system that it was given to.
///
/// What other threads queue runs in the order in which it was queued, on as many threads as there are; of a long list each
/// takes a few at a time. What a thread of the pool queues it keeps for itself, in that order, until another has nothing to do
/// and takes the oldest; in between it looks for what others have queued, so that nobody waits for ever behind a thread that
/// feeds itself. A pool of one thread, without room for [guests](Builder::guests), runs all work in the order in which it was
/// queued, wherever that was. A closure that panics rejects its task, and its thread lives on.
///
/// ```
/// use threadbare::run;
/// use threadbare_threads::ThreadPool;
///
/// let database = ThreadPool::with_threads(1);
/// let row = run(&database.worker(), || 7);
/// assert_eq!(row.wait()?, 7);
/// database.close();
/// assert!(run(&database.worker(), || 8).wait().is_err(), "rejected, not lost");
/// # Ok::<(), threadbare::Error>(())
/// ```
pub struct ThreadPool {
    crew: Arc<Crew>,
    worker: Worker,
    /// Given up when the pool is released by the system that owns this handle.
    lease: Mutex<Option<Arc<Lease>>>,
    threads: usize,
}

/// Shared by all handles: when it goes, the pool closes.
struct Lease {
    crew: Arc<Crew>,
    worker: Worker,
}

impl Drop for Lease {
    fn drop(&mut self) {
        close(&self.crew, &self.worker, true);
    }
}

/// Lets nothing in; what is queued is run, or else rejected; returns when the threads have left.
fn close(crew: &Crew, worker: &Worker, run: bool) {
    crew.close(run);
    crew.finish(worker);
}

/// The pool as its worker has it, which does not keep it open.
struct Processor(Arc<Crew>);

impl ThreadPool {
    /// A pool with a thread for each that the machine can run at once; with one, where that is unknown.
    ///
    /// # Panics
    ///
    /// If the system has no more threads to give; [`builder`](ThreadPool::builder) makes that an error.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build().unwrap_or_else(|error| panic!("a thread pool: {error}"))
    }

    /// A pool with so many threads.
    ///
    /// # Panics
    ///
    /// If `threads` is zero, or the system has not so many threads to give; [`builder`](ThreadPool::builder) makes that an
    /// error.
    #[must_use]
    pub fn with_threads(threads: usize) -> Self {
        Self::builder().threads(threads).build().unwrap_or_else(|error| panic!("a thread pool: {error}"))
    }

    /// A pool with settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn of(crew: Crew) -> Self {
        let crew = Arc::new(crew);
        let worker = Worker::new(Processor(Arc::clone(&crew)));
        let lease = Lease { crew: Arc::clone(&crew), worker: worker.clone() };
        let lease = Mutex::new(Some(Arc::new(lease)));
        Self { crew, worker, lease, threads: 0 }
    }

    pub(crate) fn hire(&mut self, thread: PoolThread, spawn: &mut Spawn) -> std::io::Result<()> {
        Crew::hire(&self.crew, thread, spawn, &self.worker)?;
        self.threads += 1;
        Ok(())
    }

    /// The context of this pool's threads.
    ///
    /// It does not keep the pool open: what is queued through it after the pool was closed is rejected with
    /// [`Closed`](threadbare::ErrorKind::Closed).
    #[must_use]
    pub fn worker(&self) -> Worker {
        self.worker.clone()
    }

    /// How many threads it was made with, without guests.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Lets nothing in any more, runs what is queued, and waits until the threads have ended.
    ///
    /// It can be called again, and from several threads: each returns when the threads have ended. Waiting, it helps as
    /// [`Task::wait`](threadbare::Task::wait) does: on a main thread it dispatches. On one of the pool's own threads it
    /// lets nothing in and returns; what is queued is run after the caller's own work has returned.
    ///
    /// What running work queues in the pool meanwhile is rejected; continuations that it settles in the pool's context
    /// still run.
    pub fn close(&self) {
        close(&self.crew, &self.worker, true);
    }

    /// Lets nothing in any more, rejects what has not started with [`Closed`](threadbare::ErrorKind::Closed), and waits
    /// until the threads have ended, as [`close`](ThreadPool::close) does.
    pub fn close_now(&self) {
        close(&self.crew, &self.worker, false);
    }

    /// Lends the calling thread to the pool: runs its work, asleep while there is none, until `stop` has settled; gives what
    /// that has.
    ///
    /// For the host's own threads. Meanwhile the thread is one of the pool's: what it queues there it keeps for itself until
    /// another has nothing to do, continuations for the pool run at once, and waits help. Of what it has queued it may leave
    /// some behind, for others. `on_start` and `on_stop` are not called. It can be called inside of other pools' work, and of
    /// main work too, which waits meanwhile.
    ///
    /// # Errors
    ///
    /// [`Full`](threadbare::ErrorKind::Full) if as many threads are attached as the pool has [room](Builder::guests) for;
    /// [`Closed`](threadbare::ErrorKind::Closed) if the pool is closed before `stop` has settled, when what was queued has been
    /// run; else the error of `stop`.
    ///
    /// ```
    /// use threadbare::{promise, run};
    /// use threadbare_threads::ThreadPool;
    ///
    /// let pool = ThreadPool::builder().threads(0).guests(1).build()?; // no threads of its own
    /// let (done, stop) = promise();
    /// let answer = run(&pool.worker(), || 6 * 7).map(&pool.worker(), |n| done.resolve(n));
    /// assert_eq!(pool.attach_until(stop)?, 42);
    /// answer.wait()?;
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn attach_until<T: Send + 'static>(&self, stop: Task<T>) -> Result<T> {
        let (told, me) = (Arc::new(AtomicUsize::new(0)), thread::current());
        let tell = Arc::clone(&told);
        let stop = stop.inspect(&Immediate, move |_| {
            // ORDERING: Relaxed: who sleeps sees it by being unparked; what `stop` has is published by its own state.
            tell.store(1, Ordering::Relaxed);
            me.unpark();
        });
        // ORDERING: Relaxed, as the store.
        let is_told = || told.load(Ordering::Relaxed) != 0;
        // Who closes the pool may have the last place.
        if !self.crew.host_until(&self.worker, is_told) && !self.crew.is_closed() {
            return Err(no_room());
        }
        if is_told() { stop.wait() } else { Err(Error::closed("the pool was closed under a thread that had attached")) }
    }

    /// Lends the calling thread to the pool: runs its work while `more` says so, until there is none; returns how many
    /// runnables it has run.
    ///
    /// `more` is asked on this thread before each: a thread with a little time left in its frame can give that to the pool.
    ///
    /// # Errors
    ///
    /// [`Full`](threadbare::ErrorKind::Full), as [`attach_until`](ThreadPool::attach_until).
    ///
    /// ```
    /// use threadbare::run;
    /// use threadbare_threads::ThreadPool;
    ///
    /// let pool = ThreadPool::builder().threads(0).guests(1).build()?;
    /// let task = run(&pool.worker(), || 7);
    /// assert_eq!(pool.attach_while(|| true)?, 1);
    /// assert_eq!(task.wait()?, 7);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn attach_while(&self, more: impl FnMut() -> bool) -> Result<usize> {
        let ran = self.crew.host_while(&self.worker, more);
        ran.or_else(|| self.crew.is_closed().then_some(0)).ok_or_else(no_room)
    }
}

fn no_room() -> Error {
    Error::full("as many threads are attached as the pool has room for")
}

impl Default for ThreadPool {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for ThreadPool {
    fn clone(&self) -> Self {
        Self {
            crew: Arc::clone(&self.crew),
            worker: self.worker.clone(),
            lease: Mutex::new(self.lease.with(|lease| lease.clone())),
            threads: self.threads,
        }
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").field("threads", &self.threads).finish_non_exhaustive()
    }
}

impl TaskProcessor for ThreadPool {
    fn start_task(&self, runnable: Runnable) {
        self.crew.start_task(runnable);
    }

    fn try_start_task(&self, runnable: Runnable) -> std::result::Result<(), Refused> {
        self.crew.try_start_task(runnable)
    }

    fn is_current(&self) -> bool {
        self.crew.is_current()
    }

    fn help(&self) -> Option<&dyn Help> {
        self.crew.help()
    }

    fn own_worker(&self) -> Option<Worker> {
        Some(self.worker())
    }

    fn release(&self) {
        // Out of the lock before it goes: closing runs what is queued.
        let lease = self.lease.with(Option::take);
        drop(lease);
    }
}

impl TaskProcessor for Processor {
    fn start_task(&self, runnable: Runnable) {
        self.0.start_task(runnable);
    }

    fn try_start_task(&self, runnable: Runnable) -> std::result::Result<(), Refused> {
        self.0.try_start_task(runnable)
    }

    fn is_current(&self) -> bool {
        self.0.is_current()
    }

    fn help(&self) -> Option<&dyn Help> {
        self.0.help()
    }

    fn serves(&self) -> bool {
        true
    }
}
