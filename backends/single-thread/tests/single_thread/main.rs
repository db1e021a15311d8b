//! The backend without threads: its time, its orders, its limits, its polls and its end. Everything happens on the test's
//! own thread, unless a test is about others.

mod capacity;
mod closing;
mod common;
mod explore;
mod forgotten;
mod host_time;
mod intervals;
mod orders;
mod polling;
mod seeded;
mod threads;
mod timeouts;
mod timers;
mod waits;
