//! A small engine around Threadbare: it loads textures and models on workers, and finishes each on the main thread,
//! into a scene that cannot leave it, inside a frame budget.
//!
//! What to read, in this order:
//!
//! - [`registry`]: typed handles, one load for each file, however many ask, and a limit to what is kept for nobody; its
//!   rules by themselves are in `shelf`, what a load gets to see in [`ticket`];
//! - [`load`]: how an asset comes to be: as a chain of continuations, or, where it has parts, as `async` code in one;
//! - [`engine`]: the main loop, and how long work is cut into steps that keep a frame.
//!
//! The rest is what a program needs besides: decoding ([`texture`], [`model`], [`uri`]), the scene ([`scene`],
//! [`upload`]), the books and what is printed and written from them ([`ledger`], [`frames`], [`report`], [`sheet`],
//! [`trace`]), the same work on one thread to compare with ([`baseline`]), and samples ([`samples`], [`patterns`]).
#![forbid(unsafe_code)]

pub mod baseline;
pub mod cli;
pub mod discover;
pub mod engine;
pub mod frames;
pub mod job;
pub mod ledger;
pub mod load;
pub mod model;
pub mod paths;
pub mod patterns;
pub mod progress;
pub mod registry;
pub mod report;
pub mod samples;
pub mod scene;
pub mod sheet;
mod shelf;
pub mod texture;
pub mod ticket;
pub mod trace;
pub mod upload;
pub mod uri;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever happened to others who did: nothing here is left half done under a lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
