//! One outcome for many: a task that is shared, and its forks.
//!
//! The shared task is a bell on its source, and keeps the outcome. Its word is the list of forks that wait, newest first,
//! until the outcome is there:
//!
//! ```text
//!           fork                         rung
//!   EMPTY ────────► fork ◄──┐ fork     ────────► SETTLED: who forks clones the outcome itself
//!                     └─────┘
//! ```
//!
//! A fork that waits is the cell of a promise whose producer is the list. Ringing takes the list whole, turns it round,
//! puts a clone into each, and leaves their announcing to the loop that rang: no user code runs under a lock, as there is
//! none, and a fork that comes meanwhile finds SETTLED.

use core::fmt;
use core::ptr::{NonNull, null_mut, without_provenance_mut};

use super::Task;
use super::bell::{Bell, Settlements};
use super::cell::{Header, Settled, new_pending, put_pending};
use super::drive::{First, drive};
use super::state::{AfterConsume, Consumer};
use crate::error::Result;
use crate::frames;
use crate::node::{List, Node};
use crate::sync::{Arc, AtomicPtr, AtomicUsize, Ordering, UnsafeCell};
use crate::unwind::catch;

/// No fork waits.
const EMPTY: *mut Node = null_mut();
/// The outcome is there.
const SETTLED: *mut Node = without_provenance_mut(1);

/// A task whose outcome many may have. Clones are the same task.
///
/// Each [`fork`](SharedTask::fork) is an ordinary task with a clone of the outcome: one set of verbs for both. Forks that
/// wait settle in the order in which they were made, on the thread that settles the shared task; the value is cloned
/// there. A fork of a settled one is settled, and clones on the thread that forks.
///
/// ```
/// use threadbare::{Immediate, promise};
///
/// let (promise, task) = promise();
/// let shared = task.share();
/// let length = shared.fork().map(&Immediate, |text: String| text.len());
/// let upper = shared.fork().map(&Immediate, |text| text.to_uppercase());
/// promise.resolve("hero".to_string());
/// assert_eq!((length.wait()?, upper.wait()?), (4, "HERO".to_string()));
/// assert_eq!(shared.fork().wait()?, "hero");
/// # Ok::<(), threadbare::Error>(())
/// ```
pub struct SharedTask<T: Clone + Send + Sync + 'static>(Arc<Shared<T>>);

#[repr(C)]
struct Shared<T> {
    bell: Bell,
    /// EMPTY, SETTLED, or the newest fork.
    forks: AtomicPtr<Node>,
    /// Written before SETTLED, and then only read.
    outcome: UnsafeCell<Option<Result<T>>>,
    /// Has anybody forked? Else an error in it was seen by nobody.
    seen: AtomicUsize,
}

// SAFETY: the outcome is written once, by who rings, and only read after that has been published; it is dropped on any
// thread, and cloned on several at once, hence the bounds.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T: Clone + Send + Sync + 'static> Task<T> {
    /// Lets many have the outcome.
    pub fn share(self) -> SharedTask<T> {
        let shared = Arc::new(Shared {
            bell: Bell::new(Shared::<T>::ring),
            forks: AtomicPtr::new(EMPTY),
            outcome: UnsafeCell::new(None),
            seen: AtomicUsize::new(0),
        });
        let source = self.into_cell();
        // The source keeps a handle of its own until it has rung.
        let bell = Arc::into_raw(Arc::clone(&shared)).cast_mut();
        // SAFETY: an `Arc` is not null; the source is alive until its consumer, which is us, has spoken.
        unsafe {
            let bell = NonNull::new_unchecked(bell).cast();
            if source.as_ref().state.attach(Consumer::Bell(bell)) == AfterConsume::Own {
                drive(frames::current(), First::Ring(bell, Settled::new(source)));
            }
        }
        SharedTask(shared)
    }
}

impl<T: Clone + Send + Sync + 'static> Shared<T> {
    /// The source has settled.
    unsafe fn ring(bell: NonNull<Bell>, settled: Settled, then: &mut Settlements) {
        // SAFETY: the pointer is the one that `share` made for the source, which gives it back here.
        let this = unsafe { Arc::from_raw(bell.cast::<Self>().as_ptr().cast_const()) };
        // SAFETY: the source settles with a `Result<T>`; nobody reads the outcome before SETTLED.
        unsafe {
            let outcome = settled.take::<T>();
            this.outcome.with_mut(|place| *place = Some(outcome));
        }
        // ORDERING: Release publishes the outcome to `fork` and `is_settled`; Acquire takes the forks' cells from `fork`.
        let newest = this.forks.swap(SETTLED, Ordering::AcqRel);
        let mut waiting = List::new();
        let mut next = newest;
        while let Some(node) = NonNull::new(next) {
            // SAFETY: the list is ours: each fork's cell is alive until it is announced.
            unsafe {
                next = node.as_ref().link.with(|link| *link);
                waiting.push_front(node);
            }
        }
        // SAFETY: as above; the cells wait for a `Result<T>`, and we are their producer.
        unsafe {
            while let Some(fork) = waiting.pop_front() {
                then.push(put_pending(fork.cast::<Header>(), this.outcome()));
            }
        }
        // It may be the last handle, and hold a value of the user's.
        crate::hook::drop_quietly(this);
    }

    /// A clone of the outcome. A panic in the value's `clone` is the outcome of this one.
    ///
    /// # Safety
    ///
    /// SETTLED was seen, or written, by the calling thread.
    unsafe fn outcome(&self) -> Result<T> {
        // SAFETY: it was written before, and is only read from then on.
        self.outcome.with(|outcome| match unsafe { &*outcome } {
            Some(outcome) => catch(|| outcome.clone()).and_then(|outcome| outcome),
            None => unreachable!("a shared task is settled with its outcome"),
        })
    }

    fn is_settled(&self) -> bool {
        // ORDERING: Acquire takes the outcome from `ring`.
        self.forks.load(Ordering::Acquire) == SETTLED
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // ORDERING: Relaxed: the `Arc` has ordered everything before its last handle goes.
        if self.seen.load(Ordering::Relaxed) == 0 {
            self.outcome.with_mut(|outcome| {
                // SAFETY: nobody else is left.
                if let Some(Err(error)) = unsafe { (*outcome).take_if(|outcome| outcome.is_err()) } {
                    crate::hook::report(error);
                }
            });
        }
    }
}

impl<T: Clone + Send + Sync + 'static> SharedTask<T> {
    /// A task with a clone of the outcome.
    pub fn fork(&self) -> Task<T> {
        let shared = &*self.0;
        // ORDERING: Relaxed: it is read when the last handle goes.
        shared.seen.store(1, Ordering::Relaxed);
        // ORDERING: Acquire takes the outcome from `ring`.
        let mut head = shared.forks.load(Ordering::Acquire);
        if head == SETTLED {
            // SAFETY: it was seen.
            return Task::settled(unsafe { shared.outcome() });
        }
        let cell = new_pending::<T>();
        let node = cell.cast::<Node>();
        // SAFETY: we are the new cell's consumer, and its producer until the list is.
        unsafe {
            let task = Task::from_cell(cell);
            while head != SETTLED {
                node.as_ref().link.with_mut(|link| *link = head);
                // ORDERING: Release publishes the cell to `ring`. Failure: Acquire, as the load above.
                match shared.forks.compare_exchange_weak(head, node.as_ptr(), Ordering::Release, Ordering::Acquire) {
                    Ok(_) => return task,
                    Err(found) => head = found,
                }
            }
            drive(frames::current(), First::Settled(put_pending(cell, shared.outcome())));
            task
        }
    }

    /// A clone of the outcome, if it is there: for code that looks every frame. No allocation, and no task.
    ///
    /// ```
    /// # use threadbare::promise;
    /// let (promise, task) = promise();
    /// let shared = task.share();
    /// assert!(shared.peek().is_none());
    /// promise.resolve(7);
    /// assert_eq!(shared.peek().transpose()?, Some(7));
    /// # Ok::<(), threadbare::Error>(())
    /// ```
    pub fn peek(&self) -> Option<Result<T>> {
        if !self.is_settled() {
            return None;
        }
        // ORDERING: Relaxed, as in `fork`.
        self.0.seen.store(1, Ordering::Relaxed);
        // SAFETY: it was seen.
        Some(unsafe { self.0.outcome() })
    }

    /// Whether the outcome is there.
    pub fn is_settled(&self) -> bool {
        self.0.is_settled()
    }
}

impl<T: Clone + Send + Sync + 'static> Clone for SharedTask<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone + Send + Sync + 'static> fmt::Debug for SharedTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTask").field("is_settled", &self.is_settled()).finish_non_exhaustive()
    }
}
