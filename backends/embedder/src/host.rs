//! What a library without `std` has to take from its host: memory, and the end.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_char, c_void};
use core::fmt::Write;
use core::panic::PanicInfo;

unsafe extern "C" {
    /// A library that was built without std, with feature `host`, calls this and the next two, and the host defines them; no
    /// other library does. Memory: for any thread, and for interrupt handlers if those settle promises or queue work. Called
    /// under a lock of the library's in checked ones: it must not call the library. NULL ends in tb_host_abort.
    fn tb_host_alloc(size: usize, align: usize) -> *mut c_void;

    /// Gives memory back, with the size and alignment that it was asked for. It must not call the library either.
    fn tb_host_free(pointer: *mut c_void, size: usize, align: usize);

    /// The library cannot go on: reports the message, and must not return.
    fn tb_host_abort(message: *const c_char) -> !;
}

struct Host;

// SAFETY: the header asks of the host what `GlobalAlloc` asks.
unsafe impl GlobalAlloc for Host {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the host's, for any thread.
        unsafe { tb_host_alloc(layout.size(), layout.align()).cast() }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: it is one of `alloc`, with the same size and alignment.
        unsafe { tb_host_free(pointer.cast(), layout.size(), layout.align()) }
    }
}

#[global_allocator]
static ALLOCATOR: Host = Host;

/// Text that fits, and the NUL behind it.
struct Message {
    bytes: [u8; 256],
    length: usize,
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let fits = text.len().min(self.bytes.len() - 1 - self.length);
        self.bytes[self.length..self.length + fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.length += fits;
        Ok(())
    }
}

#[panic_handler]
fn panic(panic: &PanicInfo<'_>) -> ! {
    let mut message = Message { bytes: [0; 256], length: 0 };
    _ = write!(message, "{panic}");
    // SAFETY: the host's; the text ends with a NUL.
    unsafe { tb_host_abort(message.bytes.as_ptr().cast()) }
}

/// Named by frames that call back, so that an exception does not pass them. What std would bring says here that no frame of the
/// library takes one: an exception that comes out of a callback is fatal where it is thrown.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() -> i32 {
    // `_URC_FAILURE` on ARM; elsewhere any answer that is neither "handler found" nor "go on".
    9
}
