//! [Threadbare](threadbare)'s backend without threads: a [`SingleThread`] that runs tasks when it is polled, and a [`Host`]
//! that has a main queue as well. For firmware, for a page in a browser, and for tests: in a seeded order, on virtual time.
//!
//! ```
//! use threadbare::run;
//! use threadbare_single_thread::SingleThread;
//!
//! let host = SingleThread::new().host();
//! let task = run(host.worker(), || 6 * 7).map(host.here(), |n| format!("the answer is {n}"));
//! assert_eq!(host.wait(task)?, "the answer is 42");
//! # Ok::<(), threadbare::Error>(())
//! ```
//!
//! # Features
//!
//! - `std` (default): panics become rejections, and every thread can [`wait`](threadbare::Task::wait).
//! - `portable-atomic`: for targets without compare-and-swap.
//!
//! Without `std` the crate needs `alloc` alone.

#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod builder;
mod desk;
mod dice;
mod explore;
mod host;
mod lane;
mod shared;
mod single;
mod sync;

pub use builder::Builder;
pub use explore::{SeedFailure, explore};
pub use host::Host;
pub use single::SingleThread;
