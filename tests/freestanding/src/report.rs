//! What the checks find, a line each.

use alloc::string::{String, ToString};
use core::fmt::{Debug, Write};

use threadbare::{ErrorKind, Task};

use crate::start::Output;

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
        let printed = if found == wanted {
            self.held += 1;
            writeln!(Output, "ok    {what}")
        } else {
            self.failed += 1;
            writeln!(Output, "WRONG {what}: {found:?}, not {wanted:?}")
        };
        if printed.is_err() {
            self.failed += 1;
        }
    }

    /// The sum; whether every check held, and there were any.
    pub(crate) fn finish(self) -> bool {
        let printed = writeln!(Output, "{} checks held, {} did not", self.held, self.failed);
        printed.is_ok() && self.held > 0 && self.failed == 0
    }
}

/// What there is to see of a task.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen<T> {
    Pending,
    Value(T),
    Error(ErrorKind, String),
}

impl<T> Seen<T> {
    pub(crate) fn error(kind: ErrorKind, text: &str) -> Self {
        Self::Error(kind, text.to_string())
    }

    pub(crate) fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Error(kind, _) => Some(*kind),
            _ => None,
        }
    }
}

/// Looks at a task, and drops it if it is pending.
pub(crate) fn seen<T: Send + 'static>(task: Task<T>) -> Seen<T> {
    match task.try_take() {
        Err(_) => Seen::Pending,
        Ok(outcome) => settled(outcome),
    }
}

/// The same of an outcome.
pub(crate) fn settled<T>(outcome: threadbare::Result<T>) -> Seen<T> {
    match outcome {
        Ok(value) => Seen::Value(value),
        Err(error) => Seen::Error(error.kind(), error.to_string()),
    }
}
