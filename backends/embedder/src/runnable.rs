//! Runnables, as a host's job system has them: one pointer.

use core::ffi::c_void;
use core::ptr::NonNull;

use threadbare::Runnable;

use crate::error::{take_error, tb_error};
use crate::handle::{Handle, read, required, take_out};
use crate::registry::{self, Hold, Kind};
use crate::status::{Result, guard, guard_or, tb_status};

/// One piece of work: run it once, on a thread of the context it was queued for. Whoever has it must run, reject or drop it.
pub struct tb_runnable(());

impl Handle for tb_runnable {
    const KIND: Kind = Kind::Runnable;
}

/// Gives a runnable to the host.
pub(crate) fn give_runnable(runnable: Runnable) -> *mut tb_runnable {
    let handle = runnable.into_raw().as_ptr().cast();
    registry::add(Kind::Runnable, Hold::Owned, handle);
    handle
}

/// Takes a runnable back.
///
/// # Safety
///
/// `place` is NULL or points to a handle.
unsafe fn take_runnable(place: *mut *mut tb_runnable) -> Result<Runnable> {
    // SAFETY: as the caller says: the handle is one of `give_runnable`, and this is its one use.
    unsafe { Ok(Runnable::from_raw(NonNull::new_unchecked(take_out(place)?).cast())) }
}

/// Runs it, and what follows from it in the same context. Sets *runnable to NULL before it runs. Not under a lock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_runnable_run(runnable: *mut *mut tb_runnable) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe { take_runnable(runnable)? }.run();
        Ok(())
    })
}

/// Runs it, and what follows from it in the same context while `more` says so. `more` is asked on this thread before each
/// continuation that would run at once; when it has said false, what would follow is queued. For a thread with a
/// frame to finish.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_runnable_run_while(
    runnable: *mut *mut tb_runnable,
    more: Option<unsafe extern "C-unwind" fn(data: *mut c_void) -> bool>,
    data: *mut c_void,
) -> tb_status {
    guard(|| {
        let more = required(more)?;
        // SAFETY: the header's conventions; `more` is called with its data, before this returns.
        unsafe { take_runnable(runnable)?.run_while(|| more(data)) };
        Ok(())
    })
}

/// Drops it unrun; its task is rejected with this error, unless an error was on its way already. For a queue that refuses.
/// Consumes both. Continuations that follow at once run on this thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_runnable_reject(runnable: *mut *mut tb_runnable, error: *mut *mut tb_error) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            read(error)?;
            let runnable = take_runnable(runnable)?;
            runnable.reject(take_error(error)?);
        }
        Ok(())
    })
}

/// Drops it unrun; its task is rejected with TB_ERROR_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_runnable_drop(runnable: *mut *mut tb_runnable) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe {
            if !runnable.is_null() && !(*runnable).is_null() {
                drop(take_runnable(runnable)?);
            }
        }
        Ok(())
    });
}
