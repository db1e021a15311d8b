//! What the frames cost.

use std::time::Duration;

/// How long each frame kept the main thread busy.
#[derive(Debug, Clone)]
pub struct Frames {
    budget: Duration,
    busy: Vec<Duration>,
}

/// The figures of a run's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameSummary {
    /// What a frame may take.
    pub budget: Duration,
    /// Frames in which there was something to do.
    pub count: usize,
    /// How many of them took longer than the budget.
    pub over: usize,
    /// Half of the frames took at most this.
    pub p50: Duration,
    /// 99 of 100 frames took at most this.
    pub p99: Duration,
    /// None took longer.
    pub worst: Duration,
}

impl Frames {
    /// No frames yet.
    #[must_use]
    pub fn new(budget: Duration) -> Self {
        Self { budget, busy: Vec::new() }
    }

    /// One more frame, in which there was something to do.
    pub fn record(&mut self, busy: Duration) {
        self.busy.push(busy);
    }

    /// The figures; all zero but the budget without frames.
    #[must_use]
    pub fn summary(&self) -> FrameSummary {
        let mut sorted = self.busy.clone();
        sorted.sort_unstable();
        FrameSummary {
            budget: self.budget,
            count: sorted.len(),
            over: sorted.iter().filter(|busy| **busy > self.budget).count(),
            p50: percentile(&sorted, 50),
            p99: percentile(&sorted, 99),
            worst: percentile(&sorted, 100),
        }
    }
}

/// The nearest rank: the smallest of `sorted` that at least `percent` in a hundred do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(millis: impl IntoIterator<Item = u64>) -> FrameSummary {
        let mut frames = Frames::new(Duration::from_millis(100));
        millis.into_iter().for_each(|busy| frames.record(Duration::from_millis(busy)));
        frames.summary()
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let s = summary((1..=200).rev());
        assert_eq!((s.count, s.over), (200, 100));
        assert_eq!([s.p50, s.p99, s.worst].map(|t| t.as_millis()), [100, 198, 200]);
        let s = summary([3, 1, 2]);
        assert_eq!([s.p50, s.p99, s.worst].map(|t| t.as_millis()), [2, 3, 3]);
        let s = summary([7]);
        assert_eq!([s.p50, s.p99, s.worst].map(|t| t.as_millis()), [7, 7, 7]);
    }

    #[test]
    fn no_frames_have_no_times() {
        let s = summary([]);
        assert_eq!(s, FrameSummary { budget: Duration::from_millis(100), ..FrameSummary::default() });
    }
}
