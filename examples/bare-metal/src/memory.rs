//! The heap, how much of it was used, and how much of the stacks.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;

use critical_section::Mutex;
use embedded_alloc::LlffHeap;

use crate::board::{self, Region};

/// A heap that knows the most that was in use.
struct Measured {
    heap: LlffHeap,
    most: Mutex<Cell<usize>>,
}

#[global_allocator]
static HEAP: Measured = Measured { heap: LlffHeap::empty(), most: Mutex::new(Cell::new(0)) };

// SAFETY: the heap does it all.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let block = unsafe { self.heap.alloc(layout) };
        let used = self.heap.used();
        critical_section::with(|section| {
            let most = self.most.borrow(section);
            most.set(most.get().max(used));
        });
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.heap.dealloc(block, layout) }
    }
}

/// Gives the heap its memory.
///
/// # Safety
///
/// To be called once, before anything is allocated.
pub(crate) unsafe fn give_heap() {
    let Region { start, size } = board::heap();
    // SAFETY: the linker script keeps this memory for the heap.
    unsafe { HEAP.heap.init(start.expose_provenance(), size) };
}

/// How many bytes of the heap are in use.
pub(crate) fn used() -> usize {
    HEAP.heap.used()
}

/// The most bytes of the heap that ever were in use.
pub(crate) fn most_used() -> usize {
    critical_section::with(|section| HEAP.most.borrow(section).get())
}

/// How many bytes of a stack were ever used: it grows down, over the paint.
pub(crate) fn used_of_stack(stack: Region) -> usize {
    let words = stack.size / size_of::<u32>();
    let intact = (0..words).take_while(|index| {
        // SAFETY: the linker script keeps these words for the stack, and they were painted. What runs on the stack
        // writes above the paint; volatile, since the compiler knows nothing of either.
        let word = unsafe { stack.start.cast::<u32>().add(*index).read_volatile() };
        word == board::PAINT
    });
    stack.size - intact.count() * size_of::<u32>()
}
