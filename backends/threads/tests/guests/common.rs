//! What the tests share: pools of guests, and a watch over hangs.

use std::sync::Once;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::ThreadId;
use std::time::Duration;

use threadbare::{Result, Task, Worker, run};
use threadbare_threads::ThreadPool;

/// A pool with so many threads, and room for so many guests, that goes to sleep at once.
pub(crate) fn pool(threads: usize, guests: usize) -> ThreadPool {
    let pool = ThreadPool::builder().threads(threads).guests(guests).spin(Duration::ZERO);
    pool.build().expect("the settings make sense")
}

pub(crate) fn me() -> ThreadId {
    std::thread::current().id()
}

/// The outcome of a task that must have settled.
pub(crate) fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().unwrap_or_else(|task| panic!("it must have settled: {task:?}"))
}

/// Has the calling thread been given back by the pool? Nothing for the pool runs at once then.
pub(crate) fn is_outside(worker: &Worker) -> bool {
    !Task::resolved(()).map(worker, |()| ()).is_settled()
}

/// Runs this many at the same time: each waits until all are running.
pub(crate) fn at_once(worker: &Worker, many: usize) -> Vec<ThreadId> {
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(many));
    let tasks = (0..many).map(|_| {
        let barrier = barrier.clone();
        run(worker, move || {
            barrier.wait();
            me()
        })
    });
    let tasks: Vec<_> = tasks.collect();
    tasks.into_iter().map(|task| task.wait().expect("it runs")).collect()
}

/// Aborts the process unless it is dropped in time.
#[must_use = "it watches until it is dropped"]
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

/// Watches over a test from now on. Panics that are on purpose are not printed.
pub(crate) fn watchdog(test: &'static str) -> Watchdog {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        _ = threadbare::set_error_hook(|_| {});
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().downcast_ref::<&str>().is_some_and(|message| message.contains("on purpose")) {
                print(info);
            }
        }));
    });
    let (alive, watched) = channel();
    std::thread::spawn(move || {
        // Nothing is decided by this but that a test hangs.
        if watched.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{test} hangs");
            std::process::abort();
        }
    });
    Watchdog { _alive: alive }
}
