//! Many inputs, one outcome: one block with a bell for each input, and a countdown.
//!
//! An input that has settled is left in its own cell until the outcome is made, so nothing is copied on the way. Whoever
//! brings the countdown to zero concludes and frees the block; `gather` itself counts for one, so that cannot happen while
//! it still attaches.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::{NonNull, null};

use super::Task;
use super::bell::{Bell, Settlements};
use super::cell::{Header, Settled, new_pending, put_pending};
use super::drive::{First, drive};
use super::state::{AfterConsume, Consumer};
use crate::error::Result;
use crate::frames;
use crate::sync::{AtomicUsize, Ordering, UnsafeCell};

/// What is made of the inputs.
///
/// # Safety
///
/// If an input `decides`, it settles with a `Result<Output>`.
pub(crate) unsafe trait Rule: Sized + 'static {
    type Output: Send + 'static;

    /// Is the outcome that of this input, if it is the first of its kind?
    fn decides(_: &Settled) -> bool {
        false
    }

    /// Drops an input that came too late, or was not decisive where another was.
    fn dismiss(input: Settled);

    /// All inputs are there, in order, and none has decided.
    fn conclude(inputs: Inputs<Self>) -> Result<Self::Output>;
}

/// An input's bell.
#[repr(C)]
struct Slot {
    bell: Bell,
    /// The block, once there is one.
    block: UnsafeCell<*const ()>,
    /// The input's cell, until it has decided.
    cell: UnsafeCell<Option<NonNull<Header>>>,
}

/// The inputs, before they are attached and after they have settled: it owns their cells.
pub(crate) struct Inputs<R> {
    slots: Vec<Slot>,
    next: usize,
    settled: bool,
    rule: PhantomData<R>,
}

struct Block<R> {
    left: AtomicUsize,
    /// Has an input decided?
    decided: AtomicUsize,
    /// The cell of the outcome, whose producer the block is.
    target: NonNull<Header>,
    inputs: Inputs<R>,
}

impl<R: Rule> Inputs<R> {
    pub(crate) fn with_capacity(inputs: usize) -> Self {
        Self { slots: Vec::with_capacity(inputs), next: 0, settled: false, rule: PhantomData }
    }

    pub(crate) fn push<T: Send + 'static>(&mut self, task: Task<T>) {
        self.slots.push(Slot {
            bell: Bell::new(Block::<R>::ring),
            block: UnsafeCell::new(null()),
            cell: UnsafeCell::new(Some(task.into_cell())),
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    fn take(&mut self) -> Option<NonNull<Header>> {
        while let Some(slot) = self.slots.get(self.next) {
            self.next += 1;
            // SAFETY: the inputs are ours alone.
            if let Some(cell) = slot.cell.with_mut(|cell| unsafe { (*cell).take() }) {
                return Some(cell);
            }
        }
        None
    }
}

/// In the order of the inputs. Only once they have settled.
impl<R: Rule> Iterator for Inputs<R> {
    type Item = Settled;

    fn next(&mut self) -> Option<Settled> {
        debug_assert!(self.settled);
        // SAFETY: all have settled, and what is taken is the caller's.
        self.take().map(|cell| unsafe { Settled::new(cell) })
    }
}

/// Not all were wanted, or collecting them did not come to its end.
impl<R> Drop for Inputs<R> {
    fn drop(&mut self) {
        for slot in self.slots.drain(..) {
            // SAFETY: the inputs are ours alone.
            let Some(cell) = slot.cell.with_mut(|cell| unsafe { (*cell).take() }) else { continue };
            // SAFETY: before they are attached, we are their consumer; after that, their owner.
            if self.settled || unsafe { cell.as_ref() }.state.abandon() == AfterConsume::Own {
                // SAFETY: as above.
                unsafe { Settled::new(cell) }.discard();
            }
        }
    }
}

/// The task of what the rule makes of the inputs.
pub(crate) fn gather<R: Rule>(inputs: Inputs<R>) -> Task<R::Output> {
    let target = new_pending::<R::Output>();
    let block = NonNull::from(Box::leak(Box::new(Block {
        left: AtomicUsize::new(inputs.len() + 1),
        decided: AtomicUsize::new(0),
        target,
        inputs,
    })));
    // SAFETY: the block is alive until the countdown is at zero, where our own count is the last that we give up. A slot's
    // fields are ours until its input is attached.
    unsafe {
        for slot in &block.as_ref().inputs.slots {
            slot.block.with_mut(|place| *place = block.as_ptr().cast_const().cast());
            let bell = NonNull::from(slot).cast::<Bell>();
            if let Some(cell) = slot.cell.with(|cell| *cell)
                && cell.as_ref().state.attach(Consumer::Bell(bell)) == AfterConsume::Own
            {
                drive(frames::current(), First::Ring(bell, Settled::new(cell)));
            }
        }
        let mut then = Settlements::new();
        Block::<R>::count_down(block, &mut then);
        if let Some(settled) = then.pop() {
            drive(frames::current(), First::Settled(settled));
        }
        Task::from_cell(target)
    }
}

impl<R: Rule> Block<R> {
    /// An input has settled.
    unsafe fn ring(bell: NonNull<Bell>, settled: Settled, then: &mut Settlements) {
        // SAFETY: the bell is that of a slot in a block which is alive until this one has counted; the slot's cell is ours
        // until then, since its input rings once.
        unsafe {
            let slot = bell.cast::<Slot>().as_ref();
            let block = slot.block.with(|block| NonNull::new_unchecked((*block).cast_mut()).cast::<Self>());
            let this = block.as_ref();
            if R::decides(&settled) {
                slot.cell.with_mut(|cell| *cell = None);
                // ORDERING: Relaxed: it picks one; who concludes has it through the countdown.
                if this.decided.swap(1, Ordering::Relaxed) == 0 {
                    then.push(settled.forward(this.target));
                } else {
                    R::dismiss(settled);
                }
            }
            Self::count_down(block, then);
        }
    }

    /// # Safety
    ///
    /// The caller has one of the counts, and gives it up.
    unsafe fn count_down(block: NonNull<Self>, then: &mut Settlements) {
        // SAFETY: the block is alive until the count is at zero; then it is ours.
        unsafe {
            // ORDERING: Release hands what this one has put into the block to who concludes; Acquire takes that of all.
            if block.as_ref().left.fetch_sub(1, Ordering::AcqRel) != 1 {
                return;
            }
            let Block { decided, target, mut inputs, .. } = *Box::from_raw(block.as_ptr());
            inputs.settled = true;
            // ORDERING: Relaxed: the countdown orders it.
            if decided.load(Ordering::Relaxed) == 0 {
                then.push(put_pending(target, R::conclude(inputs)));
            } else {
                inputs.for_each(R::dismiss);
            }
        }
    }
}
