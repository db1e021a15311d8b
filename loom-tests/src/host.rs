//! What a host would supply.

use std::sync::atomic::{AtomicUsize, Ordering};

use loom::sync::Arc;
use threadbare::{Inbox, Runnable, Schedule, Task, TaskProcessor, run};

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
