//! Blocking a thread until a task has settled, without letting work lie that the thread could do.

use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::task::Wake;
use std::time::Instant;

use crate::error::{Error, ErrorKind, Result};
use crate::frames;
use crate::help::{Help, Outlook, nothing_left};
use crate::hook::quietly;
use crate::main_thread::Main;
use crate::sync::{WakerArc, thread};
use crate::task::{Task, resume_one};
use crate::worker::Worker;

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
    /// from it, or for work that it is nested in through other waits; or if nothing is left to run, and all that could
    /// bring something [says so](Outlook::Never).
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
        let mut task = match self.try_take() {
            Ok(outcome) => return outcome,
            Err(task) => task,
        };
        let outcome = loop {
            // A task that this thread runs itself, or that settles meanwhile, needs nobody to be woken.
            if !(resume_one() || run_one() || look_for_a_while(|| task.is_settled())) {
                break sleep_for(task);
            }
            match task.try_take() {
                Ok(outcome) => break outcome,
                Err(pending) => task = pending,
            }
        };
        Main::each_entered(|main, _| {
            // SAFETY: each of these queues has this thread for its main thread.
            unsafe { main.after_wait() };
            true
        });
        outcome
    }
}

/// How long a wait looks again before it sleeps: to be woken takes about as long, on machines where that is slow.
const SPIN: Duration = Duration::from_micros(20);

/// Looks again and again, until `done`, or it has run something: `false` if neither came in time.
fn look_for_a_while(mut done: impl FnMut() -> bool) -> bool {
    // A model, or an interpreter, would only see the same again.
    if cfg!(any(loom, shuttle, miri)) {
        return false;
    }
    let start = Instant::now();
    loop {
        for _ in 0..16 {
            if done() || resume_one() || run_one() {
                return true;
            }
            core::hint::spin_loop();
        }
        if start.elapsed() >= SPIN {
            return false;
        }
        // Nobody relies on this thread to be looking; others may need its core, to come to an end.
        thread::yield_now();
    }
}

/// Waits for a task, asleep where there is nothing to do.
fn sleep_for<T: Send + 'static>(task: Task<T>) -> Result<T> {
    let waker = Waker::from(WakerArc::new(Unpark(thread::current())));
    let mut future = task.into_future();
    let (mut hopeless, mut has_run) = (false, false);
    loop {
        if let Poll::Ready(outcome) = Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
            break outcome;
        }
        if resume_one() || run_one() {
            (hopeless, has_run) = (false, true);
            continue;
        }
        if future.waits_for_itself() {
            break Err(Error::of_kind(
                ErrorKind::Deadlock,
                "a wait for work that goes on below it on the same stack, and only after it",
            ));
        }
        // Where there was something there may soon be more.
        if std::mem::take(&mut has_run) && look_for_a_while(|| future.is_done()) {
            has_run = true;
            continue;
        }
        // Twice in a row, with a look at everything in between.
        let before = std::mem::replace(&mut hopeless, rest() == Outlook::Never);
        if before && hopeless {
            break Err(nothing_left());
        }
    }
}

/// Who has to do with what a thread waits for.
enum Party<'a> {
    /// A main queue that the thread dispatches.
    Main(&'a dyn Help),
    /// A context whose work it can run.
    Context(&'a dyn Help),
    /// A context whose work others run.
    Others,
}

/// Calls `visit` with all that have to do with waits on this thread, until it says `false`; always in the same order.
fn parties(mut visit: impl FnMut(Party<'_>) -> bool) {
    let mut go_on = true;
    Main::each_entered(|main, attendant| {
        let helper = main.worker().and_then(Worker::help);
        go_on = go_on && visit(Party::Main(attendant)) && visit(helper.map_or(Party::Others, Party::Context));
        go_on
    });
    if go_on {
        frames::current().helpers(|helper| go_on = go_on && visit(Party::Context(helper)));
    }
}

/// Runs one piece of work that waits for this thread.
fn run_one() -> bool {
    let mut ran = false;
    Main::each_entered(|main, attendant| {
        ran = match main.worker().and_then(Worker::help) {
            Some(helper) => helper.run_one_or(&mut || attendant.run_one()),
            None => attendant.run_one(),
        };
        !ran
    });
    if !ran {
        frames::current().helpers(|helper| ran = ran || helper.run_one());
    }
    ran
}

/// How many were asked before the thread parked, and are to be told that it is up again: also when one of them panics.
struct Asked(usize);

impl Drop for Asked {
    fn drop(&mut self) {
        parties(|party| {
            match party {
                Party::Main(helper) | Party::Context(helper) if self.0 > 0 => {
                    self.0 -= 1;
                    if std::thread::panicking() {
                        quietly(|| helper.after_park());
                    } else {
                        helper.after_park();
                    }
                }
                _ => {}
            }
            self.0 > 0
        });
    }
}

/// Parks the thread until it is woken, unless there is work for it, or never will be.
fn rest() -> Outlook {
    let (mut asked, mut work, mut never, mut others) = (Asked(0), false, false, false);
    parties(|party| {
        let (said, is_main) = match party {
            Party::Main(helper) => (helper.before_park(), true),
            Party::Context(helper) => (helper.before_park(), false),
            Party::Others => {
                others = true;
                return true;
            }
        };
        match said {
            Outlook::Sleep => others |= !is_main,
            Outlook::Work => work = true,
            Outlook::Never => never = true,
        }
        asked.0 += usize::from(!work);
        !work
    });
    match never {
        _ if work => Outlook::Work,
        true if others => {
            // What others do may end up where nobody would wake this thread for it.
            thread::yield_now();
            Outlook::Work
        }
        true => Outlook::Never,
        false => {
            thread::park();
            Outlook::Sleep
        }
    }
}
