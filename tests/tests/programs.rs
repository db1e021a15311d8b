//! Random programs of tasks against a small sequential model: on threads, on a single thread, and there in many orders.
//!
//! How many programs is said by `PROPTEST_CASES`. A failing program shrinks, and is printed: keep it in `fixed`.

#[path = "programs/build.rs"]
mod build;
#[path = "programs/fixed.rs"]
mod fixed;
#[path = "programs/model.rs"]
mod model;
#[path = "programs/play.rs"]
mod play;
#[path = "programs/program.rs"]
mod program;
#[path = "programs/record.rs"]
mod record;
#[path = "programs/stage.rs"]
mod stage;
#[path = "programs/strategy.rs"]
mod strategy;

use std::sync::{Mutex, MutexGuard, PoisonError};

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use threadbare::set_error_hook;

use play::Verdict;
use program::Program;

#[global_allocator]
static HEAP: behaviour::Counting = behaviour::Counting;

/// Programs for a run that nobody has asked to be longer.
const CASES: u32 = 400;
/// Orders that each program is played in on a single thread.
const SEEDS: u64 = 6;

/// For how many milliseconds a failing program is made smaller: one that hangs takes its time.
const SHRINKING: u32 = 60_000;

/// One test at a time, since leaks are told by the process's heap; unseen errors are what many programs are about.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    behaviour::quiet_panics();
    _ = set_error_hook(|_| {});
    guard
}

/// Random programs are made by deep recursion, in frames that are large where nothing is optimised.
const STACK: usize = 64 << 20;

fn check(test: impl Fn(&Program) -> Verdict + Send) {
    let _alone = alone();
    std::thread::scope(|scope| {
        let checked = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || run(test));
        let checked = checked.expect("the machine has a thread to give").join();
        checked.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

fn run(test: impl Fn(&Program) -> Verdict) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    // A failing program is printed, not kept in a file.
    let config = Config { cases, failure_persistence: None, max_shrink_time: SHRINKING, ..Config::default() };
    let played =
        TestRunner::new(config).run(&strategy::program(), |program| test(&program).map_err(TestCaseError::fail));
    match played {
        Ok(()) => {}
        Err(TestError::Fail(what, program)) => panic!("{what}\n  in {program:#?}\n  in short: {program:?}"),
        Err(aborted) => panic!("{aborted}"),
    }
}

#[test]
fn programs_on_threads() {
    check(play::on_threads);
}

#[test]
fn programs_on_one_thread_in_order() {
    check(|program| play::on_one_thread(program, None));
}

#[test]
fn programs_on_one_thread_in_seeded_orders() {
    check(|program| (0..SEEDS).try_for_each(|seed| play::on_one_thread(program, Some(seed))));
}
