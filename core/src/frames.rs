//! In which contexts this thread is.
//!
//! With feature `std` a thread-local points to the innermost, so that code that the user's closures call finds it, too; it is
//! a plain cell without a destructor. Without, the core passes its frames along by hand and knows what it is running
//! itself.

use core::any::TypeId;
use core::cell::{Cell, RefCell};

#[cfg(feature = "std")]
use crate::help::Help;

/// Which queue: the type of its handle, and the handle's [`key`](crate::Schedule::key).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueId {
    pub(crate) key: usize,
    pub(crate) kind: TypeId,
}

/// A stay of this thread in a context, on the stack of whoever brought it there. Without a queue it is in no context, and
/// says something about those inside of it.
pub(crate) struct Frame<'a> {
    queue: Option<QueueId>,
    budget: Option<&'a dyn Allowance>,
    #[cfg(feature = "std")]
    helper: Option<&'a dyn Help>,
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
            if frame.queue == Some(queue) {
                return Some(frame);
            }
            next = frame.outer.0;
        }
        None
    }

    /// No stays.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Is this thread in that context, and may it run more of its work right now?
    pub(crate) fn is_current(self, queue: QueueId) -> bool {
        self.find(queue).is_some_and(|frame| frame.budget.is_none_or(Allowance::is_left))
    }

    /// The budget that the next stay inherits, if one was set since the last.
    fn allowed(self) -> Option<&'a dyn Allowance> {
        let mut next = self.0;
        while let Some(frame) = next.filter(|frame| frame.queue.is_none()) {
            if frame.budget.is_some() {
                return frame.budget;
            }
            next = frame.outer.0;
        }
        None
    }

    /// Is this thread in that context, whether or not it may run more?
    pub(crate) fn contains(self, queue: QueueId) -> bool {
        self.find(queue).is_some()
    }

    /// Calls `visit` with the helper of each stay that has one.
    #[cfg(feature = "std")]
    pub(crate) fn helpers(self, mut visit: impl FnMut(&dyn Help)) {
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
            queue: Some(queue),
            budget: budget.map(|budget| budget as &dyn Allowance).or_else(|| self.allowed()),
            #[cfg(feature = "std")]
            helper: None,
            outer: self,
        };
        frame.install(f)
    }

    /// Calls `f` inside that context: inside a further stay, unless this thread is there and nothing has changed since.
    #[inline]
    pub(crate) fn within<R>(self, queue: QueueId, f: impl FnOnce(Frames<'_>) -> R) -> R {
        if self.contains(queue) && self.allowed().is_none() { f(self) } else { self.enter(queue, None, f) }
    }

    /// Calls `f`, and gives the next stay inside of it this budget.
    pub(crate) fn allow<R>(self, budget: &Budget<'_>, f: impl FnOnce(Frames<'_>) -> R) -> R {
        let frame = Frame {
            queue: None,
            budget: Some(budget),
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
                _ = FRAMES.try_with(|frames| frames.set(self.0));
            }
        }
        let here = core::ptr::from_ref(self).cast::<Frame<'static>>();
        // No thread-local any more means that the thread is ending: then `f` runs with what it is given by hand.
        let _leave = FRAMES.try_with(|frames| Leave(frames.replace(here)));
        f(Frames(Some(self)))
    }

    #[cfg(not(feature = "std"))]
    fn install<R>(&self, f: impl FnOnce(Frames<'_>) -> R) -> R {
        f(Frames(Some(self)))
    }
}

#[cfg(feature = "std")]
crate::sync::local! {
    static FRAMES: Cell<*const Frame<'static>> = Cell::new(core::ptr::null());
}

/// Calls `f` with this thread marked as one of a processor's, which helps in its waits.
#[cfg(feature = "std")]
pub(crate) fn serve<R>(queue: QueueId, helper: Option<&dyn Help>, f: impl FnOnce() -> R) -> R {
    Frame { queue: Some(queue), budget: None, helper, outer: current() }.install(|_| f())
}

/// Calls `f` with this helper for the waits in it.
#[cfg(feature = "std")]
pub(crate) fn helping<R>(helper: &dyn Help, f: impl FnOnce() -> R) -> R {
    Frame { queue: None, budget: None, helper: Some(helper), outer: current() }.install(|_| f())
}

/// The contexts that the calling thread is in.
#[cfg(feature = "std")]
pub(crate) fn current<'a>() -> Frames<'a> {
    let top = FRAMES.try_with(Cell::get).unwrap_or(core::ptr::null());
    // SAFETY: `install` puts a frame in for as long as it stands on this thread's stack and the callers of this function
    // are deeper on the same stack; they pass the frames downwards only, as no frame is kept anywhere.
    Frames(unsafe { top.as_ref() })
}

#[cfg(not(feature = "std"))]
pub(crate) fn current<'a>() -> Frames<'a> {
    Frames(None)
}
