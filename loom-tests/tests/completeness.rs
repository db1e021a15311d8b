//! That loom, behind the facade, explores all there is: random small programs on two atomics, each outcome of which that
//! is sequentially consistent must come up. (Others may: the memory that loom explores is weaker.)
//!
//! What comes up is compared with all interleavings, made by hand; whether those are right is asked of shuttle, in a test of
//! this crate's library, since a process in which shuttle has run says so at every panic, by which loom ends its threads.
//!
//! `LOOM_PROGRAMS` asks for so many programs of each shape, where that is more than fits into a short run.

#![cfg(loom)]

use std::collections::HashSet;
use std::sync::Arc;

use loom_tests::programs::{Outcome, Program, compare, programs};
use loom_tests::{Model, exhaustive, play};

/// What loom finds through the facade, as the models are explored.
fn through_the_facade(model: Model) -> impl Fn(Arc<Program>) -> (HashSet<Outcome>, usize) {
    move |program| model.search(move || play!(program, threadbare::sync::AtomicUsize, loom::thread))
}

/// Two threads, more or less as the smallest models are.
fn twos() -> impl Iterator<Item = Program> {
    programs(5, 40, 2, 2..=4)
}

/// Longer ones, which are not too large where loads alone are shadowed.
fn longer_twos() -> impl Iterator<Item = Program> {
    programs(2, 400, 2, 3..=4)
}

/// Among these is one, in some three hundred, which takes the shadow before every operation.
fn threes() -> impl Iterator<Item = Program> {
    programs(10, 10, 3, 1..=2)
}

fn without_the_facade(program: Arc<Program>) -> (HashSet<Outcome>, usize) {
    exhaustive().search(move || play!(program, loom::sync::atomic::AtomicUsize, loom::thread))
}

/// If one of these failed, models that say `exhaustive()` would not be.
#[test]
fn nothing_is_missing_of_two_threads() {
    compare(twos(), through_the_facade(exhaustive())).assert_complete();
}

#[test]
fn nothing_is_missing_of_three_threads() {
    compare(threes(), through_the_facade(exhaustive())).assert_complete();
}

/// If this failed, models of two threads that shadow their loads alone would miss executions.
#[test]
fn nothing_is_missing_of_two_threads_with_shadowed_loads() {
    compare(longer_twos(), through_the_facade(exhaustive().shadowing_loads())).assert_complete();
}

/// Why there are shadows, and that these programs tell. When this fails loom has been mended, and the shadows can go.
#[test]
fn loom_alone_misses_some() {
    assert!(compare(twos(), without_the_facade).missing > 0);
    assert!(compare(longer_twos(), without_the_facade).missing > 0);
}

/// Why models of three threads are explored with every operation shadowed where that is not too much. As above.
#[test]
fn shadowed_loads_miss_some_of_three_threads() {
    assert!(compare(threes(), through_the_facade(exhaustive().shadowing_loads())).missing > 0);
}
