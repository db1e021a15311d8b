//! A heap that can count, while it is told to.
//!
//! Counting is off while time is taken, and on in rounds of its own: so it costs the timed rounds one load of a line that
//! nobody writes.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[cfg(feature = "mimalloc")]
use mimalloc::MiMalloc as Inner;
#[cfg(not(feature = "mimalloc"))]
use std::alloc::System as Inner;

/// What allocates.
pub const ALLOCATOR: &str = if cfg!(feature = "mimalloc") { "mimalloc" } else { "the system's allocator" };

/// That, counting what all threads allocate while [`counting`] runs.
#[derive(Debug)]
pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);

/// What has been allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many allocations.
    pub count: u64,
    /// Of how many bytes together.
    pub bytes: u64,
}

impl Tally {
    /// What has been counted so far.
    pub fn so_far() -> Self {
        // ORDERING: Relaxed: what is counted happened on threads that have been waited for.
        Self { count: COUNT.load(Ordering::Relaxed), bytes: BYTES.load(Ordering::Relaxed) }
    }

    /// What has been counted since then.
    #[must_use]
    pub fn since(self) -> Self {
        let now = Self::so_far();
        Self { count: now.count - self.count, bytes: now.bytes - self.bytes }
    }
}

/// How many bytes are allocated of those that were counted: what was allocated before is not, and counts as negative when it is
/// freed.
pub fn live() -> i64 {
    // ORDERING: Relaxed, as in `so_far`.
    BYTES.load(Ordering::Relaxed).wrapping_sub(FREED.load(Ordering::Relaxed)).cast_signed()
}

/// Runs `f` with counting on, for all threads. Not for two at the same time.
pub fn counting<R>(f: impl FnOnce() -> R) -> R {
    /// Also when `f` panics.
    struct Off;
    impl Drop for Off {
        fn drop(&mut self) {
            // ORDERING: Relaxed, as in `so_far`.
            ON.store(false, Ordering::Relaxed);
        }
    }
    // ORDERING: Relaxed: work that `f` hands to other threads carries it along.
    ON.store(true, Ordering::Relaxed);
    let _off = Off;
    f()
}

fn allocated(bytes: usize) {
    // ORDERING: Relaxed, as in `counting`; the counters publish nothing.
    if ON.load(Ordering::Relaxed) {
        COUNT.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

fn freed(bytes: usize) {
    // ORDERING: Relaxed, as in `allocated`.
    if ON.load(Ordering::Relaxed) {
        FREED.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

// SAFETY: the allocator within does it all; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: as the caller says.
        unsafe { Inner.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: as the caller says.
        unsafe { Inner.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: as the caller says.
        unsafe { Inner.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        freed(layout.size());
        allocated(size);
        // SAFETY: as the caller says.
        unsafe { Inner.realloc(block, layout, size) }
    }
}
