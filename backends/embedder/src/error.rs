//! Errors, as C sees them.

use alloc::string::String;
use core::ffi::{CStr, c_char, c_void};
use core::fmt::{self, Write};

use threadbare::{Error, ErrorKind};

use crate::handle::{Handle, clear, give, lend, required, take, take_any};
use crate::registry::Kind;
use crate::status::{Result, TB_INVALID, TB_NULL, TB_SETTLED, fail, guard, guard_or, tb_status};
use crate::sync::{AtomicPtr, AtomicUsize, Ordering};
use crate::value::{Value, tb_destroy};

/// What sort of trouble an error is.
pub type tb_error_kind = i32;
/// Anything that is none of the others.
pub const TB_ERROR_OTHER: tb_error_kind = 0;
/// The promise was dropped unsettled, or a callback gave no reply.
pub const TB_ERROR_ABANDONED: tb_error_kind = 1;
/// A closure of a Rust part of the program panicked.
pub const TB_ERROR_PANICKED: tb_error_kind = 2;
/// The work was called off.
pub const TB_ERROR_CANCELED: tb_error_kind = 3;
/// The context was closed, or dropped the work, before it ran.
pub const TB_ERROR_CLOSED: tb_error_kind = 4;
/// A wait that would have been for ever.
pub const TB_ERROR_DEADLOCK: tb_error_kind = 5;
/// The context had no room for the work.
pub const TB_ERROR_FULL: tb_error_kind = 6;
/// It took longer than it was allowed to.
pub const TB_ERROR_TIMED_OUT: tb_error_kind = 7;

/// Why a task was rejected: reference-counted, immutable, for any thread.
pub struct tb_error(Error);

impl Handle for tb_error {
    const KIND: Kind = Kind::Error;
}

impl tb_error {
    /// For an error that is lent to a callback.
    pub(crate) fn lent(error: &Error) -> Self {
        Self(error.clone())
    }
}

/// What the kinds are called on either side.
const KINDS: [(tb_error_kind, ErrorKind); 8] = [
    (TB_ERROR_OTHER, ErrorKind::Other),
    (TB_ERROR_ABANDONED, ErrorKind::Abandoned),
    (TB_ERROR_PANICKED, ErrorKind::Panicked),
    (TB_ERROR_CANCELED, ErrorKind::Canceled),
    (TB_ERROR_CLOSED, ErrorKind::Closed),
    (TB_ERROR_DEADLOCK, ErrorKind::Deadlock),
    (TB_ERROR_FULL, ErrorKind::Full),
    (TB_ERROR_TIMED_OUT, ErrorKind::TimedOut),
];

/// An error that the host made, and that carries something.
#[derive(Debug)]
struct Carrier {
    message: String,
    /// The payload's type, as an address.
    tag: usize,
    payload: Value,
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Carrier {}

/// Gives an error to the host.
pub(crate) fn give_error(error: Error) -> *mut tb_error {
    give(tb_error(error))
}

/// Takes an error from the host.
///
/// # Safety
///
/// `place` is NULL or points to a handle.
pub(crate) unsafe fn take_error(place: *mut *mut tb_error) -> Result<Error> {
    // SAFETY: as the caller says.
    Ok(unsafe { take(place)? }.0)
}

/// The error of a callback that gave no reply.
pub(crate) fn no_reply() -> Error {
    Error::of(ErrorKind::Abandoned, "the callback returned without a reply")
}

/// Makes an error. `message` is UTF-8, and copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_error_create(
    kind: tb_error_kind,
    message: *const c_char,
    out: *mut *mut tb_error,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe { create(out, kind, message, |kind, message| Error::of(kind, message)) }
    })
}

/// Makes an error that carries something. `tag` tells what: the address of a static of yours. The payload is destroyed
/// with the last handle of the error, on any thread, and may be looked at by several at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_error_create_with(
    kind: tb_error_kind,
    message: *const c_char,
    tag: *const c_void,
    payload: *mut c_void,
    destroy: tb_destroy,
    out: *mut *mut tb_error,
) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe { clear(out)? };
        let tag = match tag.addr() {
            0 => return fail(TB_NULL, c"the payload's tag is NULL"),
            tag => tag,
        };
        let carrier = |kind, message: &str| {
            let payload = Value::new(payload, destroy);
            Error::of(kind, Carrier { message: String::from(message), tag, payload })
        };
        // SAFETY: the header's conventions.
        unsafe { create(out, kind, message, carrier) }
    })
}

/// # Safety
///
/// `out` is NULL or to be written, `message` NULL or a C string.
unsafe fn create(
    out: *mut *mut tb_error,
    kind: tb_error_kind,
    message: *const c_char,
    make: impl FnOnce(ErrorKind, &str) -> Error,
) -> Result<()> {
    // SAFETY: as the caller says.
    let message = unsafe {
        clear(out)?;
        text(message)?
    };
    let Some((_, kind)) = KINDS.iter().find(|(ours, _)| *ours == kind) else {
        return fail(TB_INVALID, c"not an error kind");
    };
    // Last: what it is made of is ours from here on.
    // SAFETY: as above.
    unsafe { *out = give_error(make(*kind, message)) };
    Ok(())
}

/// # Safety
///
/// `text` is NULL or a C string, for `'a`.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Result<&'a str> {
    if text.is_null() {
        return fail(TB_NULL, c"a text is NULL");
    }
    // SAFETY: as the caller says.
    match unsafe { CStr::from_ptr(text) }.to_str() {
        Ok(text) => Ok(text),
        Err(_) => fail(TB_INVALID, c"a text is not UTF-8"),
    }
}

/// What sort of trouble it is; TB_ERROR_OTHER of NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_error_get_kind(error: *const tb_error) -> tb_error_kind {
    guard_or(TB_ERROR_OTHER, || {
        // SAFETY: the header's conventions.
        let error = &unsafe { lend(error)? }.0;
        let kind = error.kind();
        Ok(KINDS.iter().find(|(_, theirs)| *theirs == kind).map_or(TB_ERROR_OTHER, |(ours, _)| *ours))
    })
}

/// Writes the error's text, and a NUL, as far as `size` bytes go, and returns how long the whole text is without the NUL, as
/// snprintf does. Text that is cut short ends between two characters. `buffer` may be NULL if `size` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_error_message(error: *const tb_error, buffer: *mut c_char, size: usize) -> usize {
    // SAFETY: the header's conventions.
    unsafe { print(error, buffer, size, |error, buffer| write!(buffer, "{error}")) }
}

/// As tb_error_message, with each cause on a line of its own below: what tb_error_context was called on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_error_trace(error: *const tb_error, buffer: *mut c_char, size: usize) -> usize {
    // SAFETY: the header's conventions.
    unsafe { print(error, buffer, size, |error, buffer| write!(buffer, "{error:?}")) }
}

/// # Safety
///
/// The error is NULL or a live handle, the buffer NULL or as long as said.
unsafe fn print(
    error: *const tb_error,
    buffer: *mut c_char,
    size: usize,
    print: impl FnOnce(&Error, &mut Buffer) -> fmt::Result,
) -> usize {
    let room = if buffer.is_null() { 0 } else { size };
    let mut buffer = Buffer { start: buffer.cast(), room, written: 0, length: 0 };
    let length = guard_or(0, || {
        // SAFETY: as the caller says.
        let error = &unsafe { lend(error)? }.0;
        // A foreign error's `fmt` may fail; what it has written until then stands.
        _ = print(error, &mut buffer);
        Ok(buffer.length)
    });
    if buffer.room > 0 {
        // SAFETY: `written` stays below `room`, which the caller says is there.
        unsafe { buffer.start.add(buffer.written).write(0) };
    }
    length
}

struct Buffer {
    start: *mut u8,
    room: usize,
    written: usize,
    length: usize,
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Once something was left out, nothing goes behind it.
        if self.written == self.length && self.room > 0 {
            let mut fits = text.len().min(self.room - 1 - self.written);
            while !text.is_char_boundary(fits) {
                fits -= 1;
            }
            // SAFETY: `written + fits` is below `room`, which the caller of `print` says is there.
            unsafe { self.start.add(self.written).copy_from_nonoverlapping(text.as_ptr(), fits) };
            self.written += fits;
        }
        self.length += text.len();
        Ok(())
    }
}

/// What the error carries, if it was made with this tag, or an error that it was made from was; else NULL. Lives as long as
/// the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_error_payload(error: *const tb_error, tag: *const c_void) -> *const c_void {
    guard_or(core::ptr::null(), || {
        // SAFETY: the header's conventions.
        let error = &unsafe { lend(error)? }.0;
        let mut next: Option<&(dyn core::error::Error + 'static)> = Some(error.as_std());
        while let Some(error) = next {
            match error.downcast_ref::<Carrier>() {
                Some(carrier) if carrier.tag == tag.addr() => return Ok(carrier.payload.pointer().cast_const()),
                _ => next = error.source(),
            }
        }
        Ok(core::ptr::null())
    })
}

/// Adds a line about what was going on: that is the text then, and the error its cause; kind and payload stay. *error is
/// replaced. `line` is UTF-8, and copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_error_context(error: *mut *mut tb_error, line: *const c_char) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            let line = String::from(text(line)?);
            *error = give_error(take_error(error)?.context(line));
        }
        Ok(())
    })
}

/// Another handle of the same error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_error_clone(error: *const tb_error, out: *mut *mut tb_error) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give_error(lend(error)?.0.clone());
        }
        Ok(())
    })
}

/// Lets it go.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_error_drop(error: *mut *mut tb_error) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(error) }.map(drop)
    });
}

/// Has the host look at an error.
type Hook = unsafe extern "C-unwind" fn(data: *mut c_void, error: *const tb_error);

/// Taken by the first to set the hook.
static CLAIMED: AtomicUsize = AtomicUsize::new(0);
/// Written once, before HOOK.
static HOOK_DATA: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
static HOOK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Sets where an error goes that nobody can see: that of a rejected task which was dropped or detached. Once per process, best
/// before the first task; TB_SETTLED after that. Without a hook such errors are printed to standard error, where there is one.
/// The hook is called on the thread that settles or drops the task; the error is lent. `data` must live as long as the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_set_error_hook(
    hook: Option<unsafe extern "C-unwind" fn(data: *mut c_void, error: *const tb_error)>,
    data: *mut c_void,
) -> tb_status {
    guard(|| {
        let hook: Hook = required(hook)?;
        // ORDERING: Relaxed: it picks one, and publishes nothing.
        if CLAIMED.swap(1, Ordering::Relaxed) != 0 {
            return fail(TB_SETTLED, c"the error hook is set already");
        }
        // ORDERING: Relaxed, both: the core, which publishes `call_hook` to whoever calls it, publishes them along with it.
        HOOK_DATA.store(data, Ordering::Relaxed);
        HOOK.store(hook as *mut (), Ordering::Relaxed);
        if !threadbare::set_error_hook(call_hook) {
            return fail(TB_SETTLED, c"the error hook is set already, by a Rust part of the program");
        }
        Ok(())
    })
}

fn call_hook(error: &Error) {
    // ORDERING: Relaxed, both, as in `tb_set_error_hook`.
    let hook = HOOK.load(Ordering::Relaxed);
    if hook.is_null() {
        return;
    }
    let data = HOOK_DATA.load(Ordering::Relaxed);
    let lent = tb_error::lent(error);
    // SAFETY: what is in HOOK is a `Hook`, and the host gave the two together; the error stands here until the call returns.
    unsafe {
        let lent = crate::handle::Lent::new(&raw const lent);
        core::mem::transmute::<*mut (), Hook>(hook)(data, lent.handle());
    }
}
