//! A worker's own queue: it adds at the back and takes from either end, everybody else takes from the front.
//!
//! The deque of Chase and Lev ("Dynamic circular work-stealing deque", SPAA 2005), with the orderings of Lê, Pop, Cohen and
//! Zappa Nardelli ("Correct and efficient work-stealing for weak memory models", PPoPP 2013). Rings that were outgrown are
//! kept until the deque goes, since a thief may be looking into one: together they are smaller than the last.

use std::ptr::{NonNull, null_mut};

use threadbare::Runnable;

use crate::sync::{AtomicPtr, AtomicUsize, Ordering, fence};

/// How many the first ring holds.
const FIRST: usize = if cfg!(any(loom, shuttle)) { 2 } else { 64 };

/// On lines of their own: the owner writes the one, thieves the other.
#[repr(align(128))]
struct Padded<T>(T);

pub(crate) struct Deque {
    /// How many were taken from the front, ever.
    front: Padded<AtomicUsize>,
    /// The owner's part.
    back: Padded<Back>,
}

/// Written by the owner alone.
struct Back {
    /// How many were added at the back, less those that were taken there.
    added: AtomicUsize,
    /// What `front` was at least when the owner last had to know: it spares the owner the thieves' line.
    front: AtomicUsize,
    ring: AtomicPtr<Ring>,
}

struct Ring {
    /// A power of two.
    slots: Box<[AtomicPtr<()>]>,
    /// The one before it, which the deque still has.
    outgrown: *mut Ring,
}

impl Ring {
    fn new(slots: usize, outgrown: *mut Ring) -> *mut Self {
        let slots = (0..slots).map(|_| AtomicPtr::new(null_mut())).collect();
        Box::into_raw(Box::new(Self { slots, outgrown }))
    }

    fn slot(&self, place: usize) -> &AtomicPtr<()> {
        &self.slots[place & (self.slots.len() - 1)]
    }
}

// SAFETY: it owns runnables, and those are `Send`; the owner's part is for one thread, say its methods.
unsafe impl Send for Deque {}
// SAFETY: as above.
unsafe impl Sync for Deque {}

/// How many lie between the two; negative if the owner has reached for what was not there.
fn distance(front: usize, back: usize) -> isize {
    back.wrapping_sub(front).cast_signed()
}

/// # Safety
///
/// The pointer was put into a slot by `push`, and whoever calls has won it.
unsafe fn won(pointer: *mut ()) -> Runnable {
    // SAFETY: as the caller says; what is put in is not null.
    unsafe { Runnable::from_raw(NonNull::new_unchecked(pointer)) }
}

impl Deque {
    pub(crate) fn new() -> Self {
        Self {
            front: Padded(AtomicUsize::new(0)),
            back: Padded(Back {
                added: AtomicUsize::new(0),
                front: AtomicUsize::new(0),
                ring: AtomicPtr::new(Ring::new(FIRST, null_mut())),
            }),
        }
    }

    /// Whether nothing is in it. What is added or taken at the same time may or may not be seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many are in it, likewise.
    pub(crate) fn len(&self) -> usize {
        // ORDERING: Relaxed: a hint; who sleeps on it fences before, as `sleep.md` says.
        let (front, back) = (self.front.0.load(Ordering::Relaxed), self.back.0.added.load(Ordering::Relaxed));
        distance(front, back).max(0).cast_unsigned()
    }

    /// Adds a runnable at the back.
    ///
    /// # Safety
    ///
    /// The caller is the owner's thread.
    pub(crate) unsafe fn push(&self, runnable: Runnable) {
        let own = &self.back.0;
        // ORDERING: Relaxed: our own.
        let (back, mut front) = (own.added.load(Ordering::Relaxed), own.front.load(Ordering::Relaxed));
        // ORDERING: Relaxed: our own.
        let mut ring = self.ring(Ordering::Relaxed);
        if distance(front, back) >= ring.slots.len().cast_signed() {
            // ORDERING: Acquire pairs with the exchanges in `take_front`: a slot that they have emptied is written only
            // after they have read it. No model can tell: without it a thief's read could come true only after our write,
            // and loom has no such loads.
            front = self.front.0.load(Ordering::Acquire);
            // ORDERING: Relaxed: our own.
            own.front.store(front, Ordering::Relaxed);
            if distance(front, back) >= ring.slots.len().cast_signed() {
                // SAFETY: this is the owner's thread.
                ring = unsafe { self.grow(ring, front, back) };
            }
        }
        // ORDERING: Relaxed: published below.
        ring.slot(back).store(runnable.into_raw().as_ptr(), Ordering::Relaxed);
        // ORDERING: Release publishes the slot, and the work, to `take_front`.
        own.added.store(back.wrapping_add(1), Ordering::Release);
    }

    /// # Safety
    ///
    /// The caller is the owner's thread, and this is its ring.
    unsafe fn grow(&self, old: &Ring, front: usize, back: usize) -> &Ring {
        // ORDERING: Relaxed: our own.
        let new = Ring::new(old.slots.len() * 2, self.back.0.ring.load(Ordering::Relaxed));
        let mut place = front;
        while place != back {
            // ORDERING: Relaxed: what the owner wrote itself, and what is published below.
            let pointer = old.slot(place).load(Ordering::Relaxed);
            // SAFETY: it is ours until it is published.
            unsafe { (*new).slot(place).store(pointer, Ordering::Relaxed) };
            place = place.wrapping_add(1);
        }
        // ORDERING: Release publishes the ring to `take_front`.
        self.back.0.ring.store(new, Ordering::Release);
        // SAFETY: rings live as long as the deque.
        unsafe { &*new }
    }

    fn ring(&self, order: Ordering) -> &Ring {
        // SAFETY: rings live as long as the deque.
        unsafe { &*self.back.0.ring.load(order) }
    }

    /// Takes the newest.
    ///
    /// # Safety
    ///
    /// The caller is the owner's thread.
    pub(crate) unsafe fn take_back(&self) -> Option<Runnable> {
        // ORDERING: Relaxed: our own.
        let back = self.back.0.added.load(Ordering::Relaxed);
        // ORDERING: Relaxed: a hint that saves the fence below: thieves only make it emptier.
        if distance(self.front.0.load(Ordering::Relaxed), back) <= 0 {
            return None;
        }
        let last = back.wrapping_sub(1);
        // ORDERING: Relaxed: the fence below orders it.
        self.back.0.added.store(last, Ordering::Relaxed);
        // ORDERING: SeqCst: with the one in `take_front`: either the thief sees that the last one is reached for, or we see
        // that the thief has taken it.
        fence(Ordering::SeqCst);
        // ORDERING: Relaxed: the fence orders it.
        let front = self.front.0.load(Ordering::Relaxed);
        // ORDERING: Relaxed: our own ring, and what we put into it.
        let pointer = self.ring(Ordering::Relaxed).slot(last).load(Ordering::Relaxed);
        let mut ours = distance(front, last) > 0;
        if distance(front, last) == 0 {
            // The last one: thieves want it, too.
            // ORDERING: Relaxed: it picks one; what we win was ours to read.
            ours = self
                .front
                .0
                .compare_exchange(front, front.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        }
        if distance(front, last) <= 0 {
            // ORDERING: Relaxed: empty is empty.
            self.back.0.added.store(back, Ordering::Relaxed);
        }
        // SAFETY: nobody else has it.
        ours.then(|| unsafe { won(pointer) })
    }

    /// Takes the oldest. Any thread may.
    pub(crate) fn take_front(&self) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        loop {
            // ORDERING: Acquire pairs with the exchange below of who took the one before: what it saw of `back` we see. No
            // model can tell: the fence does as much for what the models have room for. It is what the paper has.
            let front = self.front.0.load(Ordering::Acquire);
            // ORDERING: SeqCst: with the one in `take_back`.
            fence(Ordering::SeqCst);
            // ORDERING: Acquire takes slot and work from `push`. No model is large enough to tell: the look above and the fence
            // take all that was added before; this is for what was added since, when other thieves have moved the front.
            let back = self.back.0.added.load(Ordering::Acquire);
            if distance(front, back) <= 0 {
                return None;
            }
            // ORDERING: Acquire takes the ring from `grow`. Relaxed: the slot was published with `back`, or with the ring.
            let pointer = self.ring(Ordering::Acquire).slot(front).load(Ordering::Relaxed);
            // ORDERING: Release lets `push` write the slot anew; work and slot were taken over above. Failure: somebody else
            // was first. No model can tell, as in `push`.
            let next = front.wrapping_add(1);
            if self.front.0.compare_exchange(front, next, Ordering::Release, Ordering::Relaxed).is_ok() {
                // SAFETY: the exchange gave it to us alone.
                return Some(unsafe { won(pointer) });
            }
        }
    }
}

impl Drop for Deque {
    fn drop(&mut self) {
        while let Some(runnable) = self.take_front() {
            drop(runnable);
        }
        // ORDERING: Relaxed: nobody else is left.
        let mut ring = self.back.0.ring.load(Ordering::Relaxed);
        while !ring.is_null() {
            // SAFETY: each ring came from a box, and is freed once.
            ring = unsafe { Box::from_raw(ring) }.outgrown;
        }
    }
}
