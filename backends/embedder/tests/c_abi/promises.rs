//! Promises and tasks by themselves.

use std::ptr::null_mut;
use std::sync::Barrier;

use threadbare_embedder::*;

use crate::common::*;

#[test]
fn a_promise_settles_its_task_once() {
    let log = Log::default();
    let (mut promise, mut task) = promise();
    let (first, second) = (log.value(1), log.value(2));
    // SAFETY: the handles are alive.
    unsafe {
        assert!(!tb_task_is_settled(task));
        assert_eq!(tb_task_take(&raw mut task, null_mut(), null_mut()), TB_PENDING);
        assert!(!task.is_null(), "a pending task stays");
        assert_eq!(tb_promise_resolve(promise, first, DESTROY), TB_OK);
        assert!(tb_task_is_settled(task));
        assert_eq!(tb_promise_resolve(promise, second, DESTROY), TB_SETTLED);
        let mut late = error(TB_ERROR_OTHER, "late");
        assert_eq!(tb_promise_reject(promise, &raw mut late), TB_SETTLED);
        assert!(!late.is_null(), "the error stays the caller's");
        tb_error_drop(&raw mut late);
        tb_promise_drop(&raw mut promise);
        assert!(promise.is_null());
    }
    assert_eq!(log.numbers(), [], "neither value was destroyed: one is the task's, one the caller's");
    assert_eq!(finish(second), 2);
    assert_eq!(wait(task), Ok(1));
    assert_eq!(log.numbers(), [2, 1]);
}

#[test]
fn of_two_threads_one_settles() {
    let rounds = if cfg!(miri) { 5 } else { 200 };
    for _ in 0..rounds {
        let log = Log::default();
        let (mut promise, task) = promise();
        let start = Barrier::new(2);
        let shared = Anywhere(promise);
        let statuses = std::thread::scope(|scope| {
            let threads = [1, 2].map(|number| {
                let (log, start) = (&log, &start);
                scope.spawn(move || {
                    let value = log.value(number);
                    start.wait();
                    // SAFETY: the promise is alive, and for any thread.
                    let status = unsafe { tb_promise_resolve(shared.get(), value, DESTROY) };
                    if status != TB_OK {
                        assert_eq!(finish(value), number, "it stayed the caller's");
                    }
                    status
                })
            });
            threads.map(|thread| thread.join().unwrap())
        });
        let winner = statuses.iter().position(|status| *status == TB_OK).unwrap();
        assert_eq!(statuses[1 - winner], TB_SETTLED);
        assert_eq!(wait(task), Ok(u32::try_from(winner).unwrap() + 1));
        assert_eq!(log.numbers().len(), 2, "each was destroyed once");
        // SAFETY: it is alive.
        unsafe { tb_promise_drop(&raw mut promise) };
    }
}

#[test]
fn a_dropped_promise_abandons_its_task() {
    let (mut promise, task) = promise();
    // SAFETY: it is alive.
    unsafe { tb_promise_drop(&raw mut promise) };
    assert_eq!(wait(task).unwrap_err().0, TB_ERROR_ABANDONED);
}

#[test]
fn a_promise_may_be_dropped_by_what_it_settles() {
    let log = Log::default();
    let (promise, mut task) = promise();
    let own = promise;
    let status = and_then(&mut task, tb_immediate(), &log, 9, move |value, reply| {
        let mut promise = own;
        // SAFETY: all are alive; the promise was used for the last time.
        unsafe {
            tb_promise_drop(&raw mut promise);
            assert_eq!(tb_reply_resolve(reply, value, DESTROY), TB_OK);
        }
    });
    assert_eq!(status, TB_OK);
    // SAFETY: it is alive.
    assert_eq!(unsafe { tb_promise_resolve(promise, log.value(1), DESTROY) }, TB_OK);
    assert_eq!(wait(task), Ok(1));
}

#[test]
fn a_value_that_nobody_takes_is_destroyed_once() {
    let log = Log::default();
    // SAFETY: all handles are alive.
    unsafe {
        let mut task = resolved(log.value(1));
        tb_task_drop(&raw mut task);
        assert!(task.is_null());
        tb_task_drop(&raw mut task);
        tb_task_drop(null_mut());

        let mut task = resolved(log.value(2));
        assert_eq!(tb_task_detach(&raw mut task), TB_OK);
        assert_eq!(tb_task_detach(&raw mut task), TB_NULL, "detaching nothing is a mistake");

        let mut task = resolved(log.value(3));
        assert_eq!(tb_task_take(&raw mut task, null_mut(), null_mut()), TB_OK);

        let (mut promise, mut task) = promise();
        tb_task_drop(&raw mut task);
        assert_eq!(tb_promise_resolve(promise, log.value(4), DESTROY), TB_OK);
        tb_promise_drop(&raw mut promise);
    }
    assert_eq!(log.numbers(), [1, 2, 3, 4]);
}

#[test]
fn a_value_may_be_null_and_have_no_destructor() {
    let (mut task, mut value) = (null_mut(), std::ptr::dangling_mut());
    // SAFETY: all may be written.
    unsafe {
        assert_eq!(tb_task_resolved(null_mut(), None, &raw mut task), TB_OK);
        assert_eq!(tb_task_take(&raw mut task, &raw mut value, null_mut()), TB_OK);
    }
    assert!(value.is_null());
}

#[test]
fn what_is_null_that_must_not_be_is_refused_and_nothing_is_taken() {
    let log = Log::default();
    let value = log.value(1);
    let mut task = null_mut();
    // SAFETY: NULL is refused wherever it stands.
    unsafe {
        assert_eq!(tb_task_resolved(value, DESTROY, null_mut()), TB_NULL);
        assert_eq!(tb_promise_resolve(null_mut(), value, DESTROY), TB_NULL);
        assert_eq!(tb_reply_resolve(null_mut(), value, DESTROY), TB_NULL);
        assert_eq!(tb_promise_create(null_mut(), &raw mut task), TB_NULL);
        assert!(task.is_null(), "an out-parameter is NULL after a failure");
        assert_eq!(tb_task_wait(null_mut(), null_mut(), null_mut()), TB_NULL);
        assert_eq!(tb_task_rejected(null_mut(), &raw mut task), TB_NULL);
        assert!(!tb_task_is_settled(null_mut()));

        let mut task = resolved(log.value(2));
        let data = log.value(3);
        assert_eq!(tb_and_then(&raw mut task, null_mut(), Some(never), data, DESTROY), TB_NULL);
        assert_eq!(tb_and_then(&raw mut task, tb_immediate(), None, data, DESTROY), TB_NULL);
        assert_eq!(tb_and_then(null_mut(), tb_immediate(), Some(never), data, DESTROY), TB_NULL);
        assert_eq!(log.numbers(), [], "value, task and data stayed the caller's");
        assert_eq!((finish(value), finish(data), wait(task)), (1, 3, Ok(2)));
    }
    assert_eq!(log.numbers(), [1, 3, 2]);
    assert!(!last_error().is_empty());
}

unsafe extern "C-unwind" fn never(_: *mut std::ffi::c_void, _: *mut std::ffi::c_void, _: *mut tb_reply) {
    unreachable!("it was refused");
}
