//! What a pool's threads do while they wait.

use std::cell::Cell;

use threadbare::{Help, Outlook};

use super::Crew;

crate::sync::local! {
    /// How much the innermost wait on this thread has taken.
    static TAKEN: Cell<usize> = Cell::new(0);
}

/// After so much a wait takes the oldest for once: the newest may be of somebody who queues himself again for ever. Waits for
/// forked work take far less, and so do not come upon the oldest.
const PATIENCE: usize = 256;

impl Help for Crew {
    fn run_one(&self) -> bool {
        let Some(index) = self.roster.place() else { return false };
        let taken = TAKEN.with(Cell::get) + 1;
        let next = if taken.is_multiple_of(PATIENCE) { self.oldest(index) } else { self.newest(index) };
        let next = next.or_else(|| self.steal(index, 1));
        TAKEN.with(|taken| taken.set(0));
        let any = next.map(|runnable| self.run(runnable)).is_some();
        TAKEN.with(|place| place.set(taken));
        any
    }

    fn before_park(&self) -> Outlook {
        if self.sleep.sleep_from_wait(|| self.has_work()) { Outlook::Sleep } else { Outlook::Work }
    }

    fn after_park(&self) {
        self.sleep.wake_from_wait(|| self.has_work());
    }
}
