//! What a run has shown: what both writers take.

use std::fmt;

pub use crate::machine::Machine;

/// Everything that the tables say.
#[derive(Clone, Debug)]
pub struct Report {
    /// Where it ran.
    pub machine: Machine,
    /// How to run it again.
    pub command: String,
    /// Said below the title.
    pub remark: Option<String>,
    /// One for each workload.
    pub rows: Vec<Row>,
}

impl Report {
    /// As a page of Markdown: the table, and below it every contender.
    #[must_use]
    pub fn markdown(&self) -> String {
        crate::markdown::page(self)
    }

    /// As a picture.
    #[must_use]
    pub fn svg(&self) -> String {
        crate::svg::picture(self)
    }
}

/// One workload.
#[derive(Clone, Debug)]
pub struct Row {
    /// As it is asked for.
    pub name: &'static str,
    /// What one operation is.
    pub title: String,
    /// Of the figures.
    pub unit: Unit,
    /// What the project wants.
    pub goal: Goal,
    /// One for each contender.
    pub outcomes: Vec<Outcome>,
}

/// What a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds for one operation.
    Nanos,
    /// The same, shown as operations in a second.
    PerSecond,
    /// Bytes.
    Bytes,
}

/// What a contender is to the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// This project.
    Ours,
    /// One that does the same work.
    Peer,
    /// One that does something else: not compared with.
    Aside,
    /// What cannot be done without.
    Floor,
}

/// What the project wants of a row, on a quiet machine of two cores.
#[derive(Clone, Copy, Debug, Default)]
pub struct Goal {
    /// At most this, in nanoseconds or bytes.
    pub at_most: Option<f64>,
    /// At most so many allocations an operation.
    pub allocations: Option<f64>,
    /// Less than this multiple of what the best peer takes: 1 is ahead of every peer.
    pub within: Option<f64>,
}

/// How a contender did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name.
    pub who: String,
    /// What it is to the comparison.
    pub kind: Kind,
    /// What it gives up or does differently.
    pub note: String,
    /// The lower quartile, the median and the upper quartile of the samples.
    pub quartiles: [f64; 3],
    /// How many samples.
    pub samples: usize,
    /// Allocations for one operation.
    pub allocations: f64,
}

impl Outcome {
    pub(crate) fn new(who: String, kind: Kind, note: String, mut samples: Vec<f64>, allocations: f64) -> Self {
        samples.sort_by(f64::total_cmp);
        let quartiles = [0.25, 0.5, 0.75].map(|share| quantile(&samples, share));
        Self { who, kind, note, quartiles, samples: samples.len(), allocations }
    }

    /// The middle one of the samples.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.quartiles[1]
    }
}

/// Of sorted samples, between two neighbours if need be.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

impl Row {
    /// This project's figure.
    #[must_use]
    pub fn ours(&self) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.kind == Kind::Ours)
    }

    /// The best of those of this kind.
    #[must_use]
    pub fn best(&self, kind: Kind) -> Option<&Outcome> {
        let of_kind = self.outcomes.iter().filter(|outcome| outcome.kind == kind);
        of_kind.min_by(|one, other| one.median().total_cmp(&other.median()))
    }

    /// What ours is of the best of this kind, as a factor: below 1 it is ahead.
    #[must_use]
    pub fn ratio(&self, kind: Kind) -> Option<f64> {
        Some(self.ours()?.median() / self.best(kind)?.median())
    }

    /// Whether the goal was reached in this run; `None` if there is none, or nobody to be ahead of.
    #[must_use]
    pub fn reached(&self) -> Option<bool> {
        let ours = self.ours()?;
        let goal = &self.goal;
        let parts = [
            goal.at_most.map(|most| ours.median() <= most),
            // What a queue or a buffer adds once in a while, or the root of a chain of 100, is not one more an operation.
            goal.allocations.map(|most| ours.allocations < most + 0.02),
            goal.within.and_then(|most| Some(self.ratio(Kind::Peer)? < most)),
        ];
        parts.into_iter().flatten().reduce(|one, other| one && other)
    }

    /// The goal in words.
    #[must_use]
    pub fn goal_text(&self) -> String {
        let mut parts = Vec::new();
        match (self.unit, self.goal.at_most) {
            (_, None) => {}
            (Unit::PerSecond, Some(most)) => parts.push(format!("≥ {}", self.unit.show(most))),
            (_, Some(most)) => parts.push(format!("≤ {}", self.unit.show(most))),
        }
        match self.goal.allocations {
            None => {}
            Some(1.0) => parts.push("1 allocation".to_owned()),
            Some(most) => parts.push(format!("{most} allocations")),
        }
        match self.goal.within {
            None => {}
            Some(1.0) => parts.push("ahead of every peer".to_owned()),
            Some(most) => parts.push(format!("within {most} of the best peer")),
        }
        parts.join(", ")
    }
}

impl Unit {
    /// A figure, with its unit.
    #[must_use]
    pub fn show(self, figure: f64) -> String {
        match self {
            Unit::Nanos => format!("{} ns", Digits(figure)),
            Unit::PerSecond => {
                let calls = 1e9 / figure;
                if calls < 1e6 {
                    format!("{} k/s", Digits(calls / 1e3))
                } else {
                    format!("{} M/s", Digits(calls / 1e6))
                }
            }
            Unit::Bytes => format!("{figure} bytes"),
        }
    }
}

/// A figure with about three digits, which is more than it is good for.
pub(crate) struct Digits(pub(crate) f64);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Digits(figure) = *self;
        match figure {
            _ if figure < 10.0 => write!(f, "{figure:.2}"),
            _ if figure < 100.0 => write!(f, "{figure:.1}"),
            _ => write!(f, "{figure:.0}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(kind: Kind, samples: &[f64], allocations: f64) -> Outcome {
        Outcome::new("somebody".to_owned(), kind, String::new(), samples.to_vec(), allocations)
    }

    fn row(goal: Goal, outcomes: Vec<Outcome>) -> Row {
        Row { name: "row", title: String::new(), unit: Unit::Nanos, goal, outcomes }
    }

    #[test]
    fn quartiles_are_of_sorted_samples() {
        assert_eq!(outcome(Kind::Ours, &[5.0, 1.0, 4.0, 2.0, 3.0], 0.0).quartiles, [2.0, 3.0, 4.0]);
        assert_eq!(outcome(Kind::Ours, &[2.0, 1.0], 0.0).quartiles, [1.25, 1.5, 1.75]);
        assert_eq!(outcome(Kind::Ours, &[7.0], 0.0).quartiles, [7.0; 3]);
    }

    #[test]
    fn ratios_are_to_the_best_of_a_kind() {
        let row = row(
            Goal::default(),
            vec![
                outcome(Kind::Peer, &[8.0], 0.0),
                outcome(Kind::Ours, &[2.0], 0.0),
                outcome(Kind::Ours, &[1.0], 0.0),
                outcome(Kind::Peer, &[4.0], 0.0),
                outcome(Kind::Aside, &[0.5], 0.0),
            ],
        );
        assert_eq!(row.ratio(Kind::Peer), Some(0.5), "the first of ours, the best of the peers");
        assert_eq!(row.ratio(Kind::Floor), None);
        assert_eq!(row.reached(), None);
    }

    #[test]
    fn a_goal_is_reached_in_all_its_parts() {
        let reached = |goal, ours, allocations, peer: f64| {
            row(goal, vec![outcome(Kind::Ours, &[ours], allocations), outcome(Kind::Peer, &[peer], 0.0)]).reached()
        };
        let goal = Goal { at_most: Some(10.0), allocations: Some(1.0), within: Some(1.0) };
        assert_eq!(reached(goal, 9.0, 1.01, 20.0), Some(true));
        assert_eq!(reached(goal, 11.0, 1.0, 20.0), Some(false), "too slow");
        assert_eq!(reached(goal, 9.0, 2.0, 20.0), Some(false), "too many allocations");
        assert_eq!(reached(goal, 9.0, 1.0, 8.0), Some(false), "behind");
        assert_eq!(reached(Goal { within: Some(1.2), ..goal }, 9.0, 1.0, 8.0), Some(true));
        assert_eq!(reached(Goal { within: None, ..goal }, 9.0, 1.0, 8.0), Some(true));
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(Unit::Nanos.show(1.234), "1.23 ns");
        assert_eq!(Unit::Nanos.show(34.56), "34.6 ns");
        assert_eq!(Unit::Nanos.show(2345.6), "2346 ns");
        assert_eq!(Unit::PerSecond.show(1e9 / 48_000.0), "48.0 k/s");
        assert_eq!(Unit::PerSecond.show(800.0), "1.25 M/s");
        assert_eq!(Unit::Bytes.show(48.0), "48 bytes");
    }
}
