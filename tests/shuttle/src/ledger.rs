//! What became of each job.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use threadbare::{ErrorKind, Immediate, Result, Schedule, Task};
use threadbare_threads::StatefulPool;

use crate::schedules;

/// Books on jobs: each must settle, once; with a value if it was run, with `Closed` if not; what it has captured must go,
/// once; and none may start when the books say that its pool has closed.
///
/// Its own lock is std's, so that keeping books is no step of a schedule.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    jobs: Vec<Entry>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Entry {
    started: usize,
    dropped: usize,
    /// `None` is a value.
    settled: Vec<Option<ErrorKind>>,
}

/// What a job's closure captures.
struct Job {
    ledger: Ledger,
    place: usize,
}

impl Job {
    fn start(&self) {
        let mut books = self.ledger.books();
        assert!(!books.closed, "a job was run when its pool had closed");
        books.jobs[self.place].started += 1;
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.ledger.books().jobs[self.place].dropped += 1;
    }
}

impl Ledger {
    /// Empty ones.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // What was asserted under it has failed, and says more than what comes after it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> (Job, usize) {
        let mut books = self.books();
        books.jobs.push(Entry::default());
        let place = books.jobs.len() - 1;
        (Job { ledger: self.clone(), place }, place)
    }

    fn watch<T: Send + 'static>(&self, place: usize, task: Task<T>) -> Task<T> {
        let ledger = self.clone();
        task.then(&Immediate, move |outcome: Result<T>| {
            let error = outcome.as_ref().err().map(threadbare::Error::kind);
            ledger.books().jobs[place].settled.push(error);
            outcome
        })
    }

    /// Runs a job, as [`threadbare::run`] does.
    pub fn run<T: Send + 'static>(&self, queue: &impl Schedule, work: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        let (job, place) = self.open();
        let task = threadbare::run(queue, move || {
            job.start();
            work()
        });
        self.watch(place, task)
    }

    /// Makes a call, as [`StatefulPool::call`] does.
    pub fn call<S: 'static, T: Send + 'static>(
        &self,
        pool: &StatefulPool<S>,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Task<T> {
        let (job, place) = self.open();
        let task = pool.call(move |state| {
            job.start();
            work(state)
        });
        self.watch(place, task)
    }

    /// A close has returned, on a thread that waits for it: no job may start from here on.
    pub fn close(&self) {
        self.books().closed = true;
    }

    /// All is over: how many jobs were run, and how many rejected.
    ///
    /// # Panics
    ///
    /// If the books are wrong.
    pub fn balance(&self) -> (usize, usize) {
        self.balance_with(ErrorKind::Closed)
    }

    /// As [`balance`](Ledger::balance), where jobs may have been rejected with this error as well.
    ///
    /// # Panics
    ///
    /// If the books are wrong.
    pub fn balance_with(&self, other: ErrorKind) -> (usize, usize) {
        let books = self.books();
        for (place, job) in books.jobs.iter().enumerate() {
            let right = match job.settled[..] {
                [None] => job.started == 1,
                [Some(kind)] => job.started == 0 && (kind == ErrorKind::Closed || kind == other),
                _ => false,
            };
            assert!(right && job.dropped == 1, "job {place} of {}: {job:?}", books.jobs.len());
        }
        let run = books.jobs.iter().filter(|job| job.started == 1).count();
        schedules::count(run, books.jobs.len() - run)
    }
}
