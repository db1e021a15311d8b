//! Promises.

use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};

use threadbare::Promise;

use crate::error::{take_error, tb_error};
use crate::handle::{Handle, clear, give, lend, read, take_any};
use crate::registry::Kind;
use crate::status::{Result, TB_SETTLED, fail, guard, guard_or, tb_status};
use crate::sync::{AtomicPtr, Ordering};
use crate::task::{give_task, tb_task};
use crate::value::{Value, tb_destroy};

/// The write side of a task: settles it, once. For any thread, several at once included; the first of them settles. It is
/// there until it is dropped, which must come after the last call.
pub struct tb_promise {
    /// The promise, until somebody settles it: then NULL.
    promise: AtomicPtr<()>,
}

impl Handle for tb_promise {
    const KIND: Kind = Kind::Promise;
}

impl tb_promise {
    fn take(&self) -> Option<Promise<Value>> {
        // ORDERING: Relaxed: one swap finds it, and what it points to was published with the handle, by the host.
        let promise = NonNull::new(self.promise.swap(null_mut(), Ordering::Relaxed))?;
        // SAFETY: it is the pointer that was put there, and the first swap is the only one to find it.
        Some(unsafe { Promise::from_raw(promise) })
    }
}

/// Takes what a handle settles with; the handle is not touched any more, since what is settled may drop it.
///
/// # Safety
///
/// It is NULL, or a live handle.
unsafe fn take(promise: *const tb_promise) -> Result<Promise<Value>> {
    // SAFETY: as the caller says.
    match unsafe { lend(promise)? }.take() {
        Some(promise) => Ok(promise),
        None => fail(TB_SETTLED, c"the promise is settled already"),
    }
}

impl Drop for tb_promise {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// Makes a promise and the task that it settles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_promise_create(promise: *mut *mut tb_promise, task: *mut *mut tb_task) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(task)?;
            clear(promise)?;
            let (write, read) = threadbare::promise();
            *promise = give(tb_promise { promise: AtomicPtr::new(write.into_raw().as_ptr()) });
            *task = give_task(read);
        }
        Ok(())
    })
}

/// Settles the task with a value. TB_SETTLED if it is settled already: then the value stays yours. Continuations that are
/// where the caller is already run before this returns: not under a lock of yours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_promise_resolve(
    promise: *const tb_promise,
    value: *mut c_void,
    destroy: tb_destroy,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe { take(promise)? }.resolve(Value::new(value, destroy));
        Ok(())
    })
}

/// Settles the task with an error, which is consumed. TB_SETTLED, and nothing is consumed, if it is settled already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_promise_reject(promise: *const tb_promise, error: *mut *mut tb_error) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            read(error)?;
            take(promise)?.reject(take_error(error)?);
        }
        Ok(())
    })
}

/// Frees the handle. If the task is not settled, it is rejected with TB_ERROR_ABANDONED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_promise_drop(promise: *mut *mut tb_promise) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(promise) }.map(drop)
    });
}
