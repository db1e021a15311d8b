//! Threadbare and its peers on the same work, in one run.
//!
//! A [`workload`](workloads) is one piece of work; its [contenders](harness::Contender) do it by different means: this
//! project, each peer that can, and a floor that nobody gets under. The [`harness`] lets them take turns, so that whatever
//! disturbs the machine disturbs all of them, and makes a [`Report`](report::Report) of what it saw.

#![cfg_attr(not(feature = "peers"), expect(dead_code, unused_mut, reason = "much is there for the peers alone"))]

mod floors;
pub mod harness;
pub mod heap;
mod machine;
mod markdown;
mod pools;
pub mod report;
mod svg;
pub mod workloads;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;
