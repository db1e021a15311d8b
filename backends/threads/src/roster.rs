//! The threads of a pool: who is there, who has left, and who waits for that.

use std::cell::Cell;
use std::ptr::null;

use threadbare::{Promise, promise};

use crate::sync::{Mutex, thread};
use crate::thread::{PoolThread, Spawn};

crate::sync::local! {
    /// The innermost of this thread's stays.
    static STAY: Cell<*const Stay> = Cell::new(null());
}

/// A thread's being one of a pool's, on that thread's stack: a guest may belong to several at a time.
struct Stay {
    /// Which roster's; an address to compare, nothing more.
    roster: usize,
    place: usize,
    outer: *const Stay,
}

/// Puts the outer stay back, also when the inner one unwinds.
struct Leave(*const Stay);

impl Drop for Leave {
    fn drop(&mut self) {
        STAY.with(|stay| stay.set(self.0));
    }
}

/// The threads of a pool. It stays where it is for as long as there are any.
pub(crate) struct Roster(Mutex<Members>);

struct Members {
    at_work: usize,
    joining: Vec<Promise<()>>,
    handles: Vec<thread::JoinHandle<()>>,
}

impl Roster {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Members { at_work: 0, joining: Vec::new(), handles: Vec::new() }))
    }

    /// Starts a thread. Its main function, called with whether it is one, must [`leave`](Roster::leave) in the end.
    pub(crate) fn hire(
        &self,
        mut thread: PoolThread,
        spawn: &mut Spawn,
        main: impl FnOnce(bool) + Send + 'static,
    ) -> std::io::Result<()> {
        // Counted before it starts, since it may be done before we come to write it down.
        self.enter();
        thread.set_main(main);
        let handle = spawn(thread)?;
        self.0.with(|members| members.handles.extend(handle));
        Ok(())
    }

    /// A thread is counted: who joins waits for it to [`leave`](Roster::leave).
    pub(crate) fn enter(&self) {
        self.0.with(|members| members.at_work += 1);
    }

    /// Does a counted thread's work, as one of these, in a place.
    pub(crate) fn attend<R>(&self, place: usize, work: impl FnOnce() -> R) -> R {
        let stay = Stay { roster: self.key(), place, outer: STAY.with(Cell::get) };
        let _leave = Leave(STAY.with(|innermost| innermost.replace(&raw const stay)));
        work()
    }

    /// The calling thread is counted no more. It then runs no code of the user's but what joins it.
    pub(crate) fn leave(&self) {
        let joining = self.0.with(|members| {
            members.at_work -= 1;
            if members.at_work == 0 { std::mem::take(&mut members.joining) } else { Vec::new() }
        });
        for promise in joining {
            promise.resolve(());
        }
    }

    /// Is the calling thread one of these?
    pub(crate) fn has_me(&self) -> bool {
        self.place().is_some()
    }

    /// The place of the calling thread, the innermost, if it is one of these.
    pub(crate) fn place(&self) -> Option<usize> {
        let mut next = STAY.try_with(Cell::get).unwrap_or(null());
        // SAFETY: `attend` lists a stay for as long as it stands on this thread's stack, below the caller.
        while let Some(stay) = unsafe { next.as_ref() } {
            if stay.roster == self.key() {
                return Some(stay.place);
            }
            next = stay.outer;
        }
        None
    }

    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Waits until all threads have left, unless the calling thread is one of them. Meanwhile it helps as waits do.
    pub(crate) fn join(&self) {
        if self.has_me() {
            return;
        }
        let all_left = self.0.with(|members| {
            (members.at_work > 0).then(|| {
                let (promise, all_left) = promise();
                members.joining.push(promise);
                all_left
            })
        });
        if let Some(all_left) = all_left {
            // It cannot be rejected: the last thread to leave resolves it.
            _ = all_left.wait();
        }
        let handles = self.0.with(|members| std::mem::take(&mut members.handles));
        for handle in handles {
            // A thread that panicked has reported so; there is nothing of it left to wait for.
            _ = handle.join();
        }
    }
}
