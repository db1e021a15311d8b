//! The threads of a pool, where the host makes them.

use alloc::ffi::CString;
use core::ffi::{c_char, c_void};
use std::io;

use threadbare_threads::PoolThread;

use crate::handle::{Handle, give, lend, take, take_any};
use crate::registry::Kind;
use crate::status::{TB_OK, TB_PANICKED, guard, guard_or, tb_status};

/// A thread that a pool wants, before it is one. Whoever has it must run or drop it, once, on any thread: until then the pool
/// cannot be closed to the end.
pub struct tb_pool_thread {
    thread: PoolThread,
    name: CString,
}

impl Handle for tb_pool_thread {
    const KIND: Kind = Kind::PoolThread;
}

/// How the host makes a thread.
pub(crate) type Spawn = unsafe extern "C-unwind" fn(data: *mut c_void, thread: *mut tb_pool_thread) -> tb_status;

/// Has the host make a thread.
///
/// # Safety
///
/// The two belong together.
pub(crate) unsafe fn spawn(call: Spawn, data: *mut c_void, thread: PoolThread) -> io::Result<()> {
    // The pool's builder refuses names that C could not have.
    let name = CString::new(thread.name()).unwrap_or_default();
    let mut thread = give(tb_pool_thread { thread, name });
    // SAFETY: as the caller says.
    let status = guard_or(TB_PANICKED, || Ok(unsafe { call(data, thread) }));
    if status == TB_OK {
        return Ok(());
    }
    // SAFETY: the host has refused it, so it is alive, and ours again.
    drop(unsafe { take_any(&raw mut thread) });
    Err(io::Error::other("the host has refused to make a thread"))
}

/// Is the thread: runs the pool's work on the calling thread, and returns when the pool has closed and all that was queued has
/// run. Sets *thread to NULL first. The calling thread is the host's again then, and may go on, or end. The pool's on_start and
/// on_stop are called inside.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_thread_run(thread: *mut *mut tb_pool_thread) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe { take(thread)? }.thread.run();
        Ok(())
    })
}

/// Which of the pool's threads it is, from 0 on; 0 of NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_thread_index(thread: *const tb_pool_thread) -> usize {
    guard_or(0, || {
        // SAFETY: the header's conventions.
        Ok(unsafe { lend(thread)? }.thread.index())
    })
}

/// What it is to be called, in UTF-8: the name in the pool's options, a dash and its index. NULL of NULL. Lives as long as the
/// handle: until tb_pool_thread_run is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_thread_name(thread: *const tb_pool_thread) -> *const c_char {
    guard_or(core::ptr::null(), || {
        // SAFETY: the header's conventions.
        Ok(unsafe { lend(thread)? }.name.as_ptr())
    })
}

/// How many bytes of stack it is to have, as in the pool's options; 0 if they do not say, and of NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_thread_stack_size(thread: *const tb_pool_thread) -> usize {
    guard_or(0, || {
        // SAFETY: the header's conventions.
        Ok(unsafe { lend(thread)? }.thread.stack_size().unwrap_or(0))
    })
}

/// Lets it go unrun: the pool does without. One that has lost all its threads so closes, and rejects what is queued with
/// TB_ERROR_CLOSED, on this thread; room for guests does not keep it open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_thread_drop(thread: *mut *mut tb_pool_thread) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(thread) }.map(drop)
    });
}
