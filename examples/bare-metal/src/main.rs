//! Threadbare on bare metal: the same scenario on one core, with and without compare-and-swap, and on four harts.
//!
//! The program prints a line per check, and ends the emulator with status 0 if every check held.

#![no_std]
#![no_main]

extern crate alloc;

mod alarm;
mod ambush;
mod board;
mod machine;
mod memory;
mod report;
mod scenario;

use core::panic::PanicInfo;

use machine::Machine;
use report::Report;

/// Where a board goes on when it has set up its stack and its variables.
extern "C" fn start() -> ! {
    // SAFETY: this is the first thing that the program does, and happens once.
    unsafe { memory::give_heap() };
    board::start_clock();
    let mut report = Report::new();
    report.note(format_args!("{}", board::NAME));

    let before = memory::used();
    scenario::run_all(&mut report, Machine::new());
    report.expect("all that was allocated was freed", memory::used(), before);
    let stacks = board::stacks().map(|stack| (memory::used_of_stack(stack), stack.size));
    report.expect("no stack was too small", stacks.iter().all(|(used, size)| used < size), true);
    if cfg!(feature = "fail-check") {
        report.expect("a check that does not hold", true, false);
    }
    let good = report.finish();

    note_sizes(&report, &stacks);
    board::exit(good)
}

/// What the program takes.
fn note_sizes(report: &Report, stacks: &[(usize, usize)]) {
    report.note(format_args!("program {} bytes, variables {} bytes", board::image(), board::variables()));
    report.note(format_args!("heap {} bytes, of {}", memory::most_used(), board::heap().size));
    for (used, size) in stacks {
        report.note(format_args!("stack {used} bytes, of {size}"));
    }
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    board::print(format_args!("{info}"));
    board::exit(false)
}
