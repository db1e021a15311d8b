//! Memory: the functions that compiled code calls by name, and an allocator that counts.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::asm;
use core::cell::Cell;
use core::ptr::null_mut;

/// A value of the only thread there is.
pub(crate) struct OneThread<T>(pub(crate) T);

// SAFETY: nothing in this program starts a thread or handles a signal.
unsafe impl<T> Sync for OneThread<T> {}
// SAFETY: as above.
unsafe impl<T> Send for OneThread<T> {}

/// Blocks of powers of two, taken from one arena; what is freed waits in a list for the next of its size.
struct Allocator {
    next: Cell<*mut u8>,
    end: Cell<*mut u8>,
    free: [Cell<*mut u8>; usize::BITS as usize],
    made: Cell<usize>,
    live: Cell<usize>,
    most: Cell<usize>,
}

const ARENA: usize = 256 * 1024 * 1024;
/// The smallest block: it has to hold the link of the free list.
const SMALLEST: usize = 16;

#[global_allocator]
static ALLOCATOR: OneThread<Allocator> = OneThread(Allocator {
    next: Cell::new(null_mut()),
    end: Cell::new(null_mut()),
    free: [const { Cell::new(null_mut()) }; usize::BITS as usize],
    made: Cell::new(0),
    live: Cell::new(0),
    most: Cell::new(0),
});

/// How many blocks were made so far.
pub(crate) fn made() -> usize {
    ALLOCATOR.0.made.get()
}

/// How many blocks are not freed.
pub(crate) fn live() -> usize {
    ALLOCATOR.0.live.get()
}

/// The most blocks that were alive at once while `f` ran, beyond those that were before.
pub(crate) fn most_during<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = live();
    ALLOCATOR.0.most.set(before);
    let result = f();
    (result, ALLOCATOR.0.most.get() - before)
}

impl Allocator {
    fn size(layout: Layout) -> usize {
        layout.size().max(layout.align()).max(SMALLEST).next_power_of_two()
    }

    /// A block that was never used.
    fn carve(&self, size: usize) -> *mut u8 {
        if self.next.get().is_null() {
            let arena = crate::start::map(ARENA);
            self.next.set(arena);
            self.end.set(arena.wrapping_add(ARENA));
        }
        let start = self.next.get().wrapping_add(self.next.get().align_offset(size));
        if start > self.end.get() || self.end.get().addr() - start.addr() < size {
            return null_mut();
        }
        self.next.set(start.wrapping_add(size));
        start
    }
}

// SAFETY: blocks are as large and as aligned as their size, which is no less than what the layout asks for; each is in
// use or in one free list.
unsafe impl GlobalAlloc for OneThread<Allocator> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = Allocator::size(layout);
        let list = &self.0.free[size.trailing_zeros() as usize];
        let mut block = list.get();
        if block.is_null() {
            block = self.0.carve(size);
        } else {
            // SAFETY: a free block starts with the link to the next one.
            list.set(unsafe { block.cast::<*mut u8>().read() });
        }
        if !block.is_null() {
            self.0.made.set(self.0.made.get() + 1);
            self.0.live.set(self.0.live.get() + 1);
            self.0.most.set(self.0.most.get().max(self.0.live.get()));
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let size = Allocator::size(layout);
        let list = &self.0.free[size.trailing_zeros() as usize];
        // SAFETY: the block is ours again. The pattern is for whoever still looks at it.
        unsafe {
            block.write_bytes(0xA5, size);
            block.cast::<*mut u8>().write(list.get());
        }
        list.set(block);
        self.0.live.set(self.0.live.get() - 1);
    }
}

// The five functions are string instructions, since a loop may be compiled to a call of the function it stands in.

/// # Safety
///
/// As the C function.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    // SAFETY: the caller vouches for both regions; the direction flag is clear by convention.
    unsafe {
        asm!(
            "rep movsb",
            inout("rdi") to => _,
            inout("rsi") from => _,
            inout("rcx") count => _,
            options(nostack, preserves_flags),
        );
    }
    to
}

/// # Safety
///
/// As the C function.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= count {
        // SAFETY: what is read is never behind what was written.
        return unsafe { memcpy(to, from, count) };
    }
    // SAFETY: the caller vouches for both regions; from their ends, the same holds. The direction flag is put back.
    unsafe {
        asm!(
            "std",
            "rep movsb",
            "cld",
            inout("rdi") to.wrapping_add(count).wrapping_sub(1) => _,
            inout("rsi") from.wrapping_add(count).wrapping_sub(1) => _,
            inout("rcx") count => _,
            options(nostack),
        );
    }
    to
}

/// # Safety
///
/// As the C function.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    // SAFETY: the caller vouches for the region.
    unsafe {
        asm!(
            "rep stosb",
            inout("rdi") to => _,
            inout("rcx") count => _,
            in("eax") byte,
            options(nostack, preserves_flags),
        );
    }
    to
}

/// # Safety
///
/// As the C function.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
    let (above, below): (u8, u8);
    // SAFETY: the caller vouches for both regions. The first comparison sets the flags for two empty ones.
    unsafe {
        asm!(
            "cmp rdi, rdi",
            "repe cmpsb",
            "seta {above}",
            "setb {below}",
            above = out(reg_byte) above,
            below = out(reg_byte) below,
            // `cmpsb` compares what rsi points to with what rdi points to.
            inout("rsi") left => _,
            inout("rdi") right => _,
            inout("rcx") count => _,
            options(nostack, readonly),
        );
    }
    i32::from(above) - i32::from(below)
}

/// # Safety
///
/// As the C function.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
    // SAFETY: as the caller says.
    unsafe { memcmp(left, right, count) }
}
