//! Tasks, promises and continuations, with or without threads: an executor core to embed.
//!
//! A [`Task`] is a value or an error that is there, or will be; a [`Promise`] settles it. What happens to the outcome is
//! said by a *verb* (`map`, `and_then`, `catch`, `or_else`, `then`, `inspect`), where it happens by a *context*: a
//! [`Worker`]'s threads, the [`Main`] thread when it dispatches, or [`Immediate`]ly. The host supplies the threads,
//! whatever it has, as a [`TaskProcessor`]; the crate `threadbare-threads` has a pool on std threads.
//!
//! ```
//! use threadbare::{AsyncSystem, Error, Runnable, TaskProcessor, run};
//!
//! struct ThreadPerTask; // or the engine's job system, or `threadbare_threads::ThreadPool`
//! impl TaskProcessor for ThreadPerTask {
//!     fn start_task(&self, runnable: Runnable) {
//!         std::thread::spawn(|| runnable.run());
//!     }
//! }
//!
//! let system = AsyncSystem::new(ThreadPerTask);
//! let here = system.main().enter().expect("no other thread is the main thread");
//! let scene = std::rc::Rc::new(std::cell::Cell::new(0)); // the main thread's own, not `Send`
//! let into = scene.clone();
//!
//! let loading = run(system.worker(), || "4 2".replace(' ', ""))
//!     .and_then(system.worker(), |text| Ok(text.parse::<u32>()?))
//!     .map(&here, move |number| into.set(number))
//!     .catch(&here, |error| eprintln!("placeholder instead: {error}"));
//!
//! here.wait(loading)?; // or `here.dispatch_for(budget)` once a frame
//! assert_eq!(scene.get(), 42);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Features
//!
//! - `std` (default): panics become rejections, threads can [`wait`](Task::wait), the inline rule sees the whole thread.
//! - `portable-atomic`: atomics from the crate of that name, for targets without compare-and-swap.
//!
//! Without `std` the crate needs `alloc` alone.

#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod batch;
#[cfg(feature = "std")]
mod block;
mod error;
mod frames;
mod future;
mod help;
mod hook;
mod hop;
mod inbox;
mod main_thread;
mod nesting;
mod node;
mod remains;
mod runnable;
mod schedule;
#[cfg(loom)]
#[doc(hidden)]
pub mod sync;
#[cfg(not(loom))]
mod sync;
mod system;
mod task;
mod time;
mod unwind;
mod worker;

pub use batch::Batch;
pub use error::{Error, ErrorKind, Result};
pub use future::spawn;
pub use help::{Help, Outlook, helping};
pub use hook::set_error_hook;
pub use hop::{Arrive, Cx, Hop, spawn_with};
pub use inbox::{Inbox, Pushed};
pub use main_thread::{Main, MainBound, MainThread};
pub use runnable::Runnable;
pub use schedule::{Context, Immediate, Refused, Schedule};
pub use system::AsyncSystem;
#[cfg(feature = "std")]
pub use task::resume_one;
pub use task::{
    AsFuture, AsOutcome, AsResult, AsTask, IntoTask, Joined, NoneResolved, Outcome, Promise, SharedTask, Task,
    TaskFuture, all, any, join, promise, race, run, try_run,
};
pub use time::{Clock, Interval, Timer, TimerInbox, TimerQueue};
pub use worker::{TaskProcessor, Worker};
