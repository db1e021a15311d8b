//! Values whose misuse shows: read or dropped without order, leaked, dropped twice.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use loom::alloc::Track;
use loom::cell::UnsafeCell;
use loom::thread::{self, ThreadId};

std::thread_local! {
    // loom runs all threads of a model on one thread of the operating system.
    static ALIVE: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
    static MADE: Cell<usize> = const { Cell::new(0) };
}

/// A new execution begins.
pub(crate) fn begin() {
    ALIVE.with_borrow_mut(BTreeSet::clear);
}

/// The model's main function is through.
pub(crate) fn end() {
    ALIVE.with_borrow(|alive| assert!(alive.is_empty(), "a value was leaked, or outlived its model"));
}

/// A number that is watched: read by a thread that was not handed it in order, dropped so, dropped twice or never, it
/// fails the model.
#[derive(Debug)]
pub struct Tracked {
    number: u32,
    made: usize,
    touched: UnsafeCell<()>,
    note: Option<Note>,
    _leaks: Track<()>,
}

// SAFETY: loom watches each access, and fails the model before one that is not ordered.
unsafe impl Sync for Tracked {}

impl Tracked {
    /// A watched number.
    pub fn new(number: u32) -> Self {
        let made = MADE.replace(MADE.get() + 1);
        ALIVE.with_borrow_mut(|alive| alive.insert(made));
        Self { number, made, touched: UnsafeCell::new(()), note: None, _leaks: Track::new(()) }
    }

    /// Writes down who drops it.
    pub fn noting(mut self, note: &Note) -> Self {
        self.note = Some(note.clone());
        self
    }

    /// The number.
    pub fn number(&self) -> u32 {
        self.touched.with(|_| self.number)
    }
}

/// Another watched value with the same number, without the note.
impl Clone for Tracked {
    fn clone(&self) -> Self {
        Self::new(self.number())
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        // A model that has failed is torn down thread by thread, outside of loom.
        if std::thread::panicking() {
            return;
        }
        self.touched.with_mut(|_| {});
        assert!(ALIVE.with_borrow_mut(|alive| alive.remove(&self.made)), "a value was dropped twice");
        if let Some(note) = &self.note {
            note.sign();
        }
    }
}

/// Which thread did something that is done once. It orders nothing between threads.
#[derive(Clone, Debug, Default)]
pub struct Note(Arc<Mutex<Option<ThreadId>>>);

impl Note {
    /// It was this thread.
    pub fn sign(&self) {
        let before = self.0.lock().expect("nothing panics in here").replace(thread::current().id());
        assert!(before.is_none(), "done twice: by {before:?}, then by {:?}", thread::current().id());
    }

    /// Whether it was done.
    pub fn is_signed(&self) -> bool {
        self.0.lock().expect("nothing panics in here").is_some()
    }

    /// Whether it was done by the calling thread.
    pub fn is_mine(&self) -> bool {
        *self.0.lock().expect("nothing panics in here") == Some(thread::current().id())
    }
}

/// Plain memory that threads share: who reads or writes it must have been put in order by something else.
#[derive(Clone, Debug)]
pub struct Plain(Arc<Place>);

#[derive(Debug)]
struct Place(UnsafeCell<u32>);

// SAFETY: loom watches each access, and fails the model before one that is not ordered.
unsafe impl Sync for Place {}

impl Plain {
    /// Memory that holds `number`.
    pub fn new(number: u32) -> Self {
        Self(Arc::new(Place(UnsafeCell::new(number))))
    }

    /// Writes it.
    pub fn set(&self, number: u32) {
        // SAFETY: loom has checked the order of the access.
        self.0.0.with_mut(|place| unsafe { *place = number });
    }

    /// Reads it.
    pub fn get(&self) -> u32 {
        // SAFETY: loom has checked the order of the access.
        self.0.0.with(|place| unsafe { *place })
    }
}
