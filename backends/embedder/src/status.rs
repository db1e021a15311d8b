//! How functions answer: a status, the text of the last failure, and the guard that no panic passes.

use core::ffi::{CStr, c_char};

/// The library's version: major << 24 | minor << 12 | patch. `tb_version` says what was linked.
pub const TB_VERSION: u32 = 0x0000_1000;

/// How a function answers. On anything but TB_OK nothing was consumed or changed, and what it should have returned is
/// NULL or 0, unless it says otherwise.
pub type tb_status = i32;
/// Done.
pub const TB_OK: tb_status = 0;
/// A pointer is NULL that must not be.
pub const TB_NULL: tb_status = 1;
/// Checked builds: not a handle, or one that was consumed or dropped already, or one of another type.
pub const TB_STALE: tb_status = 2;
/// An argument makes no sense: a size, a number, text that is not UTF-8.
pub const TB_INVALID: tb_status = 3;
/// The promise is settled already, the reply is given already, the hook is set already.
pub const TB_SETTLED: tb_status = 4;
/// The task ended with an error, which is handed out.
pub const TB_REJECTED: tb_status = 5;
/// The task is not settled yet.
pub const TB_PENDING: tb_status = 6;
/// For the main thread only, and this is another one.
pub const TB_WRONG_THREAD: tb_status = 7;
/// Not in this build of the library.
pub const TB_UNSUPPORTED: tb_status = 8;
/// The operating system refused: a thread cannot be started.
pub const TB_SYSTEM: tb_status = 9;
/// A fault of the library itself.
pub const TB_PANICKED: tb_status = 10;
/// The pool has no room for one thread more.
pub const TB_FULL: tb_status = 11;
/// The pool is closed.
pub const TB_CLOSED: tb_status = 12;

/// Why a function fails.
pub(crate) struct Failure {
    status: tb_status,
    why: &'static CStr,
}

impl Failure {
    pub(crate) const NO_CALLBACK: Self = Self::new(TB_NULL, c"a callback is NULL");

    pub(crate) const fn new(status: tb_status, why: &'static CStr) -> Self {
        Self { status, why }
    }
}

pub(crate) type Result<T> = core::result::Result<T, Failure>;

pub(crate) fn fail<T>(status: tb_status, why: &'static CStr) -> Result<T> {
    Err(Failure::new(status, why))
}

/// Runs a function's body: what it fails with is the status, and remembered; a panic goes no further.
pub(crate) fn guard(body: impl FnOnce() -> Result<()>) -> tb_status {
    match caught(body) {
        Ok(()) => TB_OK,
        Err(failure) => failure.status,
    }
}

/// As [`guard`], for functions that return something else.
pub(crate) fn guard_or<R>(otherwise: R, body: impl FnOnce() -> Result<R>) -> R {
    caught(body).unwrap_or(otherwise)
}

fn caught<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    #[cfg(feature = "std")]
    // What a panic leaves half done is the library's own, and behind handles that are then leaked.
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        // Its drop may panic again.
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(payload)));
        dropped.unwrap_or_else(core::mem::forget);
        fail(TB_PANICKED, c"the library panicked, which is a fault of its own; the panic hook was told")
    });
    #[cfg(not(feature = "std"))]
    let done = body();
    done.inspect_err(|failure| last::set(failure.why))
}

#[cfg(feature = "std")]
mod last {
    use core::cell::Cell;
    use core::ffi::CStr;

    std::thread_local! {
        static LAST: Cell<&'static CStr> = const { Cell::new(c"") };
    }

    pub(super) fn set(why: &'static CStr) {
        LAST.set(why);
    }

    pub(super) fn get() -> *const core::ffi::c_char {
        LAST.get().as_ptr()
    }
}

#[cfg(not(feature = "std"))]
mod last {
    use core::ffi::{CStr, c_char};

    use crate::sync::{AtomicPtr, Ordering};

    static LAST: AtomicPtr<c_char> = AtomicPtr::new(c"".as_ptr().cast_mut());

    pub(super) fn set(why: &'static CStr) {
        // ORDERING: Relaxed: what it points to is static.
        LAST.store(why.as_ptr().cast_mut(), Ordering::Relaxed);
    }

    pub(super) fn get() -> *const c_char {
        // ORDERING: Relaxed, as above.
        LAST.load(Ordering::Relaxed)
    }
}

/// The version of the library that is linked, to be compared with TB_VERSION.
#[unsafe(no_mangle)]
pub extern "C" fn tb_version() -> u32 {
    TB_VERSION
}

/// Is this a checked library, which answers a handle that is not alive with TB_STALE?
#[unsafe(no_mangle)]
pub extern "C" fn tb_is_checked() -> bool {
    crate::registry::CHECKED
}

/// Why the last call on this thread that failed did so; "" if none has. Calls that succeed leave it. The text is static:
/// never free it. In a library without std: the last call on any thread.
#[unsafe(no_mangle)]
pub extern "C" fn tb_last_error() -> *const c_char {
    last::get()
}

/// The name of a status, as in this header. Static; of an unknown one "TB_?".
#[unsafe(no_mangle)]
pub extern "C" fn tb_status_name(status: tb_status) -> *const c_char {
    let name = match status {
        TB_OK => c"TB_OK",
        TB_NULL => c"TB_NULL",
        TB_STALE => c"TB_STALE",
        TB_INVALID => c"TB_INVALID",
        TB_SETTLED => c"TB_SETTLED",
        TB_REJECTED => c"TB_REJECTED",
        TB_PENDING => c"TB_PENDING",
        TB_WRONG_THREAD => c"TB_WRONG_THREAD",
        TB_UNSUPPORTED => c"TB_UNSUPPORTED",
        TB_SYSTEM => c"TB_SYSTEM",
        TB_PANICKED => c"TB_PANICKED",
        TB_FULL => c"TB_FULL",
        TB_CLOSED => c"TB_CLOSED",
        _ => c"TB_?",
    };
    name.as_ptr()
}

/// The version in the header is a literal, for the generator's sake: here it is held to the package's.
const _: () = {
    const fn number(text: &str) -> u32 {
        let (bytes, mut index, mut number) = (text.as_bytes(), 0, 0);
        while index < bytes.len() {
            number = number * 10 + (bytes[index] - b'0') as u32;
            index += 1;
        }
        number
    }
    let package = number(env!("CARGO_PKG_VERSION_MAJOR")) << 24
        | number(env!("CARGO_PKG_VERSION_MINOR")) << 12
        | number(env!("CARGO_PKG_VERSION_PATCH"));
    assert!(TB_VERSION == package, "TB_VERSION is not the package's version");
};

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_in_the_guard() {
        let status = guard(|| panic!("on purpose"));
        assert_eq!(status, TB_PANICKED);
        assert_eq!(guard_or(7, || panic!("on purpose")), 7);
        // SAFETY: it is static text.
        let said = unsafe { CStr::from_ptr(tb_last_error()) };
        assert!(said.to_str().is_ok_and(|said| said.contains("panicked")));
    }
}
