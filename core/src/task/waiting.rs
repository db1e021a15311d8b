//! Awaiting a task: the future, and the waiter that stands between it and the task's producer.
//!
//! A task that is settled when it is first polled is taken without further ado. Otherwise one allocation is attached to
//! it as its consumer, in which the waker waits and the outcome lands. Its word says who may touch what:
//!
//! | bit | set by | meaning |
//! |---|---|---|
//! | `WAKER` | the future | the waker is there, and the producer may take it; the future takes the bit back before it looks |
//! | `DONE` | the producer | the outcome is there; if `WAKER` was set, the waker is the producer's |
//! | `TAKEN` | the future, with `LEFT` | the outcome is no longer there |
//! | `LEFT` | either side, last of all | the other side, when it leaves too, frees the waiter |

use alloc::boxed::Box;
use core::fmt;
use core::future::{Future, IntoFuture};
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll, Waker};

use super::Task;
use super::bell::{Bell, Settlements};
use super::cell::Settled;
use super::state::{AfterConsume, Consumer};
use crate::error::Result;
use crate::hook::{drop_quietly, quietly};
use crate::sync::{AtomicUsize, Ordering, UnsafeCell};

const WAKER: usize = 1;
const DONE: usize = 2;
const TAKEN: usize = 4;
const LEFT: usize = 8;

#[repr(C)]
struct Waiter<T> {
    bell: Bell,
    word: AtomicUsize,
    waker: UnsafeCell<MaybeUninit<Waker>>,
    outcome: UnsafeCell<MaybeUninit<Result<T>>>,
}

impl<T: Send + 'static> Waiter<T> {
    fn new(waker: &Waker) -> NonNull<Self> {
        NonNull::from(Box::leak(Box::new(Self {
            bell: Bell::new(Self::ring),
            word: AtomicUsize::new(WAKER),
            waker: UnsafeCell::new(MaybeUninit::new(waker.clone())),
            outcome: UnsafeCell::new(MaybeUninit::uninit()),
        })))
    }

    /// # Safety
    ///
    /// Both sides have left, and waker and outcome are gone.
    unsafe fn free(this: NonNull<Self>) {
        // SAFETY: as the caller says.
        drop(unsafe { Box::from_raw(this.as_ptr()) });
    }

    /// # Safety
    ///
    /// The word says that the waker is there and the caller's; it is no longer.
    unsafe fn take_waker(&self) -> Waker {
        // SAFETY: as the caller says.
        self.waker.with_mut(|waker| unsafe { (*waker).assume_init_read() })
    }

    /// # Safety
    ///
    /// The word says that the outcome is there and the caller's; it is no longer.
    unsafe fn take_outcome(&self) -> Result<T> {
        // SAFETY: as the caller says.
        self.outcome.with_mut(|outcome| unsafe { (*outcome).assume_init_read() })
    }

    /// The producer's side, whole.
    unsafe fn ring(bell: NonNull<Bell>, settled: Settled, _: &mut Settlements) {
        let pointer = bell.cast::<Self>();
        // SAFETY: the waiter is alive until we have left, or find that the future has and free it; the word says what is
        // ours, as the table above.
        unsafe {
            let this = pointer.as_ref();
            let outcome = settled.take::<T>();
            this.outcome.with_mut(|place| _ = (*place).write(outcome));
            // ORDERING: Release publishes the outcome to `poll`; Acquire takes the waker from `poll`, and what the future
            // did before it left.
            let before = this.word.fetch_or(DONE, Ordering::AcqRel);
            if before & LEFT != 0 {
                let outcome = this.take_outcome();
                Self::free(pointer);
                return unseen(outcome);
            }
            let waker = (before & WAKER != 0).then(|| this.take_waker());
            // ORDERING: Release lets the future free what we are done with; Acquire takes what it did before it left.
            let before = this.word.fetch_or(LEFT, Ordering::AcqRel);
            if before & LEFT != 0 {
                let outcome = (before & TAKEN == 0).then(|| this.take_outcome());
                Self::free(pointer);
                outcome.into_iter().for_each(unseen);
            }
            if let Some(waker) = waker {
                quietly(|| waker.wake());
            }
        }
    }

    /// The future's side: `Some` takes the outcome, and the future has left.
    ///
    /// # Safety
    ///
    /// The caller is the future, and has not left.
    unsafe fn poll(pointer: NonNull<Self>, cx: &Context<'_>) -> Option<Result<T>> {
        // SAFETY: the waiter is alive until we have left; the word says what is ours.
        unsafe {
            let this = pointer.as_ref();
            // ORDERING: Acquire takes the outcome from `ring`.
            if this.word.load(Ordering::Acquire) & DONE != 0 {
                return Some(Self::finish(pointer));
            }
            // ORDERING: Acquire takes the outcome from `ring`, if DONE is found. Otherwise the waker is our own.
            if this.word.fetch_and(!WAKER, Ordering::Acquire) & DONE != 0 {
                return Some(Self::finish(pointer));
            }
            if !this.waker.with(|waker| (*waker).assume_init_ref().will_wake(cx.waker())) {
                // A waker is user code: cloned before anything is moved, dropped after.
                let new = cx.waker().clone();
                let old = this.take_waker();
                this.waker.with_mut(|waker| _ = (*waker).write(new));
                let done = this.lend_waker();
                drop_quietly(old);
                return done.then(|| Self::finish(pointer));
            }
            this.lend_waker().then(|| Self::finish(pointer))
        }
    }

    /// Lets the producer have the waker; `true` if it is done, and no longer wants it: then the waker is dropped.
    ///
    /// # Safety
    ///
    /// The caller is the future, has a waker in place and has not set the bit.
    unsafe fn lend_waker(&self) -> bool {
        // ORDERING: Release publishes the waker to `ring`; Acquire takes the outcome from it, if DONE is found.
        let done = self.word.fetch_or(WAKER, Ordering::AcqRel) & DONE != 0;
        if done {
            // SAFETY: the producer found no WAKER, so this is ours still.
            drop_quietly(unsafe { self.take_waker() });
        }
        done
    }

    /// Takes the outcome and leaves.
    ///
    /// # Safety
    ///
    /// The caller is the future, and has found DONE.
    unsafe fn finish(pointer: NonNull<Self>) -> Result<T> {
        // SAFETY: DONE makes the outcome ours.
        unsafe {
            let this = pointer.as_ref();
            let outcome = this.take_outcome();
            // ORDERING: Release lets the producer free what we are done with; Acquire takes what it did before it left.
            if this.word.fetch_or(TAKEN | LEFT, Ordering::AcqRel) & LEFT != 0 {
                Self::free(pointer);
            }
            outcome
        }
    }

    /// Leaves without the outcome.
    ///
    /// # Safety
    ///
    /// The caller is the future, and has not left.
    unsafe fn leave(pointer: NonNull<Self>) {
        // SAFETY: the waiter is alive until we have left; the word says what is ours.
        unsafe {
            let this = pointer.as_ref();
            // ORDERING: Relaxed: what follows it says what we need to know of the producer.
            if this.word.fetch_and(!WAKER, Ordering::Relaxed) & DONE == 0 {
                drop_quietly(this.take_waker());
            }
            // ORDERING: Release lets the producer free what we are done with; Acquire takes the outcome, and what the
            // producer did before it left.
            if this.word.fetch_or(LEFT, Ordering::AcqRel) & LEFT != 0 {
                let outcome = this.take_outcome();
                Self::free(pointer);
                unseen(outcome);
            }
        }
    }
}

/// Disposes of an outcome that nobody looks at any more.
fn unseen<T>(outcome: Result<T>) {
    match outcome {
        Ok(value) => drop_quietly(value),
        Err(error) => crate::hook::report(error),
    }
}

/// The future of a task's outcome: what `task.await` waits on, on any executor.
///
/// Dropped before it has finished, it lets the task go as [`detach`](Task::detach) does.
#[must_use = "futures do nothing unless awaited"]
pub struct TaskFuture<T: Send + 'static>(Stage<T>);

enum Stage<T: Send + 'static> {
    /// Not polled yet.
    Task(Task<T>),
    /// Polled while the task was pending.
    Waiting(NonNull<Waiter<T>>),
    /// The outcome was given out.
    Finished,
}

// SAFETY: it moves a `T` to whoever polls it; the waiter's word keeps the two sides apart.
unsafe impl<T: Send + 'static> Send for TaskFuture<T> {}
// SAFETY: a shared future offers nothing.
unsafe impl<T: Send + 'static> Sync for TaskFuture<T> {}
impl<T: Send + 'static> Unpin for TaskFuture<T> {}
impl<T: Send + 'static> core::panic::UnwindSafe for TaskFuture<T> {}
impl<T: Send + 'static> core::panic::RefUnwindSafe for TaskFuture<T> {}

impl<T: Send + 'static> Future for TaskFuture<T> {
    type Output = Result<T>;

    /// # Panics
    ///
    /// If it is polled again after it has finished.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        match core::mem::replace(&mut self.0, Stage::Finished) {
            Stage::Task(task) => match task.try_take() {
                Ok(outcome) => Poll::Ready(outcome),
                Err(task) => match attach(task, cx.waker()) {
                    Ok(outcome) => Poll::Ready(outcome),
                    Err(waiter) => {
                        self.0 = Stage::Waiting(waiter);
                        Poll::Pending
                    }
                },
            },
            // SAFETY: we are the future, and have not left.
            Stage::Waiting(waiter) => match unsafe { Waiter::poll(waiter, cx) } {
                Some(outcome) => Poll::Ready(outcome),
                None => {
                    self.0 = Stage::Waiting(waiter);
                    Poll::Pending
                }
            },
            Stage::Finished => panic!("a task's future was polled after it had finished"),
        }
    }
}

#[cfg(feature = "std")]
impl<T: Send + 'static> TaskFuture<T> {
    /// Would a poll find the outcome?
    pub(crate) fn is_done(&self) -> bool {
        match &self.0 {
            Stage::Task(task) => task.is_settled(),
            // ORDERING: Relaxed: a hint; the poll acquires.
            // SAFETY: the waiter is alive until the future, which this is, has left.
            Stage::Waiting(waiter) => unsafe { waiter.as_ref() }.word.load(Ordering::Relaxed) & DONE != 0,
            Stage::Finished => true,
        }
    }

    /// Can the task only be settled by what the calling thread will go on with after it has waited for it?
    pub(crate) fn waits_for_itself(&self) -> bool {
        matches!(&self.0, Stage::Waiting(waiter) if super::cell::waits_for_itself(waiter.cast()))
    }
}

/// Attaches a waiter to a task, unless that is settled meanwhile.
fn attach<T: Send + 'static>(task: Task<T>, waker: &Waker) -> core::result::Result<Result<T>, NonNull<Waiter<T>>> {
    let waiter = Waiter::new(waker);
    let cell = task.into_cell();
    // SAFETY: the cell is alive until its consumer, which is us, has spoken. If it has settled it is ours, and the waiter
    // was never seen by the producer.
    unsafe {
        match cell.as_ref().state.attach(Consumer::Bell(waiter.cast())) {
            AfterConsume::Wait => Err(waiter),
            AfterConsume::Own => {
                drop_quietly(waiter.as_ref().take_waker());
                Waiter::free(waiter);
                Ok(Settled::new(cell).take())
            }
        }
    }
}

impl<T: Send + 'static> Drop for TaskFuture<T> {
    fn drop(&mut self) {
        if let Stage::Waiting(waiter) = self.0 {
            // SAFETY: we are the future, and have not left.
            unsafe { Waiter::leave(waiter) };
        }
    }
}

impl<T: Send + 'static> IntoFuture for Task<T> {
    type Output = Result<T>;
    type IntoFuture = TaskFuture<T>;

    fn into_future(self) -> TaskFuture<T> {
        TaskFuture(Stage::Task(self))
    }
}

impl<T: Send + 'static> fmt::Debug for TaskFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.0 {
            Stage::Task(_) => "not polled",
            Stage::Waiting(_) => "waiting",
            Stage::Finished => "finished",
        };
        f.debug_tuple("TaskFuture").field(&stage).finish()
    }
}
