//! Probes: they say where a closure ran, where it was dropped, and how often.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

/// What the host was doing on a thread when something was recorded there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nothing: the code stands outside of every context.
    Outside,
    /// Running a system's worker.
    Worker,
    /// Dispatching the main thread.
    Main,
    /// Running the render queue.
    Render,
}

thread_local! {
    static SCOPE: Cell<Scope> = const { Cell::new(Scope::Outside) };
}

impl Scope {
    /// The calling thread's scope.
    pub fn here() -> Self {
        SCOPE.get()
    }

    /// Calls `f` in this scope.
    pub fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        let outer = SCOPE.replace(self);
        let result = f();
        SCOPE.set(outer);
        result
    }

    /// Puts the calling thread into this scope for good.
    pub fn stay(self) {
        SCOPE.set(self);
    }
}

/// Where something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// On which thread.
    pub thread: ThreadId,
    /// In which scope of it.
    pub scope: Scope,
}

impl Place {
    /// Where the caller is.
    pub fn here() -> Self {
        Self { thread: std::thread::current().id(), scope: Scope::here() }
    }
}

/// What was recorded of one closure.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Records>>);

#[derive(Debug, Default)]
struct Records {
    runs: Vec<Place>,
    polls: Vec<Place>,
    drops: Vec<Place>,
}

impl Log {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// A probe that writes to this log, to be captured by the closure.
    pub fn probe(&self) -> Probe {
        Probe(self.clone())
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the closure ran.
    pub fn runs(&self) -> Vec<Place> {
        self.records().runs.clone()
    }

    /// Where the closure's future was polled.
    pub fn polls(&self) -> Vec<Place> {
        self.records().polls.clone()
    }

    /// Where the closure was dropped, or the future that it became.
    pub fn drops(&self) -> Vec<Place> {
        self.records().drops.clone()
    }
}

/// Captured by a closure, it records where that runs and where it is dropped.
#[derive(Debug)]
pub struct Probe(Log);

impl Probe {
    /// The closure runs.
    pub fn run(&self) {
        self.0.records().runs.push(Place::here());
    }

    /// The closure's future is polled.
    pub fn poll(&self) {
        self.0.records().polls.push(Place::here());
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.records().drops.push(Place::here());
    }
}

/// Counts how many of its clones were made and are not dropped yet.
#[derive(Debug, Default)]
pub struct DropCount(Arc<AtomicUsize>);

impl DropCount {
    /// The first one, which does not count.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many clones there are.
    pub fn alive(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }

    /// How often [`hit`](DropCount::hit) was called on it or a clone.
    pub fn hits(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Counts.
    pub fn hit(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Clone for DropCount {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Panics when it is dropped, unless its thread is panicking.
#[derive(Debug)]
pub struct Bomb(pub &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("{}", self.0);
        }
    }
}
