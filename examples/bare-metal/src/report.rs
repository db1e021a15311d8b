//! What the checks find, a line each.

use core::fmt::{Arguments, Debug};

use crate::board;

/// Counts the checks, and prints them.
pub(crate) struct Report {
    held: usize,
    failed: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { held: 0, failed: 0 }
    }

    /// A check: prints it, with both values if they differ.
    pub(crate) fn expect<T: PartialEq + Debug>(&mut self, what: &str, found: T, wanted: T) {
        if found == wanted {
            self.held += 1;
            board::print(format_args!("ok    {what}"));
        } else {
            self.failed += 1;
            board::print(format_args!("WRONG {what}: {found:?}, not {wanted:?}"));
        }
    }

    /// Something that is not the same on every board.
    pub(crate) fn note(&self, what: Arguments<'_>) {
        board::print(format_args!("# {what}"));
    }

    /// The sum; whether every check held, and there were any.
    pub(crate) fn finish(&self) -> bool {
        board::print(format_args!("{} checks held, {} did not", self.held, self.failed));
        self.held > 0 && self.failed == 0
    }
}
