//! Clocks: delays and limits.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use threadbare_embedder::*;

use crate::common::*;

/// Longer than any test.
const HOUR: u64 = 3_600_000_000_000;
const MILLISECOND: u64 = 1_000_000;

fn clock() -> *mut tb_clock {
    let mut clock = null_mut();
    // SAFETY: it may be written.
    assert_eq!(unsafe { tb_clock_create(&raw mut clock) }, TB_OK, "{}", last_error());
    clock
}

fn drop_clock(mut clock: *mut tb_clock) {
    // SAFETY: it is alive.
    unsafe { tb_clock_drop(&raw mut clock) };
    assert!(clock.is_null());
}

fn delay(clock: *const tb_clock, nanoseconds: u64) -> *mut tb_task {
    let mut task = null_mut();
    // SAFETY: it is alive.
    assert_eq!(unsafe { tb_delay(clock, nanoseconds, &raw mut task) }, TB_OK, "{}", last_error());
    task
}

fn delay_until(clock: *const tb_clock, deadline: u64) -> *mut tb_task {
    let mut task = null_mut();
    // SAFETY: it is alive.
    assert_eq!(unsafe { tb_delay_until(clock, deadline, &raw mut task) }, TB_OK, "{}", last_error());
    task
}

fn limited(clock: *const tb_clock, mut task: *mut tb_task, nanoseconds: u64) -> *mut tb_task {
    // SAFETY: both are alive.
    assert_eq!(unsafe { tb_timeout(clock, nanoseconds, &raw mut task) }, TB_OK, "{}", last_error());
    assert!(!task.is_null());
    task
}

/// A delay's outcome: nothing, or the kind of its error.
fn over(mut task: *mut tb_task) -> Result<(), tb_error_kind> {
    let (mut value, mut error) = (std::ptr::dangling_mut::<c_void>(), null_mut());
    // SAFETY: it is alive.
    match unsafe { tb_task_wait(&raw mut task, &raw mut value, &raw mut error) } {
        TB_OK => assert!(value.is_null()),
        status => {
            assert_eq!(status, TB_REJECTED);
            return Err(take_error(error).0);
        }
    }
    Ok(())
}

/// `tb_or_else` in the immediate context, with a Rust closure.
fn or_else<F>(task: &mut *mut tb_task, log: &Log, n: u32, f: F)
where
    F: FnMut(*mut tb_error, *mut tb_reply) + 'static,
{
    let data = Data::make(f, log, n);
    // SAFETY: callback, data and destructor belong together.
    let status = unsafe { tb_or_else(task, tb_immediate(), Some(on_error::<F>), data, Some(Data::<F>::destroy)) };
    assert_eq!(status, TB_OK);
}

#[test]
fn a_delay_is_over_when_its_time_has_come() {
    let clock = clock();
    // SAFETY: it is alive.
    let now = || unsafe { tb_clock_now(clock) };
    let start = now();
    assert_eq!(over(delay(clock, 2 * MILLISECOND)), Ok(()));
    assert!(now() >= start + 2 * MILLISECOND);
    let (later, earlier) = (now() + 4 * MILLISECOND, now() + 2 * MILLISECOND);
    let tasks = [later, earlier].map(|deadline| delay_until(clock, deadline));
    assert_eq!(over(tasks[0]), Ok(()));
    assert!(now() >= later);
    // SAFETY: it is alive.
    assert!(unsafe { tb_task_is_settled(tasks[1]) }, "the earlier comes first");
    assert_eq!((over(tasks[1]), over(delay_until(clock, start))), (Ok(()), Ok(())));
    // A deadline counts from the clock's beginning, a delay from now.
    let earlier = delay_until(clock, now() + MILLISECOND);
    assert_eq!(over(delay(clock, 2 * MILLISECOND)), Ok(()));
    // SAFETY: it is alive.
    assert!(unsafe { tb_task_is_settled(earlier) });
    assert_eq!(over(earlier), Ok(()));
    drop_clock(clock);
}

#[test]
fn a_limit_rejects_what_takes_too_long() {
    let (clock, log) = (clock(), Log::default());
    let (mut write, task) = promise();
    let (kind, text) = wait(limited(clock, task, MILLISECOND)).unwrap_err();
    assert_eq!((kind, text.contains("limit")), (TB_ERROR_TIMED_OUT, true), "{text}");
    // SAFETY: it is alive.
    unsafe {
        assert_eq!(tb_promise_resolve(write, log.value(1), DESTROY), TB_OK, "the work goes on");
        tb_promise_drop(&raw mut write);
    }
    let here = std::thread::current().id();
    assert_eq!((log.numbers(), log.threads()), (vec![1], vec![here]), "too late: destroyed by who settles");
    drop_clock(clock);
}

#[test]
fn a_limit_that_is_kept_changes_nothing() {
    let (clock, log) = (clock(), Log::default());
    assert_eq!(wait(limited(clock, resolved(log.value(1)), 0)), Ok(1), "it was settled before");
    for fails in [false, true] {
        let (mut write, task) = promise();
        let task = limited(clock, task, HOUR);
        let mut no = error(TB_ERROR_CANCELED, "no");
        // SAFETY: all are alive.
        unsafe {
            assert!(!tb_task_is_settled(task));
            match fails {
                true => assert_eq!(tb_promise_reject(write, &raw mut no), TB_OK),
                false => assert_eq!(tb_promise_resolve(write, log.value(2), DESTROY), TB_OK),
            }
            tb_error_drop(&raw mut no);
            tb_promise_drop(&raw mut write);
            assert!(tb_task_is_settled(task), "the clock is not waited for");
        }
        assert_eq!(wait(task), if fails { Err((TB_ERROR_CANCELED, "no".to_string())) } else { Ok(2) });
    }
    drop_clock(clock);
}

/// By hand, or with its last handle.
#[test]
fn a_clock_that_closes_rejects_what_is_pending() {
    for by_hand in [true, false] {
        let (clock, log) = (clock(), Log::default());
        let mut again = null_mut();
        // SAFETY: it is alive.
        unsafe { assert_eq!(tb_clock_clone(clock, &raw mut again), TB_OK) };
        let pending = delay(clock, HOUR);
        drop_clock(clock);
        let (mut write, task) = promise();
        let tasks = [pending, delay(again, HOUR), delay(again, u64::MAX), limited(again, task, HOUR)];
        assert_eq!(over(delay(again, 0)), Ok(()), "one handle is left");
        // SAFETY: all are alive.
        assert_eq!(tasks.map(|task| unsafe { tb_task_is_settled(task) }), [false; 4]);
        if by_hand {
            // SAFETY: it is alive.
            unsafe {
                assert_eq!(tb_clock_close(again), TB_OK);
                assert_eq!(tb_clock_close(again), TB_OK, "as often as one likes");
            }
            assert_eq!(over(delay(again, 0)), Err(TB_ERROR_CLOSED));
            assert_eq!(wait(limited(again, resolved(log.value(1)), 0)), Ok(1), "it was settled before");
        }
        drop_clock(again);
        assert_eq!(tasks.map(over), [Err(TB_ERROR_CLOSED); 4]);
        // SAFETY: it is alive.
        unsafe { tb_promise_drop(&raw mut write) };
    }
}

/// On the clock's own thread, or, if the delay is over already, here: it neither hangs nor is used after.
#[test]
fn what_a_delay_settles_may_drop_the_clock() {
    let (clock, log) = (clock(), Log::default());
    let own = Anywhere(clock);
    let mut task = delay(clock, MILLISECOND);
    let drops = move |_: *mut c_void, reply: *mut tb_reply| {
        drop_clock(own.get());
        // SAFETY: it is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, Log::default().value(1), DESTROY) }, TB_OK);
    };
    // SAFETY: it is alive.
    assert_eq!(and_then(&mut task, tb_immediate(), &log, 2, drops), TB_OK);
    assert_eq!(wait(task), Ok(1));
}

/// On the thread that closes it.
#[test]
fn what_a_close_rejects_may_drop_the_clock() {
    let (clock, log) = (clock(), Log::default());
    let own = Anywhere(clock);
    let mut task = delay(clock, HOUR);
    let drops = move |error: *mut tb_error, reply: *mut tb_reply| {
        assert_eq!(take_error(error).0, TB_ERROR_CLOSED);
        drop_clock(own.get());
        // SAFETY: it is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, Log::default().value(1), DESTROY) }, TB_OK);
    };
    or_else(&mut task, &log, 2, drops);
    // SAFETY: it was alive when it was given.
    assert_eq!(unsafe { tb_clock_close(clock) }, TB_OK);
    assert_eq!((log.numbers(), wait(task)), (vec![2], Ok(1)));
}

#[test]
fn no_clock_tells_no_time() {
    let clock = clock();
    let (mut task, mut out) = (rejected(TB_ERROR_OTHER, "as it was"), std::ptr::dangling_mut());
    // SAFETY: NULL is refused, or fine.
    unsafe {
        assert_eq!(tb_clock_create(null_mut()), TB_NULL);
        assert_eq!(
            (tb_clock_clone(clock, null_mut()), tb_clock_close(null()), tb_clock_now(null())),
            (TB_NULL, TB_NULL, 0)
        );
        let mut none = std::ptr::dangling_mut();
        assert_eq!(tb_clock_clone(null(), &raw mut none), TB_NULL);
        assert!(none.is_null());
        assert_eq!(tb_delay(null(), 1, &raw mut out), TB_NULL);
        assert!(out.is_null());
        assert_eq!(tb_delay_until(null(), 1, &raw mut out), TB_NULL);
        assert_eq!((tb_delay(clock, 1, null_mut()), tb_delay_until(clock, 1, null_mut())), (TB_NULL, TB_NULL));
        assert_eq!(tb_timeout(null(), 1, &raw mut task), TB_NULL);
        assert_eq!((tb_timeout(clock, 1, null_mut()), tb_timeout(clock, 1, &mut null_mut())), (TB_NULL, TB_NULL));
        tb_clock_drop(null_mut());
        tb_clock_drop(&mut null_mut());
    }
    assert_eq!(wait(task).unwrap_err().1, "as it was");
    drop_clock(clock);
}

/// Checked builds: a clock that was dropped is none any more.
#[cfg(any(debug_assertions, feature = "checked"))]
#[test]
fn a_clock_that_was_dropped_is_stale() {
    let mut clock = clock();
    let (mut old, mut out, mut task) = (clock, null_mut(), rejected(TB_ERROR_OTHER, "as it was"));
    // SAFETY: a checked library takes any handle.
    unsafe {
        tb_clock_drop(&raw mut clock);
        assert_eq!((tb_clock_close(old), tb_delay(old, 1, &raw mut out), tb_clock_now(old)), (TB_STALE, TB_STALE, 0));
        assert_eq!(tb_timeout(old, 1, &raw mut task), TB_STALE);
        tb_clock_drop(&raw mut old);
        assert!(!old.is_null());
        let pool = create_pool(&tb_pool_options { threads: 1, ..pool_options() });
        assert_eq!(tb_delay(pool.cast(), 1, &raw mut out), TB_STALE, "of another type");
        drop_pool(pool);
    }
    assert_eq!(wait(task).unwrap_err().1, "as it was");
}
