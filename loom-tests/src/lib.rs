//! What the models share: how to explore one, values whose misuse shows, and the parts that hosts would supply.
//!
//! The models are in `tests/`; see the README for how to run them. Without `cfg(loom)` this crate is empty.

#![cfg(loom)]

mod explore;
mod host;
pub mod programs;
mod watched;

pub use explore::{Model, Order, bounded, exhaustive, race, race_apart};
pub use host::{Belt, Dial, NoThreads, work};
pub use watched::{Note, Plain, Tracked};
