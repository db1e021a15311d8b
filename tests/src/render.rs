//! A context of a user's own, in a few safe lines.

use std::sync::Arc;

use concurrent_queue::ConcurrentQueue;
use threadbare::{Runnable, Schedule};

use crate::probe::Scope;

/// A render thread's queue.
#[derive(Clone, Debug)]
pub struct Render(Arc<ConcurrentQueue<Runnable>>);

impl Render {
    /// An empty queue.
    pub fn new() -> Self {
        Self(Arc::new(ConcurrentQueue::unbounded()))
    }

    /// Runs what is queued; returns how many.
    pub fn turn(&self) -> usize {
        Scope::Render.enter(|| self.0.try_iter().map(Runnable::run).count())
    }

    /// Lets nothing in any more, and drops what is queued.
    pub fn close(&self) {
        self.0.close();
        self.0.try_iter().for_each(drop);
    }
}

impl Default for Render {
    fn default() -> Self {
        Self::new()
    }
}

impl Schedule for Render {
    fn schedule(&self, runnable: Runnable) {
        // What a closed queue refuses is dropped, which rejects its task.
        self.0.push(runnable).ok();
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}
