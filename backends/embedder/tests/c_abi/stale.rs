//! Checked builds: a handle that is not alive, or not of the type, is refused.
#![cfg(any(debug_assertions, feature = "checked"))]

use std::ptr::null_mut;

use threadbare_embedder::*;

use crate::common::*;

#[test]
fn a_consumed_task_is_stale() {
    let log = Log::default();
    let mut task = resolved(log.value(1));
    let mut copy = task;
    let data = log.value(2);
    // SAFETY: a checked library takes any handle.
    unsafe {
        tb_task_drop(&raw mut task);
        assert_eq!(tb_task_take(&raw mut copy, null_mut(), null_mut()), TB_STALE);
        assert_eq!(tb_task_wait(&raw mut copy, null_mut(), null_mut()), TB_STALE);
        assert_eq!(tb_and_then(&raw mut copy, tb_immediate(), Some(unreached), data, DESTROY), TB_STALE);
        assert!(!copy.is_null(), "it stays what it was");
        tb_task_drop(&raw mut copy);
        assert!(!copy.is_null());
        assert!(last_error().contains("not a live handle"));
    }
    assert_eq!((log.numbers(), finish(data)), (vec![1], 2));
}

unsafe extern "C-unwind" fn unreached(_: *mut std::ffi::c_void, _: *mut std::ffi::c_void, _: *mut tb_reply) {
    unreachable!("it was refused");
}

#[test]
fn a_handle_of_another_type_is_stale() {
    let (mut promise, mut task) = promise();
    let mut wrong = promise.cast::<tb_task>();
    let local = 0_u64;
    // SAFETY: a checked library takes any handle.
    unsafe {
        assert_eq!(tb_task_detach(&raw mut wrong), TB_STALE);
        assert_eq!(tb_promise_resolve(task.cast(), null_mut(), None), TB_STALE);
        assert_eq!(tb_promise_resolve((&raw const local).cast(), null_mut(), None), TB_STALE);
        tb_promise_drop(&raw mut promise);
        tb_task_drop(&raw mut task);
    }
}

#[test]
fn a_task_that_is_given_twice_is_refused_and_stays() {
    let log = Log::default();
    let task = resolved(log.value(1));
    let mut tasks = [task, task];
    let mut out = null_mut();
    // SAFETY: a checked library takes any handle.
    unsafe { assert_eq!(tb_all(tasks.as_mut_ptr(), 2, &raw mut out), TB_STALE) };
    assert_eq!((tasks, wait(task)), ([task, task], Ok(1)));
}

#[test]
fn a_dropped_promise_system_and_context_are_stale() {
    let (mut promise, task) = promise();
    let (old, system) = (promise, system(1));
    let log = Log::default();
    // SAFETY: a checked library takes any handle.
    unsafe {
        tb_promise_drop(&raw mut promise);
        assert_eq!(tb_promise_resolve(old, null_mut(), None), TB_STALE);
        let worker = tb_system_worker(system);
        drop_system(system);
        let mut task = resolved(log.value(1));
        assert_eq!(tb_and_then(&raw mut task, worker, Some(unreached), null_mut(), None), TB_STALE);
        tb_task_drop(&raw mut task);
        assert!(tb_system_worker(system).is_null());
    }
    assert_eq!(wait(task).unwrap_err().0, TB_ERROR_ABANDONED);
}

#[test]
fn a_borrowed_context_is_not_dropped() {
    let (system, log) = (system(1), Log::default());
    // SAFETY: a checked library takes any handle.
    unsafe {
        for borrowed in [tb_immediate(), tb_system_worker(system), tb_system_main(system)] {
            let mut context = borrowed.cast_mut();
            tb_context_drop(&raw mut context);
            assert_eq!(context.cast_const(), borrowed, "it stayed");
        }
        let task = run(tb_system_worker(system), &log, 1, |_| {});
        assert_eq!(wait(task).unwrap_err().0, TB_ERROR_ABANDONED);
    }
    drop_system(system);
}

#[test]
fn a_reply_ends_with_the_call() {
    let log = Log::default();
    let kept = std::rc::Rc::new(std::cell::Cell::new(null_mut()));
    let keep = std::rc::Rc::clone(&kept);
    let task = run(tb_immediate(), &log, 1, move |reply| keep.set(reply));
    let value = log.value(2);
    // SAFETY: a checked library takes any handle.
    unsafe { assert_eq!(tb_reply_resolve(kept.get(), value, DESTROY), TB_STALE) };
    assert_eq!(finish(value), 2);
    assert_eq!(wait(task).unwrap_err().0, TB_ERROR_ABANDONED);
}

#[test]
fn an_error_that_was_passed_on_is_stale() {
    let made = error(TB_ERROR_OTHER, "once");
    let (mut first, mut second, mut task, mut none) = (made, made, null_mut(), null_mut());
    // SAFETY: a checked library takes any handle.
    unsafe {
        assert_eq!(tb_task_rejected(&raw mut first, &raw mut task), TB_OK);
        assert_eq!(tb_task_rejected(&raw mut second, &raw mut none), TB_STALE);
        assert!(none.is_null());
        assert_eq!(tb_error_get_kind(made), TB_ERROR_OTHER);
    }
    assert_eq!(wait(task).unwrap_err().1, "once");
}

#[test]
fn a_lent_error_is_not_dropped_and_ends_with_the_call() {
    let log = Log::default();
    let kept = std::rc::Rc::new(std::cell::Cell::new(std::ptr::null()));
    let keep = std::rc::Rc::clone(&kept);
    let look = move |_: *const std::ffi::c_void, error: *const tb_error| {
        let mut lent = error.cast_mut();
        // SAFETY: a checked library takes any handle.
        unsafe { tb_error_drop(&raw mut lent) };
        assert_eq!(lent.cast_const(), error, "it stayed");
        assert_eq!(look_at(error), (TB_ERROR_FULL, "full".to_string()));
        keep.set(error);
    };
    let mut task = rejected(TB_ERROR_FULL, "full");
    assert_eq!(inspect(&mut task, &log, 1, look), TB_OK);
    // SAFETY: a checked library takes any handle.
    assert_eq!(unsafe { tb_error_get_kind(kept.get()) }, TB_ERROR_OTHER, "there is no such error any more");
    assert_eq!(wait(task).unwrap_err().0, TB_ERROR_FULL);
}

fn inspect<F>(task: &mut *mut tb_task, log: &Log, n: u32, f: F) -> tb_status
where
    F: FnMut(*const std::ffi::c_void, *const tb_error) + 'static,
{
    let data = Data::make(f, log, n);
    // SAFETY: callback, data and destructor belong together.
    unsafe { tb_inspect(task, tb_immediate(), Some(on_look::<F>), data, Some(Data::<F>::destroy)) }
}
