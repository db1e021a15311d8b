//! The critical section for several harts: a lock that is held with interrupts masked, so that a handler on the same
//! hart cannot come to wait for it. The hart that has it may enter again.

use core::arch::asm;
use core::sync::atomic::{AtomicUsize, Ordering};

use critical_section::{Impl, RawRestoreState, set_impl};

use super::{TAKEN, hart};

struct Section;

set_impl!(Section);

const NOBODY: usize = usize::MAX;

/// The hart that is inside.
static OWNER: AtomicUsize = AtomicUsize::new(NOBODY);

/// What to restore: interrupts are taken again; nothing, since the hart was inside before.
const UNMASK: RawRestoreState = 1;
const STAY: RawRestoreState = 2;

// SAFETY: one hart is inside at a time, and none of its interrupts are taken meanwhile.
unsafe impl Impl for Section {
    unsafe fn acquire() -> RawRestoreState {
        let hart = hart();
        let before: usize;
        // SAFETY: interrupts are masked until the matching `release`.
        unsafe { asm!("csrrc {}, mstatus, {}", out(reg) before, in(reg) TAKEN, options(nostack)) };
        // ORDERING: Relaxed: only this hart writes its own number, so it is seen or it is not there.
        if OWNER.load(Ordering::Relaxed) == hart {
            return STAY;
        }
        // ORDERING: Acquire takes what the one before has written inside, from its Release.
        while OWNER.compare_exchange_weak(NOBODY, hart, Ordering::Acquire, Ordering::Relaxed).is_err() {
            core::hint::spin_loop();
        }
        if before & TAKEN != 0 { UNMASK } else { 0 }
    }

    unsafe fn release(before: RawRestoreState) {
        if before == STAY {
            return;
        }
        // ORDERING: Release publishes what was written inside to the next one's Acquire.
        OWNER.store(NOBODY, Ordering::Release);
        if before == UNMASK {
            // SAFETY: interrupts were taken when this hart entered.
            unsafe { asm!("csrs mstatus, {}", in(reg) TAKEN, options(nostack)) };
        }
    }
}
