//! The task cell: one allocation with the closure, the queue it goes to, the outcome, the link that queues it and the
//! state word. All unsafe code about it is in this file.
//!
//! # Which state grants access to which field
//!
//! | field | who may touch it |
//! |---|---|
//! | `node.vtable`, `key` | anyone who may see the cell; they never change |
//! | `node.link` | who has charge of the cell's `Runnable`, or of its being put off |
//! | `state` | both sides |
//! | `source` | who fires the cell, then who runs, skips or discards it |
//! | `queue` | the producer until it settles; then whoever [owns](super::state) the cell |
//! | `slot` | the producer until it settles: the work, then the outcome; then whoever owns the cell: the outcome |
//!
//! The producer of a promise's cell is the promise. The producer of a continuation is first its task's producer, which
//! fires it, then its `Runnable`, if it is queued, and in the end the tasks whose outcome it waits for, if its closure
//! returned one.

use alloc::boxed::Box;
use core::any::TypeId;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;

use super::drive::{First, drive};
use super::state::{AfterConsume, Consumer, State};
use super::work::{Input, Outcome, Work};
use super::{Free, Leash, Task};
use crate::error::{Error, ErrorKind, Result};
use crate::local::{self, Frames, QueueId};
use crate::runnable::{Node, Runnable, VTable};
use crate::schedule::{Schedule, is_current};
use crate::sync::UnsafeCell;
use crate::unwind::catch;

/// What every task cell starts with, whatever it computes. Aligned for the tag in the state word.
#[repr(C, align(8))]
pub(crate) struct Header {
    node: Node,
    pub(crate) state: State,
    /// The settled task whose outcome this one is fired with.
    source: UnsafeCell<Option<Settled>>,
    /// Which queue this one runs in; zero for those that do not run.
    key: usize,
}

/// What can be done with a task cell without knowing what it computes.
pub(crate) struct TaskOps {
    /// Goes on with the cell now that its source is settled: runs it, skips it, or queues it. Returns the cell if that
    /// has put an outcome into it.
    pub(crate) fire: unsafe fn(NonNull<Header>, Frames<'_>) -> Option<Settled>,
    /// Is the outcome in it a value?
    is_ok: unsafe fn(NonNull<Header>) -> bool,
    /// Moves the outcome to where the pointer says, and frees the cell.
    take: unsafe fn(NonNull<Header>, *mut ()),
    /// Moves an outcome from where the pointer says into the cell, which has none.
    put: unsafe fn(NonNull<Header>, *mut ()),
    /// Moves the outcome of the first cell, which it frees, into the second.
    forward: unsafe fn(NonNull<Header>, NonNull<Header>),
    /// Drops the outcome, reporting an error, and frees the cell.
    discard: unsafe fn(NonNull<Header>),
    /// Frees a cell that has neither work nor outcome in it.
    free: unsafe fn(NonNull<Header>),
    /// Moves the queue's handle to where the pointer says.
    take_queue: unsafe fn(NonNull<Header>, *mut ()),
    /// The type of the queue's handle.
    queue: fn() -> TypeId,
}

/// A cell that holds an outcome, and whoever has this owns the cell.
///
/// Whether it is announced is another matter: between the producer's writing and its [`settle`](State::settle) it is not.
pub(crate) struct Settled(NonNull<Header>);

impl Header {
    pub(crate) fn new(vtable: &'static VTable, state: State, key: usize) -> Self {
        Self { node: Node::new(vtable), state, source: UnsafeCell::new(None), key }
    }

    fn ops(&self) -> &'static TaskOps {
        match &self.node.vtable.task {
            Some(ops) => ops,
            None => unreachable!("only a task cell has a header"),
        }
    }

    /// Would a continuation for `queue` find the handle that it needs in this cell, when it is fired?
    fn lends(&self, queue: QueueId) -> bool {
        self.key == queue.key && (self.ops().queue)() == queue.kind
    }

    /// # Safety
    ///
    /// The caller is about to fire the cell: nobody else looks at it.
    pub(crate) unsafe fn set_source(&self, source: Settled) {
        // SAFETY: ours alone, says the caller.
        self.source.with_mut(|place| unsafe { *place = Some(source) });
    }

    /// # Safety
    ///
    /// The caller fires, runs, skips or discards the cell: nobody else looks at its source.
    pub(crate) unsafe fn take_source(&self) -> Option<Settled> {
        // SAFETY: ours alone, says the caller.
        self.source.with_mut(|place| unsafe { (*place).take() })
    }
}

/// Goes on with a cell whose source was just set.
///
/// # Safety
///
/// The caller is the cell's producer, and leaves it.
pub(crate) unsafe fn fire(cell: NonNull<Header>, frames: Frames<'_>) -> Option<Settled> {
    // SAFETY: the cell is alive, since its producer has not settled it.
    unsafe { (cell.as_ref().ops().fire)(cell, frames) }
}

impl Settled {
    /// # Safety
    ///
    /// The cell holds an outcome, and the caller owns the cell or is its producer.
    pub(crate) unsafe fn new(cell: NonNull<Header>) -> Self {
        Self(cell)
    }

    pub(crate) fn header(&self) -> &Header {
        // SAFETY: it is ours.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn is_ok(&self) -> bool {
        // SAFETY: the cell is ours and holds an outcome.
        unsafe { (self.header().ops().is_ok)(self.0) }
    }

    /// Moves the outcome out and frees the cell.
    ///
    /// # Safety
    ///
    /// The task settles with a `Result<T>`.
    pub(crate) unsafe fn take<T>(self) -> Result<T> {
        let mut outcome = MaybeUninit::<Result<T>>::uninit();
        // SAFETY: the cell is ours, and the caller says what is in it.
        unsafe {
            (self.header().ops().take)(self.0, outcome.as_mut_ptr().cast());
            outcome.assume_init()
        }
    }

    /// Moves the outcome into a cell of the same type that is without, and which the caller produces.
    ///
    /// # Safety
    ///
    /// So it must be.
    pub(crate) unsafe fn forward(self, to: NonNull<Header>) -> Settled {
        // SAFETY: the caller vouches for the other cell.
        unsafe {
            (self.header().ops().forward)(self.0, to);
            Settled::new(to)
        }
    }

    /// Disposes of an outcome that nobody will look at. An error goes to the hook.
    pub(crate) fn discard(self) {
        // SAFETY: the cell is ours and holds an outcome.
        unsafe { (self.header().ops().discard)(self.0) }
    }
}

/// The cell of a task: what it does, `W`; the queue in which it does so, `Q`; where its work may be dropped, `L`.
#[repr(C)]
struct Cell<W: Work, Q, L> {
    header: Header,
    /// Lent by the source, if there is nothing in it before the cell is fired.
    queue: UnsafeCell<Option<Q>>,
    slot: UnsafeCell<Slot<W>>,
    leash: PhantomData<L>,
}

/// First the work, then the outcome.
union Slot<W: Work> {
    work: ManuallyDrop<W>,
    outcome: ManuallyDrop<Result<W::Output>>,
}

/// Makes the cell of a continuation or of a `run`, pending. The caller becomes its producer.
pub(crate) fn new_work<W: Work, Q: Schedule, L: Leash>(work: W, queue: Option<Q>, key: usize) -> NonNull<Header> {
    Cell::<W, Q, L>::allocate(State::pending(), queue, key, Slot { work: ManuallyDrop::new(work) })
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
    let parent = task.into_raw();
    // SAFETY: the parent is alive until its consumer, which is us, has spoken.
    let header = unsafe { parent.as_ref() };
    let lent = header.lends(crate::schedule::id(queue));
    let child = new_work::<W, Q, L>(work, (!lent).then(|| queue.clone()), queue.key());
    if header.state.is_settled() || header.state.attach(Consumer::Child(child)) == AfterConsume::Own {
        // SAFETY: the parent has settled, so it is ours; the child is ours until it is fired.
        unsafe { child.as_ref().set_source(Settled::new(parent)) };
        drive(local::frames(), First::Fire(child));
    }
    // SAFETY: the child settles with a `Result<W::Output>`, and we are its consumer.
    unsafe { Task::from_raw(child) }
}

impl<W: Work, Q: Schedule, L: Leash> Cell<W, Q, L> {
    const VTABLE: &'static VTable = &VTable {
        run: Self::run,
        discard: Self::discard_work,
        task: Some(TaskOps {
            fire: Self::fire,
            is_ok: Self::is_ok,
            take: Self::take,
            put: Self::put_from,
            forward: Self::forward,
            discard: Self::discard_outcome,
            free: Self::free,
            take_queue: Self::take_queue,
            queue: TypeId::of::<Q>,
        }),
    };

    fn allocate(state: State, queue: Option<Q>, key: usize, slot: Slot<W>) -> NonNull<Header> {
        let cell = Box::new(Self {
            header: Header::new(Self::VTABLE, state, key),
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
            if is_current(cell.queue(), frames) {
                return Self::execute(this);
            }
            // A clone, since the cell may be run and freed before `schedule` returns.
            let queue = cell.queue().clone();
            queue.schedule(Runnable::from_node(this.cast()));
            None
        }
    }

    unsafe fn run(node: NonNull<Node>, frames: Frames<'_>) {
        // SAFETY: we have charge of the runnable, which makes us the producer.
        let queue = unsafe { Self::of(node.cast()) }.id();
        drive(frames, First::Run { queue, cell: node.cast(), execute: Self::execute });
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
            let queue = cell.queue();
            // Where panics unwind but are not caught, the task is rejected on the way out.
            let unwinding = crate::unwind::OnUnwind(|panic| {
                drive(local::frames(), First::Settled(Self::put(this, Err(panic))));
            });
            let outcome =
                catch(|| work.perform::<Q, L>(input, queue)).unwrap_or_else(|panic| Outcome::Ready(Err(panic)));
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
            L::dispose(cell.take_work(), cell.queue(), false);
            let input = W::Input::take(cell.header.take_source());
            Self::put(this, W::pass(input))
        }
    }

    unsafe fn discard_work(node: NonNull<Node>, at_home: bool) {
        let this = node.cast();
        // SAFETY: we have charge of the runnable, which makes us the producer.
        unsafe {
            let cell = Self::of(this);
            L::dispose(cell.take_work(), cell.queue(), at_home);
            let input = W::Input::take(cell.header.take_source());
            let cause = input.into_error().unwrap_or_else(|| {
                Error::of_kind(ErrorKind::Closed, "dropped before it ran: its context is closed, or let go of it")
            });
            drive(local::frames(), First::Settled(Self::put(this, Err(cause))));
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
            Ok(value) => crate::unwind::drop_quietly(value),
            Err(error) => crate::hook::report(&error),
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

/// Makes a cell, whose closure returned `task`, settle as that does. Returns the cell that this has given an outcome.
///
/// A task that already has to settle as this cell does gets `task` instead, and this cell is freed: so recursion through
/// returned tasks keeps one cell at the top and one at work, however deep it goes. Where threads race, cells that were
/// passed over stay in between until the next call finds and frees them.
///
/// # Safety
///
/// The caller is the producer of the cell, which has neither work nor outcome and settles with a `Result<T>`.
unsafe fn adopt<T: Send + 'static>(cell: NonNull<Header>, task: Task<T>) -> Option<Settled> {
    let mut target = cell;
    // SAFETY: a cell that forwards has a consumer which has spoken, so it is ours; the one it forwards to we now produce.
    unsafe {
        while let Some(next) = target.as_ref().state.forwards_to() {
            (target.as_ref().ops().free)(target);
            target = next;
        }
    }
    let inner = task.into_raw();
    // SAFETY: the inner task is alive until its consumer, which is us, has spoken.
    match unsafe { inner.as_ref() }.state.attach(Consumer::Forward(target)) {
        AfterConsume::Wait => None,
        // SAFETY: it has settled, so it is ours; both settle with a `Result<T>`.
        AfterConsume::Own => Some(unsafe { Settled::new(inner).forward(target) }),
    }
}

/// The work of a cell that only waits to be settled.
struct Nothing<T>(PhantomData<fn() -> T>);

impl<T: Send + 'static> Work for Nothing<T> {
    type Input = ();
    type Output = T;

    unsafe fn perform<Q: Schedule, L: Leash>(self, (): (), _: &Q) -> Outcome<T> {
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
