//! Tasks: how they are made, taken, waited for, and let go. What is done with their outcomes is in `verbs`.

use core::ffi::c_void;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use threadbare::{Error, Task};

use crate::error::{give_error, take_error, tb_error};
use crate::handle::{Handle, check, clear, read, take_out};
use crate::registry::{self, Hold, Kind};
use crate::status::{Result, TB_PENDING, TB_REJECTED, fail, guard, guard_or, tb_status};
use crate::value::{Value, tb_destroy};

/// The read side: a value or an error that is there, or will be. One owner, who may pass it on to any thread.
pub struct tb_task(());

impl Handle for tb_task {
    const KIND: Kind = Kind::Task;
}

/// Gives a task to the host: the handle is the task's own pointer.
pub(crate) fn give_task(task: Task<Value>) -> *mut tb_task {
    let handle = task.into_raw().as_ptr().cast();
    registry::add(Kind::Task, Hold::Owned, handle);
    handle
}

/// Is there a task to be consumed?
///
/// # Safety
///
/// `place` is NULL or points to a handle.
pub(crate) unsafe fn read_task(place: *mut *mut tb_task) -> Result<*mut tb_task> {
    // SAFETY: as the caller says.
    unsafe { read(place) }
}

/// Takes a task from the host.
///
/// # Safety
///
/// As for [`read_task`].
pub(crate) unsafe fn take_task(place: *mut *mut tb_task) -> Result<Task<Value>> {
    // SAFETY: as the caller says.
    unsafe { Ok(task_of(take_out(place)?)) }
}

/// # Safety
///
/// The handle is alive, and no longer one.
unsafe fn task_of(handle: *mut tb_task) -> Task<Value> {
    // SAFETY: as the caller says; it is one of `give_task`.
    unsafe { Task::from_raw(NonNull::new_unchecked(handle).cast()) }
}

/// Looks at a task.
///
/// # Safety
///
/// It is NULL, or a live handle.
unsafe fn look<R>(handle: *const tb_task, f: impl FnOnce(&Task<Value>) -> R) -> Result<R> {
    check(handle)?;
    // SAFETY: as the caller says; the task stays the host's.
    Ok(f(&ManuallyDrop::new(unsafe { task_of(handle.cast_mut()) })))
}

/// Empties what [`finish`] fills.
///
/// # Safety
///
/// Each is NULL or may be written.
pub(crate) unsafe fn prepare(value: *mut *mut c_void, error: *mut *mut tb_error) {
    // SAFETY: as the caller says.
    unsafe {
        if !value.is_null() {
            *value = core::ptr::null_mut();
        }
        if !error.is_null() {
            *error = core::ptr::null_mut();
        }
    }
}

/// Gives the host an outcome, or drops it where nobody wants it.
///
/// # Safety
///
/// As for [`prepare`].
pub(crate) unsafe fn finish(
    outcome: core::result::Result<Value, Error>,
    value: *mut *mut c_void,
    error: *mut *mut tb_error,
) -> Result<()> {
    // SAFETY: as the caller says.
    unsafe {
        match outcome {
            Ok(found) => {
                if !value.is_null() {
                    *value = found.into_pointer();
                }
                Ok(())
            }
            Err(found) => {
                if !error.is_null() {
                    *error = give_error(found);
                }
                fail(TB_REJECTED, c"the task was rejected; its error says why")
            }
        }
    }
}

/// A task that has its value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_task_resolved(
    value: *mut c_void,
    destroy: tb_destroy,
    out: *mut *mut tb_task,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give_task(Task::resolved(Value::new(value, destroy)));
        }
        Ok(())
    })
}

/// A task that has an error, which is consumed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_task_rejected(error: *mut *mut tb_error, out: *mut *mut tb_task) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give_task(Task::rejected(take_error(error)?));
        }
        Ok(())
    })
}

/// Is the outcome there? If so, what was done before the task was settled can be seen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_task_is_settled(task: *const tb_task) -> bool {
    guard_or(false, || {
        // SAFETY: the header's conventions.
        unsafe { look(task, Task::is_settled) }
    })
}

/// The outcome, if it is there. TB_OK: *value is yours, *task NULL. TB_REJECTED: *error is yours, *task NULL. TB_PENDING: not
/// yet, the task stays. Where `value` or `error` is NULL, what it would get is destroyed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_task_take(
    task: *mut *mut tb_task,
    value: *mut *mut c_void,
    error: *mut *mut tb_error,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            prepare(value, error);
            if !look(read_task(task)?, Task::is_settled)? {
                return fail(TB_PENDING, c"the task is not settled yet");
            }
            match take_task(task)?.try_take() {
                Ok(outcome) => finish(outcome, value, error),
                Err(_) => unreachable!("a settled task stays so"),
            }
        }
    })
}

/// Blocks the calling thread until the task has settled; returns as tb_task_take does, but never TB_PENDING. What the thread
/// could do meanwhile it does: on a main thread it dispatches, on a thread of a pool, or one that serves, it runs
/// that one's work; on top of your stack: hold no lock that the work may want. A wait that would be for ever ends with
/// TB_ERROR_DEADLOCK where that can be known. TB_UNSUPPORTED in a library without std: see tb_main_thread_wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_task_wait(
    task: *mut *mut tb_task,
    value: *mut *mut c_void,
    error: *mut *mut tb_error,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            prepare(value, error);
            #[cfg(feature = "std")]
            return finish(take_task(task)?.wait(), value, error);
            #[cfg(not(feature = "std"))]
            {
                _ = task;
                fail(crate::status::TB_UNSUPPORTED, c"a thread cannot sleep without std")
            }
        }
    })
}

/// Lets the task go: its work goes on, its value is destroyed by the thread that settles it, its error goes to the error hook.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_task_detach(task: *mut *mut tb_task) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe { take_task(task)? }.detach();
        Ok(())
    })
}

/// The same; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_task_drop(task: *mut *mut tb_task) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe {
            if !task.is_null() && !(*task).is_null() {
                drop(take_task(task)?);
            }
        }
        Ok(())
    });
}
