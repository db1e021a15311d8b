//! QEMU's RISC-V board with four harts: time and interrupts from the CLINT, a serial port, a device that ends the
//! emulator.
//!
//! Hart 0 is the main thread. It alone takes interrupts, namely the timer's. A software interrupt is never taken by any
//! hart: it is what wakes one that sleeps, and it stays pending until the woken hart takes it back.

mod boot;
mod clint;
mod section;

use core::arch::asm;
use core::fmt::{self, Arguments, Write};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::time::Duration;

use super::Region;
use crate::alarm;

pub(crate) use boot::{HARTS, PAINT, stacks};

pub(crate) const NAME: &str = "virt: RV64GC, four harts";

/// The hart that is the main thread, and takes interrupts.
pub(crate) const MAIN: usize = 0;

/// In `mstatus`: interrupts are taken.
const TAKEN: usize = 1 << 3;
/// In `mie` and `mip`: the software interrupt, and the timer's.
const SOFTWARE: usize = 1 << 3;
const TIMER: usize = 1 << 7;

/// Which hart this is.
pub(crate) fn hart() -> usize {
    let hart;
    // SAFETY: it reads a register.
    unsafe { asm!("csrr {}, mhartid", out(reg) hart, options(nomem, nostack, preserves_flags)) };
    hart
}

/// On which core this runs.
pub(crate) fn core() -> usize {
    hart()
}

/// Starts the clock, and with it the interrupts.
pub(crate) fn start_clock() {
    clint::start();
    // SAFETY: from here on the trap handler may be called at any time, and it is in place.
    unsafe {
        asm!("csrs mie, {}", in(reg) TIMER, options(nostack));
        asm!("csrs mstatus, {}", in(reg) TAKEN, options(nostack));
    }
}

/// The time since the clock was started.
pub(crate) fn now() -> Duration {
    clint::now()
}

/// Sees to it that there is an interrupt then, or before.
pub(crate) fn interrupt_at(time: Duration) {
    critical_section::with(|_| {
        if time < clint::due() {
            clint::set_due(time);
        }
    });
}

/// Is the trap handler running? Only hart 0 ever writes it.
static IN_INTERRUPT: AtomicBool = AtomicBool::new(false);

/// Is this an interrupt handler?
pub(crate) fn in_interrupt() -> bool {
    // ORDERING: Relaxed: a hart sees its own writes in order.
    hart() == MAIN && IN_INTERRUPT.load(Ordering::Relaxed)
}

/// What every trap comes to, with the registers saved.
extern "C" fn trapped(cause: usize) {
    const TIMER_INTERRUPT: usize = 1 << 63 | 7;
    assert!(cause == TIMER_INTERRUPT && hart() == MAIN, "trap {cause:#x} on hart {}", hart());
    // ORDERING: Relaxed, as in `in_interrupt`.
    IN_INTERRUPT.store(true, Ordering::Relaxed);
    clint::set_due(Duration::MAX);
    if let Some(next) = alarm::ring(now()) {
        interrupt_at(next);
    }
    // Who was about to sleep is to look for work once more.
    wake(MAIN);
    // ORDERING: Relaxed, as in `in_interrupt`.
    IN_INTERRUPT.store(false, Ordering::Relaxed);
}

/// Wakes a hart: its next [`sleep`] ends, if it has not taken the wake-up back before.
pub(crate) fn wake(hart: usize) {
    clint::set_software_interrupt(hart, true);
}

/// This hart takes back what has woken it. To be done before looking for work: what wakes it from then on wakes it for
/// more, and the next [`sleep`] does not happen.
pub(crate) fn awake() {
    clint::set_software_interrupt(hart(), false);
}

/// How often hart 0 has gone to sleep with nothing pending.
static SLEEPS: AtomicU32 = AtomicU32::new(0);

/// How often the main thread has really gone to sleep.
pub(crate) fn sleeps() -> u32 {
    // ORDERING: Relaxed: a hart sees its own writes in order.
    SLEEPS.load(Ordering::Relaxed)
}

/// This hart sleeps until it is [woken](wake) or, if it is the main thread, until that time.
///
/// No wake-up is lost: what has woken it since it was last [awake] is pending, and `wfi` returns for that; the timer's
/// interrupt, which is masked meanwhile, likewise.
pub(crate) fn sleep(until: Option<Duration>) {
    if let Some(until) = until {
        interrupt_at(until);
    }
    let before: usize;
    let pending: usize;
    // SAFETY: interrupts are masked and come back as they were; the software interrupt, which no handler takes, is
    // pending only for `wfi`.
    unsafe {
        asm!("csrrc {}, mstatus, {}", out(reg) before, in(reg) TAKEN, options(nostack));
        asm!("csrs mie, {}", in(reg) SOFTWARE, options(nostack));
        asm!("csrr {}, mip", out(reg) pending, options(nostack));
    }
    if hart() == MAIN && pending & (SOFTWARE | TIMER) == 0 {
        // ORDERING: Relaxed, as in `sleeps`.
        SLEEPS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: as above.
    unsafe {
        asm!("wfi", options(nostack));
        asm!("csrc mie, {}", in(reg) SOFTWARE, options(nostack));
        asm!("csrs mstatus, {}", in(reg) before & TAKEN, options(nostack));
    }
}

/// The serial port.
struct Serial;

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const PORT: *mut u8 = 0x1000_0000 as *mut u8;
        const STATUS: usize = 5;
        const ROOM: u8 = 0x20;
        for byte in text.bytes() {
            // SAFETY: the port's registers, which are there on this board.
            unsafe {
                while PORT.add(STATUS).read_volatile() & ROOM == 0 {}
                PORT.write_volatile(byte);
            }
        }
        Ok(())
    }
}

/// Prints a line. Only hart 0 does, and a hart that panics.
pub(crate) fn print(line: Arguments<'_>) {
    // It cannot fail.
    _ = writeln!(Serial, "{line}");
}

/// Ends the program, and the emulator: with status 0, or with 1.
pub(crate) fn exit(good: bool) -> ! {
    const DEVICE: *mut u32 = 0x10_0000 as *mut u32;
    const PASS: u32 = 0x5555;
    const FAIL: u32 = 1 << 16 | 0x3333;
    // SAFETY: the device that ends the emulator on this board.
    unsafe { DEVICE.write_volatile(if good { PASS } else { FAIL }) };
    loop {
        // SAFETY: it only waits.
        unsafe { asm!("wfi", options(nomem, nostack)) };
    }
}

// What the linker script says of memory.
unsafe extern "C" {
    static _image_start: u8;
    static _image_end: u8;
    static _bss_start: u8;
    static _bss_end: u8;
    static _heap_start: u8;
    static _heap_end: u8;
}

/// What the heap is made of.
pub(crate) fn heap() -> Region {
    Region::between(&raw const _heap_start, &raw const _heap_end)
}

/// How many bytes the program takes: code, constants, and what variables start with.
pub(crate) fn image() -> usize {
    Region::between(&raw const _image_start, &raw const _image_end).size
}

/// How many bytes of RAM the program's own variables take, besides heap and stacks.
pub(crate) fn variables() -> usize {
    Region::between(&raw const _bss_start, &raw const _bss_end).size
}
