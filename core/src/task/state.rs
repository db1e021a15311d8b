//! The state word of a task cell, and all its transitions.
//!
//! A task has one producer, which settles it once, and one consumer, which once says what is to become of the outcome.
//! Each says so in one swap. Who swaps second finds what the first one said, and owns the cell from there on: nobody
//! else will touch it again. That is the whole protocol; it is wait-free.
//!
//! ```text
//!                      settle (1)                        attach (3), abandon (4), or is_settled and take
//!              ┌─────────────────────► SETTLED ──────────────────────────► the consumer owns the cell
//!   PENDING ───┤
//!              │ attach (2)                                settle (5)
//!              ├─────────────────────► child ────────────────────────────► the producer owns the cell, and fires child
//!              │ attach (2)                                settle (5)
//!              ├─────────────────────► target | FORWARD ─────────────────► the producer owns the cell, and settles target
//!              │ attach (2)                                settle (5)
//!              ├─────────────────────► bell | RING ──────────────────────► the producer owns the cell, and rings the bell
//!              │ abandon (4)                               settle (5)
//!              └─────────────────────► ABANDONED ────────────────────────► the producer owns the cell, and reports errors
//! ```

use core::ptr::{NonNull, null_mut, without_provenance_mut};

use super::bell::Bell;
use super::cell::Header;
use crate::sync::{AtomicPtr, Ordering};

/// Neither side has spoken.
const PENDING: *mut Header = null_mut();
/// The outcome is in the cell.
const SETTLED: *mut Header = without_provenance_mut(FORWARD);
/// Nobody wants the outcome.
const ABANDONED: *mut Header = without_provenance_mut(RING);
/// In a pointer to the consumer: it wants the outcome as its own, rather than to be fired.
const FORWARD: usize = 1;
/// In a pointer to the consumer: it is a bell, to be rung with the outcome.
const RING: usize = 2;

/// One word: a sentinel, or the consumer with its tag.
pub(crate) struct State(AtomicPtr<Header>);

/// Who consumes a task, in the word of that task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consumer {
    /// A continuation, to be fired with the outcome.
    Child(NonNull<Header>),
    /// A task that settles as this one does.
    Forward(NonNull<Header>),
    /// What is neither, to be rung with the outcome.
    Bell(NonNull<Bell>),
}

/// What the producer must do after it has settled the task.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AfterSettle {
    /// Nothing: the consumer has not spoken, and will find the outcome.
    Keep,
    /// Dispose of the outcome and the cell.
    Discard,
    /// Hand the outcome to the consumer, and free the cell.
    Deliver(Consumer),
}

/// What the consumer must do after it has spoken.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AfterConsume {
    /// Nothing: the producer will find what was said.
    Wait,
    /// The outcome is there: take it or dispose of it, and free the cell.
    Own,
}

impl State {
    pub(crate) fn pending() -> Self {
        Self(AtomicPtr::new(PENDING))
    }

    pub(crate) fn settled() -> Self {
        Self(AtomicPtr::new(SETTLED))
    }

    /// Edges (1) and (5): the producer has put the outcome into the cell.
    ///
    /// | before | after | returns |
    /// |---|---|---|
    /// | `PENDING` | `SETTLED` | `Keep` |
    /// | `ABANDONED` | `SETTLED` | `Discard` |
    /// | child, target + `FORWARD`, bell + `RING` | `SETTLED` | `Deliver` |
    #[inline]
    pub(crate) fn settle(&self) -> AfterSettle {
        // ORDERING: Release publishes the outcome to `attach`, `abandon` and `is_settled`; Acquire takes the consumer's
        // cell from `attach`.
        let before = self.0.swap(SETTLED, Ordering::AcqRel);
        debug_assert_ne!(before, SETTLED, "a task settles once");
        if before == ABANDONED {
            return AfterSettle::Discard;
        }
        consumer(before).map_or(AfterSettle::Keep, AfterSettle::Deliver)
    }

    /// Edges (2) and (3): the consumer says who takes the outcome.
    ///
    /// | before | after | returns |
    /// |---|---|---|
    /// | `PENDING` | child, target + `FORWARD`, or bell + `RING` | `Wait` |
    /// | `SETTLED` | the same | `Own` |
    #[inline]
    pub(crate) fn attach(&self, consumer: Consumer) -> AfterConsume {
        let word = match consumer {
            Consumer::Child(child) => child.as_ptr(),
            Consumer::Forward(target) => target.as_ptr().map_addr(|address| address | FORWARD),
            Consumer::Bell(bell) => bell.cast::<Header>().as_ptr().map_addr(|address| address | RING),
        };
        // ORDERING: Release publishes the consumer's cell to `settle` and `forwards_to`; Acquire takes the outcome from
        // `settle`.
        after_consume(self.0.swap(word, Ordering::AcqRel))
    }

    /// Edge (4): the consumer does not want the outcome.
    ///
    /// | before | after | returns |
    /// |---|---|---|
    /// | `PENDING` | `ABANDONED` | `Wait` |
    /// | `SETTLED` | the same | `Own` |
    #[inline]
    pub(crate) fn abandon(&self) -> AfterConsume {
        // ORDERING: Acquire takes the outcome from `settle`, to drop it. Release: the producer frees the cell when it
        // finds `ABANDONED`, after everything that the consumer did with it.
        after_consume(self.0.swap(ABANDONED, Ordering::AcqRel))
    }

    /// For the consumer: is the outcome there? Then the cell is the consumer's, without another transition.
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        // ORDERING: Acquire takes the outcome from `settle`.
        self.0.load(Ordering::Acquire) == SETTLED
    }

    /// For the producer: has the consumer said that it does not want the outcome?
    #[inline]
    pub(crate) fn is_abandoned(&self) -> bool {
        // ORDERING: Relaxed: a hint, upon which the producer settles the task, which acquires.
        self.0.load(Ordering::Relaxed) == ABANDONED
    }

    /// For the producer: who consumes the task, if its consumer has said so.
    #[cfg(feature = "std")]
    pub(crate) fn consumer(&self) -> Option<Consumer> {
        // ORDERING: Acquire takes the consumer's cell from `attach`.
        consumer(self.0.load(Ordering::Acquire))
    }

    /// For the producer: the task that has asked to settle as this one does, if its consumer has spoken so.
    ///
    /// The consumer has spoken its one word, so the cell is the producer's already.
    #[inline]
    pub(crate) fn forwards_to(&self) -> Option<NonNull<Header>> {
        // ORDERING: Acquire takes the consumer's cell from `attach`.
        match consumer(self.0.load(Ordering::Acquire)) {
            Some(Consumer::Forward(target)) => Some(target),
            _ => None,
        }
    }
}

fn after_consume(before: *mut Header) -> AfterConsume {
    debug_assert!(before == PENDING || before == SETTLED, "a task is consumed once");
    if before == SETTLED { AfterConsume::Own } else { AfterConsume::Wait }
}

fn consumer(word: *mut Header) -> Option<Consumer> {
    if word == SETTLED || word == ABANDONED {
        return None;
    }
    let pointer = NonNull::new(word.map_addr(|address| address & !(FORWARD | RING)))?;
    Some(match word.addr() & (FORWARD | RING) {
        FORWARD => Consumer::Forward(pointer),
        RING => Consumer::Bell(pointer.cast()),
        _ => Consumer::Child(pointer),
    })
}

// The tags need their bits.
const _: () = assert!(align_of::<Header>() > (FORWARD | RING) && align_of::<Bell>() > (FORWARD | RING));
