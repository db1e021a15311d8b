//! Contexts: what is equal, what is borrowed, what outlives what.

use std::ptr::{null, null_mut};

use threadbare_embedder::*;

use crate::common::*;

fn clone(context: *const tb_context) -> *mut tb_context {
    let mut clone = null_mut();
    // SAFETY: the context is alive.
    assert_eq!(unsafe { tb_context_clone(context, &raw mut clone) }, TB_OK);
    clone
}

#[test]
fn a_clone_is_the_same_context_and_others_are_not() {
    let system = system(1);
    // SAFETY: all are alive.
    unsafe {
        let mut here = null_mut();
        assert_eq!(tb_main_enter(system, &raw mut here), TB_OK);
        let all = [tb_immediate(), tb_system_worker(system), tb_system_main(system), tb_main_thread_context(here)];
        for (row, one) in all.iter().enumerate() {
            let mut same = clone(*one);
            for (column, other) in all.iter().enumerate() {
                assert_eq!(tb_context_equal(same, *other), row == column, "{row} and {column}");
            }
            tb_context_drop(&raw mut same);
            assert!(same.is_null());
        }
        let mut again = null_mut();
        assert_eq!(tb_system_clone(system, &raw mut again), TB_OK);
        assert!(tb_context_equal(tb_system_main(system), tb_system_main(again)));
        assert!(!tb_context_equal(all[0], null()));
        tb_system_drop(&raw mut again);
        tb_main_thread_drop(&raw mut here);
    }
    drop_system(system);
}

#[test]
fn what_is_queued_after_the_system_is_closed_is_rejected_and_destroyed() {
    let log = Log::default();
    let system = system(1);
    // SAFETY: it is alive.
    let mut kept = unsafe { [clone(tb_system_worker(system)), clone(tb_system_main(system))] };
    drop_system(system);
    for (context, n) in kept.iter().zip(1..) {
        let task = run(*context, &log, n, |_| unreachable!("closed"));
        assert_eq!(wait(task).unwrap_err().0, TB_ERROR_CLOSED);
    }
    assert_eq!(log.numbers(), [1, 2]);
    for context in &mut kept {
        // SAFETY: it is alive.
        unsafe { tb_context_drop(context) };
    }
}

#[test]
fn nothing_can_be_asked_of_no_system() {
    // SAFETY: NULL is refused.
    unsafe {
        assert!(tb_system_worker(null()).is_null() && tb_system_main(null()).is_null());
        assert!(tb_main_thread_context(null()).is_null());
        let mut out = std::ptr::dangling_mut();
        assert_eq!(tb_system_clone(null(), &raw mut out), TB_NULL);
        assert!(out.is_null());
        tb_system_drop(null_mut());
        tb_context_drop(null_mut());
    }
}
