//! The main thread, and dispatch.

use core::ffi::c_void;
#[cfg(feature = "std")]
use core::time::Duration;

use threadbare::MainThread;

use crate::context::{Borrowed, Place, tb_context};
use crate::handle::{Handle, clear, give, lend, required, take_any};
use crate::home::Proof;
use crate::registry::Kind;
use crate::status::{Result, TB_WRONG_THREAD, fail, guard, guard_or, tb_status};
use crate::system::tb_system;
use crate::task::{finish, prepare, read_task, take_task, tb_task};

/// The main thread of a system. For its thread alone: elsewhere its functions return TB_WRONG_THREAD (with std; without, that
/// is yours to see to). Keep it for as long as the main loop runs.
pub struct tb_main_thread {
    /// Keeps the main queue attended.
    here: Proof,
    context: Borrowed,
}

impl Handle for tb_main_thread {
    const KIND: Kind = Kind::MainThread;
}

impl tb_main_thread {
    fn new(here: MainThread) -> Self {
        let here = Proof::new(here);
        Self { context: Borrowed::new(Place::Here(here.home())), here }
    }

    /// A proof of one's own, which outlives this handle: what runs in a dispatch may drop that.
    fn enter(&self) -> Result<Proof> {
        self.here.again()
    }
}

/// Makes the calling thread the main thread of a system. The first thread to enter is it for good; on others this is
/// TB_WRONG_THREAD. On that thread it can be called again, also inside of main work and after the last one was dropped, which
/// opens the queue again. (Without std only the first call gets one.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_main_enter(system: *const tb_system, out: *mut *mut tb_main_thread) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            match lend(system)?.system.main().enter() {
                Some(here) => *out = give(tb_main_thread::new(here)),
                None => return fail(TB_WRONG_THREAD, c"another thread is the main thread"),
            }
        }
        Ok(())
    })
}

/// On its thread: when the last one is dropped the main thread has left, and the main queue is closed: what it holds is
/// rejected and destroyed here. What comes later is rejected; `data` given with tb_main_thread_context, which no other thread may
/// destroy, is leaked if it is then skipped on one (without std: on any). Where that matters, dispatch until such tasks have
/// settled before you leave. On another thread it does nothing, and tb_last_error says so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_main_thread_drop(main_thread: *mut *mut tb_main_thread) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe {
            if !main_thread.is_null() && !(*main_thread).is_null() {
                lend(*main_thread)?.enter()?;
            }
            take_any(main_thread).map(drop)
        }
    });
}

/// The main thread's own context: its closures may touch what belongs to the main thread, since they run there, and are
/// destroyed there even if they are skipped (or leaked: see tb_main_thread_drop). Using it elsewhere is TB_WRONG_THREAD, and a
/// clone without std once the main thread has left. Borrowed: lives as long as this handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_main_thread_context(main_thread: *const tb_main_thread) -> *const tb_context {
    guard_or(core::ptr::null(), || {
        // SAFETY: the header's conventions.
        Ok(unsafe { lend(main_thread)? }.context.handle())
    })
}

/// Is nothing queued? What is queued at the same time may or may not be seen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_main_thread_is_idle(main_thread: *const tb_main_thread) -> bool {
    guard_or(false, || {
        // SAFETY: the header's conventions.
        unsafe { lend(main_thread)? }.here.is_idle()
    })
}

/// Dispatches, if it may and there is something to run. Reports how many were run.
///
/// # Safety
///
/// `ran` is NULL or may be written.
unsafe fn dispatching<A, R: Copy + Default>(
    main_thread: *const tb_main_thread,
    ran: *mut R,
    allowed: Result<A>,
    dispatch: impl FnOnce(&MainThread, A) -> R,
) -> tb_status {
    guard(|| {
        // SAFETY: as the caller says.
        unsafe {
            ran.as_mut().into_iter().for_each(|ran| *ran = R::default());
            let main_thread = lend(main_thread)?;
            let (is_idle, allowed) = (main_thread.here.is_idle()?, allowed?);
            if !is_idle {
                let count = dispatch(main_thread.enter()?.here(), allowed);
                ran.as_mut().into_iter().for_each(|ran| *ran = count);
            }
        }
        Ok(())
    })
}

/// Runs what was queued when it was called, and what follows from it in the main context. What is queued meanwhile waits for
/// the next call. `ran` gets how many were run, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_dispatch(main_thread: *const tb_main_thread, ran: *mut usize) -> tb_status {
    // SAFETY: the header's conventions.
    unsafe { dispatching(main_thread, ran, Ok(()), |here, ()| here.dispatch()) }
}

/// Runs one queued runnable, and what follows from it in the main context; `ran` gets whether there was one, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_dispatch_one(main_thread: *const tb_main_thread, ran: *mut bool) -> tb_status {
    // SAFETY: the header's conventions.
    unsafe { dispatching(main_thread, ran, Ok(()), |here, ()| here.dispatch_one()) }
}

/// Runs what is queued, also meanwhile, until nothing is left or `more` says false, which is asked before each runnable and
/// each continuation that would run at once. `ran` gets how many were run, and may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_dispatch_while(
    main_thread: *const tb_main_thread,
    more: Option<unsafe extern "C-unwind" fn(data: *mut c_void) -> bool>,
    data: *mut c_void,
    ran: *mut usize,
) -> tb_status {
    // SAFETY: the header's conventions.
    unsafe { dispatching(main_thread, ran, required(more), |here, more| here.dispatch_while(|| more(data))) }
}

/// As tb_dispatch_while, for so long at most. The first runs in any case, and the last may overrun it by what it takes.
/// TB_UNSUPPORTED in a library without std.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_dispatch_for(
    main_thread: *const tb_main_thread,
    nanoseconds: u64,
    ran: *mut usize,
) -> tb_status {
    // SAFETY: the header's conventions.
    unsafe {
        #[cfg(feature = "std")]
        return dispatching(main_thread, ran, Ok(Duration::from_nanos(nanoseconds)), MainThread::dispatch_for);
        #[cfg(not(feature = "std"))]
        {
            _ = nanoseconds;
            let no_clock: Result<()> = fail(crate::status::TB_UNSUPPORTED, c"there is no clock without std");
            dispatching(main_thread, ran, no_clock, |_, ()| 0)
        }
    }
}

/// Dispatches until the task has settled, and sleeps while there is nothing to run (without std it spins). As tb_task_wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_main_thread_wait(
    main_thread: *const tb_main_thread,
    task: *mut *mut tb_task,
    value: *mut *mut c_void,
    error: *mut *mut crate::error::tb_error,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            prepare(value, error);
            read_task(task)?;
            let here = lend(main_thread)?.enter()?;
            finish(here.here().wait(take_task(task)?), value, error)
        }
    })
}
