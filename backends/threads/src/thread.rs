//! A thread of a pool, before it is one.

use std::fmt;
use std::io;

use crate::sync::thread;

/// A thread that a pool wants, for a host that makes its threads itself: see [`Builder::spawn_with`](crate::Builder::spawn_with).
///
/// Dropped instead of [run](PoolThread::run), the pool does without it; a pool that has lost all its threads so closes, and
/// rejects what is queued.
#[must_use = "dropped, the pool does without this thread"]
pub struct PoolThread {
    index: usize,
    name: String,
    stack_size: Option<usize>,
    main: Option<Main>,
}

/// What the thread does, or, if told `false`, what it leaves behind.
type Main = Box<dyn FnOnce(bool) + Send>;

/// Starts a thread.
pub(crate) type Spawn = Box<dyn FnMut(PoolThread) -> io::Result<Option<thread::JoinHandle<()>>>>;

impl PoolThread {
    pub(crate) fn new(index: usize, name: String, stack_size: Option<usize>) -> Self {
        Self { index, name, stack_size, main: None }
    }

    pub(crate) fn set_main(&mut self, main: impl FnOnce(bool) + Send + 'static) {
        self.main = Some(Box::new(main));
    }

    /// Which of the pool's threads it is, from zero on.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// What it is to be called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes of stack it is to have, if the pool's owner has said.
    #[must_use]
    pub fn stack_size(&self) -> Option<usize> {
        self.stack_size
    }

    /// Is the thread: returns when the pool has closed, and all that was queued has run.
    pub fn run(mut self) {
        if let Some(main) = self.main.take() {
            main(true);
        }
    }

    /// Starts it as a thread of std's.
    pub(crate) fn spawn(self) -> io::Result<Option<thread::JoinHandle<()>>> {
        let thread = thread::Builder::new().name(self.name.clone());
        let thread = match self.stack_size {
            Some(bytes) => thread.stack_size(bytes),
            None => thread,
        };
        thread.spawn(move || self.run()).map(Some)
    }
}

impl Drop for PoolThread {
    fn drop(&mut self) {
        if let Some(main) = self.main.take() {
            main(false);
        }
    }
}

impl fmt::Debug for PoolThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolThread")
            .field("index", &self.index)
            .field("name", &self.name)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
