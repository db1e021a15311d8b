//! Random small programs, and all that can come of them: a measure of what a search finds.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What a thread does with one of the two atomics.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// Reads it.
    Load,
    /// Writes this.
    Store(usize),
    /// Reads it, and writes this.
    Swap(usize),
    /// Reads it, and adds this.
    Add(usize),
    /// Reads it, and writes the second if that was the first.
    Exchange(usize, usize),
}

/// A step of a thread.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Which of the atomics.
    pub place: usize,
    /// What is done with it.
    pub op: Op,
    /// With no ordering, or with what such an operation can have.
    pub relaxed: bool,
}

/// What each thread does.
pub type Program = Vec<Vec<Step>>;

/// What each thread has read.
pub type Outcome = Vec<Vec<usize>>;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % end as u64) as usize
    }

    fn step(&mut self) -> Step {
        let op = match self.below(5) {
            0 => Op::Load,
            1 => Op::Store(1 + self.below(3)),
            2 => Op::Swap(1 + self.below(3)),
            3 => Op::Add(1 + self.below(3)),
            _ => Op::Exchange(self.below(3), 1 + self.below(3)),
        };
        Step { place: self.below(2), op, relaxed: self.below(2) == 0 }
    }
}

/// So many threads with so many steps: for a seed always the same programs, so many or as many as `LOOM_PROGRAMS` says.
pub fn programs(
    seed: u64,
    count: usize,
    threads: usize,
    steps: RangeInclusive<usize>,
) -> impl Iterator<Item = Program> {
    let more = std::env::var("LOOM_PROGRAMS").map_or(0, |text| text.parse().expect("it is a number"));
    let mut dice = Dice(seed);
    let mut thread = move || {
        let steps = steps.start() + dice.below(steps.end() - steps.start() + 1);
        (0..steps).map(|_| dice.step()).collect()
    };
    (0..count.max(more)).map(move |_| (0..threads).map(|_| thread()).collect())
}

/// All interleavings from here on: what is in the atomics, and how far each thread is is how much it has seen.
fn interleave(
    program: &Program,
    memory: [usize; 2],
    done: &mut [usize],
    seen: &mut Outcome,
    all: &mut HashSet<Outcome>,
) {
    let mut is_over = true;
    for (thread, steps) in program.iter().enumerate() {
        let Some(step) = steps.get(done[thread]) else { continue };
        is_over = false;
        let mut after = memory;
        let word = &mut after[step.place];
        let before = *word;
        *word = match step.op {
            Op::Load => before,
            Op::Store(value) | Op::Swap(value) => value,
            Op::Add(value) => before + value,
            Op::Exchange(current, new) if before == current => new,
            Op::Exchange(..) => before,
        };
        let reads = !matches!(step.op, Op::Store(_));
        done[thread] += 1;
        if reads {
            seen[thread].push(before);
        }
        interleave(program, after, done, seen, all);
        done[thread] -= 1;
        if reads {
            seen[thread].pop();
        }
    }
    if is_over {
        all.insert(seen.clone());
    }
}

/// The outcomes of all interleavings: what is sequentially consistent.
pub fn consistent(program: &Program) -> HashSet<Outcome> {
    let mut all = HashSet::new();
    interleave(program, [0; 2], &mut vec![0; program.len()], &mut vec![Vec::new(); program.len()], &mut all);
    all
}

/// Runs a program once, with these atomics and these threads, of which the main thread is the first.
#[macro_export]
macro_rules! play {
    ($program:expr, $atomic:ty, $thread:path) => {{
        use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
        use $crate::programs::{Op, Step};
        use $thread as thread;
        let memory = std::sync::Arc::new([<$atomic>::new(0), <$atomic>::new(0)]);
        let run = |memory: std::sync::Arc<[$atomic; 2]>, steps: Vec<Step>| -> Vec<usize> {
            let perform = |step: Step| {
                let word = &memory[step.place];
                let pick = |strong| if step.relaxed { Relaxed } else { strong };
                match step.op {
                    Op::Load => Some(word.load(pick(Acquire))),
                    Op::Store(value) => {
                        word.store(value, pick(Release));
                        None
                    }
                    Op::Swap(value) => Some(word.swap(value, pick(AcqRel))),
                    Op::Add(value) => Some(word.fetch_add(value, pick(AcqRel))),
                    Op::Exchange(current, new) => {
                        let (Ok(found) | Err(found)) = word.compare_exchange(current, new, pick(AcqRel), pick(Acquire));
                        Some(found)
                    }
                }
            };
            steps.into_iter().filter_map(perform).collect()
        };
        let mut steps = $program.iter().cloned();
        let first = steps.next().expect("there is one");
        let others = steps.map(|steps| {
            let memory = memory.clone();
            thread::spawn(move || run(memory, steps))
        });
        let others: Vec<_> = others.collect();
        let mut outcome = vec![run(memory.clone(), first)];
        outcome.extend(others.into_iter().map(|other| other.join().expect("it does not panic")));
        drop(memory); // the last, and in order, which the count of std's `Arc` does not tell loom
        outcome
    }};
}

/// What has been compared.
#[derive(Debug, Default)]
pub struct Tally {
    /// So many programs.
    pub programs: usize,
    /// So many outcomes of theirs that are consistent.
    pub consistent: usize,
    /// So many that were found.
    pub found: usize,
    /// In so many executions.
    pub executions: usize,
    /// In so many programs something consistent was not found.
    pub missing: usize,
    /// The first of them, and what.
    pub first: Option<(Program, Vec<Outcome>)>,
}

/// Compares what a search finds, in how many executions, with what is consistent.
pub fn compare(
    programs: impl Iterator<Item = Program>,
    search: impl Fn(Arc<Program>) -> (HashSet<Outcome>, usize),
) -> Tally {
    let mut tally = Tally::default();
    for program in programs {
        let expected = consistent(&program);
        let (found, executions) = search(Arc::new(program.clone()));
        let missing: Vec<_> = expected.difference(&found).cloned().collect();
        tally.programs += 1;
        tally.consistent += expected.len();
        tally.found += found.len();
        tally.executions += executions;
        if !missing.is_empty() {
            tally.missing += 1;
            tally.first.get_or_insert((program, missing));
        }
    }
    let Tally { programs, consistent, found, executions, missing, .. } = &tally;
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    println!(
        "{name}: {programs} programs, {consistent} consistent outcomes, {found} found in {executions} executions; \
         missing in {missing}"
    );
    tally
}

impl Tally {
    /// # Panics
    ///
    /// If something was not found.
    pub fn assert_complete(&self) {
        let Self { programs, missing, first, .. } = self;
        assert!(*programs > 0 && self.found >= self.consistent || first.is_some());
        assert!(first.is_none(), "{missing} of {programs} programs, the first: {first:#?}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// If this failed, the interleavings by hand would be no measure.
    #[test]
    fn shuttle_finds_the_same_interleavings() {
        let search = |program: Arc<Program>| {
            let found = Arc::new((Mutex::new(HashSet::new()), Mutex::new(0)));
            let notes = found.clone();
            let system = move || {
                let outcome = play!(program, shuttle::sync::atomic::AtomicUsize, shuttle::thread);
                notes.0.lock().expect("nothing panics in here").insert(outcome);
                *notes.1.lock().expect("nothing panics in here") += 1;
            };
            shuttle::check_dfs(system, None);
            let outcomes = std::mem::take(&mut *found.0.lock().expect("nothing panics in here"));
            let executions = *found.1.lock().expect("nothing panics in here");
            (outcomes, executions)
        };
        for shape in [programs(1, 100, 2, 1..=3), programs(2, 30, 3, 1..=2)] {
            let tally = compare(shape, search);
            tally.assert_complete();
            assert_eq!(tally.found, tally.consistent, "and no others");
        }
    }
}
