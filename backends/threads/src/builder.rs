//! A pool with settings.

use std::fmt;
use std::time::Duration;

use threadbare::{Error, Result};

use crate::crew::{Crew, Habits};
use crate::pool::ThreadPool;
use crate::sleep::MOST;
use crate::stateful::StatefulPool;
use crate::thread::{PoolThread, Spawn};

/// Settings for a [`ThreadPool`] or a [`StatefulPool`].
///
/// ```
/// use threadbare_threads::ThreadPool;
///
/// let pool = ThreadPool::builder()
///     .threads(2)
///     .thread_name(|index| format!("decode-{index}"))
///     .stack_size(256 * 1024)
///     .on_start(|index| println!("thread {index} is up"))
///     .build()?;
/// assert_eq!(pool.threads(), 2);
/// # Ok::<(), threadbare::Error>(())
/// ```
#[must_use = "`build` makes the pool"]
pub struct Builder {
    threads: Option<usize>,
    guests: usize,
    spawn: Spawn,
    name: Box<dyn Fn(usize) -> String>,
    stack_size: Option<usize>,
    habits: Habits,
}

/// To be woken takes about as long, on machines where that is slow.
const SPIN: Duration = Duration::from_micros(20);

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            threads: None,
            guests: 0,
            spawn: Box::new(PoolThread::spawn),
            name: Box::new(|index| format!("worker-{index}")),
            stack_size: None,
            habits: Habits { on_start: None, on_stop: None, spin: if cores() > 1 { SPIN } else { Duration::ZERO } },
        }
    }

    /// How many threads, at least one, or none if there is room for [guests](Builder::guests). Without this, as many as the
    /// machine can run at once, or one where that is unknown.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Room for so many of the host's own threads, which [attach](ThreadPool::attach_until) when they have time; none if nothing
    /// is said. A pool may have no threads but those: then its work runs while one is attached, and what is left when it closes
    /// runs on the thread that closes it.
    ///
    /// (The threads of a [`StatefulPool`] have states: it has no room for guests.)
    pub fn guests(mut self, most: usize) -> Self {
        self.guests = most;
        self
    }

    /// Has the host make the threads: for names, priorities, affinities or stack memory that std does not know about.
    ///
    /// `spawn` is called once for each thread, on the calling thread, before the pool is built. It sees to it that
    /// [`PoolThread::run`] is called on a thread of its own, which then is the pool's until that returns. Closing the pool waits
    /// for that, not for the thread to have ended.
    ///
    /// ```
    /// use threadbare::run;
    /// use threadbare_threads::ThreadPool;
    ///
    /// let pool = ThreadPool::builder()
    ///     .threads(2)
    ///     .spawn_with(|thread| {
    ///         std::thread::spawn(move || thread.run()); // or what the console's system has
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// assert_eq!(run(&pool.worker(), || 7).wait()?, 7);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn spawn_with(mut self, mut spawn: impl FnMut(PoolThread) -> std::io::Result<()> + 'static) -> Self {
        self.spawn = Box::new(move |thread| spawn(thread).map(|()| None));
        self
    }

    /// What a thread is called, by its index, for debuggers and panic messages.
    pub fn thread_name(mut self, name: impl Fn(usize) -> String + 'static) -> Self {
        self.name = Box::new(name);
        self
    }

    /// How many bytes of stack a thread has.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// What each thread does before its first work, on that thread, given its index: pin itself to a core, say.
    pub fn on_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.habits.on_start = Some(Box::new(hook));
        self
    }

    /// What each thread does after its last work, on that thread, given its index.
    pub fn on_stop(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.habits.on_stop = Some(Box::new(hook));
        self
    }

    /// For how long a thread that has run out of work looks for more before it sleeps; 20 µs if nothing is said. Of a
    /// [`ThreadPool`]'s threads at most one does so at a time, of a [`StatefulPool`]'s each.
    ///
    /// What comes meanwhile starts a few hundred nanoseconds later, where to wake a thread takes some microseconds. Zero
    /// spares the processor, and the battery. With one core there is nobody to wait for, and no thread spins.
    pub fn spin(mut self, time: Duration) -> Self {
        self.habits.spin = time;
        self
    }

    /// Makes the pool.
    ///
    /// # Errors
    ///
    /// If a setting makes no sense (no threads, too many, a name with a NUL, no stack), or a thread cannot be spawned:
    /// then those that were are joined.
    pub fn build(self) -> Result<ThreadPool> {
        let named = self.named()?;
        let mut spawn = self.spawn;
        let mut pool = ThreadPool::of(Crew::new(named.len(), self.guests, self.habits));
        for thread in named {
            // The pool is dropped on the way out, which joins the threads that there are.
            pool.hire(thread, &mut spawn)?;
        }
        Ok(pool)
    }

    /// Makes a pool whose threads each load a state, as [`StatefulPool::new`] does.
    ///
    /// `on_start` is called before the loader, `on_stop` after the state was dropped.
    ///
    /// # Errors
    ///
    /// As [`build`](Builder::build). What the loader returns comes later: see [`StatefulPool::ready`].
    ///
    /// ```
    /// use threadbare_threads::StatefulPool;
    ///
    /// let pool = StatefulPool::builder()
    ///     .threads(2)
    ///     .thread_name(|index| format!("decode-{index}"))
    ///     .build_stateful(|_index| Ok(Vec::<u8>::with_capacity(4096)))?;
    /// assert_eq!(pool.call(|buffer| buffer.capacity()).wait()?, 4096);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn build_stateful<S, L>(self, loader: L) -> Result<StatefulPool<S>>
    where
        S: 'static,
        L: Fn(usize) -> Result<S> + Send + Sync + 'static,
    {
        if self.guests > 0 {
            return Err(Error::msg("a stateful pool has no room for guests: they have no state"));
        }
        StatefulPool::start(self.named()?, self.spawn, loader, self.habits)
    }

    /// The threads, to be spawned.
    fn named(&self) -> Result<Vec<PoolThread>> {
        let threads = self.threads.unwrap_or_else(cores);
        let all = threads.saturating_add(self.guests);
        if all == 0 {
            return Err(Error::msg("a pool needs a thread at least, or room for guests"));
        }
        if all > MOST {
            return Err(Error::msg(format_args!("a pool has {MOST} threads at most, {all} were asked for")));
        }
        if self.stack_size == Some(0) {
            return Err(Error::msg("a thread needs a stack"));
        }
        let mut named = Vec::with_capacity(threads);
        for index in 0..threads {
            let name = (self.name)(index);
            if name.contains('\0') {
                return Err(Error::msg(format_args!("the name of thread {index} has a NUL in it: {name:?}")));
            }
            named.push(PoolThread::new(index, name, self.stack_size));
        }
        Ok(named)
    }
}

/// How many threads the machine can run at once; one, where that is unknown.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("threads", &self.threads)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
