//! What a thread knows of itself: in which contexts it is, and how deep it is nested.
//!
//! With feature `std` this is a thread-local of plain cells, without a destructor, so code that the user's closures call
//! finds it too. Without, the core passes its frames along by hand and knows what it is running itself.

use core::any::TypeId;
use core::cell::{Cell, RefCell};
use core::marker::PhantomData;
use core::ptr::NonNull;

#[cfg(feature = "std")]
use crate::batch::List;
use crate::runnable::Node;
use crate::task::Header;

/// How many continuations may start inside each other on one thread before the next one is put off until the outermost
/// has returned. A chain never nests; this bounds what user code nests, by settling or attaching inside a closure. Small
/// enough for a stack of 64 KiB, large enough that nobody meets it by accident.
#[cfg(feature = "std")]
const DEEPEST: usize = 16;

/// Which queue: the type of its handle, and the handle's [`key`](crate::Schedule::key).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueId {
    pub(crate) key: usize,
    pub(crate) kind: TypeId,
}

/// A stay of this thread in a context, on the stack of whoever brought it there.
pub(crate) struct Frame<'a> {
    queue: QueueId,
    budget: Option<&'a dyn Allowance>,
    #[cfg(feature = "std")]
    helper: Option<&'a dyn crate::worker::Help>,
    outer: Frames<'a>,
}

/// The stays that this thread is in the middle of, innermost first.
#[derive(Clone, Copy)]
pub(crate) struct Frames<'a>(Option<&'a Frame<'a>>);

/// Whether more may run: a trait so that a frame's lifetimes can shrink, which a cell of a borrow forbids.
trait Allowance {
    fn is_left(&self) -> bool;
}

/// Until when continuations may run inside a bounded dispatch.
pub(crate) struct Budget<'a> {
    more: RefCell<&'a mut dyn FnMut() -> bool>,
    spent: Cell<bool>,
}

impl<'a> Budget<'a> {
    pub(crate) fn new(more: &'a mut dyn FnMut() -> bool) -> Self {
        Self { more: RefCell::new(more), spent: Cell::new(false) }
    }

    /// Whether there is any left. Once it was spent it stays so; asked from inside the host's own closure, there is none.
    pub(crate) fn is_left(&self) -> bool {
        if self.spent.get() {
            return false;
        }
        let Ok(mut more) = self.more.try_borrow_mut() else {
            return false;
        };
        let left = more();
        self.spent.set(!left);
        left
    }
}

impl Allowance for Budget<'_> {
    fn is_left(&self) -> bool {
        Budget::is_left(self)
    }
}

impl<'a> Frames<'a> {
    fn find(self, queue: QueueId) -> Option<&'a Frame<'a>> {
        let mut next = self.0;
        while let Some(frame) = next {
            if frame.queue == queue {
                return Some(frame);
            }
            next = frame.outer.0;
        }
        None
    }

    /// Is this thread in that context, and may it run more of its work right now?
    pub(crate) fn is_current(self, queue: QueueId) -> bool {
        self.find(queue).is_some_and(|frame| frame.budget.is_none_or(Allowance::is_left))
    }

    /// Is this thread in that context, whether or not it may run more?
    pub(crate) fn contains(self, queue: QueueId) -> bool {
        self.find(queue).is_some()
    }

    /// Calls `visit` with the helper of each stay that has one.
    #[cfg(feature = "std")]
    pub(crate) fn helpers(self, mut visit: impl FnMut(&dyn crate::worker::Help)) {
        let mut next = self.0;
        while let Some(frame) = next {
            if let Some(helper) = frame.helper {
                visit(helper);
            }
            next = frame.outer.0;
        }
    }

    /// Calls `f` inside a further stay.
    pub(crate) fn enter<R>(self, queue: QueueId, budget: Option<&Budget<'_>>, f: impl FnOnce(Frames<'_>) -> R) -> R {
        let frame = Frame {
            queue,
            budget: budget.map(|budget| budget as &dyn Allowance),
            #[cfg(feature = "std")]
            helper: None,
            outer: self,
        };
        frame.install(f)
    }
}

impl Frame<'_> {
    #[cfg(feature = "std")]
    fn install<R>(&self, f: impl FnOnce(Frames<'_>) -> R) -> R {
        /// Puts the outer frames back, also when `f` unwinds.
        struct Leave(*const Frame<'static>);
        impl Drop for Leave {
            fn drop(&mut self) {
                _ = LOCAL.try_with(|local| local.frames.set(self.0));
            }
        }
        let here = core::ptr::from_ref(self).cast::<Frame<'static>>();
        // No thread-local any more means that the thread is ending: then `f` runs with what it is given by hand.
        let _leave = LOCAL.try_with(|local| Leave(local.frames.replace(here)));
        f(Frames(Some(self)))
    }

    #[cfg(not(feature = "std"))]
    fn install<R>(&self, f: impl FnOnce(Frames<'_>) -> R) -> R {
        f(Frames(Some(self)))
    }
}

/// Calls `f` with this thread marked as one of a processor's, which helps in its waits.
#[cfg(feature = "std")]
pub(crate) fn serve<R>(queue: QueueId, helper: Option<&dyn crate::worker::Help>, f: impl FnOnce() -> R) -> R {
    Frame { queue, budget: None, helper, outer: frames() }.install(|_| f())
}

/// The contexts that the calling thread is in.
#[cfg(feature = "std")]
pub(crate) fn frames<'a>() -> Frames<'a> {
    let top = LOCAL.try_with(|local| local.frames.get()).unwrap_or(core::ptr::null());
    // SAFETY: `install` puts a frame in for as long as it stands on this thread's stack and the callers of this function
    // are deeper on the same stack; they pass the frames downwards only, as no frame is kept anywhere.
    Frames(unsafe { top.as_ref() })
}

#[cfg(not(feature = "std"))]
pub(crate) fn frames<'a>() -> Frames<'a> {
    Frames(None)
}

/// Calls `f`, which makes the outcome of this cell, and lets waits inside of it know that it does.
#[cfg(feature = "std")]
pub(crate) fn producing<R>(cell: NonNull<Header>, f: impl FnOnce() -> R) -> R {
    let outer = LOCAL.try_with(|local| local.producing.get()).unwrap_or(core::ptr::null());
    let here = Producing { cell, outer };
    // Nothing unwinds out of `f` that has not been caught, but under loom; there it ends the model.
    _ = LOCAL.try_with(|local| local.producing.set(&raw const here));
    let result = f();
    _ = LOCAL.try_with(|local| local.producing.set(outer));
    result
}

#[cfg(not(feature = "std"))]
pub(crate) fn producing<R>(_: NonNull<Header>, f: impl FnOnce() -> R) -> R {
    f()
}

/// A cell whose outcome is being made, further down on this thread's stack.
#[cfg(feature = "std")]
struct Producing {
    cell: NonNull<Header>,
    outer: *const Producing,
}

/// Calls `visit` with each cell whose outcome is being made further down on this thread's stack, until it says `true`.
#[cfg(feature = "std")]
pub(crate) fn any_produced(mut visit: impl FnMut(NonNull<Header>) -> bool) -> bool {
    let mut next = LOCAL.try_with(|local| local.producing.get()).unwrap_or(core::ptr::null());
    // SAFETY: each stands on this thread's stack, below the caller, until its `producing` returns.
    while let Some(producing) = unsafe { next.as_ref() } {
        if visit(producing.cell) {
            return true;
        }
        next = producing.outer;
    }
    false
}

/// A level of nesting: continuations start at one, and the outermost runs what the deeper ones put off.
pub(crate) struct Level {
    #[cfg(feature = "std")]
    depth: usize,
    /// It counts for the thread that it was made on.
    _not_send: PhantomData<*mut ()>,
}

/// What waits for the outermost level.
pub(crate) enum PutOff {
    /// A runnable to run.
    Run(NonNull<Node>),
    /// A continuation whose source is settled, to decide about anew.
    Fire(NonNull<Header>),
}

#[cfg(feature = "std")]
struct Local {
    frames: Cell<*const Frame<'static>>,
    depth: Cell<usize>,
    to_run: Cell<List>,
    to_fire: Cell<List>,
    mains: Cell<*const crate::main_thread::MainShared>,
    producing: Cell<*const Producing>,
}

#[cfg(feature = "std")]
crate::sync::local! {
    static LOCAL: Local = Local {
        frames: Cell::new(core::ptr::null()),
        depth: Cell::new(0),
        to_run: Cell::new(List::new()),
        to_fire: Cell::new(List::new()),
        mains: Cell::new(core::ptr::null()),
        producing: Cell::new(core::ptr::null()),
    };
}

/// The main queues whose main thread this is, as the first of a list through `MainShared`.
#[cfg(feature = "std")]
pub(crate) fn mains() -> *const crate::main_thread::MainShared {
    LOCAL.try_with(|local| local.mains.get()).unwrap_or(core::ptr::null())
}

#[cfg(feature = "std")]
pub(crate) fn set_mains(first: *const crate::main_thread::MainShared) {
    _ = LOCAL.try_with(|local| local.mains.set(first));
}

#[cfg(feature = "std")]
impl Level {
    pub(crate) fn enter() -> Self {
        let depth = LOCAL.try_with(|local| {
            local.depth.set(local.depth.get() + 1);
            local.depth.get()
        });
        Self { depth: depth.unwrap_or(1), _not_send: PhantomData }
    }

    /// Is it so deep that what comes next has to wait for the outermost level?
    pub(crate) fn is_too_deep(&self) -> bool {
        self.depth > DEEPEST
    }

    /// Would a level that is entered now be too deep?
    pub(crate) fn next_is_too_deep() -> bool {
        LOCAL.try_with(|local| local.depth.get() >= DEEPEST).unwrap_or(false)
    }

    /// Leaves it to the outermost level to run this. Only at a level that is, or would be, too deep: else there may be
    /// no outermost level.
    ///
    /// # Safety
    ///
    /// The caller has charge of what is put off, and leaves it.
    pub(crate) unsafe fn put_off(work: &PutOff) {
        LOCAL.with(|local| {
            let (list, node) = match work {
                PutOff::Run(node) => (&local.to_run, *node),
                PutOff::Fire(header) => (&local.to_fire, header.cast()),
            };
            let mut all = list.get();
            // SAFETY: the caller leaves the node to us; a header starts with its node.
            unsafe { all.push_back(node) };
            list.set(all);
        });
    }

    /// The next thing that was put off, if this is the outermost level.
    pub(crate) fn resume(&self) -> Option<PutOff> {
        if self.depth == 1 { take_put_off() } else { None }
    }
}

/// The next thing that was put off on this thread: for the outermost level, and for waits, which may wait for it.
#[cfg(feature = "std")]
pub(crate) fn take_put_off() -> Option<PutOff> {
    fn pop(list: &Cell<List>) -> Option<NonNull<Node>> {
        let mut all = list.get();
        // SAFETY: `put_off` left the nodes to the list; the caller has charge of this one.
        let node = unsafe { all.pop_front() };
        list.set(all);
        node
    }
    LOCAL
        .try_with(|local| {
            let fire = pop(&local.to_fire).map(|node| PutOff::Fire(node.cast()));
            fire.or_else(|| pop(&local.to_run).map(PutOff::Run))
        })
        .ok()
        .flatten()
}

#[cfg(feature = "std")]
impl Drop for Level {
    fn drop(&mut self) {
        _ = LOCAL.try_with(|local| local.depth.set(local.depth.get() - 1));
    }
}

// Without thread-locals nobody can tell how deep a thread is: nothing is put off, and user code that settles or attaches
// inside a closure nests as deep as it calls itself.
#[cfg(not(feature = "std"))]
impl Level {
    pub(crate) fn enter() -> Self {
        Self { _not_send: PhantomData }
    }

    pub(crate) fn is_too_deep(&self) -> bool {
        false
    }

    pub(crate) fn next_is_too_deep() -> bool {
        false
    }

    /// # Safety
    ///
    /// Never called: no level is too deep.
    pub(crate) unsafe fn put_off(_: &PutOff) {
        unreachable!("no level is too deep without thread-locals");
    }

    pub(crate) fn resume(&self) -> Option<PutOff> {
        None
    }
}
