//! What tasks carry, and what callbacks are made of: a pointer, and how to destroy what it points to.

use core::ffi::c_void;

/// Destroys what `data` points to. May be NULL where one is asked for: then nothing is done. Called on any thread, unless it
/// is said which.
pub type tb_destroy = Option<unsafe extern "C-unwind" fn(data: *mut c_void)>;

/// A value: whoever drops it destroys it.
#[derive(Debug)]
pub(crate) struct Value {
    pointer: *mut c_void,
    destroy: tb_destroy,
}

// SAFETY: the host says, by making it a value, that it may cross threads.
unsafe impl Send for Value {}
// SAFETY: a shared value is looked at by the host's own functions alone, of which the header says that any thread calls them.
unsafe impl Sync for Value {}

impl Value {
    pub(crate) fn new(pointer: *mut c_void, destroy: tb_destroy) -> Self {
        Self { pointer, destroy }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }

    pub(crate) fn destroy(&self) -> tb_destroy {
        self.destroy
    }

    /// Gives it to the host.
    pub(crate) fn into_pointer(self) -> *mut c_void {
        core::mem::ManuallyDrop::new(self).pointer
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the host gave the two together, and this is their one use.
            unsafe { destroy(self.pointer) };
        }
    }
}

/// A callback with its data, which is destroyed after the call or instead of it.
pub(crate) struct Closure<C> {
    call: C,
    data: Value,
}

// SAFETY: the host says where its closures may run and be destroyed by the context that it gives them to.
unsafe impl<C> Send for Closure<C> {}

impl<C: Copy> Closure<C> {
    pub(crate) fn new(call: C, data: *mut c_void, destroy: tb_destroy) -> Self {
        Self { call, data: Value::new(data, destroy) }
    }

    /// Calls `f` with the two. A method, so that a closure that uses it captures the whole of this.
    pub(crate) fn with<R>(&self, f: impl FnOnce(C, *mut c_void) -> R) -> R {
        f(self.call, self.data.pointer)
    }
}
