//! [Threadbare](threadbare)'s C ABI: tasks, promises and continuations for engines in C, C++, and whatever calls C.
//!
//! The functions are documented in the header, `include/threadbare.h`, which is made of the comments here: what they have to
//! say to each other in Rust, see the crate [`threadbare`].
//!
//! # Features
//!
//! - `std` (default): panics become rejections, threads can wait, and are told apart.
//! - `threads` (default): `tb_pool` and `tb_clock`, those of `threadbare-threads`. It is the one backend that depends on
//!   another: a C program links one library, which has to have the pool in it, and two Rust libraries in one program would
//!   each bring a core of their own.
//! - `checked`: handles are looked up before they are used, and stale ones refused; so they are in debug builds with `std`.
//! - `portable-atomic`: for targets without compare-and-swap.
//! - `host`: for a final library without `std`: memory comes from the host, by `tb_host_alloc` and its kin. A program
//!   in Rust that depends on this crate has an allocator of its own, and leaves this off.
//!
//! # Building
//!
//! ```text
//! cargo build --release -p threadbare-embedder            # libthreadbare_embedder.a and .so
//!
//! CARGO_PROFILE_RELEASE_PANIC=abort cargo rustc --release -p threadbare-embedder --crate-type staticlib \
//!     --no-default-features --features host --target thumbv7em-none-eabihf
//! ```
//!
//! # Exceptions
//!
//! A callback must not let an exception out. One that does ends the process: with `std` the library's guard finds that it is
//! no panic of Rust's, says so and aborts, having run the destructors in between; without, the exception is fatal where it is
//! thrown, as if nobody caught it.

#![no_std]
#![expect(non_camel_case_types, reason = "the names are C's")]
#![expect(clippy::missing_safety_doc, reason = "the header's conventions say what its functions ask for")]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "threads")]
mod clock;
mod context;
mod error;
#[cfg(feature = "threads")]
mod guest;
mod handle;
mod home;
#[cfg(all(feature = "host", not(feature = "std")))]
mod host;
mod main_thread;
mod many;
#[cfg(feature = "threads")]
mod pool;
mod processor;
mod promise;
mod registry;
mod reply;
mod runnable;
mod shared;
#[cfg(feature = "threads")]
mod spawn;
mod status;
mod sync;
mod system;
mod task;
mod thread;
mod value;
mod verbs;

#[cfg(feature = "threads")]
pub use clock::*;
pub use context::*;
pub use error::*;
#[cfg(feature = "threads")]
pub use guest::*;
pub use main_thread::*;
pub use many::*;
#[cfg(feature = "threads")]
pub use pool::*;
pub use processor::*;
pub use promise::*;
pub use reply::*;
pub use runnable::*;
pub use shared::*;
#[cfg(feature = "threads")]
pub use spawn::*;
pub use status::*;
pub use system::*;
pub use task::*;
pub use thread::*;
pub use value::*;
pub use verbs::*;
