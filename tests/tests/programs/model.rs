//! What must become of a program: the outcomes that each task may have, and the closures that must run, may, or must not.
//!
//! The model knows no queue, no thread and no order of events. It walks the tree with sets of outcomes: several where tasks
//! race, or a context may have been closed; and with times, for tasks that depend on nothing but the clock.

use std::collections::BTreeSet;

use crate::program::{Act, Event, How, Many, Place, Program, Step, Tree, Verb, Via};
use crate::record::{Flaw, Outcome, fold, mix, seen};

/// What may be closed by the program's script.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Closing {
    pub(crate) worker: bool,
    pub(crate) pool: bool,
    pub(crate) main: bool,
    pub(crate) clock: bool,
    /// What was queued for the workers before is run.
    pub(crate) drains: bool,
}

impl Closing {
    /// On threads: the second worker's pool, and the main queue.
    pub(crate) fn on_threads(program: &Program) -> Self {
        let (pool, main) = Self::events(program);
        Self { pool, main, drains: Self::drains(program), ..Self::default() }
    }

    /// On a single thread: all but the main queue, or all.
    pub(crate) fn on_one_thread(program: &Program) -> Self {
        let (close, leave) = Self::events(program);
        let backend = close || leave;
        Self { worker: backend, pool: backend, main: leave, clock: backend, drains: Self::drains(program) && !leave }
    }

    fn events(program: &Program) -> (bool, bool) {
        let close = program.script.iter().any(|event| matches!(event, Event::Close { .. }));
        (close, program.script.contains(&Event::Leave))
    }

    fn drains(program: &Program) -> bool {
        !program.script.contains(&Event::Close { now: true })
    }

    /// May what was queued in this place before be lost?
    fn may_lose(self, place: Place) -> bool {
        self.may(place) && !(self.drains && matches!(place, Place::Worker | Place::Pool))
    }

    /// May this place be closed when something comes?
    fn may(self, place: Place) -> bool {
        match place {
            Place::Worker => self.worker,
            Place::Pool => self.pool,
            Place::Main | Place::Here => self.main,
            Place::Immediate => false,
        }
    }
}

/// What may become of a closure.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chance {
    pub(crate) run: bool,
    pub(crate) skip: bool,
}

/// What may become of a task.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    /// `None`: too many to tell.
    pub(crate) outcomes: Option<BTreeSet<Outcome>>,
    /// When it settles, in milliseconds, if that depends on nothing but the clock. At zero it is settled when it is made.
    at: Option<u64>,
}

/// No more outcomes than these are told apart.
const MANY: usize = 200;

impl Fate {
    fn of(outcomes: BTreeSet<Outcome>, at: Option<u64>) -> Self {
        let outcomes = (outcomes.len() <= MANY).then_some(outcomes);
        Self { outcomes, at }
    }

    fn one(outcome: Outcome, at: Option<u64>) -> Self {
        Self::of(BTreeSet::from([outcome]), at)
    }

    /// Each of the outcomes through a function that gives some, and the times kept if it says so.
    fn each(self, mut f: impl FnMut(Outcome, &mut BTreeSet<Outcome>)) -> Self {
        let outcomes = self.outcomes.map(|outcomes| {
            let mut results = BTreeSet::new();
            outcomes.into_iter().for_each(|outcome| f(outcome, &mut results));
            results
        });
        Self { outcomes: outcomes.filter(|results| results.len() <= MANY), ..self }
    }

    fn or(mut self, flaw: Flaw, may: bool) -> Self {
        if may {
            self.outcomes.iter_mut().for_each(|outcomes| _ = outcomes.insert(Err(flaw.clone())));
            self.at = None;
        }
        self
    }

    fn allows(&self, is_ok: bool) -> bool {
        self.outcomes.as_ref().is_none_or(|outcomes| outcomes.iter().any(|outcome| outcome.is_ok() == is_ok))
    }
}

/// The model of one program.
pub(crate) struct Model {
    closing: Closing,
    pub(crate) chances: Vec<Chance>,
    /// Where the closures that must run or be dropped in one place do so.
    pub(crate) places: Vec<Option<Place>>,
    /// Those that may be dropped where they have gone meanwhile.
    pub(crate) moves: Vec<bool>,
}

impl Model {
    pub(crate) fn new(program: &Program, closing: Closing) -> Self {
        let ids = program.ids();
        Self { closing, chances: vec![Chance::default(); ids], places: vec![None; ids], moves: vec![false; ids] }
    }

    fn may_run(&mut self, id: usize) {
        self.chances[id].run = true;
    }

    fn may_skip(&mut self, id: usize) {
        self.chances[id].skip = true;
    }

    /// What the act comes to that has seen this.
    fn act(act: Act, seen: u32, id: usize) -> Outcome {
        match act {
            Act::Give => Ok(mix(seen, id)),
            Act::Fail => Err(Flaw::Failed(id)),
            Act::Panic => Err(Flaw::Panicked(id)),
        }
    }

    /// A closure's turn, in its context unless that is closed.
    fn perform(&mut self, step: &Step, source: Option<&Outcome>, into: &mut BTreeSet<Outcome>) {
        let id = step.id;
        self.places[id] = Some(step.place);
        let plain = matches!(step.verb, Verb::Map | Verb::Catch | Verb::Inspect);
        let via = if plain { Via::Result } else { step.via };
        // Work with no source is queued before the script begins.
        let lost = if source.is_some() { self.closing.may(step.place) } else { self.closing.may_lose(step.place) };
        if lost {
            self.may_skip(id);
            self.may_skip(id + 1);
            // An error that was on its way goes on.
            into.insert(Err(source.and_then(|source| source.clone().err()).unwrap_or(Flaw::Closed)));
        }
        self.may_run(id);
        let may_close = match via {
            Via::Result | Via::Settled => false,
            Via::Run(place) => self.closing.may(place),
            Via::Future => self.closing.may(step.place),
            Via::FutureOf(place) => self.closing.may(step.place) || self.closing.may(place),
        };
        if may_close {
            self.may_skip(id + 1);
            into.insert(Err(Flaw::Closed));
            self.moves[id] = true;
        }
        self.may_run(id + 1);
        let act = if plain && step.act == Act::Fail { Act::Give } else { step.act };
        into.insert(match (step.verb, source) {
            (Verb::Inspect, Some(source)) if act == Act::Give => source.clone(),
            (_, source) => Self::act(act, source.map_or(0, seen), id),
        });
    }

    fn step(&mut self, step: &Step, fate: Fate) -> Fate {
        let wants_ok = !matches!(step.verb, Verb::Catch | Verb::OrElse);
        let wants_err = !matches!(step.verb, Verb::Map | Verb::AndThen);
        let wanted = fate.allows(true) && wants_ok || fate.allows(false) && wants_err;
        self.places[step.id] = Some(step.place);
        if fate.outcomes.is_none() {
            // Anything may have come, so anything may come of it.
            for id in [step.id, step.id + 1] {
                self.chances[id] = Chance { run: true, skip: true };
            }
            self.moves[step.id] = true;
        }
        let at_once = step.place == Place::Immediate && matches!(step.via, Via::Result | Via::Settled);
        let at = fate.at.filter(|_| !wanted || at_once);
        let fate = fate.each(|outcome, into| {
            let wanted = if outcome.is_ok() { wants_ok } else { wants_err };
            if wanted {
                self.perform(step, Some(&outcome), into);
            } else {
                self.may_skip(step.id);
                self.may_skip(step.id + 1);
                into.insert(outcome);
            }
        });
        Fate { at, ..fate }
    }

    pub(crate) fn fate(&mut self, tree: &Tree) -> Fate {
        match tree {
            Tree::Promise { id, how, .. } => {
                let outcome = match how {
                    How::Resolve => Ok(mix(0, *id)),
                    How::Reject => Err(Flaw::Failed(*id)),
                    How::Drop => Err(Flaw::Abandoned),
                };
                Fate::one(outcome, None)
            }
            Tree::Lost { limit } => Fate::one(Err(Flaw::TimedOut), Some(*limit)).or(Flaw::Closed, self.closing.clock),
            Tree::Settled { id, act } => Fate::one(Self::act(*act, 0, *id), Some(0)),
            Tree::Run(step) => {
                let mut outcomes = BTreeSet::new();
                self.perform(step, None, &mut outcomes);
                Fate::of(outcomes, None)
            }
            Tree::Spawn { id, place, hops, act, of } => {
                let fate = of.as_ref().map_or_else(|| Fate::one(Ok(0), None), |of| self.fate(of));
                self.spawn(*id, *place, hops, *act, of.is_some(), fate)
            }
            Tree::Delay { ms } => Fate::one(Ok(0), Some(*ms)).or(Flaw::Closed, self.closing.clock),
            Tree::Step(step, of) => {
                let fate = self.fate(of);
                self.step(step, fate)
            }
            Tree::With(of) => self.fate(of).each(|outcome, into| _ = into.insert(outcome.map(|value| fold(value, 5)))),
            Tree::Timeout(limit, of) => {
                let fate = self.fate(of);
                match fate.at {
                    Some(0) => fate,
                    Some(at) if at > *limit => Fate::one(Err(Flaw::TimedOut), Some(*limit)),
                    Some(_) => fate,
                    None => fate.or(Flaw::TimedOut, true).or(Flaw::Closed, self.closing.clock),
                }
            }
            Tree::Gather(many, of) => {
                let fates = of.iter().map(|tree| self.fate(tree)).collect();
                gather(*many, fates)
            }
            Tree::Join(one, other) => {
                let fates = vec![self.fate(one), self.fate(other)];
                gather(Many::All, fates)
            }
            Tree::Share(many, of, branches) => {
                let fate = self.fate(of);
                let at = fate.at;
                let mut one_source = |source: Fate| {
                    let mut kept = Vec::new();
                    for branch in branches {
                        let fate = branch.steps.iter().fold(source.clone(), |fate, step| self.step(step, fate));
                        kept.extend(branch.kept.then_some(fate));
                    }
                    kept.push(source);
                    gather(*many, kept)
                };
                // All forks see the same outcome.
                let Some(outcomes) = fate.outcomes else { return one_source(Fate { outcomes: None, at }) };
                let mut all = BTreeSet::new();
                let mut when = None;
                for outcome in outcomes {
                    let Fate { outcomes, at } = one_source(Fate::one(outcome, at));
                    let Some(outcomes) = outcomes else { return Fate { outcomes: None, at: None } };
                    all.extend(outcomes);
                    when = at;
                }
                Fate::of(all, when)
            }
            Tree::LetGo(first, then) => {
                self.fate(first);
                self.fate(then)
            }
        }
    }

    fn spawn(&mut self, id: usize, place: Place, hops: &[Place], act: Act, waits: bool, of: Fate) -> Fate {
        self.places[id] = Some(place);
        let hops = if place == Place::Here { &[] } else { hops };
        self.may_run(id);
        let lost = self.closing.may_lose(place);
        if lost {
            self.may_skip(id);
        }
        let may_close = lost || (waits && self.closing.may(place)) || hops.iter().any(|hop| self.closing.may(*hop));
        // A future whose context is closed while it waits is dropped by whoever wakes it.
        self.moves[id] = may_close || !hops.is_empty();
        if may_close || of.allows(false) {
            self.may_skip(id + 1);
        }
        if of.allows(true) {
            self.may_run(id + 1);
        }
        let fate = of.each(|outcome, into| _ = into.insert(outcome.and_then(|seen| Self::act(act, seen, id))));
        Fate { at: None, ..fate }.or(Flaw::Closed, may_close)
    }
}

fn gather(many: Many, fates: Vec<Fate>) -> Fate {
    let when = |pick: fn(u64, u64) -> u64| {
        let times: Option<Vec<u64>> = fates.iter().map(|fate| fate.at).collect();
        times.map(|times| times.into_iter().reduce(pick).unwrap_or(0))
    };
    match many {
        Many::All => {
            let at = when(u64::max);
            let first = Fate::one(Ok(0), at);
            fates.into_iter().fold(first, |sum, fate| {
                let (Some(values), false) = (fate.outcomes, sum.outcomes.is_none()) else {
                    return Fate { outcomes: None, at };
                };
                sum.each(|sum, into| match sum {
                    Ok(sum) => into.extend(values.iter().cloned().map(|value| value.map(|value| fold(sum, value)))),
                    error => _ = into.insert(error),
                })
            })
        }
        Many::Race => first_of(fates, |_| true, |_| Flaw::EmptyRace),
        Many::Any => first_of(fates, Result::is_ok, Flaw::NoneResolved),
    }
}

/// The first one that decides: by time, then by position. If that is not known, any.
fn first_of(fates: Vec<Fate>, decides: fn(&Outcome) -> bool, none: fn(usize) -> Flaw) -> Fate {
    let inputs = fates.len();
    // None may decide, if each may fail to.
    let undecided = fates.iter().all(|fate| fate.outcomes.as_ref().is_none_or(|all| !all.iter().all(decides)));
    let timed: Option<Vec<(u64, Outcome)>> =
        fates.iter().map(|fate| Some((fate.at?, fate.outcomes.as_ref()?.first()?.clone()))).collect();
    if let Some(timed) = timed {
        let last = timed.iter().map(|(at, _)| *at).max().unwrap_or(0);
        // The first of those at the same time.
        let first = timed.into_iter().filter(|(_, outcome)| decides(outcome)).min_by_key(|(at, _)| *at);
        return match first {
            Some((at, outcome)) => Fate::one(outcome, Some(at)),
            None => Fate::one(Err(none(inputs)), Some(last)),
        };
    }
    let mut outcomes = BTreeSet::new();
    for fate in fates {
        let Some(all) = fate.outcomes else { return Fate { outcomes: None, at: None } };
        let settled = fate.at == Some(0) && all.iter().all(decides);
        outcomes.extend(all.into_iter().filter(decides));
        if settled {
            // Those behind it come too late, since it was settled when they were looked at.
            break;
        }
    }
    if undecided {
        outcomes.insert(Err(none(inputs)));
    }
    Fate::of(outcomes, None)
}
