//! From reset to Rust, on every hart; and from a trap to Rust and back.

use core::arch::naked_asm;
use core::cell::UnsafeCell;

use super::{Region, trapped};

/// How many harts there are.
pub(crate) const HARTS: usize = 4;

/// How large a stack is: a power of two, so that hart and shift give its place.
const STACK: usize = 1 << SHIFT;
const SHIFT: usize = 14;

/// What stacks are painted with where nothing has reached yet.
pub(crate) const PAINT: u32 = 0xCCCC_CCCC;

#[repr(C, align(16))]
struct Stacks(UnsafeCell<[[u8; STACK]; HARTS]>);

// SAFETY: each hart runs on a stack of its own.
unsafe impl Sync for Stacks {}

/// Apart from the other variables, which hart 0 clears when the others may be on their stacks already.
#[unsafe(link_section = ".stacks")]
static STACKS: Stacks = Stacks(UnsafeCell::new([[0; STACK]; HARTS]));

/// The stacks, by hart.
pub(crate) fn stacks() -> [Region; HARTS] {
    let first = STACKS.0.get().cast::<u8>();
    core::array::from_fn(|hart| Region { start: first.wrapping_add(hart * STACK), size: STACK })
}

/// Where every hart begins: paints its stack; hart 0 clears the variables and goes on, the others wait for its
/// [`wake`].
///
/// [`wake`]: super::wake
///
/// # Safety
///
/// For the board to jump to, once on each hart.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.start")]
unsafe extern "C" fn _start() -> ! {
    naked_asm!(
        // No interrupts; traps to `trap`; the floating-point registers may be used.
        "csrw mie, zero",
        "la t0, {trap}",
        "csrw mtvec, t0",
        "li t0, 1 << 13",
        "csrs mstatus, t0",
        // There may be more harts than this program knows.
        "csrr a0, mhartid",
        "li t0, {harts}",
        "bgeu a0, t0, 5f",
        // The stack, painted from its end up.
        "slli t1, a0, {shift}",
        "la t0, {stacks}",
        "add t1, t1, t0",
        "li t0, {stack}",
        "add sp, t1, t0",
        "li t0, {paint}",
        "1: sw t0, 0(t1)",
        "addi t1, t1, 4",
        "bltu t1, sp, 1b",
        "bnez a0, 4f",
        // Hart 0.
        "la t0, _bss_start",
        "la t1, _bss_end",
        "2: bgeu t0, t1, 3f",
        "sd zero, 0(t0)",
        "addi t0, t0, 8",
        "j 2b",
        "3: call {start}",
        // The others.
        "4: csrwi mie, 1 << 3",
        "wfi",
        "csrr t0, mip",
        "andi t0, t0, 1 << 3",
        "beqz t0, 4b",
        "csrw mie, zero",
        "fence",
        "call {join}",
        "5: wfi",
        "j 5b",
        trap = sym trap,
        harts = const HARTS,
        shift = const SHIFT,
        stack = const STACK,
        stacks = sym STACKS,
        paint = const PAINT.cast_signed(),
        start = sym crate::start,
        join = sym join,
    )
}

/// Where the other harts go on.
extern "C" fn join() -> ! {
    crate::machine::serve()
}

/// Where traps go: saves what a function may change, calls one, and goes back.
///
/// # Safety
///
/// For the hart to jump to.
#[unsafe(naked)]
#[unsafe(link_section = ".text.trap")]
unsafe extern "C" fn trap() {
    naked_asm!(
        // The assembler has to be told what the target has.
        ".option push",
        ".option arch, +d",
        "addi sp, sp, -16 * 8 - 20 * 8 - 8 - 8",
        "sd ra, 0*8(sp)",
        ".irp number, 0, 1, 2, 3, 4, 5, 6",
        "sd t\\number, (1 + \\number)*8(sp)",
        ".endr",
        ".irp number, 0, 1, 2, 3, 4, 5, 6, 7",
        "sd a\\number, (8 + \\number)*8(sp)",
        "fsd fa\\number, (16 + \\number)*8(sp)",
        ".endr",
        ".irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
        "fsd ft\\number, (24 + \\number)*8(sp)",
        ".endr",
        "csrr a0, fcsr",
        "sd a0, 36*8(sp)",
        "csrr a0, mcause",
        "call {trapped}",
        "ld a0, 36*8(sp)",
        "csrw fcsr, a0",
        "ld ra, 0*8(sp)",
        ".irp number, 0, 1, 2, 3, 4, 5, 6",
        "ld t\\number, (1 + \\number)*8(sp)",
        ".endr",
        ".irp number, 0, 1, 2, 3, 4, 5, 6, 7",
        "ld a\\number, (8 + \\number)*8(sp)",
        "fld fa\\number, (16 + \\number)*8(sp)",
        ".endr",
        ".irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
        "fld ft\\number, (24 + \\number)*8(sp)",
        ".endr",
        "addi sp, sp, 16 * 8 + 20 * 8 + 8 + 8",
        "mret",
        ".option pop",
        trapped = sym trapped,
    )
}
