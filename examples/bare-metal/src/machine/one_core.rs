//! One core: the single-thread backend, on the board's clock, asleep while there is nothing to do.

use threadbare::{Main, MainThread, Result, Task, Worker};
use threadbare_single_thread::{Host, SingleThread};

use super::{Platform, ROOM};
use crate::{ambush, board};

/// Worker, main thread and timers on the core that there is.
pub(crate) struct Machine(Host);

impl Machine {
    pub(crate) fn new() -> Self {
        let backend = SingleThread::builder()
            .capacity::<ROOM>()
            .clock(board::now)
            .on_idle(|next| {
                ambush::worst_moment();
                board::sleep(next.map(|wait| board::now() + wait));
            })
            .build();
        Self(backend.host())
    }
}

impl Platform for Machine {
    type Clock = SingleThread;

    const HANDS: usize = 1;

    fn worker(&self) -> &Worker {
        self.0.worker()
    }

    fn main(&self) -> &Main {
        self.0.main()
    }

    fn here(&self) -> &MainThread {
        self.0.here()
    }

    fn clock(&self) -> &SingleThread {
        self.0.single()
    }

    fn wait<T: Send + 'static>(&self, task: Task<T>) -> Result<T> {
        self.0.wait(task)
    }

    fn hold<R>(&self, f: impl FnOnce() -> R) -> R {
        // Nobody does but a wait or a poll.
        f()
    }

    fn close(self) {}
}
