//! The systems that the tests run on.

use std::cell::Cell;
use std::sync::Arc;

use threadbare::{AsyncSystem, Batch, Inbox, MainThread, Runnable, TaskProcessor, Worker};
use threadbare_single_thread::SingleThread;
use threadbare_threads::ThreadPool;

use crate::probe::Scope;

/// A system under test.
pub trait System: Send + Sync + 'static {
    /// Starts it.
    fn start() -> Self;

    /// Its worker and main thread.
    fn system(&self) -> &AsyncSystem;

    /// Its worker.
    fn worker(&self) -> &Worker {
        self.system().worker()
    }

    /// Runs what is queued for its worker, if that is the caller's business; returns whether there was something.
    fn turn(&self) -> bool;

    /// Runs what is queued on the main thread, which is this one: main work, and what [`turn`](System::turn) runs, in the
    /// system's own order if it has one.
    fn turn_with(&self, here: &MainThread) {
        Scope::Main.enter(|| here.dispatch());
        self.turn();
    }

    /// Does its work run on the thread that calls [`turn`](System::turn)?
    const POLLED: bool;

    /// Can it drop what is queued instead of running it?
    const CLOSES_NOW: bool = true;

    /// Lets nothing in any more. What is queued is run (unless `now`) or dropped before this returns, or else (if
    /// `POLLED`) by the next turn.
    fn close(&self, now: bool);
}

/// What a polled system has for a processor: an inbox, and whoever polls it.
#[derive(Clone, Default)]
pub struct PolledProcessor(Arc<Inbox>);

impl PolledProcessor {
    /// Runs what is queued; `false` if that is nothing.
    pub fn turn(&self) -> bool {
        self.take().map(Runnable::run).count() > 0
    }

    /// What is queued.
    pub fn take(&self) -> Batch {
        self.0.take()
    }
}

impl TaskProcessor for PolledProcessor {
    fn start_task(&self, runnable: Runnable) {
        // A closed inbox gives it back, and dropping it rejects its task.
        self.0.push(runnable).ok();
    }

    fn release(&self) {
        drop(self.0.close());
    }
}

/// A system whose work runs when the test polls it, as a host would write one in ten lines: a turn runs what was queued
/// before it, in order, and nothing else does. It does not help in waits, so a wait on it runs main work alone.
pub struct Polled {
    system: AsyncSystem,
    inbox: Arc<Inbox>,
}

impl System for Polled {
    fn start() -> Self {
        let processor = PolledProcessor::default();
        let inbox = Arc::clone(&processor.0);
        Self { system: AsyncSystem::new(processor), inbox }
    }

    fn system(&self) -> &AsyncSystem {
        &self.system
    }

    fn turn(&self) -> bool {
        let batch = self.inbox.take();
        let any = !batch.is_empty();
        Scope::Worker.enter(|| batch.for_each(Runnable::run));
        any
    }

    const POLLED: bool = true;

    fn close(&self, now: bool) {
        let left = self.inbox.close();
        if !now {
            Scope::Worker.enter(|| left.for_each(Runnable::run));
        }
    }
}

/// A system on the single-thread backend.
pub struct Single<const SEEDED: bool> {
    system: AsyncSystem,
    single: SingleThread,
}

/// A system on the single-thread backend, in the order in which work is queued.
pub type OneThread = Single<false>;
/// A system on the single-thread backend, in the order of a seed: see [`each_seed`].
pub type Seeded = Single<true>;

/// How many orders a test sees.
const SEEDS: u64 = if cfg!(miri) { 1 } else { 4 };

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
}

/// Runs a test under a few seeds, and says under which it has failed.
pub fn each_seed(test: fn()) {
    /// Dropped while the test's panic passes.
    struct Blame(u64);
    impl Drop for Blame {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("with seed {}", self.0);
            }
        }
    }
    for seed in 0..SEEDS {
        let _blame = Blame(seed);
        SEED.set(seed);
        test();
    }
}

impl<const SEEDED: bool> System for Single<SEEDED> {
    fn start() -> Self {
        // By itself its world is closed: a wait that finds nothing to run says so and ends. In these tests there are other
        // threads that settle and wake, so a wait has to look again.
        let builder = SingleThread::builder().on_idle(|_| std::thread::yield_now());
        let single = if SEEDED { builder.seed(SEED.get()) } else { builder }.build();
        Self { system: AsyncSystem::new(single.clone()), single }
    }

    fn system(&self) -> &AsyncSystem {
        &self.system
    }

    fn turn(&self) -> bool {
        Scope::Worker.enter(|| self.single.run_until_idle()) > 0
    }

    fn turn_with(&self, here: &MainThread) {
        let backend = self.single.help().expect("it helps on whichever thread polls");
        let mut main = || Scope::Main.enter(|| here.dispatch_one());
        while Scope::Worker.enter(|| backend.run_one_or(&mut main)) {}
    }

    const POLLED: bool = true;

    fn close(&self, now: bool) {
        if now {
            self.single.close_now();
        } else {
            Scope::Worker.enter(|| self.single.close());
        }
    }
}

/// A system on a pool of so many threads.
pub struct Pool<const THREADS: usize> {
    system: AsyncSystem,
    pool: ThreadPool,
}

/// A system on a pool of one thread.
pub type OnePool = Pool<1>;
/// A system on a pool of two threads.
pub type TwoPool = Pool<2>;

impl<const THREADS: usize> System for Pool<THREADS> {
    fn start() -> Self {
        let pool = ThreadPool::builder().threads(THREADS).on_start(|_| Scope::Worker.stay()).build();
        let pool = pool.expect("the machine has a few threads to give");
        Self { system: AsyncSystem::new(pool.clone()), pool }
    }

    fn system(&self) -> &AsyncSystem {
        &self.system
    }

    fn turn(&self) -> bool {
        false
    }

    const POLLED: bool = false;

    fn close(&self, now: bool) {
        if now {
            self.pool.close_now();
        } else {
            self.pool.close();
        }
    }
}
