//! loom's threads, with a parking of their own.
//!
//! loom 0.7 keeps an `unpark` that comes before its `park` in the thread's state, where it is lost as soon as another
//! thread releases a lock that this one has used last; and one that comes later ends whatever the thread blocks on
//! meanwhile, a join too. Correct code then hangs, or fails an assertion of loom's. Here the token is an object of its
//! own, which also wakes once without cause, as the real ones may.

use std::fmt;
use std::sync::Arc;

use loom::sync::Notify;

pub use loom::thread::{Builder, JoinHandle, ThreadId, spawn, yield_now};

loom::thread_local! {
    static TOKEN: Arc<Notify> = Arc::new(Notify::new());
}

/// A handle of a thread.
#[derive(Clone)]
pub struct Thread {
    id: ThreadId,
    token: Arc<Notify>,
}

impl Thread {
    /// Which thread it is.
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Makes the thread's next `park`, or the one that it is in, return.
    pub fn unpark(&self) {
        self.token.notify();
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The calling thread.
pub fn current() -> Thread {
    Thread { id: loom::thread::current().id(), token: TOKEN.with(Arc::clone) }
}

/// Blocks the calling thread until it is unparked, or for once without cause.
pub fn park() {
    TOKEN.with(Arc::clone).wait();
}
