//! Time, for hosts that have no clock of their own to bring.

use core::time::Duration;

use threadbare::{Clock, Immediate, Task};
use threadbare_threads::StdClock;

use crate::handle::{Handle, clear, give, lend, take_any};
use crate::registry::Kind;
use crate::status::{Result, TB_SYSTEM, fail, guard, guard_or, tb_status};
use crate::task::{give_task, read_task, take_task, tb_task};
use crate::value::Value;

/// A clock on the system's time, with a thread that settles tasks when theirs has come: continuations with tb_immediate run
/// there, and delay the others; name a context for more than a few instructions. All its times are in nanoseconds. For any
/// thread.
pub struct tb_clock(StdClock);

impl Handle for tb_clock {
    const KIND: Kind = Kind::Clock;
}

/// A clock that begins now. TB_SYSTEM if its thread cannot be had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_clock_create(out: *mut *mut tb_clock) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            match StdClock::try_new() {
                Ok(clock) => *out = give(tb_clock(clock)),
                Err(_) => return fail(TB_SYSTEM, c"the system has no thread to give for a clock"),
            }
        }
        Ok(())
    })
}

/// Another handle of the same clock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_clock_clone(clock: *const tb_clock, out: *mut *mut tb_clock) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give(tb_clock(lend(clock)?.0.clone()));
        }
        Ok(())
    })
}

/// How long ago the clock began. It never goes back; 0 of NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_clock_now(clock: *const tb_clock) -> u64 {
    guard_or(0, || {
        // SAFETY: the header's conventions.
        let now = unsafe { lend(clock)? }.0.now();
        // It lasts for centuries.
        Ok(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))
    })
}

/// Rejects what is pending, on this thread or the clock's, and what comes later, with TB_ERROR_CLOSED; waits until the clock's
/// thread has ended, and helps meanwhile as tb_task_wait does. Can be called again, and by several threads. On the clock's own
/// thread it does not wait. The handle stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_clock_close(clock: *const tb_clock) -> tb_status {
    guard(|| {
        // A handle of our own: what runs meanwhile may drop the host's.
        // SAFETY: the header's conventions.
        unsafe { lend(clock)? }.0.clone().close();
        Ok(())
    })
}

/// Lets the handle go. The last one closes the clock as tb_clock_close does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_clock_drop(clock: *mut *mut tb_clock) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(clock) }.map(drop)
    });
}

/// # Safety
///
/// The handle is NULL or alive, and `out` NULL or to be written.
unsafe fn after(
    clock: *const tb_clock,
    out: *mut *mut tb_task,
    start: impl FnOnce(&StdClock) -> Task<()>,
) -> Result<()> {
    // SAFETY: as the caller says.
    unsafe {
        clear(out)?;
        *out = give_task(start(&lend(clock)?.0).map(&Immediate, |()| Value::new(core::ptr::null_mut(), None)));
    }
    Ok(())
}

/// A task that resolves with NULL after this time, at the earliest, or is rejected with TB_ERROR_CLOSED if the clock is closed
/// before. The clock keeps it until then, also if the task is dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_delay(clock: *const tb_clock, nanoseconds: u64, out: *mut *mut tb_task) -> tb_status {
    // SAFETY: the header's conventions.
    guard(|| unsafe { after(clock, out, |clock| clock.delay(Duration::from_nanos(nanoseconds))) })
}

/// As tb_delay, but resolves when tb_clock_now has come to `deadline`, at once if it has: for ticks that do not drift.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_delay_until(clock: *const tb_clock, deadline: u64, out: *mut *mut tb_task) -> tb_status {
    // SAFETY: the header's conventions.
    guard(|| unsafe { after(clock, out, |clock| clock.delay_until(Duration::from_nanos(deadline))) })
}

/// Sets a limit to a task: *task is replaced by one that settles as it does, if it does so within this time, and otherwise is
/// rejected with TB_ERROR_TIMED_OUT when that is over, or with TB_ERROR_CLOSED if the clock is closed meanwhile. The work goes
/// on all the same; a value that comes too late is destroyed by the thread that settles with it, and an error is dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_timeout(clock: *const tb_clock, nanoseconds: u64, task: *mut *mut tb_task) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            read_task(task)?;
            let clock = &lend(clock)?.0;
            *task = give_task(clock.timeout(take_task(task)?, Duration::from_nanos(nanoseconds)));
        }
        Ok(())
    })
}
