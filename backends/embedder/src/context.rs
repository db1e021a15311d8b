//! Contexts, as C sees them: one type for all, that the verbs tell apart.

use alloc::boxed::Box;

use threadbare::{Main, Worker};

#[cfg(feature = "std")]
use crate::handle::required;
use crate::handle::{Handle, clear, give, lend, take_any};
use crate::home::{Home, Proof};
use crate::processor::{HostProcessor, tb_processor};
use crate::registry::{self, Hold, Kind};
use crate::status::{Result, fail, guard, guard_or, tb_status};

/// Where a closure runs: on a job system's threads, on the main thread when it dispatches, or wherever its task is settled.
/// A clone is the same context.
#[derive(Clone)]
pub struct tb_context(pub(crate) Place);

#[derive(Clone)]
pub(crate) enum Place {
    Immediate,
    Worker(Worker),
    Main(Main),
    Here(Home),
}

/// A context that is about to be used.
pub(crate) enum Entered<'a> {
    Immediate,
    Worker(&'a Worker),
    Main(&'a Main),
    Here(Proof),
}

impl tb_context {
    pub(crate) fn enter(&self) -> Result<Entered<'_>> {
        Ok(match &self.0 {
            Place::Immediate => Entered::Immediate,
            Place::Worker(worker) => Entered::Worker(worker),
            Place::Main(main) => Entered::Main(main),
            Place::Here(home) => Entered::Here(home.enter()?),
        })
    }
}

/// Does `$call` with `$place` bound to the context.
macro_rules! in_context {
    ($entered:expr, |$place:ident| $call:expr) => {
        match $entered {
            $crate::context::Entered::Immediate => {
                let $place = &threadbare::Immediate;
                $call
            }
            $crate::context::Entered::Worker($place) => $call,
            $crate::context::Entered::Main($place) => $call,
            $crate::context::Entered::Here(proof) => {
                let $place = proof.here();
                $call
            }
        }
    };
}
pub(crate) use in_context;

impl Handle for tb_context {
    const KIND: Kind = Kind::Context;
}

static IMMEDIATE: tb_context = tb_context(Place::Immediate);

/// A context that is lent to the host by what owns it, and which the host does not drop.
pub(crate) struct Borrowed(*mut tb_context);

impl Borrowed {
    pub(crate) fn new(place: Place) -> Self {
        let context = Box::into_raw(Box::new(tb_context(place)));
        registry::add(Kind::Context, Hold::Lent, context);
        Self(context)
    }

    pub(crate) fn handle(&self) -> *const tb_context {
        self.0
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        registry::remove(Kind::Context, Hold::Lent, self.0);
        // SAFETY: it came from a box, and nobody else takes it.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// # Safety
///
/// It is NULL, or a live handle for `'a`.
pub(crate) unsafe fn lend_context<'a>(context: *const tb_context) -> Result<&'a tb_context> {
    // The immediate one is in no registry, since nobody makes it.
    if core::ptr::eq(context, &raw const IMMEDIATE) {
        return Ok(&IMMEDIATE);
    }
    // SAFETY: as the caller says.
    unsafe { lend(context) }
}

/// The context of whichever thread settles the task, or attaches to a settled one: the closure runs at once, there. Static:
/// never dropped.
#[unsafe(no_mangle)]
pub extern "C" fn tb_immediate() -> *const tb_context {
    &raw const IMMEDIATE
}

/// Another handle of the same context, to keep: of a borrowed one, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_context_clone(context: *const tb_context, out: *mut *mut tb_context) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give(lend_context(context)?.clone());
        }
        Ok(())
    })
}

/// Lets a clone, or a worker of tb_worker_create, go. Not for borrowed ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_context_drop(context: *mut *mut tb_context) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(context) }.map(drop)
    });
}

/// Are they the same context? The main thread's own is another than the main queue's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_context_equal(one: *const tb_context, other: *const tb_context) -> bool {
    guard_or(false, || {
        // SAFETY: the header's conventions.
        let pair = unsafe { (&lend_context(one)?.0, &lend_context(other)?.0) };
        Ok(match pair {
            (Place::Immediate, Place::Immediate) => true,
            (Place::Worker(one), Place::Worker(other)) => one == other,
            (Place::Main(one), Place::Main(other)) => one == other,
            (Place::Here(one), Place::Here(other)) => one.main() == other.main(),
            _ => false,
        })
    })
}

/// A worker by itself, without a system: one more job system. The struct is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_worker_create(processor: *const tb_processor, out: *mut *mut tb_context) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give(tb_context(Place::Worker(Worker::new(HostProcessor::new(processor)?))));
        }
        Ok(())
    })
}

/// Calls `f` with the calling thread marked as one of the worker's, until `f` returns: for the main function of a job
/// system's thread. Inside, continuations for this worker run at once, and waits run its work (run_one). TB_UNSUPPORTED in a
/// library without std, which then does not call `f`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_worker_serve(
    worker: *const tb_context,
    f: Option<unsafe extern "C-unwind" fn(data: *mut core::ffi::c_void)>,
    data: *mut core::ffi::c_void,
) -> tb_status {
    guard(|| {
        #[cfg(feature = "std")]
        {
            let f = required(f)?;
            // SAFETY: the header's conventions.
            let Place::Worker(worker) = (unsafe { &lend_context(worker)?.0 }) else {
                return fail(crate::status::TB_INVALID, c"not a worker's context");
            };
            // A clone, since `f` may drop the host's.
            // SAFETY: the host gave the two together.
            worker.clone().serve(|| unsafe { f(data) });
            Ok(())
        }
        #[cfg(not(feature = "std"))]
        {
            _ = (worker, f, data);
            fail(crate::status::TB_UNSUPPORTED, c"threads cannot be told apart without std")
        }
    })
}
