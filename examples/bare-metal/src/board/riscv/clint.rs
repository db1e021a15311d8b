//! The CLINT: one clock, and for each hart a software interrupt and a time at which its timer interrupts.

use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use super::MAIN;

const BASE: usize = 0x0200_0000;
const SOFTWARE_INTERRUPTS: *mut u32 = BASE as *mut u32;
/// Of the first hart, which is the main one.
const TIMER: *mut u64 = (BASE + 0x4000) as *mut u64;
const TIME: *const u64 = (BASE + 0xBFF8) as *const u64;

const NANOSECONDS_PER_TICK: u64 = 100;

/// What the clock showed when it was started.
static START: AtomicU64 = AtomicU64::new(0);

/// What is asked of the clock begins here.
pub(super) fn start() {
    set_due(Duration::MAX);
    // ORDERING: Relaxed: the other harts are not awake yet, and what wakes them orders more than this.
    START.store(ticks(), Ordering::Relaxed);
}

fn ticks() -> u64 {
    // SAFETY: the clock's register, which is there on this board.
    unsafe { TIME.read_volatile() }
}

pub(super) fn now() -> Duration {
    // ORDERING: Relaxed, as in `start`.
    Duration::from_nanos((ticks() - START.load(Ordering::Relaxed)) * NANOSECONDS_PER_TICK)
}

/// When hart 0's timer interrupts; `MAX` for never.
pub(super) fn due() -> Duration {
    // SAFETY: the timer's register, as above.
    match unsafe { TIMER.read_volatile() } {
        u64::MAX => Duration::MAX,
        // ORDERING: Relaxed, as in `start`.
        ticks => Duration::from_nanos((ticks - START.load(Ordering::Relaxed)) * NANOSECONDS_PER_TICK),
    }
}

/// Sets when hart 0's timer interrupts; `MAX` for never.
pub(super) fn set_due(time: Duration) {
    let ticks = match u64::try_from(time.as_nanos()) {
        // ORDERING: Relaxed, as in `start`.
        Ok(nanoseconds) => START.load(Ordering::Relaxed) + nanoseconds.div_ceil(NANOSECONDS_PER_TICK),
        Err(_) => u64::MAX,
    };
    // SAFETY: the timer's register, as above.
    unsafe { TIMER.add(MAIN).write_volatile(ticks) };
}

/// Makes a hart's software interrupt pending, or takes it back.
///
/// What was written to memory before it is seen by the woken hart; and what the hart that takes it back reads after
/// that is no older than what another has written before it made it pending.
pub(super) fn set_software_interrupt(hart: usize, pending: bool) {
    // SAFETY: the hart's register, which is there on this board. The fences order memory and devices, which Rust's do
    // not.
    unsafe {
        asm!("fence iorw, iorw", options(nostack));
        SOFTWARE_INTERRUPTS.add(hart).write_volatile(u32::from(pending));
        asm!("fence iorw, iorw", options(nostack));
    }
}
