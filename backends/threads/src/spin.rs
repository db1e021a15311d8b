//! Looking again and again for a while, before going to sleep: to be woken costs more than that.

use std::hint::spin_loop;
use std::time::{Duration, Instant};

/// How often to look between two looks at the clock: a microsecond or two.
const ROUND: usize = 64;

/// A model, or an interpreter, would only see the same look again.
const POINTLESS: bool = cfg!(any(loom, shuttle, miri));

/// Looks until `often` says `true`, or after a round `seldom` does, which it returns, or the time is up.
///
/// It never yields: who does so may be away for long, and a pool that knows somebody to be searching wakes nobody else.
pub(crate) fn spin(time: Duration, mut often: impl FnMut() -> bool, mut seldom: impl FnMut() -> bool) -> bool {
    if time.is_zero() || POINTLESS {
        return false;
    }
    let start = Instant::now();
    loop {
        if round(&mut often) || seldom() {
            return true;
        }
        if start.elapsed() >= time {
            return false;
        }
    }
}

/// Looks for a moment.
pub(crate) fn round(mut look: impl FnMut() -> bool) -> bool {
    !POINTLESS
        && (0..ROUND).any(|_| {
            let found = look();
            spin_loop();
            found
        })
}
