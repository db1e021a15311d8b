//! What a host would supply.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use loom::sync::Arc;
use threadbare::{Clock, Inbox, Runnable, Schedule, Task, TaskProcessor, Timer, TimerInbox, run};

/// A queue of one's own: an inbox that whoever likes takes from.
#[derive(Debug)]
pub struct Belt {
    inbox: Arc<Inbox>,
    /// How often a handle was cloned. Not loom's, since it is no part of the model.
    clones: std::sync::Arc<AtomicUsize>,
}

impl Belt {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "a default would hide that it is made inside of a model")]
    pub fn new() -> Self {
        Self { inbox: Arc::new(Inbox::new()), clones: std::sync::Arc::default() }
    }

    /// What its handles refer to.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Runs what waits; returns how many.
    pub fn turn(&self) -> usize {
        self.inbox.take().map(Runnable::run).count()
    }

    /// How often a handle was cloned.
    pub fn clones(&self) -> usize {
        self.clones.load(Ordering::Relaxed)
    }
}

impl Clone for Belt {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Ordering::Relaxed);
        Self { inbox: self.inbox.clone(), clones: self.clones.clone() }
    }
}

impl Schedule for Belt {
    fn schedule(&self, runnable: Runnable) {
        drop(self.inbox.push(runnable));
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.inbox).addr()
    }
}

/// A runnable that is not queued yet, and its task.
pub fn work<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> (Runnable, Task<T>) {
    let belt = Belt::new();
    let task = run(&belt, f);
    let runnable = belt.inbox.take().next().expect("it was queued");
    (runnable, task)
}

/// A processor without threads, which refuses all work: for systems whose main thread alone matters.
#[derive(Debug)]
pub struct NoThreads;

impl TaskProcessor for NoThreads {
    fn start_task(&self, runnable: Runnable) {
        drop(runnable);
    }
}

/// A clock that stands still: its timers wait in an inbox for whoever takes them.
#[derive(Clone, Debug)]
pub struct Dial(Arc<TimerInbox>);

impl Dial {
    /// One with no timers.
    #[expect(clippy::new_without_default, reason = "a default would hide that it is made inside of a model")]
    pub fn new() -> Self {
        Self(Arc::new(TimerInbox::new()))
    }

    /// Where its timers are.
    pub fn inbox(&self) -> &TimerInbox {
        &self.0
    }

    /// A task of a second's delay, and its timer, which is in no inbox.
    pub fn second(&self) -> (Timer, Task<()>) {
        let task = self.delay(SECOND);
        (self.timer().expect("it was started"), task)
    }

    /// A task with a second's limit, and the timer of that.
    pub fn limited<T: Send + 'static>(&self, task: Task<T>) -> (Timer, Task<T>) {
        let task = self.timeout(task, SECOND);
        (self.timer().expect("it was started"), task)
    }

    /// The timer that waits, if one does.
    pub fn timer(&self) -> Option<Timer> {
        let mut timers = self.0.take();
        let timer = timers.next();
        assert!(timers.next().is_none(), "one at a time");
        timer
    }
}

impl Clock for Dial {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn start_timer(&self, timer: Timer) {
        drop(self.0.push(timer));
    }
}

const SECOND: Duration = Duration::from_secs(1);
