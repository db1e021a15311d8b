//! What the frames cost.

/// How long each frame's callback took, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Frames(Vec<f64>);

/// The figures of a run's frames, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many there were.
    pub count: usize,
    /// Half of them took at most this.
    pub p50: f64,
    /// 99 of 100 took at most this.
    pub p99: f64,
    /// None took longer.
    pub worst: f64,
    /// All together.
    pub total: f64,
}

impl Frames {
    /// One more frame.
    pub fn push(&mut self, took: f64) {
        self.0.push(took);
    }

    /// Each frame's time, in their order.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.0
    }

    /// The figures; all zero without frames.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        // The nearest rank: the smallest that at least so many in a hundred do not exceed.
        let percentile = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
        };
        Summary {
            count: sorted.len(),
            p50: percentile(50),
            p99: percentile(99),
            worst: percentile(100),
            total: sorted.iter().sum(),
        }
    }
}

impl FromIterator<f64> for Frames {
    fn from_iter<I: IntoIterator<Item = f64>>(times: I) -> Self {
        Self(times.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let summary = (1..=200).rev().map(f64::from).collect::<Frames>().summary();
        assert_eq!(summary, Summary { count: 200, p50: 100.0, p99: 198.0, worst: 200.0, total: 20_100.0 });
        let summary = [7.0].into_iter().collect::<Frames>().summary();
        assert_eq!((summary.p50, summary.p99, summary.worst), (7.0, 7.0, 7.0));
        assert_eq!(Frames::default().summary().worst, 0.0);
    }
}
