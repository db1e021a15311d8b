//! The proof of being on the main thread, and dispatch.

use core::fmt;
use core::marker::PhantomData;

use super::Main;
use crate::error::Result;
use crate::frames::Budget;
#[cfg(not(feature = "std"))]
use crate::help::{Outlook, nothing_left};
use crate::remains::Bound;
use crate::schedule::Context;
use crate::task::Task;
#[cfg(not(feature = "std"))]
use crate::worker::Worker;

/// The proof of being on the main thread, which only that thread can have.
///
/// As a context it takes closures and futures that are not `Send`: they are made, run and dropped on this thread. And it
/// is what runs the main queue: main work happens inside of [`dispatch`](MainThread::dispatch) and its kin and of
/// waits, and at no other time.
///
/// Inside main work, where no proof was handed in, [`Main::enter`] gives another.
///
/// Keep it for as long as the main loop runs. When the last one is dropped the main thread has left: the queue is closed,
/// and what it holds is rejected and dropped, here, where it belongs.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use threadbare::{AsyncSystem, run};
/// # struct Host; impl threadbare::TaskProcessor for Host { fn start_task(&self, r: threadbare::Runnable) { r.run() } }
///
/// let system = AsyncSystem::new(Host);
/// let here = system.main().enter().expect("this is the main thread");
/// let scene = Rc::new(RefCell::new(Vec::new())); // not `Send`
/// let into = Rc::clone(&scene);
/// run(system.worker(), || "hero").map(&here, move |name| into.borrow_mut().push(name)).detach();
/// while here.dispatch() == 0 {} // once a frame
/// assert_eq!(*scene.borrow(), ["hero"]);
/// ```
pub struct MainThread {
    main: Main,
    _not_send: PhantomData<*const ()>,
}

impl MainThread {
    /// The calling thread must be the main thread, and this proof counted.
    pub(super) fn new(main: Main) -> Self {
        Self { main, _not_send: PhantomData }
    }

    /// The queue, as others see it.
    pub fn main(&self) -> &Main {
        &self.main
    }

    /// Whether nothing is queued. What is queued at the same time may or may not be seen.
    #[inline]
    pub fn is_idle(&self) -> bool {
        // SAFETY: this is the main thread.
        unsafe { self.main.is_idle() }
    }

    /// Runs what was queued when it was called, and what follows from it in the main context; returns how many queued
    /// runnables it ran.
    ///
    /// What is queued meanwhile waits for the next call, so work that queues itself again cannot hold the frame. With
    /// nothing queued this costs a load: no allocation, no lock, no system call.
    #[inline]
    pub fn dispatch(&self) -> usize {
        if self.is_idle() { 0 } else { self.dispatch_queued() }
    }

    fn dispatch_queued(&self) -> usize {
        // SAFETY: this is the main thread.
        let end = unsafe { self.main.collect() };
        self.main.inside(None, |frames| {
            let mut ran = 0;
            // SAFETY: as above. A wait inside of what runs may take some of it: then less is left for us.
            while unsafe { self.main.desk(|desk| desk.is_before(end)) && self.main.run_next(frames) } {
                ran += 1;
            }
            ran
        })
    }

    /// Runs one queued runnable, and what follows from it in the main context; `false` if there was none.
    pub fn dispatch_one(&self) -> bool {
        // SAFETY: this is the main thread.
        self.main.inside(None, |frames| unsafe { self.main.run_next(frames) })
    }

    /// Runs one queued runnable, and what follows from it in the main context while `more` says so; `false` if there was
    /// none.
    ///
    /// `more` is asked on this thread before each continuation that would run at once. When it has said `false`, what would
    /// follow is queued.
    pub fn dispatch_one_while(&self, mut more: impl FnMut() -> bool) -> bool {
        let budget = Budget::new(&mut more);
        // SAFETY: this is the main thread.
        self.main.inside(Some(&budget), |frames| unsafe { self.main.run_next(frames) })
    }

    /// Runs queued runnables while `more` says so, also what is queued meanwhile, until none is left; returns how many.
    ///
    /// `more` is asked on this thread before each runnable and before each continuation that would run at once. When it
    /// has said `false`, what would follow is queued and left for the next dispatch.
    pub fn dispatch_while(&self, mut more: impl FnMut() -> bool) -> usize {
        let budget = Budget::new(&mut more);
        self.main.inside(Some(&budget), |frames| {
            let mut ran = 0;
            // SAFETY: this is the main thread.
            while !self.is_idle() && budget.is_left() && unsafe { self.main.run_next(frames) } {
                ran += 1;
            }
            ran
        })
    }

    /// Runs queued runnables for at most this long, also what is queued meanwhile, until none is left; returns how many.
    ///
    /// The time is looked at before each runnable and each continuation, so the last one may overrun it by what it takes.
    /// The first runs in any case: a loop with a budget that is always over by the time of the first look still gets on.
    #[cfg(feature = "std")]
    pub fn dispatch_for(&self, budget: core::time::Duration) -> usize {
        if self.is_idle() {
            return 0;
        }
        let start = std::time::Instant::now();
        let mut first = true;
        self.dispatch_while(|| core::mem::take(&mut first) || start.elapsed() < budget)
    }

    /// Dispatches until the task has settled, and no longer; sleeps while there is nothing to run.
    ///
    /// It can be nested in main work, and then also runs what the dispatch around it has taken and not yet run. If the
    /// system's processor says that this thread is its own, too, it also runs that one's work. (Without feature `std` it
    /// cannot sleep, and spins.)
    ///
    /// # Errors
    ///
    /// The error that the task was rejected with; or [`Deadlock`](crate::ErrorKind::Deadlock) if nothing is left to run and
    /// the system's processor says that [nothing will come](crate::Outlook::Never). With feature `std` see [`Task::wait`].
    pub fn wait<T: Send + 'static>(&self, task: Task<T>) -> Result<T> {
        #[cfg(feature = "std")]
        return task.wait();
        #[cfg(not(feature = "std"))]
        {
            let mut task = task;
            let mut outlook = Outlook::Work;
            loop {
                match task.try_take() {
                    Ok(outcome) => return outcome,
                    Err(pending) => task = pending,
                }
                let helper = self.main.worker().and_then(Worker::help);
                let ran = match helper {
                    Some(helper) => helper.run_one_or(&mut || self.dispatch_one()),
                    None => self.dispatch_one(),
                };
                let before = core::mem::replace(&mut outlook, Outlook::Work);
                match helper {
                    _ if ran => continue,
                    Some(helper) => outlook = helper.before_park(),
                    None => outlook = Outlook::Sleep,
                }
                match (outlook, helper) {
                    // Twice in a row, with a look at everything in between.
                    (Outlook::Never, _) if before == Outlook::Never => return Err(nothing_left()),
                    (Outlook::Work, _) => {}
                    (_, helper) => {
                        core::hint::spin_loop();
                        helper.inspect(|helper| helper.after_park());
                    }
                }
            }
        }
    }
}

impl Drop for MainThread {
    fn drop(&mut self) {
        // SAFETY: this is the main thread.
        let proofs = unsafe {
            self.main.desk(|desk| {
                desk.proofs -= 1;
                desk.proofs
            })
        };
        if proofs == 0 {
            self.main.leave();
        }
    }
}

impl fmt::Debug for MainThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MainThread").field(&self.main).finish()
    }
}

// SAFETY: only the main thread can have a `MainThread`, so `F` is made there; the main queue runs there what it is given,
// and the leash brings there what is not run.
unsafe impl<F> Context<F> for &MainThread {
    type Queue = Main;
    type Leash = Bound;

    fn queue(&self) -> &Main {
        self.main()
    }
}
