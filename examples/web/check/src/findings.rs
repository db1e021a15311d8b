//! What was found.

/// Prints what is found, and remembers whether something was wrong.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    wrong: usize,
}

impl Findings {
    /// Says what was looked at, and whether it was as it should be.
    pub(crate) fn note(&mut self, right: bool, what: impl std::fmt::Display) {
        println!("  {}: {what}", if right { "right" } else { "WRONG" });
        self.wrong += usize::from(!right);
    }

    pub(crate) fn are_good(&self) -> bool {
        self.wrong == 0
    }
}
