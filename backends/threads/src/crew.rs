//! What the threads of a pool share, and what each of them does.

use std::collections::VecDeque;

use threadbare::{Error, Help, Inbox, Outlook, Refused, Runnable, TaskProcessor, Worker};

use crate::roster::Roster;
use crate::sleep::Sleep;
use crate::sync::{Arc, Mutex, thread};

/// A hook that runs on each thread, with the thread's index.
pub(crate) type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// What the threads of a pool share.
pub(crate) struct Crew {
    inbox: Inbox,
    /// Taken from the inbox, in order, and not yet run. A deque, since waits take the newest.
    ready: Mutex<VecDeque<Runnable>>,
    sleep: Sleep,
    roster: Roster,
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
}

impl Crew {
    pub(crate) fn new(on_start: Option<Hook>, on_stop: Option<Hook>) -> Self {
        Self {
            inbox: Inbox::new(),
            ready: Mutex::new(VecDeque::new()),
            sleep: Sleep::new(),
            roster: Roster::new(),
            on_start,
            on_stop,
        }
    }

    /// Starts a thread.
    pub(crate) fn hire(
        this: &Arc<Self>,
        index: usize,
        thread: thread::Builder,
        worker: &Worker,
    ) -> std::io::Result<()> {
        let (crew, worker) = (Arc::clone(this), worker.clone());
        this.roster.hire(thread, move || crew.roster.attend(|| crew.work(index, &worker)))
    }

    /// What a thread does.
    fn work(&self, index: usize, worker: &Worker) {
        call(self.on_start.as_ref(), index);
        worker.serve(|| {
            while let Some(runnable) = self.next().or_else(|| self.search()) {
                runnable.run();
            }
        });
        call(self.on_stop.as_ref(), index);
    }

    /// The next runnable: the oldest.
    fn next(&self) -> Option<Runnable> {
        self.ready.with(|ready| {
            if ready.is_empty() {
                ready.extend(self.inbox.take());
            }
            ready.pop_front()
        })
    }

    /// The runnable for a thread that waits: the newest, which is likely what it waits for, or part of that. The oldest
    /// would bury it under the largest pieces of work that there are.
    fn newest(&self) -> Option<Runnable> {
        self.ready.with(|ready| {
            ready.extend(self.inbox.take());
            ready.pop_back()
        })
    }

    fn has_work(&self) -> bool {
        !self.inbox.is_empty() || self.ready.with(|ready| !ready.is_empty())
    }

    /// Looks for a runnable, asleep if need be, until the pool is closed and there is none.
    fn search(&self) -> Option<Runnable> {
        self.sleep.start_searching();
        loop {
            let closing = self.sleep.is_closing();
            let found = self.next();
            if found.is_some() || closing {
                self.sleep.stop_searching(|| self.has_work());
                return found;
            }
            if self.sleep.sleep_from_search(|| self.has_work()) {
                thread::park();
                self.sleep.wake_to_search();
            }
        }
    }

    /// Lets no more in. What is queued is run, or else dropped unrun.
    pub(crate) fn close(&self, run: bool) {
        let rejected = self.ready.with(|ready| {
            ready.extend(self.inbox.close());
            if run { VecDeque::new() } else { std::mem::take(ready) }
        });
        self.sleep.close();
        drop(rejected);
    }

    /// Waits until all threads have left, as [`Roster::join`] does.
    pub(crate) fn join(&self) {
        self.roster.join();
    }
}

/// Calls a hook, on the thread that it is about.
pub(crate) fn call(hook: Option<&Hook>, index: usize) {
    if let Some(hook) = hook {
        // A hook that panics has been printed by the panic hook; the thread does its work all the same.
        _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hook(index)));
    }
}

impl TaskProcessor for Crew {
    fn start_task(&self, runnable: Runnable) {
        if let Err(refused) = self.try_start_task(runnable) {
            refused.reject();
        }
    }

    fn try_start_task(&self, runnable: Runnable) -> Result<(), Refused> {
        match self.inbox.push(runnable) {
            Ok(_) => {
                self.sleep.notify();
                Ok(())
            }
            Err(runnable) => Err(Refused { runnable, error: Error::closed("the pool is closed") }),
        }
    }

    fn is_current(&self) -> bool {
        self.roster.has_me()
    }

    fn help(&self) -> Option<&dyn Help> {
        self.is_current().then_some(self as &dyn Help)
    }
}

impl Help for Crew {
    fn run_one(&self) -> bool {
        let newest = self.newest();
        newest.map(Runnable::run).is_some()
    }

    fn before_park(&self) -> Outlook {
        if self.sleep.sleep_from_wait(|| self.has_work()) { Outlook::Sleep } else { Outlook::Work }
    }

    fn after_park(&self) {
        self.sleep.wake_from_wait(|| self.has_work());
    }
}
