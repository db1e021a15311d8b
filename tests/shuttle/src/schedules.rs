//! Under which schedules a system is run.

use std::cell::Cell;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, Runner};

/// So many executions have a scheduler, and a seed, in common: PCT learns from the first how long they are.
const RUN: usize = 10;

/// How often a thread may be interrupted under PCT, and one more.
const DEPTH: usize = 3;

std::thread_local! {
    // All threads of an execution take turns on one thread of the operating system.
    static JOBS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Adds to what has become of the jobs of all executions.
pub(crate) fn count(run: usize, rejected: usize) -> (usize, usize) {
    let before = JOBS.get();
    JOBS.set((before.0 + run, before.1 + rejected));
    (run, rejected)
}

/// Runs a system over and over, under so many seeds times `SHUTTLE_FACTOR`, which is five if nothing is said: each is for ten
/// executions that pick whose turn it is at every step, and for ten that let one thread run on until it has to wait, and
/// interrupt it twice (PCT). Returns how many jobs were run, and how many rejected, in all of them.
///
/// # Panics
///
/// If one of them does, if an execution ends with threads that wait for ever, or if it does not end.
pub fn explore(seeds: usize, system: impl Fn() + Copy + Send + Sync + 'static) -> (usize, usize) {
    // Errors that nobody sees need not be printed ten thousand times.
    _ = threadbare::set_error_hook(|_| {});
    JOBS.set((0, 0));
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("it is a number"));
    let seeds = match number("SHUTTLE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..seeds as u64 * number("SHUTTLE_FACTOR").unwrap_or(5),
    };
    let mut executions = 0;
    for seed in seeds {
        executions += run("at random", seed, RandomScheduler::new_from_seed(seed, RUN), system);
        executions += run("by PCT", seed, PctScheduler::new_from_seed(seed, DEPTH, RUN), system);
    }
    let name = std::thread::current().name().unwrap_or("a system").to_owned();
    let (run, rejected) = JOBS.get();
    println!("{name}: {executions} executions, {run} jobs run, {rejected} rejected");
    (run, rejected)
}

fn run(
    scheduler: &'static str,
    seed: u64,
    inner: impl Scheduler + 'static,
    system: impl Fn() + Send + Sync + 'static,
) -> usize {
    let mut config = Config::new();
    config.stack_size = 1 << 20; // a wait runs other work on top of its own stack
    config.failure_persistence = FailurePersistence::None; // the seed is shorter
    config.silence_warnings = true; // orderings are for loom
    let naming = Naming { scheduler, seed };
    let executions = Runner::new(Sleepers { inner, executions: 0 }, config).run(system);
    drop(naming);
    executions
}

/// Says which schedules a failure is from.
struct Naming {
    scheduler: &'static str,
    seed: u64,
}

impl Drop for Naming {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { scheduler, seed } = self;
            eprintln!("scheduled {scheduler} from seed {seed}: SHUTTLE_SEED={seed} makes it again");
        }
    }
}

/// Lets parked threads sleep, except in each fourth execution, where they wake without cause as well. Shuttle's own schedulers
/// wake them all the time, and hardly ever a wake-up that is lost would be missed.
struct Sleepers<S> {
    inner: S,
    executions: usize,
}

impl<S: Scheduler> Scheduler for Sleepers<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.executions += 1;
        self.inner.new_execution()
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        if self.executions.is_multiple_of(4) {
            return self.inner.next_task(runnable, current, is_yielding);
        }
        // There is one: shuttle asks only while somebody can go on.
        let awake: Vec<_> = runnable.iter().copied().filter(|task| !task.can_spuriously_wakeup()).collect();
        self.inner.next_task(&awake, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}
