//! The C ABI, called as C calls it: every status, who owns what after a failure, and on which threads things are destroyed.

mod common;
mod contexts;
mod errors;
mod guests;
mod main_thread;
mod many;
mod pool;
mod processor;
mod promises;
mod spawning;
mod stale;
mod timers;
mod verbs;
