//! The progress bar.

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::ledger::Progress;

/// A bar on standard error, or nothing where that is no terminal. It draws itself a few times a second at most, however
/// often it is told.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    shown: Progress,
}

impl Bar {
    /// An empty bar.
    #[must_use]
    pub fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:32.cyan/blue} {pos}/{len} assets  {msg}  {elapsed}") {
            bar.set_style(style);
        }
        Self { bar, shown: Progress::default() }
    }

    /// Shows how far the loading is.
    pub fn show(&mut self, progress: Progress) {
        if progress == self.shown {
            return;
        }
        self.shown = progress;
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_length(progress.of_assets as u64);
        self.bar.set_message(bytes(progress));
        self.bar.set_position(progress.assets as u64);
    }

    /// Takes the bar off the screen.
    pub fn clear(self) {
        self.bar.finish_and_clear();
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

fn bytes(progress: Progress) -> String {
    format!("{} of {}", HumanBytes(progress.bytes), HumanBytes(progress.of_bytes.max(progress.bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_never_exceed_their_sum() {
        let progress = Progress { assets: 1, of_assets: 2, bytes: 2048, of_bytes: 4096 };
        assert_eq!(bytes(progress), "2.00 KiB of 4.00 KiB");
        // A file that grew after it was measured.
        assert_eq!(bytes(Progress { of_bytes: 1024, ..progress }), "2.00 KiB of 2.00 KiB");
    }
}
