//! What is in a cell, and what it does when it is its turn.

use alloc::boxed::Box;
use core::any::TypeId;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

use super::{Header, Settled, TaskOps, adopt};
use crate::error::{Error, ErrorKind, Result};
use crate::frames::{self, Frames, QueueId};
use crate::node::{Node, VTable};
use crate::runnable::Runnable;
use crate::schedule::{Free, Immediate, Leash, Refused, Schedule, clone_handle, is_current, offer, sealed};
use crate::sync::UnsafeCell;
use crate::task::Task;
use crate::task::drive::{self, First, drive};
use crate::task::outcome::Outcome;
use crate::task::producing::producing;
use crate::task::state::{AfterConsume, Consumer, State};
use crate::task::work::{Input, Work};
use crate::unwind::catch;

/// The cell of a task: what it does, `W`; the queue in which it does so, `Q`; where its work may be dropped, `L`.
#[repr(C)]
struct Cell<W: Work, Q, L> {
    header: Header,
    /// Lent by the source, if there is nothing in it before the cell is fired. Work that does not go on in its queue has
    /// none if the queue [is held](Schedule::is_held).
    queue: UnsafeCell<Option<Q>>,
    slot: UnsafeCell<Slot<W>>,
    leash: PhantomData<L>,
}

/// First the work, then the outcome.
union Slot<W: Work> {
    work: ManuallyDrop<W>,
    outcome: ManuallyDrop<Result<W::Output>>,
}

/// Makes the cell of a `run`, pending. The caller becomes its producer.
pub(crate) fn new_run<W: Work, Q: Schedule, L: Leash>(work: W, queue: &Q) -> NonNull<Header> {
    let is_bare = !W::GOES_ON && !L::BOUND && queue.is_held(sealed::Core);
    let ops = if is_bare { Cell::<W, Q, L>::BARE_OPS } else { Cell::<W, Q, L>::OPS };
    // Before the work is in the slot, which would not drop it if this panics.
    let (handle, key) = ((!is_bare).then(|| queue.clone()), queue.key());
    Cell::<W, Q, L>::allocate_with(ops, State::pending(), handle, key, Slot { work: ManuallyDrop::new(work) })
}

/// Makes the cell of a promise, pending. The caller becomes its producer.
pub(crate) fn new_pending<T: Send + 'static>() -> NonNull<Header> {
    Cell::<Nothing<T>, Nowhere, Free>::allocate(
        State::pending(),
        None,
        0,
        Slot { work: ManuallyDrop::new(Nothing(PhantomData)) },
    )
}

/// Makes the cell of a task that is settled already. The caller becomes its consumer.
pub(crate) fn new_settled<T: Send + 'static>(outcome: Result<T>) -> NonNull<Header> {
    Cell::<Nothing<T>, Nowhere, Free>::allocate(State::settled(), None, 0, Slot { outcome: ManuallyDrop::new(outcome) })
}

/// Puts the outcome into the cell of a promise.
///
/// # Safety
///
/// The cell is one of [`new_pending`], for a `T`, and the caller is its producer.
pub(crate) unsafe fn put_pending<T: Send + 'static>(cell: NonNull<Header>, outcome: Result<T>) -> Settled {
    // SAFETY: the caller vouches for the cell, and the producer may write the slot.
    unsafe { Cell::<Nothing<T>, Nowhere, Free>::put(cell, outcome) }
}

/// Attaches a continuation to a task: `W` for the context with this `queue`, whose work is held by `L`.
pub(crate) fn attach<T, W, Q, L>(task: Task<T>, queue: &Q, work: W) -> Task<W::Output>
where
    T: Send + 'static,
    W: Work<Input = Result<T>>,
    Q: Schedule,
    L: Leash,
{
    // The type itself, not what the queue says of it: a handle of this type is what the child will take. All of the queue's
    // own code runs while the task is still a task, to be dropped if that panics.
    // A handle without size costs nothing to clone.
    let lent = size_of::<Q>() > 0 && task.header().lends(QueueId { key: queue.key(), kind: TypeId::of::<Q>() });
    // Before the work is in the slot, which would not drop it if this panics.
    let (handle, key) = ((!lent).then(|| queue.clone()), queue.key());
    let child = Cell::<W, Q, L>::allocate(State::pending(), handle, key, Slot { work: ManuallyDrop::new(work) });
    let parent = task.into_cell();
    // SAFETY: the parent is alive until its consumer, which is us, has spoken.
    let header = unsafe { parent.as_ref() };
    if header.state.is_settled() || header.state.attach(Consumer::Child(child)) == AfterConsume::Own {
        // SAFETY: the parent has settled, so it is ours; the child is ours until it is fired.
        unsafe { child.as_ref().set_source(Settled::new(parent)) };
        drive(frames::current(), First::Fire(child));
    }
    // SAFETY: the child settles with a `Result<W::Output>`, and we are its consumer.
    unsafe { Task::from_cell(child) }
}

impl<W: Work, Q: Schedule, L: Leash> Cell<W, Q, L> {
    const OPS: &'static TaskOps = &Self::ops(TypeId::of::<Q>);
    /// Of a cell without a handle.
    const BARE_OPS: &'static TaskOps = &Self::ops(TypeId::of::<Nowhere>);

    /// `lends`: the type of the handle in the cell.
    const fn ops(lends: fn() -> TypeId) -> TaskOps {
        TaskOps {
            vtable: VTable { run: Self::run, discard: Self::discard_work },
            fire: Self::fire,
            is_ok: Self::is_ok,
            take: Self::take,
            put: Self::put_from,
            forward: Self::forward,
            discard: Self::discard_outcome,
            free: Self::free,
            take_queue: Self::take_queue,
            queue: lends,
        }
    }

    fn allocate(state: State, queue: Option<Q>, key: usize, slot: Slot<W>) -> NonNull<Header> {
        Self::allocate_with(Self::OPS, state, queue, key, slot)
    }

    fn allocate_with(
        ops: &'static TaskOps,
        state: State,
        queue: Option<Q>,
        key: usize,
        slot: Slot<W>,
    ) -> NonNull<Header> {
        let cell = Box::new(Self {
            header: Header::new(ops, state, key),
            queue: UnsafeCell::new(queue),
            slot: UnsafeCell::new(slot),
            leash: PhantomData,
        });
        NonNull::from(Box::leak(cell)).cast()
    }

    /// # Safety
    ///
    /// The header is that of a `Self` which is alive for `'a`.
    unsafe fn of<'a>(header: NonNull<Header>) -> &'a Self {
        // SAFETY: the header is the first field, and the pointer came from the whole cell.
        unsafe { header.cast().as_ref() }
    }

    fn id(&self) -> QueueId {
        QueueId { key: self.header.key, kind: TypeId::of::<Q>() }
    }

    /// # Safety
    ///
    /// The caller is the producer, the cell has its handle, and keeps it for `'a`.
    unsafe fn queue<'a>(&self) -> &'a Q {
        // SAFETY: nobody writes the handle, says the caller.
        match self.queue.with(|queue| unsafe { &*queue }) {
            Some(queue) => queue,
            None => unreachable!("a cell has its queue before it is fired, or takes its source's"),
        }
    }

    /// # Safety
    ///
    /// The caller is the producer, and the work is in the slot; it is no longer.
    unsafe fn take_work(&self) -> W {
        // SAFETY: as the caller says.
        self.slot.with_mut(|slot| unsafe { ManuallyDrop::take(&mut (*slot).work) })
    }

    /// # Safety
    ///
    /// The cell is a `Self`, the caller is its producer, and the slot is empty.
    unsafe fn put(this: NonNull<Header>, outcome: Result<W::Output>) -> Settled {
        // SAFETY: as the caller says; what was in the slot was moved out.
        unsafe {
            Self::of(this).slot.with_mut(|slot| (*slot).outcome = ManuallyDrop::new(outcome));
            Settled::new(this)
        }
    }

    // From here on, each function's contract is that of the vtable's field it stands in.

    unsafe fn fire(this: NonNull<Header>, frames: Frames<'_>) -> Option<Settled> {
        // SAFETY: the caller is the producer, and has set the source; so the cell is ours until it is queued or settled.
        unsafe {
            let cell = Self::of(this);
            let is_ok = cell.header.source.with(|source| {
                let Some(source) = &*source else { unreachable!("a cell is fired with its source") };
                cell.queue.with_mut(|queue| {
                    if (*queue).is_none() {
                        (source.header().ops().take_queue)(source.0, queue.cast());
                    }
                });
                source.is_ok()
            });
            if !W::wants(is_ok) {
                return Some(Self::skip(this));
            }
            if TypeId::of::<Q>() == TypeId::of::<Immediate>() || is_current(cell.queue(), frames) {
                return Self::execute(this);
            }
            let runnable = Runnable::from_node(this.cast());
            let Some(queue) = clone_handle(cell.queue()) else { return runnable.give_up(false, None) };
            let Refused { runnable, error } = offer(&queue, runnable).err()?;
            // It need not be the one that was offered: another may have had to make room for it.
            runnable.give_up(false, Some(error))
        }
    }

    unsafe fn run(node: NonNull<Node>, frames: Frames<'_>) {
        // SAFETY: we have charge of the runnable, which makes us the producer.
        let queue = unsafe { Self::of(node.cast()) }.id();
        // SAFETY: as above.
        drive::run(frames, queue, || unsafe { Self::execute(node.cast()) });
    }

    /// Runs the work, or skips it if it has no use for what the source settled with.
    ///
    /// # Safety
    ///
    /// The caller is the producer, and the source is set if the work has one.
    unsafe fn execute(this: NonNull<Header>) -> Option<Settled> {
        // SAFETY: the producer may take everything out of the cell, and keeps it alive until it settles it.
        unsafe {
            let cell = Self::of(this);
            let source = cell.header.take_source();
            if source.as_ref().is_some_and(|source| !W::wants(source.is_ok())) {
                if let Some(source) = source {
                    cell.header.set_source(source);
                }
                return Some(Self::skip(this));
            }
            let input = W::Input::take(source);
            let work = cell.take_work();
            // Where panics unwind but are not caught, the task is rejected on the way out.
            let unwinding = crate::unwind::OnUnwind(|panic| {
                drive(frames::current(), First::Settled(Self::put(this, Err(panic))));
            });
            let outcome = producing(this, || catch(|| work.perform::<Q, L>(input, || cell.queue())))
                .unwrap_or_else(|panic| Outcome::Ready(Err(panic)));
            core::mem::forget(unwinding);
            match outcome {
                Outcome::Ready(outcome) => Some(Self::put(this, outcome)),
                Outcome::Pending(task) => adopt(this, task),
            }
        }
    }

    /// Passes the source's outcome on, and drops the work.
    ///
    /// # Safety
    ///
    /// The caller is the producer, and the source is set.
    unsafe fn skip(this: NonNull<Header>) -> Settled {
        // SAFETY: as in `execute`.
        unsafe {
            let cell = Self::of(this);
            L::dispose(cell.take_work(), || cell.queue(), false);
            let input = W::Input::take(cell.header.take_source());
            Self::put(this, W::pass(input))
        }
    }

    unsafe fn discard_work(node: NonNull<Node>, at_home: bool, cause: Option<Error>) -> Option<Settled> {
        let this = node.cast();
        // SAFETY: we have charge of the runnable, which makes us the producer: as in `execute`.
        unsafe {
            let cell = Self::of(this);
            L::dispose(cell.take_work(), || cell.queue(), at_home);
            let input = W::Input::take(cell.header.take_source());
            let cause = input.into_error().or(cause).unwrap_or_else(|| {
                Error::of_kind(ErrorKind::Closed, "dropped before it ran: its context is closed, or let go of it")
            });
            Some(Self::put(this, Err(cause)))
        }
    }

    unsafe fn is_ok(this: NonNull<Header>) -> bool {
        // SAFETY: the caller has a `Settled`: the outcome is there, and ours.
        unsafe { Self::of(this).slot.with(|slot| (*slot).outcome.is_ok()) }
    }

    unsafe fn take(this: NonNull<Header>, to: *mut ()) {
        // SAFETY: the caller has a `Settled`, and room for the outcome.
        unsafe {
            let outcome = Self::of(this).slot.with_mut(|slot| ManuallyDrop::take(&mut (*slot).outcome));
            to.cast::<Result<W::Output>>().write(outcome);
            Self::free(this);
        }
    }

    unsafe fn put_from(this: NonNull<Header>, from: *mut ()) {
        // SAFETY: the caller is the producer, and the outcome there is ours now.
        unsafe { _ = Self::put(this, from.cast::<Result<W::Output>>().read()) }
    }

    unsafe fn forward(this: NonNull<Header>, to: NonNull<Header>) {
        let mut outcome = MaybeUninit::<Result<W::Output>>::uninit();
        // SAFETY: the caller vouches for both cells, and that they settle with the same type.
        unsafe {
            Self::take(this, outcome.as_mut_ptr().cast());
            (to.as_ref().ops().put)(to, outcome.as_mut_ptr().cast());
        }
    }

    unsafe fn discard_outcome(this: NonNull<Header>) {
        let mut outcome = MaybeUninit::<Result<W::Output>>::uninit();
        // SAFETY: the caller has a `Settled`.
        let outcome = unsafe {
            Self::take(this, outcome.as_mut_ptr().cast());
            outcome.assume_init()
        };
        match outcome {
            Ok(value) => crate::hook::drop_quietly(value),
            Err(error) => crate::hook::report(error),
        }
    }

    unsafe fn free(this: NonNull<Header>) {
        // SAFETY: the caller owns the cell, and nothing is in the slot.
        drop(unsafe { Box::from_raw(this.cast::<Self>().as_ptr()) });
    }

    unsafe fn take_queue(this: NonNull<Header>, to: *mut ()) {
        // SAFETY: the caller owns the cell, and has room for a handle of this type.
        unsafe {
            let queue = Self::of(this).queue.with_mut(|queue| (*queue).take());
            *to.cast::<Option<Q>>() = queue;
        }
    }
}

/// The work of a cell that only waits to be settled.
struct Nothing<T>(PhantomData<fn() -> T>);

impl<T: Send + 'static> Work for Nothing<T> {
    type Input = ();
    type Output = T;

    unsafe fn perform<'q, Q: Schedule, L: Leash>(self, (): (), _: impl FnOnce() -> &'q Q) -> Outcome<T> {
        unreachable!("a promise's cell is never run")
    }
}

/// The queue of a cell that never runs.
#[derive(Clone)]
enum Nowhere {}

impl Schedule for Nowhere {
    fn schedule(&self, _: Runnable) {
        match *self {}
    }

    fn key(&self) -> usize {
        match *self {}
    }
}
