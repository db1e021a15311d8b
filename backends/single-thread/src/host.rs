//! A system on one thread, whole.

use core::cell::RefCell;
use core::fmt;
use core::time::Duration;

use threadbare::{AsyncSystem, Clock, Main, MainThread, Result, Task, Worker};

use crate::shared::Bounds;
use crate::single::{SingleThread, count};

/// A system on one thread: worker, main queue and timers, polled together by the thread that made it, which is the main
/// thread.
///
/// When it goes, the main thread leaves and the backend is closed: nobody polls them any more. What they hold is rejected.
///
/// ```
/// use std::{cell::Cell, rc::Rc, time::Duration};
/// use threadbare::{Clock, run};
/// use threadbare_single_thread::SingleThread;
///
/// let host = SingleThread::new().host();
/// let total = Rc::new(Cell::new(0)); // the main thread's own, not `Send`
/// let into = Rc::clone(&total);
/// let task = run(host.worker(), || 20)
///     .and_then(host.worker(), |n| Ok(n + 1))
///     .map(host.here(), move |n| into.set(into.get() + n * 2));
/// let limited = host.single().timeout(task, Duration::from_secs(1));
/// host.wait(limited)?;
/// assert_eq!(total.get(), 42);
/// # Ok::<(), threadbare::Error>(())
/// ```
pub struct Host {
    // In the order in which they go: the main thread leaves before the system goes, and the backend last.
    here: MainThread,
    system: AsyncSystem,
    single: SingleThread,
}

impl Host {
    /// A system on the calling thread.
    #[must_use]
    pub fn new(single: SingleThread) -> Self {
        let system = if single.shared.on_work.is_some() {
            let shared = crate::sync::Arc::clone(&single.shared);
            let wake = move || shared.on_work.iter().for_each(|wake| wake());
            AsyncSystem::with_main_hook(single.clone(), wake)
        } else {
            AsyncSystem::new(single.clone())
        };
        let here = system.main().enter().unwrap_or_else(|| unreachable!("nobody else has the new system"));
        Self { here, system, single }
    }

    /// What is passed around.
    #[must_use]
    pub fn system(&self) -> &AsyncSystem {
        &self.system
    }

    /// The context of the worker.
    #[must_use]
    pub fn worker(&self) -> &Worker {
        self.system.worker()
    }

    /// The context of the main thread, for whoever is elsewhere.
    #[must_use]
    pub fn main(&self) -> &Main {
        self.system.main()
    }

    /// The context of the main thread, for closures that are not `Send`.
    #[must_use]
    pub fn here(&self) -> &MainThread {
        &self.here
    }

    /// The backend, which is also the clock.
    #[must_use]
    pub fn single(&self) -> &SingleThread {
        &self.single
    }

    /// Runs one runnable, of the workers or of the main queue, and what follows from it in its context, or fires one
    /// timer; `false` if there was nothing to do. When there is no work, virtual time goes on to the next timer.
    pub fn run_one(&self) -> bool {
        self.run_until(Duration::MAX)
    }

    fn run_until(&self, until: Duration) -> bool {
        let mut main = || self.here.dispatch_one();
        self.single.shared.run_one(&mut Bounds { main: Some(&mut main), until, ..Bounds::none() })
    }

    /// Runs until there is nothing left to do, timers included if time is virtual; returns how many runnables and timers.
    pub fn run_until_idle(&self) -> usize {
        count(|| self.run_one())
    }

    /// Runs while `more` says so, until there is nothing left to do; returns how many runnables and timers.
    ///
    /// `more` is asked on this thread before each runnable, and before each continuation that would run at once. When it has
    /// said `false`, what would follow is queued: for a frame's budget.
    pub fn run_while(&self, more: impl FnMut() -> bool) -> usize {
        let more = RefCell::new(more);
        let ask = || more.try_borrow_mut().is_ok_and(|mut more| more());
        count(|| {
            let mut main = || self.here.dispatch_one_while(ask);
            let mut bounds = Bounds { main: Some(&mut main), more: Some(&mut { ask }), ..Bounds::none() };
            ask() && self.single.shared.run_one(&mut bounds)
        })
    }

    /// Runs what there is to do until so much virtual time has passed, and lets it pass; returns how many runnables and
    /// timers. On the host's time it runs what there is to do now.
    pub fn run_for(&self, time: Duration) -> usize {
        let until = self.single.now().saturating_add(time);
        let ran = count(|| self.run_until(until));
        self.single.shared.pass_time_until(until);
        ran
    }

    /// Whether a poll would find nothing to do now.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.here.is_idle() && self.single.is_idle()
    }

    /// Runs whatever there is until the task has settled, and no longer.
    ///
    /// # Errors
    ///
    /// The error that the task was rejected with; or [`Deadlock`](threadbare::ErrorKind::Deadlock) if nothing is left to run
    /// and the host was not told [what to do then](crate::Builder::on_idle).
    pub fn wait<T: Send + 'static>(&self, task: Task<T>) -> Result<T> {
        self.here.wait(task)
    }
}

/// Handles may be left, also in what is queued, which would keep itself.
impl Drop for Host {
    fn drop(&mut self) {
        self.single.close_now();
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new(SingleThread::new())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("system", &self.system).finish_non_exhaustive()
    }
}
