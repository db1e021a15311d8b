//! What the verbs hand to callbacks, what callbacks reply, and when their data is destroyed.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::Rc;

use threadbare_embedder::*;

use crate::common::*;

#[test]
fn a_callback_replies_with_a_value_an_error_or_a_task() {
    let log = Log::default();
    let mut task = resolved(log.value(1));
    and_then(&mut task, tb_immediate(), &log, 100, |value, reply| {
        let next = number(value) + 1;
        let log = Log::default();
        finish(value);
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, log.value(next), DESTROY) }, TB_OK);
    });
    assert_eq!(wait(task), Ok(2));
    assert_eq!(log.numbers(), [1, 100], "the data is destroyed after the call");

    let mut task = resolved(log.value(1));
    and_then(&mut task, tb_immediate(), &log, 100, |value, reply| {
        finish(value);
        let mut error = error(TB_ERROR_TIMED_OUT, "no");
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_reject(reply, &raw mut error) }, TB_OK);
        assert!(error.is_null());
    });
    assert_eq!(wait(task), Err((TB_ERROR_TIMED_OUT, "no".to_string())));

    let (mut promise, inner) = promise();
    let mut task = resolved(log.value(1));
    and_then(&mut task, tb_immediate(), &log, 100, move |value, reply| {
        finish(value);
        let mut inner = inner;
        // SAFETY: both are alive.
        assert_eq!(unsafe { tb_reply_task(reply, &raw mut inner) }, TB_OK);
        assert!(inner.is_null());
    });
    // SAFETY: they are alive.
    unsafe {
        assert!(!tb_task_is_settled(task));
        assert_eq!(tb_promise_resolve(promise, log.value(7), DESTROY), TB_OK);
        tb_promise_drop(&raw mut promise);
    }
    assert_eq!(wait(task), Ok(7));
}

#[test]
fn no_reply_abandons_and_a_second_is_refused() {
    let log = Log::default();
    let task = run(tb_immediate(), &log, 1, |_| {});
    assert_eq!(wait(task), Err((TB_ERROR_ABANDONED, "the callback returned without a reply".to_string())));

    let (own, inner) = promise();
    let task = run(tb_immediate(), &log, 2, move |reply| {
        let log = Log::default();
        let (first, second, mut late, mut inner) = (log.value(1), log.value(2), error(TB_ERROR_OTHER, "late"), inner);
        // SAFETY: all are alive.
        unsafe {
            assert_eq!(tb_reply_resolve(reply, first, DESTROY), TB_OK);
            assert_eq!(tb_reply_resolve(reply, second, DESTROY), TB_SETTLED);
            assert_eq!(tb_reply_reject(reply, &raw mut late), TB_SETTLED);
            assert_eq!(tb_reply_task(reply, &raw mut inner), TB_SETTLED);
            assert!(!late.is_null() && !inner.is_null());
            tb_error_drop(&raw mut late);
            tb_task_drop(&raw mut inner);
        }
        assert_eq!(finish(second), 2);
    });
    assert_eq!(wait(task), Ok(1));
    let mut own = own;
    // SAFETY: it is alive.
    unsafe { tb_promise_drop(&raw mut own) };
    assert_eq!(log.numbers(), [1, 2]);
}

#[test]
fn what_a_verb_has_no_use_for_passes_and_its_callback_is_destroyed_unrun() {
    let log = Log::default();
    let mut task = rejected(TB_ERROR_CANCELED, "called off");
    assert_eq!(and_then(&mut task, tb_immediate(), &log, 1, |_, _| unreachable!("skipped")), TB_OK);
    assert_eq!(log.numbers(), [1]);
    let called = Rc::new(Cell::new(0));
    let count = Rc::clone(&called);
    let recover = move |mut error: *mut tb_error, reply: *mut tb_reply| {
        count.set(count.get() + 1);
        assert_eq!(look_at(error), (TB_ERROR_CANCELED, "called off".to_string()));
        // SAFETY: all are alive.
        unsafe {
            tb_error_drop(&raw mut error);
            assert_eq!(tb_reply_resolve(reply, Log::default().value(5), DESTROY), TB_OK);
        }
    };
    or_else(&mut task, &log, 2, recover.clone());
    or_else(&mut task, &log, 3, recover);
    assert_eq!((wait(task), called.get()), (Ok(5), 1), "the second finds no error");
    assert_eq!(log.numbers(), [1, 2, 3]);
}

fn or_else<F: FnMut(*mut tb_error, *mut tb_reply) + 'static>(task: &mut *mut tb_task, log: &Log, n: u32, f: F) {
    let data = Data::make(f, log, n);
    // SAFETY: callback, data and destructor belong together.
    let status = unsafe { tb_or_else(task, tb_immediate(), Some(on_error::<F>), data, Some(Data::<F>::destroy)) };
    assert_eq!(status, TB_OK);
}

fn then<F>(task: &mut *mut tb_task, log: &Log, n: u32, f: F)
where
    F: FnMut(*mut c_void, *mut tb_error, *mut tb_reply) + 'static,
{
    let data = Data::make(f, log, n);
    // SAFETY: callback, data and destructor belong together.
    let status = unsafe { tb_then(task, tb_immediate(), Some(on_outcome::<F>), data, Some(Data::<F>::destroy)) };
    assert_eq!(status, TB_OK);
}

#[test]
fn then_sees_either() {
    let log = Log::default();
    let pass_on = |value: *mut c_void, mut error: *mut tb_error, reply: *mut tb_reply| {
        // SAFETY: all are alive, and the callback's.
        let status = unsafe {
            if error.is_null() {
                tb_reply_resolve(reply, value, DESTROY)
            } else {
                assert!(value.is_null());
                tb_reply_reject(reply, &raw mut error)
            }
        };
        assert_eq!(status, TB_OK);
    };
    let mut task = resolved(log.value(1));
    then(&mut task, &log, 2, pass_on);
    assert_eq!(wait(task), Ok(1));
    let mut task = rejected(TB_ERROR_FULL, "no room");
    then(&mut task, &log, 3, pass_on);
    assert_eq!(wait(task), Err((TB_ERROR_FULL, "no room".to_string())));
    assert_eq!(log.numbers(), [2, 1, 3]);
}

#[test]
fn inspect_looks_and_passes_on() {
    let log = Log::default();
    let seen = Rc::new(Cell::new(0));
    let note = Rc::clone(&seen);
    let look = move |value: *const c_void, error: *const tb_error| {
        if error.is_null() {
            note.set(number(value));
        } else {
            note.set(1000 + look_at(error).0.cast_unsigned());
        }
    };
    for (mut task, expected) in [(resolved(log.value(4)), 4), (rejected(TB_ERROR_CLOSED, "shut"), 1004)] {
        let data = Data::make(look.clone(), &log, 9);
        // SAFETY: callback, data and destructor belong together.
        let status = unsafe { inspect_with(&mut task, data, &look) };
        assert_eq!((status, seen.get()), (TB_OK, expected));
        match wait(task) {
            Ok(value) => assert_eq!(value, 4),
            Err((kind, text)) => assert_eq!((kind, &*text), (TB_ERROR_CLOSED, "shut")),
        }
    }
    assert_eq!(log.numbers(), [9, 4, 9], "the value outlives the look");
}

unsafe fn inspect_with<F>(task: &mut *mut tb_task, data: *mut c_void, _: &F) -> tb_status
where
    F: FnMut(*const c_void, *const tb_error) + 'static,
{
    // SAFETY: as the caller says.
    unsafe { tb_inspect(task, tb_immediate(), Some(on_look::<F>), data, Some(Data::<F>::destroy)) }
}

#[test]
fn a_long_chain_settles_in_constant_stack() {
    let length = if cfg!(miri) { 100 } else { 200_000 };
    let log = Log::default();
    let (mut promise, mut task) = promise();
    for _ in 0..length {
        // SAFETY: the task is alive; there is no data.
        assert_eq!(unsafe { tb_and_then(&raw mut task, tb_immediate(), Some(pass), null_mut(), None) }, TB_OK);
    }
    // SAFETY: it is alive.
    unsafe {
        assert_eq!(tb_promise_resolve(promise, log.value(1), DESTROY), TB_OK);
        tb_promise_drop(&raw mut promise);
    }
    assert_eq!(wait(task), Ok(1));
}

unsafe extern "C-unwind" fn pass(_: *mut c_void, value: *mut c_void, reply: *mut tb_reply) {
    // SAFETY: the reply is alive.
    unsafe { tb_reply_resolve(reply, value, DESTROY) };
}
