//! Threads of the host's: guests of a pool, and those that it makes for one.

mod attaching;
mod closing;
mod common;
mod inside;
mod spawning;
