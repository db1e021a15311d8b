//! Exploring a model: every execution, in both orders of its roles, and what came of each.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use loom::thread;

/// How a model is to be explored.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    preemptions: Option<usize>,
    every_operation: bool,
}

/// Every execution that loom considers different, with every atomic operation shadowed: see the facade.
pub fn exhaustive() -> Model {
    Model { preemptions: None, every_operation: true }
}

/// Only executions in which threads are interrupted at most this often, for models that are too large otherwise.
pub fn bounded(preemptions: usize) -> Model {
    Model { preemptions: Some(preemptions), every_operation: true }
}

/// Which of a race's roles is given to a new thread, first or alone. loom begins with the threads in the order of their
/// making, and its faults depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The first role is. In a [`race`] the main thread plays the second.
    SpawnFirst,
    /// The second role is. In a [`race`] the main thread plays the first.
    SpawnSecond,
}

/// Plays two roles at the same time; returns what came of them.
pub fn race<A: 'static, B: 'static>(
    order: Order,
    first: impl FnOnce() -> A + 'static,
    second: impl FnOnce() -> B + 'static,
) -> (A, B) {
    match order {
        Order::SpawnFirst => {
            let spawned = thread::spawn(first);
            let b = second();
            (spawned.join().expect("a thread panicked"), b)
        }
        Order::SpawnSecond => {
            let spawned = thread::spawn(second);
            let a = first();
            (a, spawned.join().expect("a thread panicked"))
        }
    }
}

/// Plays two roles at the same time, the main thread none: for roles that park. loom takes an `unpark` that comes late,
/// when its thread has gone on to join another, for the other's end, and fails an assertion of its own.
pub fn race_apart<A: 'static, B: 'static>(
    order: Order,
    first: impl FnOnce() -> A + 'static,
    second: impl FnOnce() -> B + 'static,
) -> (A, B) {
    let (first, second) = match order {
        Order::SpawnFirst => {
            let first = thread::spawn(first);
            (first, thread::spawn(second))
        }
        Order::SpawnSecond => {
            let second = thread::spawn(second);
            (thread::spawn(first), second)
        }
    };
    (first.join().expect("a thread panicked"), second.join().expect("a thread panicked"))
}

impl Model {
    /// Shadows the loads alone: a fraction of the executions, and with three threads a few outcomes may go unseen.
    pub fn shadowing_loads(self) -> Self {
        Self { every_operation: false, ..self }
    }

    /// Explores `model` in both orders. What it returns, over all executions, must be just these.
    pub fn yields<O, const N: usize>(self, expected: [O; N], model: impl Fn(Order) -> O + Copy + Send + Sync + 'static)
    where
        O: Eq + Hash + Debug + Send + 'static,
    {
        let expected = HashSet::from(expected);
        for order in [Order::SpawnFirst, Order::SpawnSecond] {
            let (found, _) = self.explore(move || model(order));
            assert_eq!(found, expected, "outcomes of the order {order:?}");
        }
    }

    /// Explores `model` once, for models with no roles to swap. What it returns, over all executions, must be just these.
    pub fn yields_once<O, const N: usize>(self, expected: [O; N], model: impl Fn() -> O + Send + Sync + 'static)
    where
        O: Eq + Hash + Debug + Send + 'static,
    {
        let (found, _) = self.explore(model);
        assert_eq!(found, HashSet::from(expected));
    }

    /// Explores `model` and returns all that it returned, and how many executions there were, which it prints.
    pub fn explore<O>(self, model: impl Fn() -> O + Send + Sync + 'static) -> (HashSet<O>, usize)
    where
        O: Eq + Hash + Send + 'static,
    {
        let (outcomes, executions) = self.search(model);
        let name = std::thread::current().name().unwrap_or("a model").to_owned();
        println!("{name}: {executions} executions of {self:?}");
        (outcomes, executions)
    }

    /// As [`explore`](Model::explore), in silence: for models by the hundred.
    pub fn search<O>(self, model: impl Fn() -> O + Send + Sync + 'static) -> (HashSet<O>, usize)
    where
        O: Eq + Hash + Send + 'static,
    {
        // Errors that nobody sees are part of many models; they need not be printed a hundred thousand times.
        _ = threadbare::set_error_hook(|_| {});
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = self.preemptions;
        builder.max_branches = 10_000;
        let found = Arc::new((Mutex::new(HashSet::new()), Mutex::new(0)));
        let notes = Arc::clone(&found);
        let shadows = Shadows::new(self.every_operation);
        builder.check(move || {
            crate::watched::begin();
            let outcome = model();
            crate::watched::end();
            notes.0.lock().expect("no model panics in here").insert(outcome);
            *notes.1.lock().expect("no model panics in here") += 1;
        });
        drop(shadows);
        let executions = *found.1.lock().expect("no model panics in here");
        let outcomes = std::mem::take(&mut *found.0.lock().expect("no model panics in here"));
        (outcomes, executions)
    }
}

/// Puts the facade's switch back, also when a model fails: the test harness uses its threads again.
struct Shadows;

impl Shadows {
    fn new(every_operation: bool) -> Self {
        threadbare::sync::shadow_every_operation(every_operation);
        Self
    }
}

impl Drop for Shadows {
    fn drop(&mut self) {
        threadbare::sync::shadow_every_operation(false);
    }
}
