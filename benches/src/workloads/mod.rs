//! The work, a file each: ours, and every peer that can do it.

mod all;
mod call;
mod continuation;
mod embedder;
mod floor;
mod fork_join;
mod hop;
mod main_queue;
mod oneshot;
mod run_inside;
mod run_outside;
mod scaling;
mod shared;
mod size;

use crate::harness::{Scale, Workload};

/// Makes a workload.
pub type Make = fn(Scale) -> Workload;

/// Every workload, by the name that it is asked for, in the order of the table. Those of a name stand together.
pub const ALL: &[(&str, Make)] = &[
    ("continuation", continuation::workload),
    ("oneshot", oneshot::workload),
    ("size", size::workload),
    ("run-outside", run_outside::workload),
    ("run-inside", run_inside::workload),
    ("fork-join", fork_join::workload),
    ("hop-blocking", hop::blocking),
    ("hop-spinning", hop::spinning),
    ("hop-c-blocking", embedder::blocking),
    ("hop-c-spinning", embedder::spinning),
    ("main-queue", main_queue::dispatch),
    ("main-idle", main_queue::idle),
    ("all", all::workload),
    ("shared", shared::workload),
    ("call-1", call::one),
    ("call-64", call::some),
    ("call-4096", call::many),
    ("scaling", scaling::outside::<1>),
    ("scaling", scaling::outside::<2>),
    ("scaling", scaling::outside::<4>),
    ("scaling", scaling::outside::<8>),
    ("scaling", scaling::inside::<1>),
    ("scaling", scaling::inside::<2>),
    ("scaling", scaling::inside::<4>),
    ("scaling", scaling::inside::<8>),
    ("scaling", scaling::fork_join::<1>),
    ("scaling", scaling::fork_join::<2>),
    ("scaling", scaling::fork_join::<4>),
    ("scaling", scaling::fork_join::<8>),
    ("floors", floor::workload),
];

/// The names, each once.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.chunk_by(|(one, _), (next, _)| one == next).map(|same| same[0].0)
}

/// A number for a title: `100 k`.
fn count(n: u64) -> String {
    if n >= 1000 && n.is_multiple_of(1000) { format!("{} k", n / 1000) } else { n.to_string() }
}

/// The sum of 0 up to there.
fn triangle(n: u64) -> u64 {
    n * (n - 1) / 2
}
