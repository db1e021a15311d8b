//! What differs from board to board: start, clock, interrupt, sleep, print, exit, and where memory is.
//!
//! Each board has the same functions, and nothing else in this program names a board.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "arm")]
pub(crate) use cortex_m::*;

#[cfg(target_arch = "riscv64")]
mod riscv;
#[cfg(target_arch = "riscv64")]
pub(crate) use riscv::*;

/// A region of memory that the linker script has laid out.
#[derive(Clone, Copy)]
pub(crate) struct Region {
    pub(crate) start: *mut u8,
    pub(crate) size: usize,
}

impl Region {
    /// From one linker symbol to another.
    fn between<T>(start: *const T, end: *const T) -> Self {
        Self { start: start.cast::<u8>().cast_mut(), size: end.addr() - start.addr() }
    }
}
