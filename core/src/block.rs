//! Blocking a thread until a task has settled, without letting work lie that the thread could do.

use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::task::Wake;

use crate::error::{Error, ErrorKind, Result};
use crate::frames;
use crate::help::Help;
use crate::main_thread::Main;
use crate::sync::{WakerArc, thread};
use crate::task::{Task, resume_one};

/// Wakes a thread that waits.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: WakerArc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &WakerArc<Self>) {
        self.0.unpark();
    }
}

impl<T: Send + 'static> Task<T> {
    /// Blocks the calling thread until the task has settled.
    ///
    /// What the thread could do meanwhile it does: on a main thread it dispatches the main queue, on a thread of a pool it
    /// runs that pool's work; so it does not deadlock on work that it could do itself. That work runs on top of the
    /// caller's stack: hold no lock that it may want.
    ///
    /// # Errors
    ///
    /// The error that the task was rejected with; or, instead of a wait for ever, [`Deadlock`](crate::ErrorKind::Deadlock)
    /// if the task depends on what the thread is in the middle of: a closure that waits for its own task or what follows
    /// from it, or for work that it is nested in through other waits.
    ///
    /// ```
    /// # use threadbare::{AsyncSystem, Runnable, TaskProcessor, run};
    /// # struct ThreadPerTask;
    /// # impl TaskProcessor for ThreadPerTask {
    /// #     fn start_task(&self, runnable: Runnable) { std::thread::spawn(|| runnable.run()); }
    /// # }
    /// # let system = AsyncSystem::new(ThreadPerTask);
    /// assert_eq!(run(system.worker(), || 6 * 7).wait()?, 42);
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn wait(self) -> Result<T> {
        let task = match self.try_take() {
            Ok(outcome) => return outcome,
            Err(task) => task,
        };
        let waker = Waker::from(WakerArc::new(Unpark(thread::current())));
        let mut future = task.into_future();
        let outcome = loop {
            if let Poll::Ready(outcome) = Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
                break outcome;
            }
            if resume_one() || run_one() {
                continue;
            }
            if future.waits_for_itself() {
                break Err(Error::of_kind(
                    ErrorKind::Deadlock,
                    "a wait for work that goes on below it on the same stack, and only after it",
                ));
            }
            park();
        };
        Main::each_entered(|main, _| {
            // SAFETY: each of these queues has this thread for its main thread.
            unsafe { main.after_wait() };
            true
        });
        outcome
    }
}

/// Calls `visit` with all that can help on this thread, until it says `false`.
fn helpers(mut visit: impl FnMut(&dyn Help) -> bool) {
    let mut go_on = true;
    Main::each_entered(|main, attendant| {
        go_on = go_on && visit(attendant);
        if let Some(worker) = main.worker().filter(|_| go_on) {
            worker.help(|helper| go_on = visit(helper));
        }
        go_on
    });
    if go_on {
        frames::current().helpers(|helper| {
            go_on = go_on && visit(helper);
        });
    }
}

/// Runs one piece of work that waits for this thread.
fn run_one() -> bool {
    let mut ran = false;
    helpers(|helper| {
        ran = helper.run_one();
        !ran
    });
    ran
}

/// Parks the thread until it is woken, unless there is work for it.
fn park() {
    let mut ready = 0;
    let mut idle = true;
    helpers(|helper| {
        idle = helper.before_park();
        ready += usize::from(idle);
        idle
    });
    if idle {
        thread::park();
    }
    helpers(|helper| {
        let wake = ready > 0;
        if wake {
            helper.after_park();
            ready -= 1;
        }
        wake
    });
}
