//! A pool with settings.

use std::fmt;

use threadbare::{Error, Result};

use crate::crew::{Crew, Hook};
use crate::pool::ThreadPool;
use crate::sleep::MOST;
use crate::stateful::StatefulPool;
use crate::sync::thread;

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
    name: Box<dyn Fn(usize) -> String>,
    stack_size: Option<usize>,
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            threads: None,
            name: Box::new(|index| format!("worker-{index}")),
            stack_size: None,
            on_start: None,
            on_stop: None,
        }
    }

    /// How many threads, at least one. Without this, as many as the machine can run at once, or one where that is unknown.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
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
        self.on_start = Some(Box::new(hook));
        self
    }

    /// What each thread does after its last work, on that thread, given its index.
    pub fn on_stop(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_stop = Some(Box::new(hook));
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
        let mut pool = ThreadPool::of(Crew::new(named.len(), self.on_start, self.on_stop));
        for thread in named {
            // The pool is dropped on the way out, which joins the threads that there are.
            pool.hire(thread)?;
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
        let named = self.named()?;
        StatefulPool::start(named, loader, self.on_start, self.on_stop)
    }

    /// The threads, to be spawned.
    fn named(&self) -> Result<Vec<thread::Builder>> {
        let threads = self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        if threads == 0 {
            return Err(Error::msg("a pool needs a thread at least"));
        }
        if threads > MOST {
            return Err(Error::msg(format_args!("a pool has {MOST} threads at most, {threads} were asked for")));
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
            let thread = thread::Builder::new().name(name);
            named.push(match self.stack_size {
                Some(bytes) => thread.stack_size(bytes),
                None => thread,
            });
        }
        Ok(named)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("threads", &self.threads)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
