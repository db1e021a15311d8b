//! Async blocks as tasks, on async-task: it keeps the waker protocol, this file gives it our queues and our promises.

use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::task::{Context as Waking, Poll};

use crate::error::{Error, ErrorKind, Result};
use crate::frames::Frames;
use crate::hook::quietly;
use crate::node::{Node, VTable};
use crate::runnable::Runnable;
use crate::schedule::{Context, Leash, Schedule, clone_handle, enqueue, id, sealed};
use crate::sync::UnsafeCell;
use crate::task::{AsFuture, IntoTask, Outcome, Promise, Settled, Task, producing, promise};
use crate::unwind::catch;

/// Runs a future in a context; the task settles as the future does.
///
/// It is queued at once and polled in the context only, where it is also dropped, when it has finished or can never
/// finish. On `&MainThread` the future need not be `Send`. Whatever wakes it queues it again.
///
/// ```
/// use threadbare::{Immediate, promise, spawn};
/// # let worker = Immediate;
///
/// let (promise, number) = promise::<u32>();
/// let task = spawn(&worker, async move { Ok(number.await? + 1) });
/// promise.resolve(6);
/// assert_eq!(task.wait()?, 7);
/// # Ok::<(), threadbare::Error>(())
/// ```
pub fn spawn<T, F, C>(context: C, future: F) -> Task<T>
where
    F: Future<Output = Result<T>> + 'static,
    T: Send + 'static,
    C: Context<F>,
{
    // SAFETY: the context takes this future.
    unsafe { spawn_in::<T, F, C::Queue, C::Leash>(context.queue(), future) }
}

/// # Safety
///
/// `queue` and `L` are those of a context for `F`, and the caller is where an `F` may be made.
pub(crate) unsafe fn spawn_in<T, F, Q, L>(queue: &Q, future: F) -> Task<T>
where
    F: Future<Output = Result<T>> + 'static,
    T: Send + 'static,
    Q: Schedule,
    L: Leash,
{
    let (promise, task) = promise();
    let meta = Meta::<T, Q, L> {
        node: Node::new(NonNull::from(Meta::<T, Q, L>::VTABLE)),
        raw: UnsafeCell::new(null_mut()),
        promise: UnsafeCell::new(Some(promise)),
        landing: UnsafeCell::new(null_mut()),
        queue: queue.clone(),
        leash: PhantomData,
    };
    let body = move |meta| Body { future: Some(future), meta };
    // SAFETY: `schedule` is `Send` and `Sync`, since the queue's handle is. The future is polled and dropped by its
    // runnables, which go to a queue that runs them where an `F` may be; one that is dropped elsewhere, or that finds
    // its queue closed, leaks a bound future instead. The waker only schedules.
    let (runnable, handle) = unsafe { async_task::Builder::new().metadata(meta).spawn_unchecked(body, schedule) };
    handle.detach();
    runnable.schedule();
    task
}

/// What stands at the head of an async task: our runnable, and the promise that its future keeps.
///
/// | field | who may touch it |
/// |---|---|
/// | `node.link`, `raw` | who has charge of the runnable; async-task has one at a time |
/// | `promise` | who runs or discards the runnable; when the task is freed, its last owner |
/// | `landing` | who runs the runnable, and the future while it is polled |
#[repr(C)]
struct Meta<T: Send + 'static, Q, L> {
    node: Node,
    /// async-task's own pointer to the task, while our runnable stands for it.
    raw: UnsafeCell<*mut ()>,
    promise: UnsafeCell<Option<Promise<T>>>,
    /// Where the outcome goes, so that the task is settled after the future's memory is done with.
    landing: UnsafeCell<*mut Landing<T>>,
    queue: Q,
    leash: PhantomData<fn() -> L>,
}

/// An outcome, and the promise that it settles.
type Landing<T> = Option<(Promise<T>, Result<T>)>;

// SAFETY: the cells are for the runnable's owner alone, which is one thread at a time.
unsafe impl<T: Send + 'static, Q: Schedule, L> Send for Meta<T, Q, L> {}
// SAFETY: as above.
unsafe impl<T: Send + 'static, Q: Schedule, L> Sync for Meta<T, Q, L> {}

/// Queues an async task: makes our runnable of async-task's.
fn schedule<T: Send + 'static, Q: Schedule, L: Leash>(runnable: async_task::Runnable<Meta<T, Q, L>>) {
    let meta = NonNull::from(runnable.metadata());
    // SAFETY: the metadata is alive while there is a runnable, and we have charge of the only one.
    let queue = unsafe {
        meta.as_ref().raw.with_mut(|raw| *raw = runnable.into_raw().as_ptr());
        clone_handle(&meta.as_ref().queue)
    };
    // SAFETY: the node is the first field, and the charge goes from one runnable to the other.
    let runnable = unsafe { Runnable::from_node(meta.cast()) };
    match queue {
        Some(queue) => enqueue(&queue, runnable),
        None => drop(runnable),
    }
}

impl<T: Send + 'static, Q: Schedule, L: Leash> Meta<T, Q, L> {
    const VTABLE: &'static VTable = &VTable { run: Self::run, discard: Self::discard };

    /// # Safety
    ///
    /// The caller has charge of the node's runnable, and leaves it.
    unsafe fn recover(node: NonNull<Node>) -> (&'static Self, async_task::Runnable<Self>) {
        // SAFETY: the node came from a `Meta` in `schedule`, which left async-task's pointer in it. The reference is used
        // only while the task is alive: the callers see to it.
        unsafe {
            let meta = node.cast::<Self>().as_ref();
            let raw = meta.raw.with(|raw| NonNull::new_unchecked(*raw));
            (meta, async_task::Runnable::from_raw(raw))
        }
    }

    unsafe fn run(node: NonNull<Node>, frames: Frames<'_>) {
        // SAFETY: we have charge of the runnable.
        let (meta, runnable) = unsafe { Self::recover(node) };
        let queue = id(&meta.queue);
        let mut landed: Landing<T> = None;
        let landing = &raw mut landed;
        // SAFETY: the landing is for who runs the runnable. The task itself may be freed at the end of the run.
        unsafe { meta.landing.with_mut(|place| *place = landing) };
        // A future that has kept no waker can never finish. async-task drops such a task without dropping its future, but
        // queues it once more, to have it dropped, when the last waker goes: so that is ours.
        let waker = runnable.waker();
        let poll = |frames: Frames<'_>| {
            runnable.run();
            drop(waker);
            // SAFETY: `landed` is ours again: the future has been polled.
            if let Some((promise, outcome)) = unsafe { (*landing).take() } {
                promise.settle_within(frames, outcome);
            }
        };
        frames.within(queue, poll);
    }

    unsafe fn discard(node: NonNull<Node>, at_home: bool, cause: Option<Error>) -> Option<Settled> {
        // SAFETY: we have charge of the runnable.
        let (meta, runnable) = unsafe { Self::recover(node) };
        // SAFETY: the runnable's owner has the promise.
        let promise = meta.promise.with_mut(|promise| unsafe { (*promise).take() });
        if L::BOUND && !at_home && !meta.queue.is_home(sealed::Core) {
            // The future may not be dropped here, and its thread is gone.
            core::mem::forget(runnable);
        } else {
            quietly(|| drop(runnable));
        }
        let cause = cause.unwrap_or_else(|| {
            Error::of_kind(ErrorKind::Closed, "dropped before it finished: its context is closed, or let go of it")
        });
        promise.map(|promise| promise.put(Err(cause)))
    }
}

/// The user's future, and where its outcome goes.
struct Body<'a, T: Send + 'static, F, Q, L> {
    future: Option<F>,
    meta: &'a Meta<T, Q, L>,
}

impl<T, F, Q, L> Future for Body<'_, T, F, Q, L>
where
    T: Send + 'static,
    F: Future<Output = Result<T>>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Waking<'_>) -> Poll<()> {
        // SAFETY: the future stays where it is, until it is dropped there by `set`.
        let (mut future, meta) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.future), this.meta)
        };
        let Some(polled) = future.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        // SAFETY: who polls has the promise. It is settled after this poll, so its cell is alive in it; not longer, since
        // a future that woke itself may be polled again before its run has returned.
        let promised = meta.promise.with(|promise| unsafe { (*promise).as_ref().map(Promise::cell) });
        let poll = || catch(|| polled.poll(cx));
        let polled = match promised {
            Some(cell) => producing(cell, poll),
            None => poll(),
        };
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => outcome,
            Err(panic) => Err(panic),
        };
        quietly(|| future.set(None));
        // SAFETY: we are inside `Meta::run`, which lent us the landing, and nobody else has the promise.
        unsafe {
            let promise = meta.promise.with_mut(|promise| (*promise).take());
            meta.landing.with(|landing| **landing = promise.map(|promise| (promise, outcome)));
        }
        Poll::Ready(())
    }
}

/// Drops the future where it is: async-task takes a panic in its destructor for a reason to abort.
impl<T: Send + 'static, F, Q, L> Drop for Body<'_, T, F, Q, L> {
    fn drop(&mut self) {
        // SAFETY: the body is pinned by async-task, and the future is dropped where it stands.
        let mut future = unsafe { Pin::new_unchecked(&mut self.future) };
        quietly(|| future.set(None));
    }
}

impl<T, F> IntoTask<T, AsFuture> for F
where
    F: Future<Output = Result<T>> + 'static,
{
    unsafe fn into_outcome<Q: Schedule, L: Leash>(self, queue: &Q) -> Outcome<T>
    where
        T: Send + 'static,
    {
        // SAFETY: the caller says that the context takes this future.
        Outcome::Pending(unsafe { spawn_in::<T, F, Q, L>(queue, self) })
    }
}
