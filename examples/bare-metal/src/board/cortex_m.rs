//! Cortex-M: a tick a millisecond from SysTick, print and exit by semihosting.

use core::cell::Cell;
use core::fmt::Arguments;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use cortex_m::Peripherals;
use cortex_m::peripheral::SCB;
use cortex_m::peripheral::scb::VectActive;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{ExceptionFrame, entry, exception};
use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS};
use critical_section::Mutex;

use super::Region;
use crate::alarm;

#[cfg(board = "mps2-an386")]
mod this {
    pub(crate) const NAME: &str = "mps2-an386: Cortex-M4F, 25 MHz";
    pub(super) const CLOCK_HZ: u32 = 25_000_000;
}
#[cfg(board = "microbit")]
mod this {
    pub(crate) const NAME: &str = "micro:bit: Cortex-M0, 16 MHz, no compare-and-swap";
    pub(super) const CLOCK_HZ: u32 = 16_000_000;
}
pub(crate) use this::NAME;

/// Of the clock.
const TICKS_PER_SECOND: u32 = 1000;

/// Since the clock was started.
static TICKS: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));

/// Has there been an interrupt since the last sleep ended?
static EVENT: AtomicBool = AtomicBool::new(false);

/// How often the core has really gone to sleep.
static SLEEPS: Mutex<Cell<u32>> = Mutex::new(Cell::new(0));

#[entry]
fn start() -> ! {
    crate::start()
}

/// On which core this runs.
pub(crate) fn core() -> usize {
    0
}

/// Starts the clock, and with it the interrupts.
pub(crate) fn start_clock() {
    let Some(peripherals) = Peripherals::take() else { return };
    let mut syst = peripherals.SYST;
    syst.set_clock_source(SystClkSource::Core);
    syst.set_reload(this::CLOCK_HZ / TICKS_PER_SECOND - 1);
    syst.clear_current();
    syst.enable_counter();
    syst.enable_interrupt();
}

/// The time since the clock was started.
pub(crate) fn now() -> Duration {
    let ticks = critical_section::with(|section| TICKS.borrow(section).get());
    Duration::from_millis(ticks)
}

#[exception]
fn SysTick() {
    // Raised by hand it is no tick.
    // SAFETY: this register is read, which clears the flag in it; nobody else looks at that.
    if unsafe { (*cortex_m::peripheral::SYST::PTR).csr.read() } & COUNTED != 0 {
        critical_section::with(|section| {
            let ticks = TICKS.borrow(section);
            ticks.set(ticks.get() + 1);
        });
    }
    alarm::ring(now());
    // ORDERING: Relaxed: there is one core, and it sees its own writes in order.
    EVENT.store(true, Ordering::Relaxed);
}

/// In SysTick's control register: it has come to zero since this was last read.
const COUNTED: u32 = 1 << 16;

/// Sees to it that there is an interrupt then, or before. The next tick is soon enough, unless it is to be at once.
pub(crate) fn interrupt_at(time: Duration) {
    if time <= now() {
        SCB::set_pendst();
        cortex_m::asm::isb();
    }
}

/// Is this an interrupt handler?
pub(crate) fn in_interrupt() -> bool {
    SCB::vect_active() != VectActive::ThreadMode
}

/// Sleeps until the next interrupt, unless there has been one since the last sleep ended: who then looked for work may
/// have looked too early. Every tick is an interrupt, so it need not know when the next timer is due.
///
/// No interrupt falls between the question and the sleep, since they are masked; one that comes then is pending, and
/// `wfi` returns for that.
pub(crate) fn sleep(_until: Option<Duration>) {
    critical_section::with(|section| {
        // ORDERING: Relaxed, as in the handler.
        if !EVENT.load(Ordering::Relaxed) {
            let sleeps = SLEEPS.borrow(section);
            sleeps.set(sleeps.get() + 1);
            cortex_m::asm::dsb();
            cortex_m::asm::wfi();
        }
    });
    // The handler has run. What has come so far is seen by who looks for work now.
    // ORDERING: Relaxed, as in the handler.
    EVENT.store(false, Ordering::Relaxed);
}

/// How often the core has really gone to sleep.
pub(crate) fn sleeps() -> u32 {
    critical_section::with(|section| SLEEPS.borrow(section).get())
}

/// Prints a line.
pub(crate) fn print(line: Arguments<'_>) {
    cortex_m_semihosting::hprintln!("{}", line);
}

/// Ends the program, and the emulator: with status 0, or with 1.
pub(crate) fn exit(good: bool) -> ! {
    cortex_m_semihosting::debug::exit(if good { EXIT_SUCCESS } else { EXIT_FAILURE });
    // On a real board, with no debugger to say it to.
    loop {
        cortex_m::asm::wfi();
    }
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    print(format_args!("hard fault: {frame:?}"));
    exit(false)
}

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    panic!("nobody expects interrupt {interrupt}");
}

// What the linker scripts say of memory.
unsafe extern "C" {
    static __vector_table: u32;
    static __sidata: u32;
    static __sdata: u32;
    static __edata: u32;
    static __sheap: u32;
    static _heap_end: u32;
    static _stack_start: u32;
    static _stack_end: u32;
}

/// What the heap is made of.
pub(crate) fn heap() -> Region {
    Region::between(&raw const __sheap, &raw const _heap_end)
}

/// The stack, which was painted with [`PAINT`] before the start.
pub(crate) fn stacks() -> [Region; 1] {
    [Region::between(&raw const _stack_end, &raw const _stack_start)]
}

/// What memory is painted with that the stack has not reached yet.
pub(crate) const PAINT: u32 = cortex_m_rt::STACK_PAINT_VALUE;

/// How many bytes of flash the program takes: code, constants, and what variables start with.
pub(crate) fn image() -> usize {
    let variables = Region::between(&raw const __sdata, &raw const __edata);
    Region::between(&raw const __vector_table, &raw const __sidata).size + variables.size
}

/// How many bytes of RAM the program's own variables take, besides heap and stack.
pub(crate) fn variables() -> usize {
    Region::between(&raw const __sdata, &raw const __sheap).size
}
