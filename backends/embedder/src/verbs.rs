//! What happens to a task's outcome, and where.

use core::ffi::c_void;

use threadbare::{Error, Outcome, Task};

use crate::context::{Entered, in_context, lend_context, tb_context};
use crate::error::{give_error, tb_error};
use crate::handle::{Lent, clear, required};
use crate::reply::{ask, tb_reply};
use crate::status::{Result, guard, tb_status};
use crate::task::{give_task, read_task, take_task, tb_task};
use crate::value::{Closure, Value, tb_destroy};

/// Work of its own.
pub type tb_on_run = Option<unsafe extern "C-unwind" fn(data: *mut c_void, reply: *mut tb_reply)>;
/// Goes on with a value, which is the callback's now.
pub type tb_on_value = Option<unsafe extern "C-unwind" fn(data: *mut c_void, value: *mut c_void, reply: *mut tb_reply)>;
/// Goes on with an error, which is the callback's now: to be dropped, or passed on.
pub type tb_on_error =
    Option<unsafe extern "C-unwind" fn(data: *mut c_void, error: *mut tb_error, reply: *mut tb_reply)>;
/// Goes on with either, which is the callback's now; `error` is NULL if the task has resolved.
pub type tb_on_outcome = Option<
    unsafe extern "C-unwind" fn(data: *mut c_void, value: *mut c_void, error: *mut tb_error, reply: *mut tb_reply),
>;
/// Looks at either, which is lent; `error` is NULL if the task has resolved.
pub type tb_on_look =
    Option<unsafe extern "C-unwind" fn(data: *mut c_void, value: *const c_void, error: *const tb_error)>;

/// Runs a callback in a context; the task settles as it replies. It is always queued, never run at once, so that forks
/// spread over the workers (tb_immediate has no queue: there it runs now).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_run(
    context: *const tb_context,
    call: tb_on_run,
    data: *mut c_void,
    destroy: tb_destroy,
    out: *mut *mut tb_task,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        let entered = unsafe {
            clear(out)?;
            lend_context(context)?.enter()?
        };
        let closure = Closure::new(required(call)?, data, destroy);
        // SAFETY: the host gave the two together.
        let work = move || ask(|reply| closure.with(|call, data| unsafe { call(data, reply) }));
        let task: Task<Value> = in_context!(entered, |place| threadbare::try_run(place, work));
        // SAFETY: as above.
        unsafe { *out = give_task(task) };
        Ok(())
    })
}

/// A verb: takes the task, attaches, and puts the task of what follows in its place. `data` is ours once nothing can fail.
///
/// # Safety
///
/// The header's conventions.
unsafe fn verb<C: Copy>(
    task: *mut *mut tb_task,
    context: *const tb_context,
    call: Option<C>,
    data: (*mut c_void, tb_destroy),
    attach: impl FnOnce(Task<Value>, Entered<'_>, Closure<C>) -> Task<Value>,
) -> tb_status {
    guard(|| {
        // SAFETY: as the caller says.
        unsafe {
            read_task(task)?;
            let entered = lend_context(context)?.enter()?;
            let call = required(call)?;
            let source: Result<Task<Value>> = take_task(task);
            *task = give_task(attach(source?, entered, Closure::new(call, data.0, data.1)));
        }
        Ok(())
    })
}

/// Goes on with the value: *task is replaced by the task that settles as the callback replies. An error passes the callback by.
///
/// This and the other verbs: the callback runs once, in the context: at once, if the thread that settles the task (or calls
/// the verb, if it is settled) is already there, else when the context's queue gets to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_and_then(
    task: *mut *mut tb_task,
    context: *const tb_context,
    call: tb_on_value,
    data: *mut c_void,
    destroy: tb_destroy,
) -> tb_status {
    // SAFETY: the header's conventions; the host gave callback and data together.
    unsafe {
        verb(task, context, call, (data, destroy), |task, entered, closure| {
            let work = move |value: Value| -> Outcome<Value> {
                ask(|reply| closure.with(|call, data| call(data, value.into_pointer(), reply)))
            };
            in_context!(entered, |place| task.and_then(place, work))
        })
    }
}

/// Goes on with an error: *task is replaced by the task that settles as the callback replies. A value passes the callback by.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_or_else(
    task: *mut *mut tb_task,
    context: *const tb_context,
    call: tb_on_error,
    data: *mut c_void,
    destroy: tb_destroy,
) -> tb_status {
    // SAFETY: as in `tb_and_then`.
    unsafe {
        verb(task, context, call, (data, destroy), |task, entered, closure| {
            let work = move |error: Error| -> Outcome<Value> {
                ask(|reply| closure.with(|call, data| call(data, give_error(error), reply)))
            };
            in_context!(entered, |place| task.or_else(place, work))
        })
    }
}

/// Goes on with the outcome, whichever it is: *task is replaced by the task that settles as the callback replies.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_then(
    task: *mut *mut tb_task,
    context: *const tb_context,
    call: tb_on_outcome,
    data: *mut c_void,
    destroy: tb_destroy,
) -> tb_status {
    // SAFETY: as in `tb_and_then`.
    unsafe {
        verb(task, context, call, (data, destroy), |task, entered, closure| {
            let work = move |outcome: core::result::Result<Value, Error>| -> Outcome<Value> {
                let (value, error) = match outcome {
                    Ok(value) => (value.into_pointer(), core::ptr::null_mut()),
                    Err(error) => (core::ptr::null_mut(), give_error(error)),
                };
                ask(|reply| closure.with(|call, data| call(data, value, error, reply)))
            };
            in_context!(entered, |place| task.then(place, work))
        })
    }
}

/// Looks at the outcome, which passes on: *task is replaced by the task that has it after the callback has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_inspect(
    task: *mut *mut tb_task,
    context: *const tb_context,
    call: tb_on_look,
    data: *mut c_void,
    destroy: tb_destroy,
) -> tb_status {
    // SAFETY: as in `tb_and_then`; what is lent stands until the call returns.
    unsafe {
        verb(task, context, call, (data, destroy), |task, entered, closure| {
            let work = move |outcome: &core::result::Result<Value, Error>| match outcome {
                Ok(value) => closure.with(|call, data| call(data, value.pointer().cast_const(), core::ptr::null())),
                Err(error) => {
                    let error = tb_error::lent(error);
                    let lent = Lent::new(&raw const error);
                    closure.with(|call, data| call(data, core::ptr::null(), lent.handle()));
                }
            };
            in_context!(entered, |place| task.inspect(place, work))
        })
    }
}
