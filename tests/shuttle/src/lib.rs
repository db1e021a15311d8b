//! Systems that are too large for a model, under random schedules: pools of up to eight threads, and what is queued in them
//! from outside and from inside.
//!
//! ```sh
//! cargo shuttle                          # all
//! cargo shuttle --test closing           # one file
//! cargo shuttle -- --nocapture           # with the number of executions, and what became of the jobs in them
//! SHUTTLE_FACTOR=50 cargo shuttle        # ten times as many executions: it is five otherwise
//! SHUTTLE_SEED=17 cargo shuttle NAME     # what a test that failed has named
//! ```
//!
//! [Shuttle](https://docs.rs/shuttle) runs the threads by turns, and at each operation behind the facade `sync.rs` picks whose
//! turn is next, from a seed: an execution that has failed fails again. It takes all memory to be sequentially consistent,
//! so orderings are for loom; and it picks, so what it has not found may be there. What it finds are steps that interleave in a
//! way that nobody has thought of: wake-ups that are lost (nobody can go on, and some have not ended), work that is lost, run
//! twice, or run when its pool has closed (see `Ledger`), and turns without end.
//!
//! In any other build this crate is empty.

#![cfg(shuttle)]

mod ledger;
mod schedules;

pub use ledger::Ledger;
pub use schedules::explore;
