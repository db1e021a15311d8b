//! Values that belong to the main thread and are dropped there, wherever their holders are.

use alloc::boxed::Box;
use core::fmt;
use core::mem::ManuallyDrop;

use super::{Main, MainThread};
use crate::remains::Remains;
use crate::schedule::{Schedule, enqueue, sealed};

/// A value of the main thread that others may hold, pass on and drop, but not touch.
///
/// It is always `Send` and `Sync`. Only the main thread, which has the proof, gets at the value. Dropped elsewhere, it
/// goes to the main queue, and the value is dropped on the main thread when that dispatches; if the main thread has left
/// for good, the value is leaked rather than dropped on the wrong thread.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use threadbare::{AsyncSystem, Immediate, MainBound};
/// # struct Host; impl threadbare::TaskProcessor for Host { fn start_task(&self, r: threadbare::Runnable) { r.run() } }
///
/// let system = AsyncSystem::new(Host);
/// let here = system.main().enter().expect("this is the main thread");
/// let texture = Rc::new(Cell::new(1));
/// let bound = MainBound::new(&here, Rc::clone(&texture));
///
/// let bound = std::thread::spawn(move || bound).join().unwrap(); // an `Rc` could not go there
/// bound.get(&here).set(2);
/// std::thread::spawn(move || drop(bound)).join().unwrap();
/// assert_eq!((texture.get(), Rc::strong_count(&texture)), (2, 2), "not dropped on that thread");
/// here.dispatch();
/// assert_eq!(Rc::strong_count(&texture), 1, "dropped here");
/// ```
pub struct MainBound<T: 'static> {
    remains: ManuallyDrop<Box<Remains<T>>>,
    main: Main,
}

// SAFETY: without the main thread's proof nobody gets at the value, and it is dropped on the main thread or not at all.
unsafe impl<T: 'static> Send for MainBound<T> {}
// SAFETY: as above.
unsafe impl<T: 'static> Sync for MainBound<T> {}

impl<T: 'static> MainBound<T> {
    /// Binds a value to the main thread.
    pub fn new(here: &MainThread, value: T) -> Self {
        Self { remains: ManuallyDrop::new(Remains::new(value)), main: here.main().clone() }
    }

    fn check(&self, here: &MainThread) {
        assert!(*here.main() == self.main, "this value belongs to another system's main thread");
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If `here` is the main thread of another system.
    pub fn get<'a>(&'a self, here: &'a MainThread) -> &'a T {
        self.check(here);
        self.remains.value()
    }

    /// The value, to change it.
    ///
    /// # Panics
    ///
    /// If `here` is the main thread of another system.
    pub fn get_mut<'a>(&'a mut self, here: &'a MainThread) -> &'a mut T {
        self.check(here);
        self.remains.value_mut()
    }

    /// The value itself.
    ///
    /// # Panics
    ///
    /// If `here` is the main thread of another system.
    pub fn into_inner(self, here: &MainThread) -> T {
        self.check(here);
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, so both fields are taken once.
        let (remains, main) = unsafe { (ManuallyDrop::take(&mut this.remains), core::ptr::read(&raw const this.main)) };
        drop(main);
        remains.into_value()
    }
}

impl<T: 'static> Drop for MainBound<T> {
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        let remains = unsafe { ManuallyDrop::take(&mut self.remains) };
        // SAFETY: it goes to the main queue, or is given up, or is run below on the main thread.
        let runnable = unsafe { remains.into_runnable() };
        if self.main.is_home(sealed::Core) { runnable.discard_at_home() } else { enqueue(&self.main, runnable) }
    }
}

impl<T: 'static> fmt::Debug for MainBound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MainBound").finish_non_exhaustive()
    }
}
