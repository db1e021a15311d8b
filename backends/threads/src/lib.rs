//! [Threadbare](threadbare)'s backend on std threads: a [`ThreadPool`] that runs tasks, sleeps when there are none, and
//! closes cleanly from anywhere.
//!
//! ```
//! use threadbare::{AsyncSystem, run};
//! use threadbare_threads::ThreadPool;
//!
//! let system = AsyncSystem::new(ThreadPool::new());
//! let here = system.main().enter().expect("no other thread is the main thread");
//! let task = run(system.worker(), || 6 * 7).map(&here, |n| format!("the answer is {n}"));
//! assert_eq!(here.wait(task)?, "the answer is 42");
//! # Ok::<(), threadbare::Error>(())
//! ```
#![doc = "\n# How the pool sleeps\n\n"]
#![doc = include_str!("sleep.md")]

mod builder;
mod crew;
mod pool;
mod sleep;
mod sync;

pub use builder::Builder;
pub use pool::ThreadPool;

/// The README's program, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
