//! What crossing costs: a task's handle is its own pointer, so a continuation is one allocation here as well. Not in checked
//! builds, whose registry allocates.
#![cfg(not(any(debug_assertions, feature = "checked")))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use threadbare_embedder::*;

struct Counting;

static MADE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator, counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MADE.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn made(f: impl FnOnce() -> tb_status) -> usize {
    let before = MADE.load(Ordering::Relaxed);
    assert_eq!(f(), TB_OK);
    MADE.load(Ordering::Relaxed) - before
}

unsafe extern "C-unwind" fn pass(_: *mut c_void, value: *mut c_void, reply: *mut tb_reply) {
    // SAFETY: the reply is alive.
    unsafe { tb_reply_resolve(reply, value, None) };
}

#[test]
fn a_handle_of_a_task_costs_nothing() {
    let (mut promise, mut task, mut value) = (null_mut(), null_mut(), null_mut());
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(made(|| tb_task_resolved(null_mut(), None, &raw mut task)), 1);
        assert_eq!(made(|| tb_and_then(&raw mut task, tb_immediate(), Some(pass), null_mut(), None)), 1);
        assert_eq!(made(|| tb_task_take(&raw mut task, &raw mut value, null_mut())), 0);
        assert_eq!(made(|| tb_promise_create(&raw mut promise, &raw mut task)), 2, "the promise's handle outlives it");
        assert_eq!(made(|| tb_and_then(&raw mut task, tb_immediate(), Some(pass), null_mut(), None)), 1);
        assert_eq!(made(|| tb_promise_resolve(promise, null_mut(), None)), 0);
        tb_promise_drop(&raw mut promise);
        tb_task_drop(&raw mut task);
    }
}
