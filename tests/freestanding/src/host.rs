//! The host: one thread, a queue of work that it polls, and a system on top.

use alloc::sync::Arc;
use core::cell::{Cell, RefCell};

use threadbare::{AsyncSystem, Batch, Help, Inbox, Main, MainThread, Outlook, Runnable, TaskProcessor, Worker};

use crate::memory::OneThread;

/// A task processor that runs its work when it is polled.
#[derive(Clone)]
pub(crate) struct Polled(Arc<Queue>);

struct Queue {
    inbox: Inbox,
    /// Taken from the inbox and not yet run.
    taken: OneThread<RefCell<Batch>>,
    /// Is the one thread at the processor's service right now?
    serving: OneThread<Cell<bool>>,
}

impl Polled {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Queue {
            inbox: Inbox::new(),
            taken: OneThread(RefCell::new(Batch::new())),
            serving: OneThread(Cell::new(false)),
        }))
    }

    /// Runs the processor's work until there is none; returns how many runnables it ran.
    pub(crate) fn poll(&self) -> usize {
        let mut ran = 0;
        while self.run_one() {
            ran += 1;
        }
        ran
    }

    /// Calls `f` with the thread at the processor's service: a wait in there runs its work.
    fn serve<R>(&self, f: impl FnOnce() -> R) -> R {
        let before = self.0.serving.0.replace(true);
        let result = f();
        self.0.serving.0.set(before);
        result
    }
}

impl TaskProcessor for Polled {
    fn start_task(&self, runnable: Runnable) {
        // A closed inbox gives it back, and dropping it rejects its task.
        drop(self.0.inbox.push(runnable));
    }

    fn help(&self) -> Option<&dyn Help> {
        self.0.serving.0.get().then_some(self as &dyn Help)
    }

    fn release(&self) {
        let taken = self.0.taken.0.take();
        drop((taken, self.0.inbox.close()));
    }
}

impl Help for Polled {
    fn run_one(&self) -> bool {
        let next = {
            let mut taken = self.0.taken.0.borrow_mut();
            if taken.is_empty() {
                *taken = self.0.inbox.take();
            }
            taken.next()
        };
        next.map(Runnable::run).is_some()
    }

    fn before_park(&self) -> Outlook {
        Outlook::Work
    }

    fn after_park(&self) {}
}

/// A system, the proof of being on its main thread, and the processor to poll.
pub(crate) struct Rig {
    pub(crate) here: MainThread,
    system: AsyncSystem,
    processor: Polled,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let processor = Polled::new();
        let system = AsyncSystem::new(processor.clone());
        match system.main().enter() {
            Some(here) => Self { here, system, processor },
            None => unreachable!("nobody else can have entered"),
        }
    }

    pub(crate) fn worker(&self) -> &Worker {
        self.system.worker()
    }

    pub(crate) fn main(&self) -> &Main {
        self.system.main()
    }

    /// Runs the processor's work until there is none; returns how many runnables it ran.
    pub(crate) fn poll(&self) -> usize {
        self.processor.poll()
    }

    /// Runs everything there is to run, for the processor and for the main thread.
    pub(crate) fn run_all(&self) {
        while self.poll() + self.here.dispatch() > 0 {}
    }

    /// Calls `f` with this thread at the processor's service.
    pub(crate) fn serve<R>(&self, f: impl FnOnce() -> R) -> R {
        self.processor.serve(f)
    }

    /// The end of the system, and of the main thread's stay.
    pub(crate) fn take_down(self) {
        let Self { here, system, processor } = self;
        drop(system);
        drop(here);
        drop(processor);
    }
}
