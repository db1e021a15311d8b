//! Async blocks that move between contexts.

use alloc::boxed::Box;
use core::any::TypeId;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context as Waking, Poll};

use spin::mutex::SpinMutex;

use crate::error::Result;
use crate::frames::{self, QueueId};
use crate::future::spawn_in;
use crate::runnable::Runnable;
use crate::schedule::{Context, Free, Refused, Schedule, id, is_current, sealed};
use crate::sync::Arc;
use crate::task::Task;
use crate::unwind::catch;
use crate::worker::Worker;

/// Runs a future that can [hop](Cx::hop) between contexts, starting in this one; the task settles as the future does.
///
/// The closure is called at once, on this thread, to make the future. The future is polled in the context to which it has
/// hopped last, by whatever wakes it, and dropped there.
///
/// ```
/// use std::sync::Arc;
/// use threadbare::{AsyncSystem, MainBound, spawn_with};
/// # struct ThreadPerTask;
/// # impl threadbare::TaskProcessor for ThreadPerTask {
/// #     fn start_task(&self, runnable: threadbare::Runnable) { std::thread::spawn(|| runnable.run()); }
/// # }
///
/// let system = AsyncSystem::new(ThreadPerTask);
/// let here = system.main().enter().expect("no other thread is the main thread");
/// let scene = Arc::new(MainBound::new(&here, std::cell::Cell::new(0)));
///
/// let (worker, main) = (system.worker().clone(), system.main().clone());
/// let task = spawn_with(system.worker(), |cx| async move {
///     let size = "decoded on a worker".len();
///     {
///         let here = cx.hop(&main).await; // the proof of being there; it cannot be kept across the next await
///         scene.get(&here).set(size);
///     }
///     cx.hop(&worker).await;
///     Ok(size)
/// });
/// assert_eq!(here.wait(task)?, 19);
/// # Ok::<(), threadbare::Error>(())
/// ```
pub fn spawn_with<T, Fut, F, C>(context: C, make: F) -> Task<T>
where
    F: FnOnce(Cx) -> Fut,
    Fut: Future<Output = Result<T>> + Send + 'static,
    T: Send + 'static,
    C: Context<Fut>,
{
    let route = Route(Arc::new(Stop {
        id: SpinMutex::new(id(context.queue())),
        queue: SpinMutex::new(Some(Box::new(context.queue().clone()))),
    }));
    match catch(|| make(Cx(route.clone()))) {
        // SAFETY: the future is `Send`, so it may be run and dropped in every context.
        Ok(future) => unsafe { spawn_in::<T, Fut, Route, Free>(&route, future) },
        Err(panic) => Task::rejected(panic),
    }
}

/// Lets the async block of a [`spawn_with`] move between contexts.
pub struct Cx(Route);

/// A context that an async block can hop to, and what it gets there.
///
/// Implement it for a [`Schedule`] of your own to let blocks hop to your thread; the proof may be `()`, or something that
/// only your thread can have. If that is not `Send`, a block cannot keep it across its next await.
pub trait Arrive: Schedule {
    /// What the block gets: the proof of being there.
    type Proof;

    /// Makes the proof. Called on a thread of this context, when a block has arrived.
    fn arrive(&self) -> Self::Proof;
}

impl Arrive for Worker {
    type Proof = ();

    fn arrive(&self) {}
}

/// With feature `std` only: without, threads cannot be told apart, and the proof could be had elsewhere.
#[cfg(feature = "std")]
impl Arrive for crate::main_thread::Main {
    type Proof = crate::main_thread::MainThread;

    /// # Panics
    ///
    /// Anywhere but inside main work.
    fn arrive(&self) -> crate::main_thread::MainThread {
        assert!(frames::current().contains(id(self)), "only main work can arrive on the main thread");
        // SAFETY: this is inside a dispatch or a wait of that queue, on its thread.
        unsafe { self.attest() }
    }
}

impl Cx {
    /// Goes to another context: what follows the await runs there. At once, if the block is there already.
    ///
    /// On `&Main` it gives the [`MainThread`](crate::MainThread), which is not `Send`: let go of it before the next await.
    ///
    /// # Panics
    ///
    /// The future panics if it is awaited in another task than the one that this `Cx` was made for.
    pub fn hop<S: Arrive>(&self, to: &S) -> Hop<S> {
        Hop { route: self.0.clone(), to: to.clone(), asked: false }
    }
}

/// On the way to another context; see [`Cx::hop`].
#[must_use = "futures do nothing unless awaited"]
pub struct Hop<S> {
    route: Route,
    to: S,
    asked: bool,
}

impl<S> Unpin for Hop<S> {}

impl<S: Arrive> Future for Hop<S> {
    type Output = S::Proof;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Waking<'_>) -> Poll<S::Proof> {
        let frames = frames::current();
        if self.asked {
            // Whatever polls the task now has come through the queue that it was sent to. (Without `std` nobody can tell.)
            let arrived = cfg!(not(feature = "std")) || frames.contains(id(&self.to)) || self.to.is_current();
            assert!(arrived, "a hop was awaited in another task than the one that its `Cx` belongs to");
            return Poll::Ready(self.to.arrive());
        }
        if is_current(&self.to, frames) {
            return Poll::Ready(self.to.arrive());
        }
        self.asked = true;
        self.route.redirect(&self.to);
        // The task is running, so it is queued again when this poll has returned; by then in the other queue.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The queue of a task that hops: the one that it was last sent to. It passes for the one that its runnable was last queued
/// in, which is where that runs, whatever a `Cx` in other hands has said since.
#[derive(Clone)]
struct Route(Arc<Stop>);

/// Two locks that are held for a move or a copy each, never around user code. They are never contended unless a `Cx` is
/// used by another task, which is an error, but must not be a data race.
struct Stop {
    /// Of the queue that the runnable is in, or came out of.
    id: SpinMutex<QueueId>,
    /// Where it goes next.
    queue: SpinMutex<Option<Box<dyn Erased>>>,
}

/// A [`Schedule`] of any type.
trait Erased: Send + Sync {
    fn clone_boxed(&self) -> Box<dyn Erased>;
    fn id(&self) -> QueueId;
    fn try_schedule_erased(&self, runnable: Runnable) -> core::result::Result<(), Refused>;
}

impl<S: Schedule> Erased for S {
    fn clone_boxed(&self) -> Box<dyn Erased> {
        Box::new(self.clone())
    }

    fn id(&self) -> QueueId {
        id(self)
    }

    fn try_schedule_erased(&self, runnable: Runnable) -> core::result::Result<(), Refused> {
        self.try_schedule(runnable)
    }
}

impl Route {
    fn redirect<S: Schedule>(&self, to: &S) {
        let queue: Box<dyn Erased> = Box::new(to.clone());
        let old = self.0.queue.lock().replace(queue);
        drop(old);
    }
}

impl Schedule for Route {
    fn schedule(&self, runnable: Runnable) {
        if let Err(refused) = self.try_schedule(runnable) {
            refused.reject();
        }
    }

    fn try_schedule(&self, runnable: Runnable) -> core::result::Result<(), Refused> {
        // Out of the lock to be cloned, since that is user code; and a clone, since the task may be run, and sent elsewhere,
        // before `schedule` has returned. Only one runnable of a task exists, so nobody misses it meanwhile.
        let taken = self.0.queue.lock().take();
        let Some(queue) = taken else {
            drop(runnable);
            return Ok(());
        };
        let (clone, id) = (queue.clone_boxed(), queue.id());
        *self.0.id.lock() = id;
        let newer = {
            let mut place = self.0.queue.lock();
            if place.is_none() {
                *place = Some(queue);
                None
            } else {
                Some(queue)
            }
        };
        drop(newer);
        clone.try_schedule_erased(runnable)
    }

    fn key(&self) -> usize {
        self.0.id.lock().key
    }

    fn kind(&self, _: sealed::Core) -> TypeId {
        self.0.id.lock().kind
    }
}

impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx").finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for Hop<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hop").field("asked", &self.asked).finish_non_exhaustive()
    }
}
