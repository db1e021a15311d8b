//! [Threadbare](threadbare)'s backend on std threads: a [`ThreadPool`] that runs tasks, sleeps when there are none, and
//! closes cleanly from anywhere; a [`StatefulPool`], each of whose threads has a state of its own; and a [`StdClock`].
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
//!
//! Where work needs something that has to be loaded and must stay on its thread (an interpreter, a decoder, a connection),
//! the threads of a [`StatefulPool`] each load one, and lend it to the calls that come:
//!
//! ```
//! use threadbare_threads::StatefulPool;
//!
//! let pool = StatefulPool::new(2, |index| Ok(format!("decoder {index}")))?;
//! let text = pool.call(|decoder| decoder.len());
//! assert_eq!(text.wait()?, "decoder 0".len());
//! # Ok::<(), threadbare::Error>(())
//! ```
#![doc = "\n# How the pool sleeps\n\n"]
#![doc = include_str!("sleep.md")]

mod builder;
mod calls;
mod clock;
mod crew;
mod deque;
#[cfg(loom)]
#[doc(hidden)]
pub mod modelled;
mod pool;
mod roster;
mod seat;
mod sleep;
mod spin;
mod stateful;
mod sync;
mod thread;

pub use builder::Builder;
pub use clock::StdClock;
pub use pool::ThreadPool;
pub use stateful::StatefulPool;
pub use thread::PoolThread;
