//! The program's start and end, and the four system calls in between.

use core::arch::{asm, naked_asm};
use core::fmt::{self, Write};
use core::panic::PanicInfo;

/// The stack that everything runs on: so small that recursion over a chain meets the page below it, which is a fault.
const STACK: usize = 64 * 1024;
const PAGE: usize = 4096;

const WRITE: usize = 1;
const MMAP: usize = 9;
const MPROTECT: usize = 10;
const EXIT: usize = 60;

/// Where the kernel begins: changes to the small stack and goes on.
///
/// # Safety
///
/// For the kernel to jump to, once.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn _start() -> ! {
    naked_asm!(
        "xor ebp, ebp",
        "and rsp, -16",
        "call {stack}",
        "mov rsp, rax",
        "call {main}",
        "ud2",
        stack = sym small_stack,
        main = sym main,
    )
}

/// The top of a new stack with a page below it that cannot be touched.
extern "C" fn small_stack() -> *mut u8 {
    let lowest = map(PAGE + STACK);
    // SAFETY: the page is ours, and nothing is in it.
    let result = unsafe { system_call(MPROTECT, [lowest.addr(), PAGE, 0, 0, 0, 0]) };
    if result != 0 {
        exit(102);
    }
    lowest.wrapping_add(PAGE + STACK)
}

extern "C" fn main() -> ! {
    exit(if crate::scenario() { 0 } else { 1 })
}

/// # Safety
///
/// As the call with this number wants its arguments.
unsafe fn system_call(number: usize, arguments: [usize; 6]) -> isize {
    let result;
    // SAFETY: the registers are the kernel's convention; the rest is the caller's promise.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// Fresh memory, zeroed, of whole pages.
pub(crate) fn map(size: usize) -> *mut u8 {
    const READ_WRITE: usize = 3;
    const PRIVATE_ANONYMOUS: usize = 0x22;
    // SAFETY: asks for memory that nobody has.
    let result = unsafe { system_call(MMAP, [0, size, READ_WRITE, PRIVATE_ANONYMOUS, usize::MAX, 0]) };
    if (-4095..0).contains(&result) {
        exit(102);
    }
    core::ptr::with_exposed_provenance_mut(result.cast_unsigned())
}

/// Ends the process.
pub(crate) fn exit(status: usize) -> ! {
    // SAFETY: it does not return.
    unsafe { system_call(EXIT, [status, 0, 0, 0, 0, 0]) };
    loop {
        core::hint::spin_loop();
    }
}

/// Standard output.
pub(crate) struct Output;

impl Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            // SAFETY: the bytes are there to be read.
            let written = unsafe { system_call(WRITE, [1, rest.as_ptr().expose_provenance(), rest.len(), 0, 0, 0]) };
            match usize::try_from(written) {
                Ok(count) if count > 0 => rest = &rest[count..],
                _ => return Err(fmt::Error),
            }
        }
        Ok(())
    }
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    // Nothing is left to do if this fails too.
    _ = writeln!(Output, "{info}");
    exit(101)
}

/// What `core` and `alloc` refer to as they come, compiled for unwinding. Nothing unwinds here.
///
/// # Safety
///
/// Never called.
#[unsafe(no_mangle)]
unsafe extern "C" fn rust_eh_personality() -> ! {
    exit(103)
}

/// As above.
///
/// # Safety
///
/// Never called.
#[unsafe(no_mangle)]
unsafe extern "C" fn _Unwind_Resume() -> ! {
    exit(103)
}
