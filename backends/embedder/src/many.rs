//! Many tasks into one.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ffi::c_void;

use threadbare::{Immediate, Task};

use crate::handle::{Handle, check, clear, give, lend, stale, take_any};
use crate::registry::{self, Kind};
use crate::status::{Result, TB_NULL, fail, guard, guard_or, tb_status};
use crate::task::{give_task, take_task, tb_task};
use crate::value::Value;

/// The values of tb_all, in the order of its tasks. It is itself the value of that task.
pub struct tb_values(Vec<Option<Value>>);

impl Handle for tb_values {
    const KIND: Kind = Kind::Values;
}

impl tb_values {
    fn into_value(values: Vec<Value>) -> Value {
        Value::new(give(Self(values.into_iter().map(Some).collect())).cast(), Some(destroy_values))
    }
}

unsafe extern "C-unwind" fn destroy_values(values: *mut c_void) {
    let mut values = values.cast::<tb_values>();
    // SAFETY: a value is destroyed once; this one is of `into_value`.
    unsafe { tb_values_drop(&raw mut values) };
}

/// Takes the tasks, all of them or none.
///
/// # Safety
///
/// `tasks` points to so many handles, or is NULL.
unsafe fn take_all(tasks: *mut *mut tb_task, count: usize) -> Result<Vec<Task<Value>>> {
    if tasks.is_null() && count > 0 {
        return fail(TB_NULL, c"the array of tasks is NULL");
    }
    // SAFETY: as the caller says.
    unsafe {
        let mut seen = BTreeSet::new();
        for index in 0..count {
            let task = *tasks.add(index);
            check(task)?;
            if registry::CHECKED && !seen.insert(task) {
                return stale();
            }
        }
        (0..count).map(|index| take_task(tasks.add(index))).collect()
    }
}

/// Gives the task that many become.
///
/// # Safety
///
/// As for [`take_all`]; `out` is NULL or may be written.
unsafe fn many(
    tasks: *mut *mut tb_task,
    count: usize,
    out: *mut *mut tb_task,
    join: impl FnOnce(Vec<Task<Value>>) -> Task<Value>,
) -> tb_status {
    guard(|| {
        // SAFETY: as the caller says.
        unsafe {
            clear(out)?;
            *out = give_task(join(take_all(tasks, count)?));
        }
        Ok(())
    })
}

/// Waits for all of the tasks; resolves to a tb_values. It waits for every one, also after a rejection; the error is then the
/// first by position, and the others go to the error hook. Of no tasks it resolves at once. All entries are consumed and
/// set to NULL; if one is NULL, nothing is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_all(tasks: *mut *mut tb_task, count: usize, out: *mut *mut tb_task) -> tb_status {
    // SAFETY: the header's conventions.
    unsafe { many(tasks, count, out, |tasks| threadbare::all(tasks).map(&Immediate, tb_values::into_value)) }
}

/// Settles as the first of the tasks to settle does. The others go on; what comes of them is destroyed. Of no tasks it is
/// rejected. Consumes as tb_all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_race(tasks: *mut *mut tb_task, count: usize, out: *mut *mut tb_task) -> tb_status {
    // SAFETY: the header's conventions.
    unsafe { many(tasks, count, out, threadbare::race) }
}

/// Settles with the value of the first of the tasks to resolve. The others go on; what comes of them is destroyed. If none
/// resolves it is rejected, and the error's text has all of theirs. Consumes as tb_all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_any(tasks: *mut *mut tb_task, count: usize, out: *mut *mut tb_task) -> tb_status {
    // SAFETY: the header's conventions.
    unsafe { many(tasks, count, out, threadbare::any) }
}

/// How many there are, taken ones included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_values_count(values: *const tb_values) -> usize {
    guard_or(0, || {
        // SAFETY: the header's conventions.
        Ok(unsafe { lend(values)? }.0.len())
    })
}

/// Moves a value out: it is yours then. NULL if it was taken before, or there are not so many. For one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_values_take(values: *mut tb_values, index: usize) -> *mut c_void {
    guard_or(core::ptr::null_mut(), || {
        check(values)?;
        // SAFETY: the header's conventions.
        let values = unsafe { &mut *values };
        Ok(values.0.get_mut(index).and_then(Option::take).map_or(core::ptr::null_mut(), Value::into_pointer))
    })
}

/// Destroys it, and the values that were not taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_values_drop(values: *mut *mut tb_values) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(values) }.map(drop)
    });
}
