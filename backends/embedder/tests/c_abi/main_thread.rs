//! The main thread: dispatch, waits, what is destroyed where, and what other threads are told.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::rc::Rc;

use threadbare_embedder::*;

use crate::common::*;

fn enter(system: *const tb_system) -> *mut tb_main_thread {
    let mut here = null_mut();
    // SAFETY: the system is alive.
    assert_eq!(unsafe { tb_main_enter(system, &raw mut here) }, TB_OK);
    here
}

fn leave(mut here: *mut tb_main_thread) {
    // SAFETY: it is alive, and this is its thread.
    unsafe { tb_main_thread_drop(&raw mut here) };
    assert!(here.is_null());
}

/// Main work that replies with a value.
fn main_work(context: *const tb_context, log: &Log, n: u32) -> *mut tb_task {
    let value = log.value(n);
    run(context, log, 100 + n, move |reply| {
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, value, DESTROY) }, TB_OK);
    })
}

#[test]
fn dispatch_runs_what_is_queued() {
    let (system, log) = (system(1), Log::default());
    let here = enter(system);
    // SAFETY: all are alive.
    unsafe {
        let main = tb_system_main(system);
        assert!(tb_main_thread_is_idle(here));
        let (mut ran, mut one, mut left) = (7, true, 2_u32);
        assert_eq!((tb_dispatch(here, &raw mut ran), ran), (TB_OK, 0));
        assert_eq!((tb_dispatch_one(here, &raw mut one), one), (TB_OK, false));

        let tasks = [1, 2, 3, 4, 5].map(|n| main_work(main, &log, n));
        assert!(!tb_main_thread_is_idle(here));
        assert_eq!((tb_dispatch_one(here, &raw mut one), one), (TB_OK, true));
        let budget = (&raw mut left).cast();
        assert_eq!((tb_dispatch_while(here, Some(more), budget, &raw mut ran), ran), (TB_OK, 2));
        assert_eq!((tb_dispatch_for(here, u64::MAX, &raw mut ran), ran), (TB_OK, 2));
        assert_eq!(tb_dispatch(here, null_mut()), TB_OK, "the count need not be asked for");
        assert_eq!(tb_dispatch_while(here, None, null_mut(), &raw mut ran), TB_NULL);
        assert_eq!(tb_dispatch(null(), &raw mut ran), TB_NULL);
        assert_eq!(tasks.map(wait), [Ok(1), Ok(2), Ok(3), Ok(4), Ok(5)]);
    }
    leave(here);
    drop_system(system);
}

/// A budget of so many: its data counts them down.
unsafe extern "C-unwind" fn more(left: *mut c_void) -> bool {
    // SAFETY: the data is a number on the test's stack.
    let left = unsafe { &mut *left.cast::<u32>() };
    let go_on = *left > 0;
    *left = left.saturating_sub(1);
    go_on
}

#[test]
fn a_wait_dispatches() {
    let (system, log) = (system(1), Log::default());
    let here = enter(system);
    // SAFETY: all are alive.
    unsafe {
        let mut task = main_work(tb_system_main(system), &log, 1);
        let mut value = null_mut();
        assert_eq!(tb_main_thread_wait(here, &raw mut task, &raw mut value, null_mut()), TB_OK);
        assert_eq!(finish(value), 1);
        let mut error = null_mut();
        let mut task = rejected(TB_ERROR_FULL, "full");
        assert_eq!(tb_main_thread_wait(here, &raw mut task, null_mut(), &raw mut error), TB_REJECTED);
        assert_eq!(take_error(error).0, TB_ERROR_FULL);
    }
    assert_eq!(wait(main_work(main_of(system), &log, 2)), Ok(2), "and so does the other wait");
    leave(here);
    drop_system(system);
}

fn main_of(system: *const tb_system) -> *const tb_context {
    // SAFETY: the system is alive.
    unsafe { tb_system_main(system) }
}

#[test]
fn other_threads_are_refused_and_take_nothing() {
    let (system, log) = (system(1), Log::default());
    let here = enter(system);
    let (shared, of) = (Anywhere(here), Anywhere(system));
    let theirs = log.clone();
    std::thread::spawn(move || {
        let (log, here, system) = (theirs, shared.get(), of.get());
        // SAFETY: all are alive.
        unsafe {
            let (mut ran, mut out) = (3, std::ptr::dangling_mut());
            assert_eq!((tb_dispatch(here, &raw mut ran), ran), (TB_WRONG_THREAD, 0));
            assert_eq!(tb_dispatch_one(here, null_mut()), TB_WRONG_THREAD);
            assert_eq!(tb_dispatch_for(here, 1, null_mut()), TB_WRONG_THREAD);
            assert_eq!((tb_main_enter(system, &raw mut out), out), (TB_WRONG_THREAD, null_mut()));
            let mut task = resolved(log.value(1));
            assert_eq!(tb_main_thread_wait(here, &raw mut task, null_mut(), null_mut()), TB_WRONG_THREAD);
            let context = tb_main_thread_context(here);
            assert_eq!(and_then(&mut task, context, &log, 2, |_, _| unreachable!("refused")), TB_WRONG_THREAD);
            assert_eq!(wait(task), Ok(1));
            let mut again = here;
            tb_main_thread_drop(&raw mut again);
            assert_eq!(again, here, "it stayed");
            assert!(last_error().contains("main thread"));
        }
    })
    .join()
    .unwrap();
    assert_eq!(log.numbers(), [1], "the refused closure stayed the caller's");
    leave(here);
    drop_system(system);
}

#[test]
fn closures_of_the_main_thread_s_own_context_are_destroyed_there_also_if_they_are_skipped() {
    let (system, log) = (system(1), Log::default());
    let here = enter(system);
    let (promise, mut task) = promise();
    let scene = Rc::new(Cell::new(0));
    let into = Rc::clone(&scene);
    let own = std::thread::current().id();
    // SAFETY: all are alive.
    unsafe {
        let context = tb_main_thread_context(here);
        assert_eq!(and_then(&mut task, context, &log, 1, move |_, _| into.set(1)), TB_OK);
        let settle = Anywhere(promise);
        std::thread::spawn(move || {
            let (mut promise, mut error) = (settle.get(), error(TB_ERROR_CANCELED, "off"));
            assert_eq!(tb_promise_reject(promise, &raw mut error), TB_OK);
            tb_promise_drop(&raw mut promise);
        })
        .join()
        .unwrap();
        assert_eq!((log.threads(), Rc::strong_count(&scene)), (vec![], 2), "not on that thread");
        assert_eq!(tb_dispatch(here, null_mut()), TB_OK);
    }
    assert_eq!((log.threads(), Rc::strong_count(&scene)), (vec![own], 1));
    assert_eq!(wait(task).unwrap_err().0, TB_ERROR_CANCELED);
    leave(here);
    drop_system(system);
}

#[test]
fn other_closures_are_destroyed_where_they_are_skipped_or_run() {
    let (system, log) = (system(1), Log::default());
    let (promise, mut task) = promise();
    // SAFETY: all are alive.
    let worker = unsafe { tb_system_worker(system) };
    assert_eq!(and_then(&mut task, worker, &log, 1, |_, _| unreachable!("skipped")), TB_OK);
    let settle = Anywhere(promise);
    let other = std::thread::spawn(move || {
        let mut promise = settle.get();
        // SAFETY: it is alive.
        unsafe { tb_promise_drop(&raw mut promise) };
        std::thread::current().id()
    })
    .join()
    .unwrap();
    assert_eq!(log.threads(), [other]);
    assert_eq!(wait(task).unwrap_err().0, TB_ERROR_ABANDONED);

    let log = Log::default();
    let task = run(worker, &log, 1, |reply| {
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, Log::default().value(1), DESTROY) }, TB_OK);
    });
    assert_eq!(wait(task), Ok(1));
    drop_system(system);
    assert_eq!(log.numbers(), [1]);
    assert_ne!(log.threads(), [std::thread::current().id()], "it ran on the pool's thread, and was destroyed there");
}

#[test]
fn leaving_rejects_what_is_queued_and_destroys_it_here() {
    let (system, log) = (system(1), Log::default());
    let here = enter(system);
    let task = run(main_of(system), &log, 1, |_| unreachable!("left"));
    leave(here);
    assert_eq!(log.threads(), [std::thread::current().id()]);
    assert_eq!(wait(task).unwrap_err().0, TB_ERROR_CLOSED);
    let task = run(main_of(system), &log, 2, |_| unreachable!("left"));
    assert_eq!(wait(task).unwrap_err().0, TB_ERROR_CLOSED);
    let again = enter(system);
    assert_eq!(wait(main_work(main_of(system), &log, 3)), Ok(3), "entering again opens the queue");
    leave(again);
    drop_system(system);
}

#[test]
fn what_a_dispatch_runs_may_leave() {
    let (system, log) = (system(1), Log::default());
    let here = enter(system);
    let quit = run(main_of(system), &log, 1, move |reply| {
        leave(here);
        drop_system(system);
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, Log::default().value(1), DESTROY) }, TB_OK);
    });
    let after = run(main_of(system), &log, 2, |reply| {
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, Log::default().value(2), DESTROY) }, TB_OK);
    });
    // SAFETY: it is alive when the call begins.
    assert_eq!(unsafe { tb_dispatch(here, null_mut()) }, TB_OK);
    assert_eq!((wait(quit), wait(after)), (Ok(1), Ok(2)), "the dispatch is finished first");
}

#[test]
fn the_main_thread_enters_again_inside_of_main_work() {
    let (system, log) = (system(1), Log::default());
    let here = enter(system);
    let task = run(main_of(system), &log, 1, move |reply| {
        let inner = enter(system);
        let log = Log::default();
        assert_eq!(wait(main_work(main_of(system), &log, 1)), Ok(1));
        leave(inner);
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, log.value(2), DESTROY) }, TB_OK);
    });
    assert_eq!(wait(task), Ok(2));
    leave(here);
    drop_system(system);
}
