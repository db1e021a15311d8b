//! Contenders take turns at a piece of work.
//!
//! In its turn a contender sets itself up, does a round that nobody looks at, and then a few that are timed. Turns go
//! round, starting with another contender each time, until there are enough samples or the time is spent: a slow moment
//! of the machine hits all alike. What is reported is the median and the quartiles of all of a contender's samples.
//! Allocations are counted in a round of its own.

use std::time::{Duration, Instant};

use crate::heap::{self, Tally};
use crate::report::{Goal, Kind, Outcome, Row, Unit};

/// How much work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// What the goals are stated for.
    Full,
    /// A tenth of it.
    Quick,
    /// Just enough to see that it works.
    Tiny,
}

impl Scale {
    /// So many, or as many of them as the scale wants.
    #[must_use]
    pub fn of(self, full: u64) -> u64 {
        match self {
            Scale::Full => full,
            Scale::Quick => (full / 10).max(1),
            Scale::Tiny => (full / 1000).max(8).min(full),
        }
    }
}

/// How long to go on with one workload.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How much work in a round.
    pub scale: Scale,
    /// When this is over no new round of turns is begun.
    pub budget: Duration,
    /// Turns for each contender, at least and at most.
    pub turns: (usize, usize),
    /// Timed rounds in a turn.
    pub rounds: usize,
}

impl Plan {
    /// For figures to be kept.
    #[must_use]
    pub fn full() -> Self {
        Self { scale: Scale::Full, budget: Duration::from_secs(24), turns: (5, 40), rounds: 3 }
    }

    /// For a first look.
    #[must_use]
    pub fn quick() -> Self {
        Self { scale: Scale::Quick, budget: Duration::from_millis(1200), turns: (2, 20), rounds: 3 }
    }

    /// One round each, for tests.
    #[must_use]
    pub fn tiny() -> Self {
        Self { scale: Scale::Tiny, budget: Duration::ZERO, turns: (1, 1), rounds: 1 }
    }
}

/// What one round has shown.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// In the unit of the row, for one operation.
    pub each: f64,
    /// Allocations for one operation, if they were counted.
    pub allocations: f64,
}

/// Times `f`, which does so many operations; what it returns is for the caller to check.
pub(crate) fn measure<R>(operations: u64, f: impl FnOnce() -> R) -> (Sample, R) {
    let tally = Tally::so_far();
    let start = Instant::now();
    let result = f();
    let elapsed = start.elapsed();
    let allocations = tally.since().count as f64 / operations as f64;
    (Sample { each: elapsed.as_secs_f64() * 1e9 / operations as f64, allocations }, result)
}

type Round = Box<dyn FnMut() -> Sample>;

/// One way of doing the work.
pub struct Contender {
    who: String,
    kind: Kind,
    note: String,
    /// Sets up; what it returns does a round.
    start: Box<dyn Fn() -> Round>,
}

impl Contender {
    fn new<R: FnMut() -> Sample + 'static>(kind: Kind, who: &str, start: impl Fn() -> R + 'static) -> Self {
        let start = Box::new(move || Box::new(start()) as Round);
        Self { who: who.to_owned(), kind, note: String::new(), start }
    }

    /// This project: the first of a workload is what the row shows.
    pub(crate) fn ours<R: FnMut() -> Sample + 'static>(who: &str, start: impl Fn() -> R + 'static) -> Self {
        Self::new(Kind::Ours, who, start)
    }

    /// Another that does the same work.
    pub(crate) fn peer<R: FnMut() -> Sample + 'static>(who: &str, start: impl Fn() -> R + 'static) -> Self {
        Self::new(Kind::Peer, who, start)
    }

    /// Another that does something else than the rest, as its note says: listed, and not compared with.
    pub(crate) fn aside<R: FnMut() -> Sample + 'static>(who: &str, start: impl Fn() -> R + 'static) -> Self {
        Self::new(Kind::Aside, who, start)
    }

    /// What cannot be done without.
    pub(crate) fn floor<R: FnMut() -> Sample + 'static>(who: &str, start: impl Fn() -> R + 'static) -> Self {
        Self::new(Kind::Floor, who, start)
    }

    /// This project, done otherwise: the same as another to be compared with.
    pub(crate) fn into_peer(self, who: &str) -> Self {
        Self { who: who.to_owned(), kind: Kind::Peer, ..self }
    }

    /// What it gives up, or does differently.
    pub(crate) fn but(mut self, note: &str) -> Self {
        self.note = note.to_owned();
        self
    }
}

/// A piece of work, and who does it.
pub struct Workload {
    /// As it is asked for.
    pub(crate) name: &'static str,
    /// What one operation is.
    pub(crate) title: String,
    pub(crate) unit: Unit,
    pub(crate) goal: Goal,
    pub(crate) contenders: Vec<Contender>,
}

/// Lets the contenders of each workload take turns, one workload after the other, and tells `progress` which is next.
///
/// Those that are not compared with have their turns when all others have had theirs: so they cannot disturb them, whatever
/// threads they leave behind.
pub fn run(workloads: Vec<Workload>, plan: &Plan, mut progress: impl FnMut(&str)) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut asides = Vec::new();
    for Workload { name, title, unit, goal, contenders } in workloads {
        progress(name);
        let (aside, compared): (Vec<_>, Vec<_>) =
            contenders.into_iter().partition(|contender| contender.kind == Kind::Aside);
        rows.push(Row { name, title, unit, goal, outcomes: take_turns(compared, plan) });
        asides.push(aside);
    }
    let plan = Plan { budget: plan.budget / 4, ..*plan };
    for (row, aside) in rows.iter_mut().zip(asides) {
        if !aside.is_empty() {
            progress(&format!("{}, those that are not compared with", row.name));
            row.outcomes.extend(take_turns(aside, &plan));
        }
    }
    rows
}

fn take_turns(contenders: Vec<Contender>, plan: &Plan) -> Vec<Outcome> {
    let mut samples: Vec<Vec<f64>> = contenders.iter().map(|_| Vec::new()).collect();
    let mut allocations = vec![0.0; samples.len()];
    let start = Instant::now();
    for turn in 0..plan.turns.1 {
        if turn >= plan.turns.0 && start.elapsed() > plan.budget {
            break;
        }
        for place in 0..contenders.len() {
            let index = (place + turn) % contenders.len();
            let mut round = (contenders[index].start)();
            round();
            if turn == 0 {
                allocations[index] = heap::counting(&mut round).allocations;
            }
            samples[index].extend((0..plan.rounds).map(|_| round().each));
        }
    }
    let outcomes = contenders.into_iter().zip(samples).zip(allocations);
    let outcomes = outcomes.map(|((contender, samples), allocations)| {
        Outcome::new(contender.who, contender.kind, contender.note, samples, allocations)
    });
    outcomes.collect()
}
