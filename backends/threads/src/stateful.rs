//! The pool whose threads each have a state of their own.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use threadbare::{Error, Immediate, IntoTask, Result, Task, Worker, try_run};

use crate::builder::Builder;
use crate::calls::{Calls, Loader, Processor};
use crate::crew::Habits;
use crate::seat;
use crate::sync::Arc;
use crate::thread::{PoolThread, Spawn};

/// A pool of threads that each load a state, and lend it to the calls that come.
///
/// The state is whatever the work needs and must not be shared: a decoder, an interpreter, a connection. It need not be
/// `Send`: the loader builds it on its thread, every call that uses it runs there, and it is dropped there after the last
/// one. Which thread runs a call is not the caller's business: the next that is free. Calls start in the order in which
/// they were made; with one thread they also end in it.
///
/// Clones are handles of the same pool, `Send` and `Sync` whatever the state is; the last one to go
/// [closes](StatefulPool::close) it.
///
/// # Callbacks, or async
///
/// [`call`](StatefulPool::call) returns a [`Task`], so what comes of it goes wherever the task is sent: into a callback on
/// the main thread, or into an async block there. Both run when the main thread dispatches, once a frame:
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use threadbare::{AsyncSystem, spawn};
/// use threadbare_threads::{StatefulPool, ThreadPool};
///
/// struct Images {
///     loaded: Rc<RefCell<Vec<String>>>, // not `Send`
/// }
/// impl Images {
///     fn load(&mut self, path: &str) -> usize {
///         self.loaded.borrow_mut().push(path.to_string());
///         path.len()
///     }
/// }
///
/// let system = AsyncSystem::new(ThreadPool::with_threads(1));
/// let here = system.main().enter().expect("no other thread is the main thread");
/// let pool = StatefulPool::new(2, |_index| Ok(Images { loaded: Rc::default() }))?;
/// let sizes = Rc::new(RefCell::new(Vec::new())); // the main thread's own
///
/// let into = Rc::clone(&sizes);
/// let by_callback = pool
///     .call(|images| images.load("hero.png"))
///     .map(&here, move |size| into.borrow_mut().push(size));
///
/// let (into, calls) = (Rc::clone(&sizes), pool.clone());
/// let by_await = spawn(&here, async move {
///     let first = calls.call(|images| images.load("a.png")).await?;
///     let second = calls.call(move |images| images.load("b.png") + first).await?;
///     into.borrow_mut().push(second);
///     Ok(())
/// });
///
/// while !(by_callback.is_settled() && by_await.is_settled()) {
///     here.dispatch(); // the tick
/// }
/// sizes.borrow_mut().sort();
/// assert_eq!(*sizes.borrow(), [8, 10]);
/// pool.close();
/// # Ok::<(), threadbare::Error>(())
/// ```
///
/// # When a loader fails
///
/// An error that a loader returns, or its panic, goes to the [error hook](threadbare::set_error_hook) at once, and is
/// among the [`failures`](StatefulPool::failures) from then on. The thread ends; the others go on, and do its share. When
/// the last one has failed, every call is rejected with the error of that one, those that are queued as well as those that
/// come. [`ready`](StatefulPool::ready) tells when all loaders have returned. A loader that never returns is waited for: by
/// the calls, if it is the only one, and by `close`.
///
/// # Calls inside of calls
///
/// A call may make calls, and go on with them as it likes; they are queued behind those that are there. Best is to return
/// their task, with [`try_call`](StatefulPool::try_call).
///
/// *Waiting* for them holds a thread, whose state is lent. If every thread of the pool would sleep in a
/// [`wait`](Task::wait), each with a call of its own making still queued, nobody is left to run those. Then the thread that
/// would be the last to sleep gives up the newest call that it has made, taking it for the one that is waited for: it is
/// rejected with an error that says so. With one thread, that is every wait inside of a call for a call of the same pool.
/// So before a call waits for something else, it should not leave calls of its own behind in the queue.
pub struct StatefulPool<S> {
    lease: Arc<Lease>,
    worker: Worker,
    threads: usize,
    state: PhantomData<fn(&mut S)>,
}

/// Shared by all handles: when it goes, the pool closes.
struct Lease(Arc<Calls>);

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.close(true);
        self.0.join();
    }
}

impl StatefulPool<()> {
    /// A pool with settings, to be made by [`build_stateful`](Builder::build_stateful).
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl<S: 'static> StatefulPool<S> {
    /// A pool with so many threads, each of which calls `loader` with its index, from zero on, for a state.
    ///
    /// The loader runs on all threads at once. It is dropped when all have loaded, on one of them or on the caller's. Calls
    /// can be made before that.
    ///
    /// # Errors
    ///
    /// If `threads` is zero, or the system has not so many threads to give. What the loader returns comes later: see
    /// [`ready`](StatefulPool::ready).
    ///
    /// ```
    /// use threadbare_threads::StatefulPool;
    ///
    /// let pool = StatefulPool::new(1, |index| Ok(vec![index]))?;
    /// assert_eq!(pool.call(|numbers| numbers.len()).wait()?, 1);
    /// assert!(StatefulPool::new(0, |_| Ok(())).is_err());
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn new(threads: usize, loader: impl Fn(usize) -> Result<S> + Send + Sync + 'static) -> Result<Self> {
        Builder::new().threads(threads).build_stateful(loader)
    }

    pub(crate) fn start(
        named: Vec<PoolThread>,
        mut spawn: Spawn,
        loader: impl Fn(usize) -> Result<S> + Send + Sync + 'static,
        habits: Habits,
    ) -> Result<Self> {
        let threads = named.len();
        let loader: Loader = Box::new(move |index| loader(index).map(|state| Box::new(state) as Box<dyn Any>));
        let loader = Arc::new(loader);
        let calls = Arc::new(Calls::new(threads, habits));
        let worker = Worker::new(Processor(Arc::clone(&calls)));
        let pool = Self { lease: Arc::new(Lease(Arc::clone(&calls))), worker, threads, state: PhantomData };
        for thread in named {
            // The pool is dropped on the way out, which joins the threads that there are.
            Calls::hire(&calls, thread, &mut spawn, &pool.worker, &loader)?;
        }
        Ok(pool)
    }

    /// Calls `f` with the state of the next thread that is free, on that thread; the task has what it returns.
    ///
    /// `f` is dropped there, too, when it has run. A panic rejects the task with [`Panicked`](threadbare::ErrorKind::Panicked), and
    /// thread and state live on: the next call finds the state as the panic has left it. A call that is rejected without
    /// having run is dropped on whichever thread rejects it.
    ///
    /// # Errors
    ///
    /// The task is rejected with the loader's error if [no thread could load](StatefulPool#when-a-loader-fails), with
    /// [`Closed`](threadbare::ErrorKind::Closed) after the pool was closed, and if it would be [waited for in
    /// vain](StatefulPool#calls-inside-of-calls).
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use threadbare_threads::StatefulPool;
    ///
    /// let counters = StatefulPool::new(1, |_| Ok(Rc::new(Cell::new(0))))?;
    /// for _ in 0..3 {
    ///     counters.call(|counter| counter.set(counter.get() + 1)).detach();
    /// }
    /// assert_eq!(counters.call(|counter| counter.get()).wait()?, 3);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn call<R, F>(&self, f: F) -> Task<R>
    where
        F: FnOnce(&mut S) -> R + Send + 'static,
        R: Send + 'static,
    {
        try_run(&self.worker, move || seat::lend(f))
    }

    /// As [`call`](StatefulPool::call), for calls that can fail or go on elsewhere: the task settles as the `Result`, `Task`
    /// or future that `f` returns.
    ///
    /// A future cannot borrow the state, which is free for the next call as soon as `f` has returned. It is polled as on
    /// [`&Immediate`](Immediate): first on the thread of the call, then on whichever thread wakes it; closing the pool does
    /// not stop it. To have it elsewhere, return the task of a [`spawn`](threadbare::spawn) there.
    ///
    /// # Errors
    ///
    /// Besides those of `call`, the error that `f` returns.
    ///
    /// ```
    /// use threadbare::Error;
    /// use threadbare_threads::StatefulPool;
    ///
    /// let files = StatefulPool::new(1, |_| Ok(vec![("hero.png", 8)]))?;
    /// let find = |name: &'static str| files.try_call(move |files| {
    ///     let found = files.iter().find(|file| file.0 == name);
    ///     found.map(|file| file.1).ok_or_else(|| Error::msg("no such file"))
    /// });
    /// assert_eq!(find("hero.png").wait()?, 8);
    /// assert_eq!(find("villain.png").wait().unwrap_err().to_string(), "no such file");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn try_call<T, Via, R, F>(&self, f: F) -> Task<T>
    where
        F: FnOnce(&mut S) -> R + Send + 'static,
        R: IntoTask<T, Via> + Send,
        Via: 'static,
        T: Send + 'static,
    {
        self.call(f).and_then(&Immediate, |returned| returned)
    }
}

impl<S> StatefulPool<S> {
    /// How many threads it was made with.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// When all loaders have returned: how many threads have a state.
    ///
    /// It is settled on the last of these threads.
    ///
    /// # Errors
    ///
    /// If none has, the task is rejected with the error of the last loader to fail.
    ///
    /// ```
    /// use threadbare::Error;
    /// use threadbare_threads::StatefulPool;
    ///
    /// let pool = StatefulPool::new(2, |index| if index == 0 { Ok(()) } else { Err(Error::msg("no device")) })?;
    /// assert_eq!(pool.ready().wait()?, 1);
    /// let failures = pool.failures();
    /// assert_eq!((failures.len(), failures[0].0), (1, 1));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn ready(&self) -> Task<usize> {
        self.lease.0.ready()
    }

    /// The loaders that have failed up to now: the index of the thread, and the error.
    #[must_use]
    pub fn failures(&self) -> Vec<(usize, Error)> {
        self.lease.0.failures()
    }

    /// Lets no calls in any more, runs those that are queued, and waits until the threads have dropped their states and
    /// ended.
    ///
    /// It can be called again, and from several threads: each returns when the threads have ended. Waiting, it helps as
    /// [`Task::wait`] does: on a main thread it dispatches, and it may be called in a callback there. In a call, or
    /// anywhere else on one of the pool's own threads, it lets nothing in and returns; what is queued is run after the
    /// caller's own work has returned.
    ///
    /// Callbacks that have been queued elsewhere by then, on the main thread for one, run there as ever.
    pub fn close(&self) {
        self.lease.0.close(true);
        self.lease.0.join();
    }

    /// Lets no calls in any more, rejects those that have not started with
    /// [`Closed`](threadbare::ErrorKind::Closed), and waits as [`close`](StatefulPool::close) does.
    ///
    /// The rejected calls are dropped on the calling thread.
    pub fn close_now(&self) {
        self.lease.0.close(false);
        self.lease.0.join();
    }
}

impl<S> Clone for StatefulPool<S> {
    fn clone(&self) -> Self {
        Self { lease: Arc::clone(&self.lease), worker: self.worker.clone(), threads: self.threads, state: PhantomData }
    }
}

impl<S> fmt::Debug for StatefulPool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatefulPool").field("threads", &self.threads).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    /// Else its thread would look for it again and again, and never sleep.
    #[test]
    fn a_call_that_was_given_up_is_no_news() {
        let pool = StatefulPool::new(1, |_| Ok(())).expect("a thread");
        let inner = pool.clone();
        let outer = pool.call(move |()| inner.call(|()| ()).wait().is_err());
        assert!(outer.wait().expect("it runs"), "nobody is left to run the inner call");
        assert!(!pool.lease.0.has_news());
    }
}
