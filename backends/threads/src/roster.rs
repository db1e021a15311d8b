//! The threads of a pool: who is there, who has left, and who waits for that.

use std::cell::Cell;

use threadbare::{Promise, promise};

use crate::sync::{Mutex, thread};

crate::sync::local! {
    /// On which roster this thread is; an address to compare, nothing more.
    static MEMBER_OF: Cell<usize> = Cell::new(0);
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

    /// Starts a thread, whose main function must [`attend`](Roster::attend).
    pub(crate) fn hire(&self, thread: thread::Builder, main: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        // Counted before it starts, since it may be done before we come to write it down.
        self.0.with(|members| members.at_work += 1);
        let spawned = thread.spawn(main);
        self.0.with(|members| match spawned {
            Ok(handle) => {
                members.handles.push(handle);
                Ok(())
            }
            Err(error) => {
                members.at_work -= 1;
                Err(error)
            }
        })
    }

    /// What a hired thread does, all of it: who joins waits for its end.
    pub(crate) fn attend(&self, work: impl FnOnce()) {
        MEMBER_OF.with(|roster| roster.set(self.key()));
        work();
        // From here on it runs no code of the user's but what joins it.
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
        MEMBER_OF.with(|roster| roster.get() == self.key())
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
