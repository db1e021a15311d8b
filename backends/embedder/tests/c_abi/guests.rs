//! Threads that the host lends to a pool.

use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr::{null, null_mut};
use std::sync::mpsc::channel;
use std::thread::ThreadId;

use threadbare_embedder::*;

use crate::common::*;

/// A pool without threads of its own.
fn guests_only(guests: usize) -> *mut tb_pool {
    create_pool(&tb_pool_options { threads: TB_NONE, guests, ..pool_options() })
}

pub(crate) fn me() -> ThreadId {
    std::thread::current().id()
}

/// Attaches until the task has settled; what it settles with, if the pool took the thread.
fn attach(pool: *const tb_pool, stop: &mut *mut tb_task) -> Result<Result<u32, (tb_error_kind, String)>, tb_status> {
    let (mut value, mut error) = (std::ptr::dangling_mut(), std::ptr::dangling_mut());
    // SAFETY: all are alive.
    let status = unsafe { tb_pool_attach_until(pool, stop, &raw mut value, &raw mut error) };
    assert_eq!(stop.is_null(), [TB_OK, TB_REJECTED].contains(&status), "consumed, or still there");
    assert_eq!((value.is_null(), error.is_null()), (status != TB_OK, status != TB_REJECTED));
    match status {
        TB_OK => Ok(Ok(finish(value))),
        TB_REJECTED => Ok(Err(take_error(error))),
        other => Err(other),
    }
}

/// `tb_pool_attach_while`, with a Rust closure.
fn attach_while<F: FnMut() -> bool>(pool: *const tb_pool, more: F) -> (tb_status, usize) {
    let (mut ran, mut data) = (99, Data::new(more));
    // SAFETY: the callback and its data belong together, and outlive the call.
    let status = unsafe { tb_pool_attach_while(pool, Some(on_more::<F>), (&raw mut data).cast(), &raw mut ran) };
    (status, ran)
}

#[test]
fn a_thread_is_the_pools_until_stop_has_settled() {
    let (pool, log) = (guests_only(1), Log::default());
    for fails in [false, true] {
        let work = work(pool, &log, 1);
        let (mut done, mut stop) = promise();
        let settle = Anywhere(done);
        // SAFETY: all are alive.
        let mut last = run(unsafe { tb_pool_worker(pool) }, &log, 2, move |_| unsafe {
            let mut no = error(TB_ERROR_CANCELED, "no more");
            match fails {
                true => assert_eq!(tb_promise_reject(settle.get(), &raw mut no), TB_OK),
                false => assert_eq!(tb_promise_resolve(settle.get(), Log::default().value(7), DESTROY), TB_OK),
            }
            tb_error_drop(&raw mut no);
        });
        let expected = if fails { Err((TB_ERROR_CANCELED, "no more".to_string())) } else { Ok(7) };
        assert_eq!(attach(pool, &mut stop), Ok(expected));
        // SAFETY: all are alive.
        unsafe {
            assert!(tb_task_is_settled(work));
            tb_task_drop(&raw mut last);
            tb_promise_drop(&raw mut done);
        }
        assert_eq!(wait(work), Ok(1));
    }
    assert_eq!(log.threads(), [me(); 4], "it all ran here");
    drop_pool(pool);
}

/// What it would get is destroyed where nobody wants it, as elsewhere.
#[test]
fn an_outcome_that_is_not_wanted_is_destroyed() {
    let (pool, log) = (guests_only(1), Log::default());
    let (mut stop, mut no) = (resolved(log.value(1)), rejected(TB_ERROR_OTHER, "no"));
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(tb_pool_attach_until(pool, &raw mut stop, null_mut(), null_mut()), TB_OK);
        assert_eq!(tb_pool_attach_until(pool, &raw mut no, null_mut(), null_mut()), TB_REJECTED);
    }
    assert_eq!((log.numbers(), stop, no), (vec![1], null_mut(), null_mut()));
    drop_pool(pool);
}

/// The one place is taken while this one asks. It keeps its task, and gets in later.
#[test]
fn without_room_the_task_stays() {
    let (pool, log) = (guests_only(1), Log::default());
    let (mut done, stop) = promise();
    let (mut outer, mut own) = promise();
    let (settle, outer_done, held) = (Anywhere(done), Anywhere(outer), Anywhere(stop));
    let (own_pool, (said, heard)) = (Anywhere(pool), channel());
    // SAFETY: all are alive.
    let inside = run(unsafe { tb_pool_worker(pool) }, &log, 1, move |reply| unsafe {
        let mut stop = held.get();
        let until = (attach(own_pool.get(), &mut stop), last_error().contains("room"));
        let budgeted = attach_while(own_pool.get(), || unreachable!("there is no room"));
        tb_promise_resolve(settle.get(), Log::default().value(5), DESTROY);
        tb_reply_task(reply, &raw mut stop);
        said.send((until, budgeted)).unwrap();
        tb_promise_resolve(outer_done.get(), Log::default().value(6), DESTROY);
    });
    assert_eq!(attach(pool, &mut own), Ok(Ok(6)));
    assert_eq!(heard.recv().unwrap(), ((Err(TB_FULL), true), (TB_FULL, 0)));
    assert_eq!(wait(inside), Ok(5), "what came back settles as what was given");
    let mut later = resolved(log.value(8));
    assert_eq!(attach(pool, &mut later), Ok(Ok(8)), "there is room again");
    // SAFETY: all are alive.
    unsafe {
        tb_promise_drop(&raw mut done);
        tb_promise_drop(&raw mut outer);
    }
    drop_pool(pool);

    let none = create_pool(&tb_pool_options { threads: 1, ..pool_options() });
    let mut stop = rejected(TB_ERROR_CANCELED, "as it was");
    assert_eq!(attach(none, &mut stop), Err(TB_FULL), "no room unless it is asked for");
    assert_eq!(wait(stop).unwrap_err(), (TB_ERROR_CANCELED, "as it was".to_string()));
    drop_pool(none);
}

#[test]
fn a_pool_that_closes_sends_the_thread_home() {
    let (pool, log) = (guests_only(1), Log::default());
    let (mut done, mut stop) = promise();
    let own = Anywhere(pool);
    // SAFETY: all are alive; on an attached thread it does not wait.
    let mut closes = run(unsafe { tb_pool_worker(pool) }, &log, 1, move |_| unsafe {
        assert_eq!(tb_pool_close(own.get()), TB_OK);
    });
    let left = work(pool, &log, 2);
    assert_eq!(attach(pool, &mut stop), Err(TB_CLOSED));
    assert!(last_error().contains("closed"));
    // SAFETY: all are alive.
    unsafe {
        assert!(tb_task_is_settled(left), "what was queued was run");
        assert_eq!(tb_promise_resolve(done, log.value(3), DESTROY), TB_OK);
        tb_task_drop(&raw mut closes);
        tb_promise_drop(&raw mut done);
    }
    assert_eq!((wait(left), wait(stop)), (Ok(2), Ok(3)), "it is ours still");
    assert_eq!(attach_while(pool, || true), (TB_OK, 0), "there is nothing to run");
    drop_pool(pool);
}

#[test]
fn a_little_time_is_worth_a_few_runnables() {
    let (pool, log) = (guests_only(1), Log::default());
    let tasks = [1, 2, 3].map(|n| work(pool, &log, n));
    let mut left = 2;
    let more = || {
        left -= 1;
        left >= 0
    };
    assert_eq!(attach_while(pool, more), (TB_OK, 2));
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(tasks.map(|task| tb_task_is_settled(task)), [true, true, false]);
        let mut always = Data::new(|| true);
        let (call, data) = (more_of(&always), (&raw mut always).cast());
        assert_eq!(tb_pool_attach_while(pool, None, data, null_mut()), TB_NULL);
        assert_eq!(tb_pool_attach_while(null(), Some(call), data, null_mut()), TB_NULL);
        assert_eq!(tb_pool_attach_while(pool, Some(call), data, null_mut()), TB_OK, "nobody counts");
    }
    assert_eq!(tasks.map(wait), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(attach_while(pool, || true), (TB_OK, 0));
    drop_pool(pool);
}

/// The callback for this data.
fn more_of<F: FnMut() -> bool>(_: &Data<F>) -> unsafe extern "C-unwind" fn(*mut c_void) -> bool {
    on_more::<F>
}

/// The pool stays open while somebody is attached, and is closed by him then.
#[test]
fn what_runs_may_drop_the_last_handle() {
    let (mut pool, log) = (guests_only(1), Log::default());
    let (mut done, mut stop) = promise();
    let (handle, settle) = (Anywhere(pool), Anywhere(done));
    let (mut worker, mut context) = (null_mut(), null_mut());
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(tb_context_clone(tb_pool_worker(pool), &raw mut worker), TB_OK);
        assert_eq!(tb_context_clone(worker, &raw mut context), TB_OK);
    }
    let own = Anywhere(context);
    // SAFETY: all are alive.
    let dropping = run(worker, &log, 1, move |reply| unsafe {
        let mut pool = handle.get();
        tb_pool_drop(&raw mut pool);
        let mut task = run(own.get(), &Log::default(), 2, |reply| {
            assert_eq!(tb_reply_resolve(reply, Log::default().value(4), DESTROY), TB_OK);
        });
        assert_eq!(tb_reply_task(reply, &raw mut task), TB_OK);
        assert_eq!(tb_promise_resolve(settle.get(), null_mut(), None), TB_OK);
    });
    let (mut value, mut error) = (null_mut(), null_mut());
    // SAFETY: it was alive when it was given.
    unsafe { assert_eq!(tb_pool_attach_until(pool, &raw mut stop, &raw mut value, &raw mut error), TB_OK) };
    assert_eq!(wait(dropping), Ok(4), "the pool let it in");
    assert_eq!(wait(run(worker, &log, 3, |_| unreachable!("closed"))).unwrap_err().0, TB_ERROR_CLOSED);
    pool = null_mut();
    // SAFETY: all are alive.
    unsafe {
        tb_pool_drop(&raw mut pool);
        tb_context_drop(&raw mut worker);
        tb_context_drop(&raw mut context);
        tb_promise_drop(&raw mut done);
    }
}

/// A host that was compiled against an older header has a smaller struct.
#[test]
fn options_of_old_have_no_guests() {
    let mut options = tb_pool_options { threads: 1, guests: 1, spawn: Some(unreached), ..pool_options() };
    options.size = offset_of!(tb_pool_options, guests);
    let (pool, log) = (create_pool(&options), Log::default());
    assert_eq!(wait(work(pool, &log, 1)), Ok(1), "the library's own thread");
    assert_eq!(attach_while(pool, || true), (TB_FULL, 0));
    drop_pool(pool);

    // Cut off in between.
    options.size = offset_of!(tb_pool_options, spawn) + size_of::<usize>() - 1;
    let pool = create_pool(&options);
    assert_eq!(attach_while(pool, || true), (TB_OK, 0));
    drop_pool(pool);
}

unsafe extern "C-unwind" fn unreached(_: *mut c_void, _: *mut tb_pool_thread) -> tb_status {
    unreachable!("the struct ends before it");
}

#[test]
fn senseless_options_are_refused() {
    let refused = |options: tb_pool_options| {
        let mut pool = std::ptr::dangling_mut();
        // SAFETY: the options are whole.
        assert_eq!(unsafe { tb_pool_create(&raw const options, &raw mut pool) }, TB_INVALID);
        assert!(pool.is_null());
    };
    refused(tb_pool_options { threads: TB_NONE, ..pool_options() });
    refused(tb_pool_options { threads: 1, guests: usize::MAX, ..pool_options() });
    let (pool, mut stop) = (guests_only(1), rejected(TB_ERROR_OTHER, "no"));
    // SAFETY: NULL is refused.
    unsafe {
        assert_eq!(tb_pool_attach_until(null(), &raw mut stop, null_mut(), null_mut()), TB_NULL);
        assert!(!stop.is_null());
        assert_eq!(tb_pool_attach_until(pool, null_mut(), null_mut(), null_mut()), TB_NULL);
        assert_eq!(tb_pool_attach_until(pool, &mut null_mut(), null_mut(), null_mut()), TB_NULL);
        tb_task_drop(&raw mut stop);
    }
    drop_pool(pool);
}
