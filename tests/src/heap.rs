//! A heap that counts: what is alive in the process, and what a thread allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator, counting. Make it the `#[global_allocator]` of a test binary.
pub struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally { count: 0, bytes: 0, largest: 0 }) };
}

/// What was allocated on a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many allocations.
    pub count: usize,
    /// Of how many bytes together.
    pub bytes: usize,
    /// Of how many bytes the largest.
    pub largest: usize,
}

/// How many bytes are allocated in the process.
pub fn live_bytes() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// What the calling thread allocates in `f`.
pub fn tally<R>(f: impl FnOnce() -> R) -> (Tally, R) {
    let before = TALLY.replace(Tally { count: 0, bytes: 0, largest: 0 });
    let result = f();
    (TALLY.replace(before), result)
}

/// What the calling thread has allocated so far.
pub fn tally_so_far() -> Tally {
    TALLY.get()
}

fn allocated(bytes: usize) {
    LIVE.fetch_add(bytes, Ordering::Relaxed);
    let Tally { count, bytes: sum, largest } = TALLY.get();
    TALLY.set(Tally { count: count + 1, bytes: sum + bytes, largest: largest.max(bytes) });
}

// SAFETY: the system's allocator does it all; counting allocates nothing, and the thread-local has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller says.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        allocated(size);
        // SAFETY: as the caller says.
        unsafe { System.realloc(block, layout, size) }
    }
}
