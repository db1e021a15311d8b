//! What programs leave behind: which closures ran and were dropped, where, and what is still alive.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicU8, AtomicUsize, Ordering::SeqCst};

use threadbare::{Error, ErrorKind, NoneResolved};

/// Which thread something happened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Seat {
    Elsewhere,
    Driver,
    Worker,
    Pool,
}

thread_local! {
    static SEAT: Cell<Seat> = const { Cell::new(Seat::Elsewhere) };
}

impl Seat {
    /// The calling thread is this one, for good.
    pub(crate) fn take(self) {
        SEAT.set(self);
    }
}

/// What became of a closure.
#[derive(Default)]
pub(crate) struct Record {
    runs: AtomicUsize,
    drops: AtomicUsize,
    ran_on: AtomicU8,
    dropped_on: AtomicU8,
}

impl Record {
    pub(crate) fn runs(&self) -> usize {
        self.runs.load(SeqCst)
    }

    pub(crate) fn drops(&self) -> usize {
        self.drops.load(SeqCst)
    }

    pub(crate) fn ran_on(&self, seat: Seat) -> bool {
        self.ran_on.load(SeqCst) == seat as u8
    }

    pub(crate) fn dropped_on(&self, seat: Seat) -> bool {
        self.dropped_on.load(SeqCst) == seat as u8
    }
}

/// What became of a program's closures and values.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) closures: Vec<Record>,
    alive: AtomicIsize,
}

impl Records {
    pub(crate) fn new(ids: usize) -> Arc<Self> {
        Arc::new(Self { closures: (0..ids).map(|_| Record::default()).collect(), alive: AtomicIsize::new(0) })
    }

    /// How many values and errors are alive.
    pub(crate) fn alive(&self) -> isize {
        self.alive.load(SeqCst)
    }
}

/// Captured by a closure: it says when that runs and is dropped.
pub(crate) struct Probe {
    records: Arc<Records>,
    id: usize,
}

impl Probe {
    pub(crate) fn new(records: &Arc<Records>, id: usize) -> Self {
        Self { records: Arc::clone(records), id }
    }

    pub(crate) fn ran(&self) {
        let record = &self.records.closures[self.id];
        record.runs.fetch_add(1, SeqCst);
        record.ran_on.store(SEAT.get() as u8, SeqCst);
    }

    pub(crate) fn records(&self) -> &Arc<Records> {
        &self.records
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let record = &self.records.closures[self.id];
        record.dropped_on.store(SEAT.get() as u8, SeqCst);
        record.drops.fetch_add(1, SeqCst);
    }
}

/// Counts itself among what is alive.
struct Alive(Arc<Records>);

impl Alive {
    fn new(records: &Arc<Records>) -> Self {
        records.alive.fetch_add(1, SeqCst);
        Self(Arc::clone(records))
    }
}

impl Clone for Alive {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

/// What tasks settle with.
#[derive(Clone)]
pub(crate) struct Value {
    pub(crate) number: u32,
    _alive: Alive,
}

impl Value {
    pub(crate) fn new(records: &Arc<Records>, number: u32) -> Self {
        Self { number, _alive: Alive::new(records) }
    }
}

/// The error of a closure.
pub(crate) struct Failure {
    id: usize,
    _alive: Alive,
}

impl Failure {
    pub(crate) fn new(records: &Arc<Records>, id: usize) -> Self {
        Self { id, _alive: Alive::new(records) }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failure {}", self.id)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl core::error::Error for Failure {}

/// What an error is, as far as the model knows errors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flaw {
    Abandoned,
    Closed,
    TimedOut,
    /// By whom.
    Failed(usize),
    Panicked(usize),
    /// Of how many.
    NoneResolved(usize),
    EmptyRace,
    /// None that the model knows.
    Odd(String),
}

/// What a task settles with, as far as the model knows.
pub(crate) type Outcome = Result<u32, Flaw>;

/// The panic of a closure: to be found again by [`Flaw::of`].
pub(crate) fn panic_message(id: usize) -> String {
    format!("closure {id} panics on purpose")
}

impl Flaw {
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Abandoned => Flaw::Abandoned,
            ErrorKind::Closed => Flaw::Closed,
            ErrorKind::TimedOut => Flaw::TimedOut,
            ErrorKind::Panicked => {
                let text = error.to_string();
                let id = text.rsplit_once("closure ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
                id.map_or(Flaw::Odd(text), Flaw::Panicked)
            }
            _ => {
                if let Some(failure) = error.downcast_ref::<Failure>() {
                    Flaw::Failed(failure.id)
                } else if let Some(none) = error.downcast_ref::<NoneResolved>() {
                    Flaw::NoneResolved(none.errors().len())
                } else if error.to_string() == "a race of no tasks" {
                    Flaw::EmptyRace
                } else {
                    Flaw::Odd(format!("{:?}: {error:?}", error.kind()))
                }
            }
        }
    }

    /// A number for closures that see it.
    pub(crate) fn number(&self) -> u32 {
        let (kind, id) = match self {
            Flaw::Abandoned => (1, 0),
            Flaw::Closed => (2, 0),
            Flaw::TimedOut => (3, 0),
            Flaw::Failed(id) => (4, *id),
            Flaw::Panicked(id) => (5, *id),
            Flaw::NoneResolved(inputs) => (6, *inputs),
            Flaw::EmptyRace => (7, 0),
            Flaw::Odd(_) => (8, 0),
        };
        1_000_000 + kind * 10_000 + id as u32
    }
}

/// What a closure sees of an outcome.
pub(crate) fn seen(outcome: &Outcome) -> u32 {
    outcome.as_ref().map_or_else(Flaw::number, |number| *number)
}

/// The value that a closure makes of what it has seen.
pub(crate) fn mix(seen: u32, id: usize) -> u32 {
    seen.wrapping_mul(31).wrapping_add(id as u32 + 7)
}

/// The value of many.
pub(crate) fn fold(sum: u32, value: u32) -> u32 {
    sum.wrapping_mul(17).wrapping_add(value)
}
