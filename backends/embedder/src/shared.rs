//! One task for many.

use core::ffi::c_void;

use threadbare::{Immediate, SharedTask};

use crate::error::tb_error;
use crate::handle::{Handle, clear, give, lend, required, take_any};
use crate::registry::Kind;
use crate::status::{TB_PENDING, fail, guard, guard_or, tb_status};
use crate::task::{finish, give_task, prepare, read_task, take_task, tb_task};
use crate::value::Value;

/// Makes the value that a fork gets, which is destroyed as the original is. Called on any thread, by several at once.
pub type tb_clone = Option<unsafe extern "C-unwind" fn(value: *const c_void) -> *mut c_void>;

/// A task whose outcome many may have. For any thread.
pub struct tb_shared(SharedTask<Cloned>);

impl Handle for tb_shared {
    const KIND: Kind = Kind::Shared;
}

/// A value, and how to clone it.
struct Cloned {
    value: Value,
    clone: unsafe extern "C-unwind" fn(value: *const c_void) -> *mut c_void,
}

impl Clone for Cloned {
    fn clone(&self) -> Self {
        // SAFETY: the host gave the two together.
        let copy = unsafe { (self.clone)(self.value.pointer()) };
        Self { value: Value::new(copy, self.value.destroy()), clone: self.clone }
    }
}

/// Lets many have the outcome of a task, which is consumed. Each fork gets what `clone` makes of the value; an error is
/// the same for all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_task_share(
    task: *mut *mut tb_task,
    clone: tb_clone,
    out: *mut *mut tb_shared,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            read_task(task)?;
            let clone = required(clone)?;
            let task = take_task(task)?.map(&Immediate, move |value| Cloned { value, clone });
            *out = give(tb_shared(task.share()));
        }
        Ok(())
    })
}

/// A task with a clone of the outcome. Forks that wait settle in the order in which they were made, on the thread that settles
/// the shared task, which also clones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_shared_fork(shared: *const tb_shared, out: *mut *mut tb_task) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give_task(lend(shared)?.0.fork().map(&Immediate, |cloned| cloned.value));
        }
        Ok(())
    })
}

/// A clone of the outcome, if it is there, as tb_task_take gives it; else TB_PENDING. For code that looks every frame: no task
/// is made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_shared_peek(
    shared: *const tb_shared,
    value: *mut *mut c_void,
    error: *mut *mut tb_error,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            prepare(value, error);
            match lend(shared)?.0.peek() {
                Some(outcome) => finish(outcome.map(|cloned| cloned.value), value, error),
                None => fail(TB_PENDING, c"the shared task is not settled yet"),
            }
        }
    })
}

/// Another handle of the same shared task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_shared_clone(shared: *const tb_shared, out: *mut *mut tb_shared) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give(tb_shared(lend(shared)?.0.clone()));
        }
        Ok(())
    })
}

/// Lets the handle go. The original value is destroyed with the last one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_shared_drop(shared: *mut *mut tb_shared) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(shared) }.map(drop)
    });
}

/// Is the outcome there?
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_shared_is_settled(shared: *const tb_shared) -> bool {
    guard_or(false, || {
        // SAFETY: the header's conventions.
        Ok(unsafe { lend(shared)? }.0.is_settled())
    })
}
