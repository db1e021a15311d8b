//! The pool on the operating system's threads, for hosts that have no job system.

use alloc::string::String;
use core::ffi::{c_char, c_void};
use core::time::Duration;

use threadbare::AsyncSystem;
use threadbare_threads::ThreadPool;

use crate::context::{Borrowed, Place, tb_context};
use crate::error::text;
use crate::handle::{Handle, clear, give, lend, take_any};
use crate::processor::copy_sized;
use crate::registry::Kind;
use crate::spawn::{spawn, tb_pool_thread};
use crate::status::{Result, TB_INVALID, TB_SYSTEM, fail, guard, guard_or, tb_status};
use crate::system::tb_system;
use crate::value::{Value, tb_destroy};

/// A pool of threads. For any thread.
pub struct tb_pool {
    pool: ThreadPool,
    worker: Borrowed,
}

impl Handle for tb_pool {
    const KIND: Kind = Kind::Pool;
}

impl tb_pool {
    fn new(pool: ThreadPool) -> Self {
        Self { worker: Borrowed::new(Place::Worker(pool.worker())), pool }
    }

    pub(crate) fn pool(&self) -> &ThreadPool {
        &self.pool
    }
}

/// None at all, in settings where 0 is the library's choice.
// The header has it from cbindgen.toml: the generator leaves out what is not a literal.
pub const TB_NONE: usize = usize::MAX;

/// Settings for a pool. Set `size` to sizeof(tb_pool_options), and the rest to 0 or NULL where you have no wish.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tb_pool_options {
    /// sizeof(tb_pool_options): what lies beyond is taken as 0 and NULL.
    pub size: usize,
    /// How many threads; 0: as many as the machine can run at once; TB_NONE: none, if there is room for guests: then work runs
    /// while one is attached, and what is left when the pool closes runs on the thread that closes it.
    pub threads: usize,
    /// What they are called, before a dash and their index. UTF-8, copied.
    pub name: *const c_char,
    /// How many bytes of stack each has; 0: the system's choice.
    pub stack_size: usize,
    /// Called on each thread before its first work.
    pub on_start: Option<unsafe extern "C-unwind" fn(data: *mut c_void, index: usize)>,
    /// Called on each thread after its last work.
    pub on_stop: Option<unsafe extern "C-unwind" fn(data: *mut c_void, index: usize)>,
    /// For these two. It must live until the pool's threads have ended.
    pub data: *mut c_void,
    /// Room for so many threads of the host's at a time: see tb_pool_attach_until.
    pub guests: usize,
    /// For how many nanoseconds a thread that has run out of work looks for more before it sleeps: what comes meanwhile starts
    /// sooner. One thread of the pool at a time does so. 0: the library's choice, 20 microseconds, or none on a machine with one
    /// core; TB_NONE: none, which spares the processor, and the battery.
    pub spin_nanos: usize,
    /// The host makes the threads: with names, affinities or priorities of its own, or memory of its own for stacks. Called once
    /// for each of `threads`, one after the other, on the thread that calls tb_pool_create, before that returns. It takes charge
    /// of `thread`, and has tb_pool_thread_run called on a thread of its own, not inside this call. If it returns anything but
    /// TB_OK the library has the handle back: no more threads are asked for, and tb_pool_create returns TB_SYSTEM, when the
    /// threads that were made have been run, which they still must be, or dropped. Closing the pool waits for tb_pool_thread_run
    /// to return, not for the host's thread to end.
    pub spawn: Option<unsafe extern "C-unwind" fn(data: *mut c_void, thread: *mut tb_pool_thread) -> tb_status>,
    /// For `spawn`.
    pub spawn_data: *mut c_void,
    /// Destroys `spawn_data`, when tb_pool_create succeeds, before it returns: `spawn` is not called any more then. When it
    /// fails, `spawn_data` stays yours.
    pub spawn_destroy: tb_destroy,
}

/// A hook of the host's, with its data.
struct Hook(unsafe extern "C-unwind" fn(data: *mut c_void, index: usize), *mut c_void);

// SAFETY: the header says that it is called on the pool's threads.
unsafe impl Send for Hook {}
// SAFETY: as above.
unsafe impl Sync for Hook {}

impl Hook {
    fn call(&self, index: usize) {
        // SAFETY: the host gave the two together.
        unsafe { self.0(self.1, index) }
    }
}

const NO_WISHES: tb_pool_options = tb_pool_options {
    size: 0,
    threads: 0,
    name: core::ptr::null(),
    stack_size: 0,
    on_start: None,
    on_stop: None,
    data: core::ptr::null_mut(),
    guests: 0,
    spin_nanos: 0,
    spawn: None,
    spawn_data: core::ptr::null_mut(),
    spawn_destroy: None,
};

/// What the host wishes, where 0 is no wish.
fn chosen(wish: usize) -> Option<usize> {
    match wish {
        0 => None,
        TB_NONE => Some(0),
        wish => Some(wish),
    }
}

/// # Safety
///
/// As the header says of the struct.
unsafe fn build(options: *const tb_pool_options) -> Result<ThreadPool> {
    let mut own = NO_WISHES;
    let mut builder = ThreadPool::builder();
    // SAFETY: as the caller says; all fields are pointers, functions or sizes, and NULL or 0 is a value of each.
    unsafe {
        if !options.is_null() {
            copy_sized(options, &mut own, size_of::<usize>())?;
        }
        if !own.name.is_null() {
            let name = String::from(text(own.name)?);
            builder = builder.thread_name(move |index| alloc::format!("{name}-{index}"));
        }
    }
    if let Some(threads) = chosen(own.threads) {
        builder = builder.threads(threads);
    }
    if let Some(nanoseconds) = chosen(own.spin_nanos) {
        builder = builder.spin(Duration::from_nanos(nanoseconds as u64));
    }
    builder = builder.guests(own.guests);
    if own.stack_size > 0 {
        builder = builder.stack_size(own.stack_size);
    }
    if let Some(call) = own.on_start {
        let hook = Hook(call, own.data);
        builder = builder.on_start(move |index| hook.call(index));
    }
    if let Some(call) = own.on_stop {
        let hook = Hook(call, own.data);
        builder = builder.on_stop(move |index| hook.call(index));
    }
    if let Some(call) = own.spawn {
        // SAFETY: the host gave the two together.
        builder = builder.spawn_with(move |thread| unsafe { spawn(call, own.spawn_data, thread) });
    }
    match builder.build() {
        Ok(pool) => {
            drop(Value::new(own.spawn_data, own.spawn_destroy));
            Ok(pool)
        }
        Err(error) if error.downcast_ref::<std::io::Error>().is_some() => match own.spawn {
            Some(_) => fail(TB_SYSTEM, c"spawn has refused to make a thread"),
            None => fail(TB_SYSTEM, c"the system has not so many threads to give"),
        },
        Err(_) => fail(TB_INVALID, c"a pool with so many threads cannot be"),
    }
}

/// A pool. `options` may be NULL, and is copied. TB_SYSTEM if the threads cannot be had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_create(options: *const tb_pool_options, out: *mut *mut tb_pool) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give(tb_pool::new(build(options)?));
        }
        Ok(())
    })
}

/// Another handle of the same pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_clone(pool: *const tb_pool, out: *mut *mut tb_pool) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give(tb_pool::new(lend(pool)?.pool.clone()));
        }
        Ok(())
    })
}

/// The context of its threads. Borrowed: lives as long as this handle; clone it to keep it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_worker(pool: *const tb_pool) -> *const tb_context {
    guard_or(core::ptr::null(), || {
        // SAFETY: the header's conventions.
        Ok(unsafe { lend(pool)? }.worker.handle())
    })
}

/// Lets nothing in any more, runs what is queued, and waits until the threads have ended; helps meanwhile as tb_task_wait
/// does. Can be called again, and by several threads. On one of the pool's own threads, or an attached one, it does not wait.
/// The handle stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_close(pool: *const tb_pool) -> tb_status {
    guard(|| {
        // A handle of our own: what runs meanwhile may drop the host's.
        // SAFETY: the header's conventions.
        unsafe { lend(pool)? }.pool.clone().close();
        Ok(())
    })
}

/// As tb_pool_close, but rejects what has not started with TB_ERROR_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_close_now(pool: *const tb_pool) -> tb_status {
    guard(|| {
        // SAFETY: as in `tb_pool_close`.
        unsafe { lend(pool)? }.pool.clone().close_now();
        Ok(())
    })
}

/// Lets the handle go. The last one, of all that systems have as well, closes the pool as tb_pool_close does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_pool_drop(pool: *mut *mut tb_pool) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(pool) }.map(drop)
    });
}

/// A system whose workers are the pool's threads. The pool is closed when the last of its handles and systems is gone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_system_create_on_pool(pool: *const tb_pool, out: *mut *mut tb_system) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give(tb_system::new(AsyncSystem::new(lend(pool)?.pool.clone())));
        }
        Ok(())
    })
}
