//! Threads, to be woken.

#[cfg(feature = "std")]
use crate::handle::give;
use crate::handle::{Handle, clear, lend, take_any};
use crate::registry::Kind;
use crate::status::{guard, guard_or, tb_status};

/// A thread that may sleep in a wait: for the before_park of a job system, and whoever wakes what that has noted.
pub struct tb_thread(#[cfg(feature = "std")] std::thread::Thread);

impl tb_thread {
    fn unpark(&self) {
        #[cfg(feature = "std")]
        self.0.unpark();
    }
}

impl Handle for tb_thread {
    const KIND: Kind = Kind::Thread;
}

/// The calling thread. TB_UNSUPPORTED in a library without std, where waits do not sleep.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_thread_current(out: *mut *mut tb_thread) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            #[cfg(feature = "std")]
            {
                *out = give(tb_thread(std::thread::current()));
                Ok(())
            }
            #[cfg(not(feature = "std"))]
            crate::status::fail(crate::status::TB_UNSUPPORTED, c"there are no threads without std")
        }
    })
}

/// Wakes it if it sleeps in a wait, or keeps it from the next sleep. From any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_thread_unpark(thread: *const tb_thread) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe { lend(thread)? }.unpark();
        Ok(())
    })
}

/// Lets the handle go.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_thread_drop(thread: *mut *mut tb_thread) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(thread) }.map(drop)
    });
}
