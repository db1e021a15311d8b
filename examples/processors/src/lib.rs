//! Processors over what a host may have already: a file each, to be copied. What each gives up, and how to write one for
//! another job system, is said in `README.md`.

mod on_async_executor;
mod on_bevy_tasks;
mod on_rayon;
mod on_tokio;
mod thread_per_task;

pub use on_async_executor::AsyncExecutor;
pub use on_bevy_tasks::BevyTasks;
pub use on_rayon::Rayon;
pub use on_tokio::Tokio;
pub use thread_per_task::ThreadPerTask;

/// The programs of the page, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
