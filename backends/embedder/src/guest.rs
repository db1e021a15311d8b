//! Threads of the host's that a pool has for a while.

use core::ffi::c_void;

use threadbare::{Error, ErrorKind, Immediate, promise};
use threadbare_threads::ThreadPool;

use crate::error::tb_error;
use crate::handle::{lend, required};
use crate::pool::tb_pool;
use crate::status::{Failure, Result, TB_CLOSED, TB_FULL, guard, tb_status};
use crate::task::{finish, give_task, prepare, read_task, take_task, tb_task};

/// A handle of our own: what runs meanwhile may drop the host's.
///
/// # Safety
///
/// It is NULL, or a live handle.
unsafe fn keep(pool: *const tb_pool) -> Result<ThreadPool> {
    // SAFETY: as the caller says.
    Ok(unsafe { lend(pool)? }.pool().clone())
}

fn refused(error: &Error) -> Failure {
    match error.kind() {
        ErrorKind::Full => Failure::new(TB_FULL, c"as many threads are attached as the pool has room for"),
        _ => Failure::new(TB_CLOSED, c"the pool is closed"),
    }
}

/// Lends the calling thread to the pool: runs its work, asleep while there is none, until `stop` has settled; returns as
/// tb_task_take does then, but never TB_PENDING. For the host's own threads: there must be room (`guests`).
///
/// Meanwhile the thread is one of the pool's: continuations for the pool run at once, and waits help. Of what it has queued
/// there it may leave some behind, for others. on_start and on_stop are not called. It can be called on a main thread and
/// inside of other pools' work, which then waits; hold no lock that the work may want. The pool stays open until it returns,
/// also if the last handle is dropped: it is then closed here, at the end.
///
/// TB_FULL: there is no room, nothing was run. TB_CLOSED: the pool was closed before `stop` had settled, and what was queued has
/// been run or rejected. With either, *stop is yours still: a task that settles as the one that it replaces.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_attach_until(
    pool: *const tb_pool,
    stop: *mut *mut tb_task,
    value: *mut *mut c_void,
    error: *mut *mut tb_error,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions; nobody else has `stop` meanwhile.
        unsafe {
            prepare(value, error);
            read_task(stop)?;
            let pool = keep(pool)?;
            // The outcome stays in our own hands, for a pool that does not take the thread.
            let (told, tell) = promise();
            let task = take_task(stop)?.then(&Immediate, move |outcome| {
                told.resolve(());
                outcome
            });
            match pool.attach_until(tell) {
                Ok(()) => finish(task.wait(), value, error),
                Err(why) => {
                    *stop = give_task(task);
                    Err(refused(&why))
                }
            }
        }
    })
}

/// Lends the calling thread to the pool: runs its work while `more` says so, until there is none. `more` is asked on this thread
/// before each runnable: for a thread with a little time left in its frame. `ran` gets how many were run, and may be NULL.
/// Otherwise as tb_pool_attach_until; a pool that is closed has nothing to run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_attach_while(
    pool: *const tb_pool,
    more: Option<unsafe extern "C-unwind" fn(data: *mut c_void) -> bool>,
    data: *mut c_void,
    ran: *mut usize,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions; `more` is called with its data, before this returns.
        unsafe {
            ran.as_mut().into_iter().for_each(|ran| *ran = 0);
            let more = required(more)?;
            match keep(pool)?.attach_while(|| more(data)) {
                Ok(count) => ran.as_mut().into_iter().for_each(|ran| *ran = count),
                Err(why) => return Err(refused(&why)),
            }
        }
        Ok(())
    })
}
